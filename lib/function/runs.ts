/** Runs of a function whose results are kept in a store: alone, within their time, and stored. */

import { CacheTimeoutError, StoreError } from "../errors.ts";
import { OptionError } from "../key/mod.ts";
import type { Store, StoreLease } from "../store/store.ts";
import type { AskedCall, Backing } from "./asked_call.ts";
import type { NotStoredReason } from "./events.ts";
import type { WatchedRun } from "./invalidations.ts";
import { decideKeeping, inputsChangedError, keepsError, type Kept, type Run } from "./keeping.ts";
import { IteratedValues, packed, type Payload, payloadOf, resultOf } from "./payload.ts";
import { fail } from "./result_opener.ts";
import { isIterator, isStreamed } from "./results.ts";
import { runAs, runAwaited } from "./running.ts";
import { staleTime } from "./settings.ts";
import { findSignals, untilAborted } from "./signals.ts";
import { discard, type Flight, type Outcome } from "./store_handle.ts";
import type { Told } from "./stored_results.ts";
import type { Call } from "./wrapper.ts";

/** What a run may end with besides the function's own result. */
export interface Alternatives {
  /** What another has computed meanwhile. */
  readonly find: () => Promise<Outcome | undefined>;
  /** What stands in for a result that could not be computed. */
  readonly fallBack: (error: unknown) => Outcome | undefined;
}

/** One run: the call, those who wait for it, and where its result goes. */
interface RunningCall {
  readonly asked: AskedCall;
  readonly flight: Flight;
  readonly store: Store | undefined;
  readonly lease: StoreLease | undefined;
  /** Key of the call as it was just before the run. */
  readonly hex: string;
  /** What the record says of the call, taken just before the run. */
  readonly told: Pick<Told, "args" | "closure" | "code">;
  /** Knows which tags are invalidated during the run. */
  readonly watched: WatchedRun;
}

/** The runs of one function. */
export class Runs {
  readonly #fn: Call;
  readonly #backing: Backing;

  /** @param fn The function. */
  constructor(fn: Call, backing: Backing) {
    this.#fn = fn;
    this.#backing = backing;
  }

  /** Computes a result, alone among all who share the store where that can be had. */
  async compute(
    asked: AskedCall,
    flight: Flight,
    opened: Store | undefined,
    alternatives: Alternatives,
  ): Promise<Outcome> {
    const store = asked.mode === "read-only" ? undefined : opened;
    const { lease: leaseMs } = this.#backing.settings;
    const granted = leaseMs > 0 && store?.supports.lease === true
      ? await this.#lease(asked, flight, store, alternatives.find)
      : undefined;
    if (granted !== undefined && "first" in granted) return granted;
    let outcome: Outcome | undefined;
    const stop = granted &&
      (await import("./lease.ts")).keepLease(granted, leaseMs, () => outcome?.steps?.());
    const { invalidations } = this.#backing.handle;
    const watched = invalidations.begin();
    const end = async () => {
      invalidations.end(watched);
      await stop?.();
    };
    try {
      outcome = await this.#run(asked, flight, watched, store, granted, alternatives);
    } catch (error) {
      await end();
      throw error;
    }
    if (outcome.ended === undefined) await end();
    else void outcome.ended.then(end);
    return outcome;
  }

