/** Calls of a function whose results are kept in a store. */

import type { StoreOperation } from "../errors.ts";
import { type AnyFunction, type CallKey, type DigestMemory, Keyer } from "../key/mod.ts";
import type { Store } from "../store/store.ts";
import { Answers } from "./answers.ts";
import type { AskedCall, Backing } from "./asked_call.ts";
import { EventLog } from "./event_log.ts";
import { digestsIn } from "./file_digests.ts";
import { type CacheMode, modeNow } from "./mode.ts";
import { checkName, pathOf } from "./names.ts";
import { ResultOpener } from "./result_opener.ts";
import { isStreamed, readToEnd } from "./results.ts";
import { checkNotWithin, handOut, runningNow, waitFor } from "./running.ts";
import { Runs } from "./runs.ts";
import type { Settings } from "./settings.ts";
import { findSignals, Waiters } from "./signals.ts";
import { type Flight, newFlight, type Outcome, type StoreHandle } from "./store_handle.ts";
import { type StoredResult, StoredResults } from "./stored_results.ts";
import { FreeVariableWatch } from "./watch.ts";
import { type Call, checkThis, warnOfSurroundings } from "./wrapper.ts";

export type { AskedCall } from "./asked_call.ts";

/** The results of one function, and the calls under way. */
export class PersistentResults {
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly stored: StoredResults;
  readonly settings: Settings;
  /** What answers a call on the store. */
  readonly answers: Answers;
  readonly #fn: Call;
  readonly #handle: StoreHandle;
  readonly #watch: FreeVariableWatch;
  readonly #opener: ResultOpener;
  /** Remembers digests of files, and where nothing may be stored, those that are known already. */
  readonly #digests: DigestMemory;
  readonly #known: DigestMemory;

  constructor(fn: Call, settings: Settings, handle: StoreHandle, namespace: string | undefined) {
    const path = pathOf(settings.name, namespace);
    checkName(settings.name, namespace);
    const { outFiles } = settings;
    // First, since what is written is left out of the key and would be told of as that.
    const pathsIn = outFiles.length === 0
      ? undefined
      : new Keyer(fn as AnyFunction, { ...settings, ignore: [] }).finder("outFiles", outFiles);
    this.keyer = new Keyer(fn as AnyFunction, settings);
    warnOfSurroundings(this.keyer, settings);
    this.#fn = fn;
    this.settings = settings;
    this.#handle = handle;
    this.log = new EventLog(settings.onEvent);
    this.stored = new StoredResults(path, settings, this.log, this.keyer);
    const { keyer, log, stored } = this;
    const report = (error: unknown, operation: StoreOperation) =>
      stored.report(error, operation, "");
    this.#digests = digestsIn(handle, true, report);
    this.#known = digestsIn(handle, false, report);
    this.#watch = new FreeVariableWatch(fn as AnyFunction, settings, log);
    this.#opener = new ResultOpener(settings, log, stored, pathsIn);
    const backing: Backing = { settings, keyer, log, handle, stored, opener: this.#opener };
    this.answers = new Answers(backing, new Runs(fn, backing));
  }

  /** Finds out all that is to be known of a call before it is made. */
  async ask(
    self: unknown,
    args: unknown[],
    mode: CacheMode = modeNow(this.settings.mode),
    isAnew: boolean = mode === "refresh",
  ): Promise<AskedCall> {
    // Before the first await, after which not every runtime can tell.
    const around = runningNow();
    const watched = this.#watch.begin();
    if (this.#watch.isStrict) await watched;
    this.#watch.check();
    const writes = mode === "read-write" || mode === "refresh";
    const digests = writes ? this.#digests : this.#known;
    const preparing = this.keyer.prepare(args, self, digests);
    let readings = preparing && await preparing;
    let key: CallKey;
    try {
      key = this.keyer.key(args, readings, self);
    } catch (error) {
      readings = await this.keyer.prepareAfter(error, args, self, digests);
      key = this.keyer.key(args, readings, self);
    }
    const storeKey = this.stored.prefix + key.hex;
    return { self, args, readings, key, storeKey, mode, isAnew, around };
  }

  /**
   * Gives the result of a call.
   *
   * @param isAnew Whether it is computed, whatever is stored, where the mode lets it.
   */
  async call(
    self: unknown,
    args: unknown[],
    mode: CacheMode = modeNow(this.settings.mode),
    isAnew?: boolean,
  ): Promise<unknown> {
    if (mode === "off") return await this.#fn.apply(self, args);
    checkThis(self, this.keyer, this.settings.name, this.settings.attributes);
    findSignals(args, this.keyer)?.signal.throwIfAborted();
    const asked = await this.ask(self, args, mode, isAnew);
    // Only now is it known how deep they are.
    return await this.answer(asked, findSignals(args, this.keyer)?.signal);
  }

  /** Answers a call: from a flight under way, from the store, or by computing. */
  answer(asked: AskedCall, signal?: AbortSignal): Promise<unknown> {
    const underWay = this.#handle.flights.get(asked.storeKey);
    return underWay === undefined ? this.#fly(asked, signal) : this.#join(underWay, asked, signal);
  }

  /** Waits for a flight under way, unless that is no answer. */
  async #join(
    underWay: Flight,
    asked: AskedCall,
    signal: AbortSignal | undefined,
  ): Promise<unknown> {
    const { flights } = this.#handle;
    const { settings, log } = this;
    const { name } = settings;
    const { key: { hex }, storeKey, mode, around } = asked;
    // One that computes anew waits too, for the lease.
    checkNotWithin(underWay, around, name);
    if (!mayJoin(asked, underWay.mode)) return await this.#fly(asked, signal);
    log.emit({ type: "join", name, key: hex, where: "here" });
    asked.onWait?.();
    // At once, so that a stream which all others leave meanwhile is not over.
    const taken = underWay.outcome.then(({ again }) =>
      again === undefined || this.#opener.writesFiles ? undefined : { result: again(signal) }
    );
    const joined = await waitFor(
      underWay,
      around,
      name,
      () => handOut(underWay, underWay.waiters.wait(taken, signal), { log, settings, key: hex }),
    );
    if (joined !== undefined) return await joined.result;
    // Each caller has its files where it said; and what is no answer to others was just their own.
    if (flights.get(storeKey) === underWay) flights.delete(storeKey);
    const again = { ...asked, ...await this.ask(asked.self, asked.args, mode), around };
    const restored = this.#opener.writesFiles ? await this.#restored(again) : undefined;
    return restored === undefined ? await this.answer(again, signal) : restored.first();
  }

  /** The stored result that would answer a call now. */
  async peek(key: CallKey): Promise<StoredResult | undefined> {
    const store = await this.#store(key.hex);
    const found = store && await this.stored.read(store, key.hex, key.bytes);
    if (found === undefined || found.record.expires <= Date.now()) return undefined;
    return this.answers.isValid(found, key.hex) ? found : undefined;
  }

  async delete({ hex }: CallKey): Promise<boolean> {
    const storeKey = this.stored.prefix + hex;
    const isIt = (each: string) => each === storeKey;
    this.#handle.discard(isIt);
    const store = await this.#handle.store();
    try {
      return await this.#handle.inTurn(storeKey, () => this.stored.delete(store, hex));
    } finally {
      this.#handle.part(isIt);
    }
  }

  /**
   * The result that a record holds, for one caller.
   *
   * @param args Those of the call, which say where files go; without them, they go nowhere.
   */
  async open(
    found: StoredResult,
    { hex }: CallKey,
    args?: readonly unknown[],
  ): Promise<Outcome | undefined> {
    const store = await this.#store(hex);
    return store && await this.#opener.open(store, found, hex, args ?? [], args !== undefined);
  }

  /** Calls the function, or finds its result, and lets it be stored without taking it. */
  async prepare(args: unknown[], self?: unknown): Promise<AskedCall> {
    const asked = await this.ask(self, args);
    const store = await this.#store(asked.key.hex);
    if (store !== undefined && await this.answers.stands(asked, store)) return asked;
    // In the mode of the caller, which not every runtime can tell any more.
    const result = await this.call(self, args, asked.mode);
    if (isStreamed(result)) await readToEnd(result);
    return await this.ask(self, args);
  }

  /** What a call under way has stored just now. */
  async #restored(asked: AskedCall): Promise<Outcome | undefined> {
    const { hex, bytes } = asked.key;
    const store = await this.#store(hex);
    const found = store && await this.stored.read(store, hex, bytes, false);
    const isFresh = found !== undefined && found.record.expires > Date.now();
    return isFresh ? await this.open(found, asked.key, asked.args) : undefined;
  }

