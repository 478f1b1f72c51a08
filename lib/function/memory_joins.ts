/** Calls that wait for an equal one under way, whose result is kept in memory. */

import type { MemoryContext } from "./memory_context.ts";
import type { MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import type { MemoryRuns } from "./memory_runs.ts";
import { runsOnStack } from "./marks.ts";
import { handOut, isWithin, runningNow, selfWait, waitFor, waitTogether } from "./running.ts";
import { findSignals, untilAborted } from "./signals.ts";

/** Lets the calls of one function join. */
export class MemoryJoins {
  readonly #context: MemoryContext;
  readonly #runs: MemoryRuns;

  /** @param runs What the calls wait for. */
  constructor(context: MemoryContext, runs: MemoryRuns) {
    this.#context = context;
    this.#runs = runs;
  }

  /** Waits for a call under way, each with a signal of its own. */
  join(entry: MemoryEntry, index: IndexKey, args: readonly unknown[]): unknown {
    const { log, settings } = this.#context;
    const { name, softTimeout } = settings;
    const { stale, waiters } = entry.flight!;
    const around = runningNow();
    if (isWithin(entry, around)) return this.#context.fail(selfWait(name));
    const key = this.#context.keyFor(index);
    log.emit({ type: "join", name, key, where: "here" });
    const signal = findSignals(args, this.#context.keyer)?.signal;
    const copied = this.copied(entry);
    // Who may be in no run gets the promise that all get.
    const isUnsure = around?.isFound === false;
    if (isUnsure) waitTogether(entry, around, name, copied);
    let result = around === undefined || isUnsure
      ? copied
      : waitFor(entry, around, name, () => Promise.resolve(copied));
    if (stale !== undefined && softTimeout !== Infinity) {
      result = this.#runs.orStale(result, stale, index);
    }
    if (waiters !== undefined) result = waiters.wait(result, signal);
    else if (signal !== undefined) result = untilAborted(result, signal);
    const shown = handOut(entry, result, { log, settings, key });
    if (shown === result || runsOnStack().length > 0) return shown;
    // Whoever is in no run waits for none: it gets the promise that all get.
    Promise.resolve(shown).catch(() => {});
    return result;
  }

  /** A result that is awaited, as this caller's own where results are copied. */
  copied(entry: MemoryEntry): PromiseLike<unknown> {
    const result = entry.result as PromiseLike<unknown>;
    if (!this.#context.copies.areMade) return result;
    return Promise.resolve(result).then((value) => this.#context.copies.fresh(value));
  }
}
