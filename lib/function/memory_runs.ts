/** Running a function whose results are kept in memory, and sharing its promises. */

import { CacheTimeoutError } from "../errors.ts";
import type { Readings } from "../key/mod.ts";
import type { Run } from "./keeping.ts";
import type { MemoryContext } from "./memory_context.ts";
import { MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import type { MemoryKeeper } from "./memory_keeper.ts";
import { isThenable } from "./results.ts";
import { isWithin, runAs, runAwaited, runningNow, selfWait } from "./running.ts";
import { findSignals, Waiters } from "./signals.ts";
import { orAfter, withinTime } from "./timeouts.ts";

/** How a call is to be computed. */
export interface Computing {
  /** The result past its time that may stand in for the new one. */
  readonly stale?: MemoryEntry | undefined;
  /** Whether the new result is kept. */
  readonly keeps: boolean;
  /** Whether callers get the stale result meanwhile. */
  readonly isRenewal?: boolean;
  /** What the files among the arguments held before, where there may be any. */
  readonly readings?: Readings | undefined;
  /** What a method was called on. */
  readonly self?: unknown;
}

/** Runs one function. */
export class MemoryRuns {
  readonly #context: MemoryContext;
  readonly #keeper: MemoryKeeper;
  /** Runs that have not even come to their first `await`, so that no call joins them. */
  readonly #begun = new Map<IndexKey, MemoryEntry>();

  /** Runs the function of `context`; `keeper` is given the results. */
  constructor(context: MemoryContext, keeper: MemoryKeeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** Runs the function for a call. */
  compute(self: unknown, args: unknown[], index: IndexKey, computing: Computing): unknown {
    const signals = findSignals(args, this.#context.keyer);
    if (signals?.signal.aborted) return this.#context.fail(signals.signal.reason);
    const around = this.#begun.get(index);
    const { isAsync, waits, settings: { name } } = this.#context;
    if (around !== undefined && (isAsync || waits === true) && isWithin(around, runningNow())) {
      return this.#context.fail(selfWait(name));
    }
    const entry = new MemoryEntry(undefined);
    const waiters = signals === undefined
      ? undefined
      : new Waiters(() => this.#keeper.restore(entry, index));
    const given = signals === undefined ? args : signals.with(waiters!.signal);
    const start = performance.now();
    try {
      // A first run has one look for all calls within it: a look for each would cost more than they.
      entry.result = this.#context.waits === false ||
          (this.#context.waits === undefined && this.#begun.size > 0)
        ? this.#context.fn.apply(self, given)
        : this.runAside(self, given, index, entry);
    } catch (error) {
      return this.#threw(error, entry, index, args, start, computing);
    }
    return this.computed(entry, index, args, start, computing, waiters);
  }

  /**
   * Calls a function whose result may be awaited: only such a one can wait for itself. Whether the
   * function is one shows at its first run.
   */
  runAside(self: unknown, args: unknown[], index: IndexKey, entry: MemoryEntry): unknown {
    const before = this.#begun.get(index);
    this.#begun.set(index, entry);
    try {
      // The promise of a function that is not async may be known to others: it goes out as it is.
      const run = this.#context.isAsync ? runAwaited : runAs;
      return run(entry, runningNow(), () => this.#context.fn.apply(self, args));
    } finally {
      if (before === undefined) this.#begun.delete(index);
      else this.#begun.set(index, before);
    }
  }

  /** Takes what a run gave: to be kept, and where it is awaited, to be shared. */
  computed(
    entry: MemoryEntry,
    index: IndexKey,
    args: unknown[],
    start: number,
    computing: Computing,
    waiters: Waiters | undefined,
  ): unknown {
    const { result } = entry;
    if (isThenable(result)) {
      this.#context.waits = true;
      // Some thenables do their work each time they are awaited, so all callers get one promise.
      if (!(result instanceof Promise)) entry.result = Promise.resolve(result);
      return this.#pending(entry, index, args, start, computing, waiters);
    }
    this.#context.waits ??= false;
    const { keeps, readings, self } = computing;
    if (keeps) this.#keeper.keep(entry, index, runOf("value", result, args, start, self), readings);
    return result;
  }

  /** Handles what was thrown at once: answered with a stale result, or thrown on and kept. */
  #threw(
    error: unknown,
    entry: MemoryEntry,
    index: IndexKey,
    args: unknown[],
    start: number,
    { stale, keeps, readings, self }: Computing,
  ): unknown {
    this.#context.log.counts.errors++;
    const fallback = this.#fallBack(stale, index, error);
    if (fallback !== undefined) return fallback();
    if (keeps && this.#keeper.keepsError(error, index)) {
      this.#keeper.keep(entry, index, runOf("error", error, args, start, self), readings);
    }
    throw error;
  }

  /** A result past its time in place of one that could not be computed, as long as that may be. */
  #fallBack(
    stale: MemoryEntry | undefined,
    index: IndexKey,
    error: unknown,
  ): (() => unknown) | undefined {
    if (stale === undefined) return undefined;
    const age = Date.now() - stale.expires;
    const delivery = age < this.#context.settings.staleIfError
      ? this.#context.delivery(stale, index)
      : undefined;
    if (delivery === undefined) return undefined;
    const { name } = this.#context.settings;
    const because = error instanceof CacheTimeoutError ? "timeout" : "error";
    this.#context.log.emit({
      type: "stale",
      name,
      key: this.#context.keyFor(index),
      because,
      age,
      error,
    });
    return delivery;
  }

  /** Shares a promise with the calls that come meanwhile. */
  #pending(
    entry: MemoryEntry,
    index: IndexKey,
    args: unknown[],
    start: number,
    { stale, keeps, isRenewal = false, readings, self }: Computing,
    waiters: Waiters | undefined,
  ): unknown {
    const { hardTimeout, softTimeout, name } = this.#context.settings;
    const replaced = this.#context.entries.peek(index);
    entry.flight = { replaced, stale, isRenewal, waiters, forgotten: [] };
    if (hardTimeout !== Infinity) {
      const onLate = (error: CacheTimeoutError) => waiters?.abort(error);
      entry.result = withinTime(
        entry.result as PromiseLike<unknown>,
        hardTimeout,
        name,
        onLate,
      );
    }
    // Through a promise of our own, since what another kind of promise throws is its own affair.
    const settled = Promise.resolve(entry.result).then((value) => {
      if (keeps) {
        this.#keeper.keep(entry, index, runOf("value", value, args, start, self), readings);
      } else this.#keeper.restore(entry, index);
      return value;
    }, (error) => {
      this.#context.log.counts.errors++;
      const fallback = this.#fallBack(stale, index, error);
      const isKept = fallback === undefined && keeps && this.#keeper.keepsError(error, index);
      if (isKept) {
        this.#keeper.keep(entry, index, runOf("error", error, args, start, self), readings);
      } else this.#keeper.restore(entry, index);
      if (fallback !== undefined) return fallback();
      throw error;
    });
    // One promise for all, so that who waits for a run is seen through it.
    if (stale !== undefined || this.#context.isAsync) entry.result = settled;
    else settled.catch(() => {});
    if (keeps) this.#context.entries.set(index, entry);
    const { copies } = this.#context;
    let own = entry.result as PromiseLike<unknown>;
    // A copy too, since those who join are given copies of what nobody else may change.
    if (copies.areMade) own = own.then((value) => copies.fresh(value));
    if (stale !== undefined && softTimeout !== Infinity) {
      own = this.orStale(own, stale, index);
    }
    return waiters === undefined
      ? own
      : waiters.wait(own, findSignals(args, this.#context.keyer)?.signal);
  }

  /** A result past its time, where the new one takes too long. */
  orStale(
    result: PromiseLike<unknown>,
    stale: MemoryEntry,
    index: IndexKey,
  ): PromiseLike<unknown> {
    const { name, softTimeout } = this.#context.settings;
    const late = () => {
      const delivery = this.#context.delivery(stale, index);
      if (delivery === undefined) return result;
      const age = Date.now() - stale.expires;
      const key = this.#context.keyFor(index);
      this.#context.log.emit({ type: "stale", name, key, because: "timeout", age });
      return delivery();
    };
    const failed = (error: unknown) =>
      this.#context.log.emit({
        type: "revalidate-error",
        name,
        key: this.#context.keyFor(index),
        error,
      });
    return orAfter(result, softTimeout, late, failed);
  }
}

function runOf(
  kind: Run["kind"],
  value: unknown,
  args: unknown[],
  start: number,
  self: unknown,
): Run {
  return { kind, value, args, self, ended: Date.now(), duration: performance.now() - start };
}
