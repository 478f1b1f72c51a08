/** Running a function whose results are kept in memory, and sharing its promises. */

import { CacheTimeoutError } from "../errors.ts";
import type { Run } from "./keeping.ts";
import type { MemoryContext } from "./memory_context.ts";
import { MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import type { MemoryKeeper } from "./memory_keeper.ts";
import { isThenable } from "./results.ts";
import { runAs, runningNow } from "./running.ts";
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
}

/** Runs one function. */
export class MemoryRuns {
  readonly #context: MemoryContext;
  readonly #keeper: MemoryKeeper;

  /** Runs the function of `context`; `keeper` is given the results. */
  constructor(context: MemoryContext, keeper: MemoryKeeper) {
    this.#context = context;
    this.#keeper = keeper;
  }

  /** Runs the function for a call. */
  compute(self: unknown, args: unknown[], index: IndexKey, computing: Computing): unknown {
    const signals = findSignals(args);
    if (signals?.signal.aborted) return this.#context.fail(signals.signal.reason);
    const entry = new MemoryEntry(undefined);
    const waiters = signals === undefined
      ? undefined
      : new Waiters(() => this.#keeper.restore(entry, index));
    const given = signals === undefined ? args : signals.with(waiters!.signal);
    const start = performance.now();
    try {
      // Only what waits can wait for itself.
      entry.result = this.#context.isAsync
        ? runAs(entry, runningNow(), () => this.#context.fn.apply(self, given))
        : this.#context.fn.apply(self, given);
    } catch (error) {
      return this.#threw(error, entry, index, args, start, computing);
    }
    return this.computed(entry, index, args, start, computing, waiters);
  }

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
      // Some thenables do their work each time they are awaited, so all callers get one promise.
      if (!(result instanceof Promise)) entry.result = Promise.resolve(result);
      return this.#pending(entry, index, args, start, computing, waiters);
    }
    if (computing.keeps) this.#keeper.keep(entry, index, runOf("value", result, args, start));
    return result;
  }

  /** Handles what was thrown at once: answered with a stale result, or thrown on and kept. */
  #threw(
    error: unknown,
    entry: MemoryEntry,
    index: IndexKey,
    args: unknown[],
    start: number,
    { stale, keeps }: Computing,
  ): unknown {
    this.#context.log.counts.errors++;
    const fallback = this.#fallBack(stale, index, error);
    if (fallback !== undefined) return fallback();
    if (keeps && this.#keeper.keepsError(error, index)) {
      this.#keeper.keep(entry, index, runOf("error", error, args, start));
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
    { stale, keeps, isRenewal = false }: Computing,
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
      if (keeps) this.#keeper.keep(entry, index, runOf("value", value, args, start));
      else this.#keeper.restore(entry, index);
      return value;
    }, (error) => {
      this.#context.log.counts.errors++;
      const fallback = this.#fallBack(stale, index, error);
      const isKept = fallback === undefined && keeps && this.#keeper.keepsError(error, index);
      if (isKept) this.#keeper.keep(entry, index, runOf("error", error, args, start));
      else this.#keeper.restore(entry, index);
      if (fallback !== undefined) return fallback();
      throw error;
    });
    settled.catch(() => {});
    if (stale !== undefined) entry.result = settled;
    if (keeps) this.#context.entries.set(index, entry);
    let given = entry.result as PromiseLike<unknown>;
    if (stale !== undefined && softTimeout !== Infinity) {
      given = this.orStale(given, stale, index);
    }
    return waiters === undefined ? given : waiters.wait(given, findSignals(args)?.signal);
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

function runOf(kind: Run["kind"], value: unknown, args: unknown[], start: number): Run {
  return { kind, value, args, ended: Date.now(), duration: performance.now() - start };
}
