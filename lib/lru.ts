/**
 * A map that remembers how recently each key was used, and evicts the one left unused the longest.
 *
 * @module
 */

/** One entry, linked to its neighbours in order of use. */
interface Link<K, V> {
  key: K;
  value: V;
  older: Link<K, V>;
  newer: Link<K, V>;
}

/** Options of {@linkcode LruMap}. */
export interface LruMapOptions<K, V> {
  /** Most entries to hold, a positive integer or `Infinity` (the default). */
  readonly maxEntries?: number;
  /** Called with each entry that had to make room, after it has left the map. */
  readonly onEvict?: (key: K, value: V) => void;
}

/**
 * A bounded map in order of use; every operation takes constant time.
 *
 * A `Map` finds the entries and a doubly linked list holds their order. The shorter way, a `Map`
 * alone whose keys are deleted and set again on use, is not constant: engines leave a hole for each
 * deleted key, and finding the oldest one walks over them (64 µs instead of 1 for an eviction among
 * 100 000 entries). The list is a ring, closed by a link that is no entry: no link is without a neighbour, so
 * that nothing has to be asked where one moves (a third less time for a hit in JavaScriptCore).
 */
export class LruMap<K, V> {
  /** Most entries that the map holds. */
  readonly maxEntries: number;
  readonly #links = new Map<K, Link<K, V>>();
  readonly #onEvict: ((key: K, value: V) => void) | undefined;
  /** Newer than every entry, and older than every entry. */
  readonly #end: Link<K, V> = ringOfOne();

  /**
   * @param options The bound, and who hears of evictions.
   * @throws {RangeError} `maxEntries` is neither a positive integer nor `Infinity`.
   */
  constructor(options: LruMapOptions<K, V> = {}) {
    const { maxEntries = Infinity, onEvict } = options;
    if (!(maxEntries === Infinity || (Number.isSafeInteger(maxEntries) && maxEntries > 0))) {
      throw new RangeError(
        `maxEntries must be a positive integer or Infinity, received ${String(maxEntries)}`,
      );
    }
    this.maxEntries = maxEntries;
    this.#onEvict = onEvict;
  }

  /** Number of entries. */
  get size(): number {
    return this.#links.size;
  }

  /** Whether `key` has an entry; does not count as a use. */
  has(key: K): boolean {
    return this.#links.has(key);
  }

  /** The value under `key`, which becomes the most recently used; `undefined` without an entry. */
  get(key: K): V | undefined {
    const link = this.#links.get(key);
    if (link === undefined) return undefined;
    touch(link, this.#end);
    return link.value;
  }

  /** The value under `key`; does not count as a use. */
  peek(key: K): V | undefined {
    return this.#links.get(key)?.value;
  }

  /**
   * Puts `value` under `key` as the most recently used entry.
   *
   * @returns The entry that had to make room, if one had to.
   */
  set(key: K, value: V): [key: K, value: V] | undefined {
    const link = this.#links.get(key);
    if (link !== undefined) {
      link.value = value;
      touch(link, this.#end);
      return undefined;
    }
    const end = this.#end;
    const { older } = end;
    const added: Link<K, V> = { key, value, older, newer: end };
    this.#links.set(key, added);
    older.newer = added;
    end.older = added;
    return this.#links.size > this.maxEntries ? this.evict() : undefined;
  }

  /** Removes the entry under `key`, which is no eviction; returns whether there was one. */
  delete(key: K): boolean {
    const link = this.#links.get(key);
    if (link === undefined) return false;
    link.older.newer = link.newer;
    link.newer.older = link.older;
    return this.#links.delete(key);
  }

  /** Evicts and returns the entry left unused the longest; `undefined` where the map is empty. */
  evict(): [key: K, value: V] | undefined {
    const oldest = this.#end.newer;
    if (oldest === this.#end) return undefined;
    this.delete(oldest.key);
    this.#onEvict?.(oldest.key, oldest.value);
    return [oldest.key, oldest.value];
  }

  /** Removes all entries, which is no eviction. */
  clear(): void {
    this.#links.clear();
    const end = this.#end;
    end.older = end.newer = end;
  }

  /**
   * The entries from the least to the most recently used, as they stand when iteration starts: an
   * iteration that followed later uses might never end.
   */
  *[Symbol.iterator](): IterableIterator<[key: K, value: V]> {
    const entries: [K, V][] = [];
    for (let link = this.#end.newer; link !== this.#end; link = link.newer) {
      entries.push([link.key, link.value]);
    }
    yield* entries;
  }
}

/** Makes an entry the most recently used. */
function touch<K, V>(link: Link<K, V>, end: Link<K, V>): void {
  const newest = end.older;
  if (newest === link) return;
  const { older, newer } = link;
  older.newer = newer;
  newer.older = older;
  link.older = newest;
  link.newer = end;
  newest.newer = link;
  end.older = link;
}

function ringOfOne<K, V>(): Link<K, V> {
  const end = { key: undefined, value: undefined } as unknown as Link<K, V>;
  end.older = end.newer = end;
  return end;
}
