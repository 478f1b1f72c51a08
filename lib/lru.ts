/**
 * A map that remembers how recently each key was used, and evicts the one left unused the longest.
 *
 * @module
 */

/** One entry, linked to its neighbours in order of use. */
interface Link<K, V> {
  key: K;
  value: V;
  older: Link<K, V> | undefined;
  newer: Link<K, V> | undefined;
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
 * 100 000 entries).
 */
export class LruMap<K, V> {
  /** Most entries that the map holds. */
  readonly maxEntries: number;
  readonly #links = new Map<K, Link<K, V>>();
  readonly #onEvict: ((key: K, value: V) => void) | undefined;
  #oldest: Link<K, V> | undefined;
  #newest: Link<K, V> | undefined;

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
    this.#touch(link);
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
      this.#touch(link);
      return undefined;
    }
    const added: Link<K, V> = { key, value, older: undefined, newer: undefined };
    this.#links.set(key, added);
    this.#append(added);
    return this.#links.size > this.maxEntries ? this.evict() : undefined;
  }

  /** Removes the entry under `key`, which is no eviction; returns whether there was one. */
  delete(key: K): boolean {
    const link = this.#links.get(key);
    if (link === undefined) return false;
    this.#unlink(link);
    return this.#links.delete(key);
  }

  /** Evicts and returns the entry left unused the longest; `undefined` where the map is empty. */
  evict(): [key: K, value: V] | undefined {
    const oldest = this.#oldest;
    if (oldest === undefined) return undefined;
    this.delete(oldest.key);
    this.#onEvict?.(oldest.key, oldest.value);
    return [oldest.key, oldest.value];
  }

  /** Removes all entries, which is no eviction. */
  clear(): void {
    this.#links.clear();
    this.#oldest = this.#newest = undefined;
  }

  /**
   * The entries from the least to the most recently used, as they stand when iteration starts: an
   * iteration that followed later uses might never end.
   */
  *[Symbol.iterator](): IterableIterator<[key: K, value: V]> {
    const entries: [K, V][] = [];
    for (let link = this.#oldest; link !== undefined; link = link.newer) {
      entries.push([link.key, link.value]);
    }
    yield* entries;
  }

  #touch(link: Link<K, V>): void {
    if (link === this.#newest) return;
    this.#unlink(link);
    this.#append(link);
  }

  #append(link: Link<K, V>): void {
    link.older = this.#newest;
    link.newer = undefined;
    if (this.#newest === undefined) this.#oldest = link;
    else this.#newest.newer = link;
    this.#newest = link;
  }

  #unlink(link: Link<K, V>): void {
    if (link.older === undefined) this.#oldest = link.newer;
    else link.older.newer = link.newer;
    if (link.newer === undefined) this.#newest = link.older;
    else link.newer.older = link.older;
  }
}
