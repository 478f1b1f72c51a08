/** Calls of a function whose results are kept in a store. */

import { CacheMissError, CacheTimeoutError } from "../errors.ts";
import { type AnyFunction, type CallKey, Keyer, type Readings } from "../key/mod.ts";
import { RecordFlag } from "../record/mod.ts";
import type { Store, StoreLease } from "../store/store.ts";
import type { CacheEntry } from "./entry.ts";
import { EventLog } from "./event_log.ts";
import { decideKeeping, type Keeping, keepsError, type Run } from "./keeping.ts";
import { keepLease, leaseOrFind } from "./lease.ts";
import { type CacheMode, modeNow } from "./mode.ts";
import { checkName, isOwned, pathOf } from "./names.ts";
import type { OutputFiles } from "./outputs/output_files.ts";
import { IteratedValues, packed, type Payload, payloadOf, resultOf } from "./payload.ts";
import { checkNotWithin, runAs } from "./running.ts";
import type { Settings } from "./settings.ts";
import { findSignals, untilAborted, Waiters } from "./signals.ts";
import type { Flight, Outcome, StoreHandle } from "./store_handle.ts";
import { type StoredResult, StoredResults } from "./stored_results.ts";
import { isIterator, isStreamed } from "./results.ts";
import type { StreamedResults } from "./streams/streamed_results.ts";
import { FreeVariableWatch } from "./watch.ts";
import { type Call, checkThis, warnOfSurroundings } from "./wrapper.ts";

/** One call, with all that is known of it. */
export interface AskedCall {
  readonly self: unknown;
  readonly args: unknown[];
  readonly readings: Readings | undefined;
  readonly key: CallKey;
  readonly mode: CacheMode;
  /** Computes the result in place of the function. */
  readonly run?: (args: unknown[]) => unknown;
  /** Called when the call waits for another that computes the same. */
  readonly onWait?: () => void;
}

/** What keys and descriptions are made of, taken just before the function ran. */
interface Given {
  readonly hex: string;
  readonly args: Uint8Array;
  readonly closure: Readonly<Record<string, string>> | undefined;
}

/** A result past its time, which may stand in for one that cannot be computed. */
interface Stale {
  readonly outcome: Outcome;
  readonly expires: number;
}

/** The results of one function, and the calls under way. */
export class PersistentResults {
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly stored: StoredResults;
  readonly settings: Settings;
  readonly #fn: Call;
  readonly #handle: StoreHandle;
  readonly #watch: FreeVariableWatch;
  /** Whether the function writes files. */
  readonly #writes: boolean;
  /** What few functions need is loaded by those that do. */
  #outputFiles: Promise<OutputFiles> | undefined;
  #streamedResults: Promise<StreamedResults> | undefined;

  constructor(fn: Call, settings: Settings, handle: StoreHandle, namespace: string | undefined) {
    const path = pathOf(settings.name, namespace);
    checkName(settings.name, namespace);
    this.keyer = new Keyer(fn as AnyFunction, settings);
    warnOfSurroundings(this.keyer, settings);
    this.#fn = fn;
    this.settings = settings;
    this.#handle = handle;
    this.log = new EventLog(settings.onEvent);
    this.stored = new StoredResults(`${path}/`, settings, this.log);
    this.#watch = new FreeVariableWatch(fn as AnyFunction, settings, this.log);
    this.#writes = settings.outFiles.length > 0;
  }

