/** What all parts of a memory cache share: the function, its options, its results. */

import { type AnyFunction, Keyer } from "../key/mod.ts";
import { isAsyncFunction } from "./option_rules.ts";
import { EventLog } from "./event_log.ts";
import type { NotStoredReason } from "./events.ts";
import { Copies, handOut } from "./memory_copies.ts";
import {
  BoundedMap,
  type EntryMap,
  type MemoryEntry,
  RepeatedResult,
  UnboundedMap,
} from "./memory_entry.ts";
import { CallIndex, type IndexKey } from "./memory_index.ts";
import { MemoryListing } from "./memory_listing.ts";
import { isThenable } from "./results.ts";
import type { Settings } from "./settings.ts";
import type { Call } from "./wrapper.ts";

/** A function, its options and its results. */
export class MemoryContext {
  readonly fn: Call;
  readonly settings: Settings;
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly index: CallIndex;
  readonly copies: Copies;
  readonly listing: MemoryListing;
  readonly entries: EntryMap;
  readonly repeated: RepeatedResult;
  /** Whether results are awaited, as far as they tell so far; `undefined` before the first. */
  waits: boolean | undefined = undefined;
  /** Whether failures that are not the function's own come as rejections, as its own do. */
  readonly isAsync: boolean;

  /** @throws {TypeError} The function's code cannot be seen, or an option names no parameter. */
  constructor(fn: Call, settings: Settings) {
    this.fn = fn;
    this.settings = settings;
    this.keyer = new Keyer(fn as AnyFunction, settings);
    this.log = new EventLog(settings.onEvent);
    this.index = new CallIndex(this.keyer);
    this.copies = new Copies(settings);
    this.listing = new MemoryListing(this);
    this.isAsync = isAsyncFunction(fn);
    this.repeated = new RepeatedResult(this.log.counts);
    const { maxEntries, maxBytes, name } = settings;
    this.entries = maxEntries === Infinity && maxBytes === Infinity
      ? new UnboundedMap(this.repeated)
      : new BoundedMap(settings, this.repeated, (index) => {
        if (!this.log.heard) this.log.counts.evictions++;
        else this.log.emit({ type: "evict", name, key: this.index.hexOf(index) });
      });
  }

  /** The key for an event: costs something only where somebody hears of it. */
  keyFor(index: IndexKey): string {
    return this.log.heard ? this.index.hexOf(index) : "";
  }

  /** Fails as the function does. */
  fail(error: unknown): Promise<never> {
    if (this.isAsync) return Promise.reject(error);
    throw error;
  }

  /** Gives a kept result to one caller; `undefined`, with an event, where it cannot be copied. */
  delivery(entry: MemoryEntry, index: IndexKey): (() => unknown) | undefined {
    if (!this.copies.areMade) {
      const isThrown = entry.kind === "error" && !isThenable(entry.result);
      return () => isThrown ? handOut(entry, entry.value) : entry.result;
    }
    try {
      const copy = this.copies.of(entry);
      return () => handOut(entry, copy);
    } catch (error) {
      this.optionFailed(index, "clone", error);
      return undefined;
    }
  }

  /** Tells of a function given as an option that failed. */
  optionFailed(index: IndexKey, option: string, error: unknown): void {
    const { name } = this.settings;
    this.log.emit({ type: "option-error", name, key: this.index.hexOf(index), option, error });
  }

  /** Tells of a result that is not kept. */
  notStored(index: IndexKey, reason: NotStoredReason, error?: unknown): void {
    const { name } = this.settings;
    this.log.emit({ type: "not-stored", name, key: this.keyFor(index), reason, error });
  }
}
