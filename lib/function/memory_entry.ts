/** Results that are kept in memory, and the maps that hold them. */

import { LruMap } from "../lru.ts";
import type { EntryFilter } from "./entry.ts";
import type { EventLog } from "./event_log.ts";
import type { IndexKey } from "./memory_index.ts";
import type { Waiters } from "./signals.ts";

/** What is to be known of a result while it is awaited. */
export interface MemoryFlight {
  /** What comes back where the new result is not kept. */
  replaced: MemoryEntry | undefined;
  /** The result past its time that may stand in for the new one. */
  readonly stale: MemoryEntry | undefined;
  /** Whether it is computed behind the callers' backs, who get the stale one meanwhile. */
  readonly isRenewal: boolean;
  /** Those who wait, where one of them may give up. */
  readonly waiters: Waiters | undefined;
  /** What was dropped meanwhile: calls do not join any more, and the result may not be kept. */
  readonly forgotten: EntryFilter[];
}

/** A result in memory. */
export class MemoryEntry {
  /** Whether the result is there, is still awaited, or was rejected and counts for nothing. */
  state: "kept" | "pending" | "dropped" = "pending";
  /** Whether it may be handed out without a further look. */
  isPlain = false;
  kind: "value" | "error" = "value";
  /** The result as callers get it: by reference, and a promise as a promise. */
  result: unknown;
  /** The result itself, or what was thrown. */
  value: unknown = undefined;
  /** The bytes that copies are made of. */
  bytes: Uint8Array<ArrayBuffer> | undefined = undefined;
  size = 0;
  created = 0;
  /** Moment from which it is stale, in milliseconds since the epoch. */
  expires = Infinity;
  duration = 0;
  tags: readonly string[] = [];
  /** Bound arguments in canonical form, where they are not the index key and not large. */
  args: Uint8Array<ArrayBuffer> | undefined = undefined;
  /** Digests of the closed-over values, where there are any. */
  closure: Readonly<Record<string, string>> | undefined = undefined;
  /** Set when it is awaited, and as long as nothing is kept. */
  flight: MemoryFlight | undefined = undefined;
  /** Whether a new result is being computed behind this stale one. */
  revalidating = false;

  constructor(result: unknown) {
    this.result = result;
  }
}

/**
 * A result that is no object and is kept for ever, as it is from the start: quick functions make
 * one at each miss, so it has the fields that differ and no others.
 */
export class PlainEntry implements MemoryEntry {
  readonly result: unknown;
  readonly created: number;
  readonly duration: number;

  /**
   * @param created When it was computed, in milliseconds since the epoch.
   * @param duration How long that took, in milliseconds.
   */
  constructor(result: unknown, created: number, duration: number) {
    this.result = result;
    this.created = created;
    this.duration = duration;
  }

  get state(): "kept" {
    return "kept";
  }
  get isPlain(): true {
    return true;
  }
  get kind(): "value" {
    return "value";
  }
  get value(): unknown {
    return this.result;
  }
  get bytes(): undefined {
    return undefined;
  }
  get size(): 0 {
    return 0;
  }
  get expires(): number {
    return Infinity;
  }
  get tags(): readonly [] {
    return [];
  }
  get args(): undefined {
    return undefined;
  }
  get closure(): undefined {
    return undefined;
  }
  get flight(): undefined {
    return undefined;
  }
  get revalidating(): false {
    return false;
  }
}

/** The result that is kept here, or that comes back if the one awaited is not. */
export function keptIn(entry: MemoryEntry | undefined): MemoryEntry | undefined {
  let each = entry;
  while (each !== undefined && each.state !== "kept") each = each.flight?.replaced;
  return each;
}

/** Holds results. A look with `peek` does not count as a use. */
export interface EntryMap {
  readonly size: number;
  get(key: IndexKey): MemoryEntry | undefined;
  peek(key: IndexKey): MemoryEntry | undefined;
  set(key: IndexKey, entry: MemoryEntry): void;
  delete(key: IndexKey): boolean;
  clear(): void;
  [Symbol.iterator](): Iterator<[IndexKey, MemoryEntry]>;
}

/**
 * The result of the call that is made again and again, so that it is found by one comparison. That
 * takes two equal calls in a row: calls that differ pay next to nothing for it.
 */