  #outputs(): Promise<OutputFiles> {
    const load = async () => {
      const { OutputFiles } = await import("./outputs/output_files.ts");
      return new OutputFiles(this.settings.outFiles, this.keyer.parameterNames);
    };
    return this.#outputFiles ??= load();
  }

  #streams(): Promise<StreamedResults> {
    const load = async () => {
      const { StreamedResults } = await import("./streams/streamed_results.ts");
      return new StreamedResults(this.settings, this.log);
    };
    return this.#streamedResults ??= load();
  }

  /** Finds out all that is to be known of a call before it is made. */
  async ask(self: unknown, args: unknown[], mode?: CacheMode): Promise<AskedCall> {
    const asked = mode ?? modeNow(this.settings.mode);
    const watched = this.#watch.begin();
    if (this.#watch.isStrict) await watched;
    this.#watch.check();
    const readings = await this.keyer.prepare(args, self);
    const key = this.keyer.key(args, readings, self);
    return { self, args, readings, key, mode: asked };
  }

  async call(self: unknown, args: unknown[]): Promise<unknown> {
    const mode = modeNow(this.settings.mode);
    if (mode === "off") return await this.#fn.apply(self, args);
    checkThis(self, this.keyer, this.settings.name, this.settings.attributes);
    const signal = findSignals(args)?.signal;
    signal?.throwIfAborted();
    return await this.answer(await this.ask(self, args, mode), signal);
  }

  /** Answers a call: from a flight under way, from the store, or by computing. */
  async answer(asked: AskedCall, signal?: AbortSignal): Promise<unknown> {
    const { key: { hex }, mode } = asked;
    const storeKey = this.stored.prefix + hex;
    const underWay = mode === "refresh" ? undefined : this.#handle.flights.get(storeKey);
    if (underWay === undefined) return await this.#fly(asked, signal);
    checkNotWithin(underWay, this.settings.name);
    this.log.emit({ type: "join", name: this.settings.name, key: hex, where: "here" });
    asked.onWait?.();
    const { again } = await underWay.waiters.wait(underWay.outcome, signal);
    if (again === undefined) return await this.answer(await this.#askAgain(asked), signal);
    return await this.#restored(asked, again);
  }

  /** The same call with its key as it is now. */
  async #askAgain(asked: AskedCall): Promise<AskedCall> {
    return { ...asked, ...await this.ask(asked.self, asked.args, asked.mode) };
  }

  /** Computes a result, whatever is stored. */
  async refresh(args: unknown[]): Promise<unknown> {
    const asked = await this.ask(undefined, args, "refresh");
    return await this.#fly(asked, findSignals(args)?.signal);
  }

  /** The stored result that would answer a call now. */
  async peek(args: readonly unknown[]): Promise<StoredResult | undefined> {
    const { key } = await this.ask(undefined, [...args]);
    const store = await this.#store(key.hex);
    const found = store && await this.stored.read(store, key.hex, key.bytes);
    if (found === undefined || found.record.expires <= Date.now()) return undefined;
    return this.#isValid(found, key.hex) ? found : undefined;
  }

  async delete(args: readonly unknown[]): Promise<boolean> {
    const { key: { hex } } = await this.ask(undefined, [...args]);
    const storeKey = this.stored.prefix + hex;
    this.#discard(storeKey);
    const store = await this.#handle.store();
    return await this.#handle.inTurn(storeKey, () => this.stored.delete(store, hex));
  }

  /** Removes everything, and keeps what is being computed from being stored. */
  async clear(): Promise<void> {
    const { prefix } = this.stored;
    const store = await this.#handle.store();
    for (const storeKey of [...this.#handle.flights.keys()]) {
      if (isOwned(storeKey, prefix)) this.#discard(storeKey);
    }
    await this.#handle.quiet((storeKey) => isOwned(storeKey, prefix));
    await this.stored.clear(store);
  }

  /** The result that a record holds, for one caller. */
  async open(found: StoredResult, asked: AskedCall): Promise<Outcome | undefined> {
    const { payload, record } = found;
    const { key: { hex } } = asked;
    const store = await this.#store(hex);
    try {
      if ((payload.flags & RecordFlag.STREAM) !== 0) {
        return await (await this.#streams()).open(store!, this.stored.prefix + hex, payload);
      }
      const whole = !this.#writes ? payload : await (await this.#outputs()).restore(
        store!,
        this.stored.prefix + hex,
        payload,
        asked.args,
      );
      const isError = (record.flags & RecordFlag.ERROR) !== 0;
      const result = resultOf(whole, this.settings);
      return isError
        ? { first: () => fail(result), again: () => fail(resultOf(whole, this.settings)) }
        : { first: () => result, again: () => resultOf(whole, this.settings) };
    } catch (error) {
      this.stored.report(error, "get", hex);
      return undefined;
    }
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
    const storeKey = this.stored.prefix + asked.key.hex;
    const landing = Promise.withResolvers<Outcome>();
    const land = () => {
      if (flights.get(storeKey) === flight) flights.delete(storeKey);
    };
    const flight: Flight = {
      outcome: landing.promise,
      waiters: new Waiters(land),
      tags: tagsBefore(this.settings),
      discarded: false,
      replaces: flights.get(storeKey),
    };
    // Whoever waits hears of a failure; all of them may have given up.
    landing.promise.catch(() => {});
    flights.set(storeKey, flight);
    const work = async () => {
      try {
        const outcome = await this.#work(asked, flight);
        landing.resolve(outcome);
        await outcome.ended;
      } catch (error) {
        landing.reject(error);
      } finally {
        land();
      }
    };
    void work();
    return (await flight.waiters.wait(flight.outcome, signal)).first();
  }

  #discard(storeKey: string): void {
    discard(this.#handle.flights.get(storeKey));
    this.#handle.flights.delete(storeKey);
  }

  /** Looks, and computes where nothing answers. */
  async #work(asked: AskedCall, flight: Flight): Promise<Outcome> {
    const { key: { hex }, mode } = asked;
    const { name, softTimeout, staleWhileRevalidate } = this.settings;
    const store = await this.#store(hex);
    let stale: Stale | undefined;
    if (mode !== "refresh") {
      const found = store && await this.#find(asked, store);
      if (found !== undefined && "first" in found) return found;
      stale = found;
    }
    const age = Date.now() - (stale?.expires ?? 0);
    if (stale !== undefined && age < staleWhileRevalidate) {
      this.log.emit({ type: "stale", name, key: hex, because: "revalidating", age });
      this.#renew(asked, store);
      return stale.outcome;
    }
    if (mode === "offline") {
      throw new CacheMissError(
        `Nothing is stored for this call of ${name}, and the mode is offline; call it in another`,
        { key: hex },
      );
    }
    this.log.emit({ type: "miss", name, key: hex });
    const computed = this.#compute(asked, flight, store, stale);
    if (stale === undefined || softTimeout === Infinity) return await computed;
    return await this.#orStale(asked, computed, stale, softTimeout);
  }

  /** The stored result that answers a call, or one past its time. All else is told of. */
  async #find(asked: AskedCall, store: Store): Promise<Outcome | Stale | undefined> {
    const { key } = asked;
    const { name } = this.settings;
    const found = await this.stored.read(store, key.hex, key.bytes);
    if (found === undefined) return undefined;
    if (!this.#isValid(found, key.hex)) {
      this.log.emit({ type: "expire", name, key: key.hex, because: "validate" });
      return undefined;
    }
    const { expires, duration, size } = found.record;
    if (expires > Date.now()) {
      const outcome = await this.open(found, asked);
      if (outcome === undefined) return undefined;
      const kind = (found.record.flags & RecordFlag.ERROR) === 0 ? "value" : "error";
      this.log.counts.bytesRead += size;
      this.log.emit({ type: "hit", name, key: key.hex, kind, saved: duration });
      return outcome;
    }
    const isOfUse = expires +
        Math.max(this.settings.staleWhileRevalidate, this.settings.staleIfError) > Date.now();
    const outcome = isOfUse ? await this.open(found, asked) : undefined;
    if (Date.now() - expires >= this.settings.staleWhileRevalidate) {
      this.log.emit({ type: "expire", name, key: key.hex, because: "time" });
    }
    return outcome === undefined ? undefined : { outcome, expires };
  }

  #isValid(found: StoredResult, hex: string): boolean {
    const { validate, name } = this.settings;
    if (validate === undefined) return true;
    const entry: CacheEntry | undefined = this.stored.tell(found, hex);
    try {
      return entry !== undefined && Boolean(validate(entry));
    } catch (error) {
      this.log.emit({ type: "option-error", name, key: hex, option: "validate", error });
      return false;
    }
  }

  /** Computes a new result behind the callers' backs, once at a time. */
  #renew(asked: AskedCall, store: Store | undefined): void {
    const { renewals } = this.#handle;
    const { key: { hex } } = asked;
    const storeKey = this.stored.prefix + hex;
    if (renewals.has(storeKey)) return;
    const flight: Flight = {
      outcome: Promise.withResolvers<Outcome>().promise,
      waiters: new Waiters(),
      tags: tagsBefore(this.settings),
      discarded: false,
      replaces: undefined,
    };
    const renewal = this.#compute(asked, flight, store, undefined);
    renewals.set(storeKey, renewal);
    renewal.catch((error) => {
      this.log.emit({ type: "revalidate-error", name: this.settings.name, key: hex, error });
    }).finally(() => renewals.delete(storeKey));
  }

  /** A result past its time, where the new one takes too long; that is computed on. */
  #orStale(
    asked: AskedCall,
    computed: Promise<Outcome>,
    stale: Stale,
    limit: number,
  ): Promise<Outcome> {
    const { renewals } = this.#handle;
    const { name } = this.settings;
    const { key: { hex } } = asked;
    const storeKey = this.stored.prefix + hex;
    return new Promise((resolve, reject) => {
      let isLate = false;
      const timer = setTimeout(() => {
        isLate = true;
        const age = Date.now() - stale.expires;
        this.log.emit({ type: "stale", name, key: hex, because: "timeout", age });
        renewals.set(storeKey, computed);
        resolve(stale.outcome);
      }, limit);
      computed.finally(() => {
        clearTimeout(timer);
        if (isLate) renewals.delete(storeKey);
      }).then(resolve, (error) => {
        if (isLate) this.log.emit({ type: "revalidate-error", name, key: hex, error });
        reject(error);
      });
    });
  }

  /** Computes a result, alone among all who share the store where that can be had. */
  async #compute(
    asked: AskedCall,
    flight: Flight,
    store: Store | undefined,
    stale: Stale | undefined,
  ): Promise<Outcome> {
    const { key: { hex }, mode } = asked;
    const renewal = this.#handle.renewals.get(this.stored.prefix + hex);
    if (renewal !== undefined) return await renewal;
    const target = mode === "read-only" ? undefined : store;
    const granted = target?.supports.lease === true
      ? await this.#lease(asked, flight, target)
      : undefined;
    if (granted !== undefined && "first" in granted) return granted;
    const stop = granted && keepLease(granted);
    const ended = async () => {
      stop?.();
      // It runs out by itself where it cannot be given back.
      await granted?.[Symbol.asyncDispose]().catch(() => {});
    };
    try {
      const outcome = await this.#run(asked, flight, target, granted, stale);
      if (outcome.ended === undefined) await ended();
      else void outcome.ended.then(ended);
      return outcome;
    } catch (error) {
      await ended();
      throw error;
    }
  }

  /** The right to compute, or what another has computed; `undefined` where neither can be had. */
  async #lease(
    asked: AskedCall,
    flight: Flight,
    store: Store,
  ): Promise<StoreLease | Outcome | undefined> {
    const { key, mode } = asked;
    const { name } = this.settings;
    const find = async () => {
      if (mode === "refresh") return undefined;
      // What is wrong with it was told when it was read first.
      const found = await this.stored.read(store, key.hex, key.bytes, false);
      const isFresh = found !== undefined && found.record.expires > Date.now() &&
        this.#isValid(found, key.hex);
      return isFresh ? await this.open(found, asked) : undefined;
    };
    const onWait = () => {
      asked.onWait?.();
      this.log.emit({ type: "join", name, key: key.hex, where: "elsewhere" });
    };
    const storeKey = this.stored.prefix + key.hex;
    try {
      const granted = await leaseOrFind(store, storeKey, find, onWait, flight.waiters.signal);
      return "lease" in granted ? granted.lease : granted.found;
    } catch (error) {
      flight.waiters.signal.throwIfAborted();
      this.stored.report(error, "lease", key.hex);
      return undefined;
    }
  }

  /** Runs the function, and stores what it gives. */
  async #run(
    asked: AskedCall,
    flight: Flight,
    store: Store | undefined,
    lease: StoreLease | undefined,
    stale: Stale | undefined,
  ): Promise<Outcome> {
    const { self, args, readings, key } = asked;
    // Once more before the run, since the caller may have changed what it gave while the store was
    // asked; and not after it, since the function may change what it is given.
    const given: Given = {
      ...this.keyer.keyWithArguments(args, readings, self),
      closure: this.keyer.closureParts(),
    };
    const tagCounts = new Map(this.#handle.invalidations);
    const signals = findSignals(args);
    const passed = signals === undefined ? args : signals.with(flight.waiters.signal);
    const start = performance.now();
    const ended = (kind: Run["kind"], value: unknown): Run => ({
      kind,
      value,
      args,
      ended: Date.now(),
      duration: performance.now() - start,
    });
    let run: Run;
    try {
      const compute = asked.run ?? ((given: unknown[]) => this.#fn.apply(self, given));
      const limited = this.#limited(() => compute(passed), flight);
      // A run that all have given up is over, also where the function takes no notice of that.
      const value = signals === undefined
        ? await limited
        : await untilAborted(limited, flight.waiters.signal);
      run = ended("value", isIterator(value) ? new IteratedValues(value) : value);
    } catch (error) {
      this.log.counts.errors++;
      const isGivenUp = flight.waiters.signal.aborted && !(error instanceof CacheTimeoutError);
      if (isGivenUp) throw error;
      const outcome = this.#fallBack(stale, key, error);
      if (outcome !== undefined) return outcome;
      if (!this.#keepsError(error, key.hex)) throw error;
      run = ended("error", error);
    }
    if (given.hex !== key.hex) return this.#changed(run, key);
    const save = (payload: Payload, keeping: Keeping) =>
      this.#save(asked, flight, store, lease, run, given, payload, keeping, tagCounts);
    if (run.kind === "value" && isStreamed(run.value)) {
      const streams = await this.#streams();
      return await streams.record(run, key.hex, store, this.stored.prefix + key.hex, save);
    }
    return await this.#keep(run, asked, flight, store, save);
  }

  /** Stores a whole result, and hands out copies of it. */
  async #keep(
    run: Run,
    asked: AskedCall,
    flight: Flight,
    store: Store | undefined,
    save: (payload: Payload, keeping: Keeping) => Promise<void>,
  ): Promise<Outcome> {
    const { name } = this.settings;
    const { key: { hex }, args } = asked;
    const first = () => resultOfRun(run);
    let payload: Payload;
    try {
      payload = await payloadOf(run.kind, run.value, this.settings);
    } catch (error) {
      this.log.emit({ type: "not-stored", name, key: hex, reason: "no byte form", error });
      return { first, again: first };
    }
    discard(flight.replaces);
    const again = () => {
      const copy = resultOf(payload, this.settings);
      return run.kind === "error" ? fail(copy) : copy;
    };
    const keeping = decideKeeping(this.settings, run);
    if (!keeping.keep) {
      const { reason, failed } = keeping;
      if (failed !== undefined) this.log.emit({ type: "option-error", name, key: hex, ...failed });
      this.log.emit({ type: "not-stored", name, key: hex, reason, error: undefined });
    } else if (store !== undefined) {
      const storeKey = this.stored.prefix + hex;
      try {
        const whole = !this.#writes || run.kind === "error"
          ? payload
          : await (await this.#outputs()).store(store, storeKey, payload, args);
        await save(whole, keeping);
      } catch (error) {
        this.stored.report(error, "set", hex);
      }
    }
    return { first, again };
  }

  /** Writes the record, unless the result was dropped meanwhile. */
  async #save(
    { key }: AskedCall,
    flight: Flight,
    store: Store | undefined,
    lease: StoreLease | undefined,
    run: Run,
    given: Given,
    payload: Payload,
    keeping: Keeping,
    tagCounts: ReadonlyMap<string, number>,
  ): Promise<void> {
    if (store === undefined || !keeping.keep) return;
    const { name } = this.settings;
    const { expires, tags } = keeping;
    const { hex } = key;
    await this.#handle.inTurn(this.stored.prefix + hex, async () => {
      const { invalidations } = this.#handle;
      const isInvalid = tags.some((tag) => invalidations.get(tag) !== tagCounts.get(tag));
      if (flight.discarded || isInvalid) {
        this.log.emit({
          type: "not-stored",
          name,
          key: hex,
          reason: "invalidated",
          error: undefined,
        });
        return;
      }
      const { duration, kind } = run;
      try {
        const told = {
          created: run.ended,
          expires,
          duration,
          tags,
          code: this.keyer.codeDigest,
          closure: given.closure,
          args: given.args,
        };
        const size = await this.stored.write(
          store,
          key,
          await packed(payload, this.settings),
          told,
          lease,
        );
        this.log.emit({ type: "store", name, key: hex, kind, duration, size });
      } catch (error) {
        this.stored.report(error, "set", hex);
      }
    });
  }

  /** A result whose inputs were changed is that of another call. */
  #changed(run: Run, { hex }: CallKey): Outcome {
    const error = new TypeError(
      "The arguments or the closed-over values were changed while the store was asked; " +
        "pass copies of what changes",
    );
    const { name } = this.settings;
    this.log.emit({ type: "not-stored", name, key: hex, reason: "inputs changed", error });
    return { first: () => resultOfRun(run), again: undefined };
  }

  #keepsError(error: unknown, hex: string): boolean {
    try {
      return keepsError(this.settings.errors, error);
    } catch (thrown) {
      const { name } = this.settings;
      this.log.emit({ type: "option-error", name, key: hex, option: "errors.when", error: thrown });
      return false;
    }
  }

  /** A result past its time in place of one that could not be computed, as long as that may be. */
  #fallBack(stale: Stale | undefined, { hex }: CallKey, error: unknown): Outcome | undefined {
    if (stale === undefined) return undefined;
    const age = Date.now() - stale.expires;
    if (age >= this.settings.staleIfError) return undefined;
    const because = error instanceof CacheTimeoutError ? "timeout" : "error";
    this.log.emit({ type: "stale", name: this.settings.name, key: hex, because, age, error });
    return stale.outcome;
  }

  /** Runs the function within its time. */
  async #limited(run: () => unknown, flight: Flight): Promise<unknown> {
    const { hardTimeout: limit, name } = this.settings;
    if (limit === Infinity) return await runAs(flight, run);
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new CacheTimeoutError(`${name} did not end within ${limit} ms`, { limit });
      late.reject(error);
      flight.waiters.abort(error);
    }, limit);
    try {
      return await Promise.race([runAs(flight, run), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** The result of a flight for a caller that joined it; its files go where that caller says. */
  async #restored(asked: AskedCall, again: () => unknown): Promise<unknown> {
    const store = !this.#writes ? undefined : await this.#store(asked.key.hex);
    const found = store && await this.stored.read(store, asked.key.hex, asked.key.bytes);
    if (found === undefined) return again();
    const outcome = await this.open(found, asked);
    return outcome === undefined ? await this.answer(await this.#askAgain(asked)) : outcome.first();
  }
}

/** The tags of a result that is not there yet, where they can be told. */
function tagsBefore({ tags }: Settings): readonly string[] | undefined {
  return typeof tags === "function" ? undefined : tags;
}

/** What a run gave its caller. */
function resultOfRun({ kind, value }: Run): unknown {
  if (kind === "error") return fail(value);
  return value instanceof IteratedValues ? value.values.values() : value;
}

function fail(error: unknown): never {
  throw error;
}

/** Keeps what a call under way computes out of the store, and what that call replaces. */
function discard(flight: Flight | undefined): void {
  for (let each = flight; each !== undefined; each = each.replaces) each.discarded = true;
}
