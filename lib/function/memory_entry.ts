/** Results that are kept in memory, and the maps that hold them. */

import { LruMap } from "../lru.ts";
import type { EntryFilter } from "./entry.ts";
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
  set(key: IndexKey, entry: MemoryEntry): unknown;
  delete(key: IndexKey): boolean;
  clear(): void;
  [Symbol.iterator](): Iterator<[IndexKey, MemoryEntry]>;
}

/** Holds results without a bound. */
export class UnboundedMap extends Map<IndexKey, MemoryEntry> implements EntryMap {
  /** As `get`: there is no order of use. */
  peek(key: IndexKey): MemoryEntry | undefined {
    return this.get(key);
  }
}

/** Holds results within a number of entries and of bytes. */
export class BoundedMap implements EntryMap {
  readonly #entries: LruMap<IndexKey, MemoryEntry>;
  readonly #maxBytes: number;
  #bytes = 0;

  constructor(
    maxEntries: number,
    maxBytes: number,
    onEvict: (key: IndexKey, entry: MemoryEntry) => void,
  ) {
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
    return this.#entries.get(key);
  }

  peek(key: IndexKey): MemoryEntry | undefined {
    return this.#entries.peek(key);
  }

  set(key: IndexKey, entry: MemoryEntry): void {
    this.#bytes += entry.size - (this.#entries.peek(key)?.size ?? 0);
    this.#entries.set(key, entry);
    this.#makeRoom();
  }

  /** Takes note that an entry of the map has another size now. */
  resize(entry: MemoryEntry, size: number): void {
    this.#bytes += size - entry.size;
    entry.size = size;
    this.#makeRoom();
  }

  delete(key: IndexKey): boolean {
    this.#bytes -= this.#entries.peek(key)?.size ?? 0;
    return this.#entries.delete(key);
  }

  clear(): void {
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