  /** The right to compute, or what another has computed; `undefined` where neither can be had. */
  async #lease(
    asked: AskedCall,
    { waiters: { signal } }: Flight,
    store: Store,
    find: () => Promise<Outcome | undefined>,
  ): Promise<StoreLease | Outcome | undefined> {
    try {
      const { leaseFor } = await import("./lease.ts");
      return await leaseFor(this.#backing, asked, store, find, signal);
    } catch (error) {
      signal.throwIfAborted();
      this.#backing.stored.report(error, "lease", asked.key.hex);
      return undefined;
    }
  }

  /** Runs the function, and stores what it gives. */
  async #run(
    asked: AskedCall,
    flight: Flight,
    watched: WatchedRun,
    store: Store | undefined,
    lease: StoreLease | undefined,
    { fallBack }: Alternatives,
  ): Promise<Outcome> {
    const { keyer, log, opener } = this.#backing;
    const { self, args, readings, key, around } = asked;
    const { signal } = flight.waiters;
    signal.throwIfAborted();
    // Once more before the run, since the caller may have changed what it gave while the store was
    // asked; and not after it, since the function may change what it is given.
    const given = keyer.keyWithArguments(args, readings, self);
    const running: RunningCall = {
      asked,
      flight,
      store,
      lease,
      hex: given.hex,
      told: { args: given.args, closure: keyer.closureParts(readings), code: keyer.codeDigest },
      watched,
    };
    const signals = findSignals(args, keyer);
    const passed = signals === undefined ? args : signals.with(signal);
    const since = performance.now();
    const ended = (kind: Run["kind"], value: unknown): Run => ({
      kind,
      value,
      args,
      ended: Date.now(),
      duration: performance.now() - since,
    });
    let run: Run;
    try {
      const compute = asked.run ?? ((given: unknown[]) => this.#fn.apply(self, given));
      const limited = this.#limited(
        () => runAwaited(flight, around, () => compute(passed)),
        flight,
      );
      // A run that all have given up is over, also where the function takes no notice of that.
      const value = await (signals === undefined ? limited : untilAborted(limited, signal));
      run = ended("value", isIterator(value) ? new IteratedValues(value) : value);
    } catch (error) {
      log.counts.errors++;
      if (signal.aborted && !(error instanceof CacheTimeoutError)) throw error;
      const outcome = fallBack(error);
      if (outcome !== undefined) return outcome;
      if (!this.#keepsError(error, key.hex)) throw error;
      run = ended("error", error);
    }
    if (!await this.#isUnchanged(running)) {
      return { first: () => resultOfRun(run), again: undefined };
    }
    if (run.kind === "error" || !isStreamed(run.value)) return await this.#keep(run, running);
    if (opener.writesFiles) {
      this.#tellNotStored(key.hex, "no output", (await opener.outputs()).noStream());
      return { first: () => run.value, again: undefined };
    }
    return await (await opener.streams()).record(run, {
      hex: key.hex,
      store,
      storeKey: asked.storeKey,
      since,
      save: (run, payload, keeping) => this.#save(run, running, payload, keeping),
      abort: (reason) => flight.waiters.abort(reason),
      within: (body) => runAs(flight, around, body),
    });
  }

  /** Runs the function within its time. */
  async #limited(run: () => unknown, { waiters }: Flight): Promise<unknown> {
    const { hardTimeout: limit, name } = this.#backing.settings;
    if (limit === Infinity) return await run();
    const late = Promise.withResolvers<never>();
    const timer = setTimeout(() => {
      const error = new CacheTimeoutError(`${name} did not end within ${limit} ms`, { limit });
      late.reject(error);
      waiters.abort(error);
    }, limit);
    try {
      return await Promise.race([run(), late.promise]);
    } finally {
      clearTimeout(timer);
    }
  }

  /** Stores a whole result, and hands out copies of it. */
  async #keep(run: Run, running: RunningCall): Promise<Outcome> {
    const { settings, log } = this.#backing;
    const { asked: { key: { hex }, mode }, flight, store } = running;
    const first = () => resultOfRun(run);
    let payload: Payload;
    try {
      payload = await payloadOf(run.kind, run.value, settings);
    } catch (error) {
      if (error instanceof OptionError) {
        const { option, cause } = error;
        log.emit({ type: "option-error", name: settings.name, key: hex, option, error: cause });
        this.#tellNotStored(hex, "option failed", undefined);
      } else this.#tellNotStored(hex, "no byte form", error);
      return { first, again: first };
    }
    if (mode !== "read-only") discard(flight.replaces);
    const again = () => {
      const copy = resultOf(payload, settings);
      return run.kind === "error" ? fail(copy) : copy;
    };
    const keeping = decideKeeping(settings, run);
    if (!keeping.keep) {
      const { name } = settings;
      const { reason, failed } = keeping;
      if (failed !== undefined) log.emit({ type: "option-error", name, key: hex, ...failed });
      this.#tellNotStored(hex, reason, undefined);
    } else if (store !== undefined) await this.#keepWhole(run, running, store, payload, keeping);
    return { first, again };
  }

  /** Stores a whole result, with the files that the function wrote. */
  async #keepWhole(
    run: Run,
    running: RunningCall,
    store: Store,
    payload: Payload,
    keeping: Kept,
  ): Promise<void> {
    const { opener, stored, settings } = this.#backing;
    const { asked: { key: { hex }, storeKey, args } } = running;
    if (!opener.writesFiles || run.kind === "error") {
      await this.#save(run, running, payload, keeping);
      return;
    }
    const goes = keeping.expires + staleTime(settings);
    const place = { store, storeKey };
    try {
      const { payload: whole, end } = await (await opener.outputs()).store(
        place,
        payload,
        args,
        settings.append || goes === Infinity ? undefined : goes,
      );
      await end(await this.#save(run, running, whole, keeping));
    } catch (error) {
      if (error instanceof StoreError) stored.report(error, "set", hex);
      else this.#tellNotStored(hex, "no output", error);
    }
  }

  /**
   * Writes the record, unless the result was dropped meanwhile.
   *
   * @returns Whether it is stored.
   */
  async #save(
    run: Run,
    running: RunningCall,
    payload: Payload,
    { expires, tags }: Kept,
  ): Promise<boolean> {
    const { settings, stored, log, handle } = this.#backing;
    const { asked: { key: { hex }, storeKey }, flight, watched } = running;
    const { kind, duration } = run;
    const { name } = settings;
    return await handle.inTurn(storeKey, async () => {
      const isInvalid = tags.some((tag) => handle.invalidations.isInvalid(tag, watched));
      const told = { ...running.told, created: run.ended, expires, duration, tags };
      const isDropped = flight.discarded || isInvalid || (flight.forgotten.length > 0 &&
        (await import("./forgotten.ts")).isForgotten(this.#backing, running, payload, told));
      if (isDropped) {
        this.#tellNotStored(hex, "invalidated", undefined);
        return false;
      }
      try {
        const size = await this.#write(running, await packed(payload, settings), told);
        if (size === undefined) this.#tellNotStored(hex, "stored elsewhere", undefined);
        else log.emit({ type: "store", name, key: hex, kind, duration, size });
        return size !== undefined;
      } catch (error) {
        stored.report(error, "set", hex);
        return false;
      }
    });
  }

  /**
   * Writes a record. A lease that ran out meanwhile, such as under a function that blocks its
   * thread, does not cost the result, unless another has stored one since.
   *
   * @returns Size of the record in bytes, if it was written.
   */
  async #write(
    { asked: { key }, store, lease }: RunningCall,
    payload: Payload,
    told: Told,
  ): Promise<number | undefined> {
    const { stored } = this.#backing;
    try {
      return await stored.write(store!, key, payload, told, lease);
    } catch (error) {
      if (!(error instanceof StoreError && error.operation === "lease")) throw error;
      const { writeAfterAll } = await import("./lease.ts");
      return await writeAfterAll(stored, store!, key, payload, told);
    }
  }

  /** Whether the result is that of the call that was asked: its inputs are as they were. */
  async #isUnchanged({ asked: { key, readings }, hex }: RunningCall): Promise<boolean> {
    if (hex === key.hex && await (readings?.isCurrent() ?? true)) return true;
    this.#tellNotStored(key.hex, "inputs changed", inputsChangedError());
    return false;
  }

  #keepsError(error: unknown, hex: string): boolean {
    const { settings: { errors, name }, log } = this.#backing;
    try {
      return keepsError(errors, error);
    } catch (thrown) {
      log.emit({ type: "option-error", name, key: hex, option: "errors.when", error: thrown });
      return false;
    }
  }

  #tellNotStored(hex: string, reason: NotStoredReason, error: unknown): void {
    const { settings: { name }, log } = this.#backing;
    log.emit({ type: "not-stored", name, key: hex, reason, error });
  }
}

/** What a run gave its caller. */
function resultOfRun({ kind, value }: Run): unknown {
  if (kind === "error") return fail(value);
  return value instanceof IteratedValues ? value.values.values() : value;
}