export class RepeatedResult {
  /** The argument; where there is no such call, NaN, which equals nothing. */
  arg: unknown = NaN;
  result: unknown = undefined;
  /** Whether there is such a call. */
  #stands = false;
  /**
   * How often it was handed out, as far as that is not counted elsewhere, and what each time saved
   * in milliseconds: apart from the result, so that the counts outlive it.
   */
  readonly pending = { hits: 0, saved: 0 };
  #candidate: unknown = NaN;
  readonly #counts: EventLog["counts"];

  /** @param counts Where hits are counted in the end. */
  constructor(counts: EventLog["counts"]) {
    this.#counts = counts;
  }

  /** Takes note of a call with one argument, whose result may be handed out as it is. */
  note(arg: IndexKey, { result, duration }: MemoryEntry): void {
    if (arg !== this.#candidate) {
      this.#candidate = arg;
      return;
    }
    // -0 equals 0, and is another argument.
    if (arg === 0) return;
    this.count();
    this.arg = arg;
    this.result = result;
    this.#stands = true;
    this.pending.saved = duration;
  }

  /** To be called wherever that result may change, or has to count as used. */
  forget(): void {
    if (!this.#stands) return;
    this.#stands = false;
    this.count();
    this.arg = NaN;
    this.result = undefined;
  }

  /** Counts the hits so far. */
  count(): void {
    const { pending } = this;
    if (pending.hits === 0) return;
    this.#counts.hits += pending.hits;
    this.#counts.timeSaved += pending.hits * pending.saved;
    pending.hits = 0;
  }
}

/** Holds results without a bound. */
export class UnboundedMap implements EntryMap {
  readonly #repeated: RepeatedResult;
  readonly #entries = new Map<IndexKey, MemoryEntry>();

  /** @param repeated Is told when it may not stand any more. */
  constructor(repeated: RepeatedResult) {
    this.#repeated = repeated;
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: IndexKey): MemoryEntry | undefined {
    return this.#entries.get(key);
  }

  /** As `get`: there is no order of use. */
  peek(key: IndexKey): MemoryEntry | undefined {
    return this.#entries.get(key);
  }

  set(key: IndexKey, entry: MemoryEntry): void {
    this.#repeated.forget();
    this.#entries.set(key, entry);
  }

  delete(key: IndexKey): boolean {
    this.#repeated.forget();
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#repeated.forget();
    this.#entries.clear();
  }

  [Symbol.iterator](): Iterator<[IndexKey, MemoryEntry]> {
    return this.#entries[Symbol.iterator]();
  }
}

/** Holds results within a number of entries and of bytes. */
export class BoundedMap implements EntryMap {
  readonly #repeated: RepeatedResult;
  readonly #entries: LruMap<IndexKey, MemoryEntry>;
  readonly #maxBytes: number;
  #bytes = 0;

  /** @param repeated Is told when it may not stand any more. */
  constructor(
    { maxEntries, maxBytes }: { readonly maxEntries: number; readonly maxBytes: number },
    repeated: RepeatedResult,
    onEvict: (key: IndexKey, entry: MemoryEntry) => void,
  ) {
    this.#repeated = repeated;
    this.#maxBytes = maxBytes;
    this.#entries = new LruMap({
      maxEntries,
      onEvict: (key, entry) => {
        this.#bytes -= entry.size;
        onEvict(key, entry);
      },
    });
  }

  get size(): number {
    return this.#entries.size;
  }

  get(key: IndexKey): MemoryEntry | undefined {
    this.#repeated.forget();
    return this.#entries.get(key);
  }

  peek(key: IndexKey): MemoryEntry | undefined {
    return this.#entries.peek(key);
  }

  set(key: IndexKey, entry: MemoryEntry): void {
    this.#repeated.forget();
    this.#bytes += entry.size - (this.#entries.peek(key)?.size ?? 0);
    this.#entries.set(key, entry);
    this.#makeRoom();
  }

  /** Takes note that an entry of the map has another size now. */
  resize(entry: MemoryEntry, size: number): void {
    this.#repeated.forget();
    this.#bytes += size - entry.size;
    entry.size = size;
    this.#makeRoom();
  }

  delete(key: IndexKey): boolean {
    this.#repeated.forget();
    this.#bytes -= this.#entries.peek(key)?.size ?? 0;
    return this.#entries.delete(key);
  }

  clear(): void {
    this.#repeated.forget();
    this.#bytes = 0;
    this.#entries.clear();
  }

  [Symbol.iterator](): Iterator<[IndexKey, MemoryEntry]> {
    return this.#entries[Symbol.iterator]();
  }

  #makeRoom(): void {
    while (this.#bytes > this.#maxBytes && this.#entries.size > 0) this.#entries.evict();
  }
}
