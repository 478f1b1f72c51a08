/** Counts the events of one function and passes them on. */

import type { CacheEvent, CacheListener, CacheStats } from "./events.ts";
import { tellListener } from "./listener.ts";

/** The counts, while they are counted. */
export type Counts = { -readonly [count in keyof CacheStats]: CacheStats[count] };

const PROBLEMS: ReadonlySet<CacheEvent["type"]> = new Set<CacheEvent["type"]>([
  "corrupt",
  "store-error",
  "option-error",
  "revalidate-error",
]);

/** Whether an event tells of something that went wrong, and not of what was asked for. */
function isProblem(event: CacheEvent): boolean {
  return PROBLEMS.has(event.type) || (event.type === "not-stored" && event.error !== undefined);
}

/** Counts of nothing yet. */
export function noCounts(): Counts {
  return {
    hits: 0,
    misses: 0,
    joins: 0,
    staleHits: 0,
    errors: 0,
    evictions: 0,
    problems: 0,
    bytesRead: 0,
    bytesWritten: 0,
    timeSaved: 0,
  };
}

/** Adds counts to others. */
export function addCounts(sums: Counts, counts: CacheStats): void {
  for (const count of Object.keys(sums) as (keyof CacheStats)[]) sums[count] += counts[count];
}

/** Counts the events of one function and passes them on. */
export class EventLog {
  /** The counts so far. Hot paths without a listener add to them directly. */
  readonly counts: Counts = noCounts();
  readonly #listener: CacheListener | undefined;
  readonly #warned = new Set<string>();

  /** @param listener Who hears of the events, if anyone does. */
  constructor(listener: CacheListener | undefined) {
    this.#listener = listener;
  }

  /** Whether somebody hears of events: if not, only counting matters. */
  get heard(): boolean {
    return this.#listener !== undefined;
  }

  /**
   * Counts an event and tells the listener; without one, warns once of each kind of problem. Of
   * variables that no key sees, whoever finds them warns, in one line for all.
   */
  emit(event: CacheEvent): void {
    this.#count(event);
    if (this.#listener === undefined) {
      if (isProblem(event)) this.#warn(event);
      return;
    }
    tellListener(
      this.#listener,
      event,
      () => `onEvent of ${nameOf(event)} threw on a ${event.type} event`,
    );
  }

  /** The counts so far. */
  stats(): CacheStats {
    return { ...this.counts };
  }

  #count(event: CacheEvent): void {
    const { counts } = this;
    if (isProblem(event)) counts.problems++;
    switch (event.type) {
      case "hit":
        counts.hits++;
        counts.timeSaved += event.saved;
        break;
      case "miss":
        counts.misses++;
        break;
      case "join":
        counts.joins++;
        break;
      case "stale":
        counts.staleHits++;
        break;
      case "store":
        counts.bytesWritten += event.size;
        break;
      case "evict":
        counts.evictions++;
    }
  }

  #warn(event: CacheEvent): void {
    if (this.#warned.has(event.type)) return;
    this.#warned.add(event.type);
    const message = "error" in event && event.error instanceof Error ? event.error.message : event;
    console.warn(
      `déjà: ${event.type} in ${nameOf(event)}, the function still works:`,
      message,
      "(said once; listen with onEvent to hear of each)",
    );
  }
}

/** The function that an event is about, in the words of a message. */
function nameOf({ name }: CacheEvent): string {
  return name || "a cached function";
}
