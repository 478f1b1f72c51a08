/** Keeping the results of one function in memory, as its options say. */

import { type EntryFilter, matches } from "./entry.ts";
import type { Readings } from "../key/mod.ts";
import type { NotStoredReason } from "./events.ts";
import { decideKeeping, inputsChangedError, keepsError, type Run } from "./keeping.ts";
import type { MemoryContext } from "./memory_context.ts";
import { BoundedMap, type MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import { isReadOnce, readOnceError } from "./results.ts";
import { staleTime } from "./settings.ts";

/** How many results there are at least before those past their time are looked for. */
const MIN_SWEPT = 1000;

/** Keeps results. */
export class MemoryKeeper {
  readonly #context: MemoryContext;
  /** Whether a result is handed out without a further look as long as it lasts for ever. */
  readonly #isPlain: boolean;
  /** With how many results those past their time are looked for again. */
  #sweepAt = MIN_SWEPT;

  /** Keeps results of one function. */
  constructor(context: MemoryContext) {
    this.#context = context;
    const { validate, freeVariables } = context.settings;
    this.#isPlain = !context.copies.areMade && validate === undefined && freeVariables !== "error";
  }

  /**
   * Keeps a result as the options say.
   *
   * @param readings What the files among the arguments held before the run.
   */
  keep(entry: MemoryEntry, index: IndexKey, run: Run, readings?: Readings): void {
    const { flight } = entry;
    // It may have been deleted, evicted or replaced while its promise was pending.
    if (flight !== undefined && !this.#isReachable(entry, index)) {
      entry.state = "dropped";
      return;
    }
    if (run.kind === "value" && isReadOnce(run.value)) {
      return this.#drop(entry, index, "read once", readOnceError(run.value));
    }
    if (readings?.isCurrentNow() === false) {
      return this.#drop(entry, index, "inputs changed", inputsChangedError());
    }
    const keeping = decideKeeping(this.#context.settings, run);
    if (!keeping.keep) {
      const { reason, failed } = keeping;
      if (failed !== undefined) this.#context.optionFailed(index, failed.option, failed.error);
      return this.#drop(entry, index, reason);
    }
    let size: number;
    try {
      size = this.#context.copies.put(run.value, run.kind, entry);
    } catch (error) {
      if (typeof this.#context.settings.clone !== "function") {
        return this.#drop(entry, index, "no byte form", error);
      }
      this.#context.optionFailed(index, "clone", error);
      return this.#drop(entry, index, "option failed");
    }
    if (size > this.#context.settings.maxBytes) return this.#drop(entry, index, "too large");
    entry.created = run.ended;
    entry.duration = run.duration;
    entry.expires = keeping.expires;
    entry.tags = keeping.tags;
    this.#context.listing.describe(index, entry, run.args, run.self);
    if (flight !== undefined && this.#isForgotten(entry, index, flight.forgotten)) {
      return this.#drop(entry, index, "invalidated");
    }
    entry.state = "kept";
    entry.flight = undefined;
    entry.isPlain = run.kind === "value" && keeping.expires === Infinity &&
      this.#isPlain;
    this.#place(entry, index, size, flight !== undefined);
    if (keeping.expires !== Infinity && this.#context.entries.size >= this.#sweepAt) this.#sweep();
    if (!this.#context.log.heard) return;
    const { name } = this.#context.settings;
    const { kind, duration } = run;
    this.#context.log.emit({
      type: "store",
      name,
      key: this.#context.index.hexOf(index),
      kind,
      duration,
      size,
    });
  }

  /** Whether it was dropped before it was there; a filter that throws drops it too. */
  #isForgotten(entry: MemoryEntry, index: IndexKey, filters: readonly EntryFilter[]): boolean {
    if (filters.length === 0) return false;
    try {
      const told = this.#context.listing.told(index, entry);
      return filters.some((filter) => matches(told, filter));
    } catch (error) {
      this.#context.optionFailed(index, "where", error);
      return true;
    }
  }

  #place(entry: MemoryEntry, index: IndexKey, size: number, wasAwaited: boolean): void {
    if (
      wasAwaited && this.#context.entries instanceof BoundedMap &&
      this.#context.entries.peek(index) === entry
    ) {
      this.#context.entries.resize(entry, size);
      return;
    }
    entry.size = size;
    if (!wasAwaited) this.#context.entries.set(index, entry);
  }

  /**
   * Drops what is of no use any more, also where no call asks for it again. Done each time that the
   * results have become twice as many, so that it takes next to nothing of each.
   */
  #sweep(): void {
    const { entries, settings } = this.#context;
    const before = Date.now() - staleTime(settings);
    for (const [index, entry] of entries as Iterable<[IndexKey, MemoryEntry]>) {
      if (entry.state === "kept" && entry.expires <= before) entries.delete(index);
    }
    this.#sweepAt = Math.max(MIN_SWEPT, 2 * entries.size);
  }

  /** Whether an awaited result stands in the map, or comes back if the one that does is dropped. */
  #isReachable(entry: MemoryEntry, index: IndexKey): boolean {
    let each = this.#context.entries.peek(index);
    while (each !== undefined && each !== entry) each = each.flight?.replaced;
    return each === entry;
  }

  #drop(entry: MemoryEntry, index: IndexKey, reason: NotStoredReason, error?: unknown): void {
    this.restore(entry, index);
    this.#context.notStored(index, reason, error);
  }

  /** Whether what the function threw is kept. */
  keepsError(error: unknown, index: IndexKey): boolean {
    try {
      return keepsError(this.#context.settings.errors, error);
    } catch (thrown) {
      this.#context.optionFailed(index, "errors.when", thrown);
      return false;
    }
  }

  /** Takes out a result that counts for nothing; what it had replaced comes back. */
  restore(entry: MemoryEntry, index: IndexKey): void {
    entry.state = "dropped";
    if (this.#context.entries.peek(index) !== entry) return;
    let restored = entry.flight?.replaced;
    while (restored?.state === "dropped") restored = restored.flight?.replaced;
    if (restored === undefined) this.#context.entries.delete(index);
    else this.#context.entries.set(index, restored);
  }
}