  /** The open store; `undefined`, with an event, where it cannot be opened. */
  async #store(hex: string): Promise<Store | undefined> {
    try {
      return await this.#handle.store();
    } catch (error) {
      this.stored.report(error, "open", hex);
      return undefined;
    }
  }

  /** Lets equal calls join until the result is complete. */
  async #fly(asked: AskedCall, signal: AbortSignal | undefined): Promise<unknown> {
    const { flights } = this.#handle;
    const { storeKey, mode, isAnew } = asked;
    const landing = Promise.withResolvers<Outcome>();
    const land = () => {
      if (flights.get(storeKey) === flight) flights.delete(storeKey);
    };
    const flight = newFlight(this.settings, {
      outcome: landing.promise,
      waiters: new Waiters(land),
      // What fails whatever is stored is no answer to others.
      mode: isAnew && mode === "offline" ? "off" : mode,
      replaces: flights.get(storeKey),
    });
    if (flight.replaces !== undefined) this.#handle.partFrom(storeKey, flight.replaces);
    flights.set(storeKey, flight);
    // Whoever waits hears of a failure; all of them may have given up.
    flight.outcome.catch(() => {});
    // The work itself and not its landing, so that it shows on the stack who waits for it.
    const work = this.#work(asked, flight, landing, land);
    if (signal === undefined) return (await flight.waiters.wait(work, signal)).first();
    const given = flight.waiters.wait(work, signal).catch((error) => {
      // What streams must not wait for a reader who does not come.
      flight.outcome.then(({ leave }) => leave?.(error)).catch(() => {});
      throw error;
    });
    return (await given).first(signal);
  }

  /** Finds the answer of a flight, and lets it go on until that is complete. */
  async #work(
    asked: AskedCall,
    flight: Flight,
    { resolve, reject }: PromiseWithResolvers<Outcome>,
    land: () => void,
  ): Promise<Outcome> {
    try {
      const store = this.#handle.opened ?? await this.#store(asked.key.hex);
      const outcome = await this.answers.answer(asked, flight, store);
      resolve(outcome);
      if (outcome.ended === undefined) land();
      else void outcome.ended.then(land);
      return outcome;
    } catch (error) {
      reject(error);
      land();
      throw error;
    }
  }
}

/** Whether a call gets what its mode says from another's work. */
function mayJoin({ mode, isAnew }: AskedCall, underWay: CacheMode): boolean {
  if (isAnew) return false;
  return mode === underWay || underWay === "read-write" || underWay === "refresh";
}
