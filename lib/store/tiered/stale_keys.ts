/**
 * The keys whose entry in a tier must not be handed out, in bounded memory.
 *
 * The first are kept one by one. What comes after them goes into a Bloom filter, which never forgets
 * a key and takes a few others for stale as well: one in a hundred once it has 200,000, more the
 * more it has. Those are misses; a stale entry is never taken for a good one.
 *
 * @module
 */

/** Most keys that are kept one by one, and most that are known to be good again. */
const MAX_KEYS = 10_000;
/** Bits of the filter, a power of two: 256 KiB. */
const FILTER_BITS = 2 ** 21;
/** Bits that each key sets. */
const BITS_PER_KEY = 4;

/** A set of keys that may hold more than was added to it, and never less. */
export class StaleKeys {
  readonly #keys = new Set<string>();
  #filter: Uint8Array | undefined;
  /** Keys that the filter has and that are good again, the one longest known first. */
  readonly #good = new Set<string>();

  /** Adds a key. */
  add(key: string): void {
    this.#good.delete(key);
    if (this.#keys.size < MAX_KEYS || this.#keys.has(key)) {
      this.#keys.add(key);
      return;
    }
    const filter = this.#filter ??= new Uint8Array(FILTER_BITS / 8);
    for (const bit of bitsOf(key)) filter[bit >> 3] |= 1 << (bit & 7);
  }

  /** Whether a key was added since it was last deleted, or may have been. */
  has(key: string): boolean {
    return this.#keys.has(key) || this.#isInFilter(key) && !this.#good.has(key);
  }

  /** Takes note that the entry under a key is good again. */
  delete(key: string): void {
    this.#keys.delete(key);
    if (!this.#isInFilter(key)) return;
    this.#good.delete(key);
    this.#good.add(key);
    if (this.#good.size <= MAX_KEYS) return;
    const [oldest] = this.#good;
    this.#good.delete(oldest);
  }

  #isInFilter(key: string): boolean {
    const filter = this.#filter;
    return filter !== undefined &&
      bitsOf(key).every((bit) => (filter[bit >> 3] & 1 << (bit & 7)) !== 0);
  }
}

/** The bits of a key, by two hashes of it (Kirsch and Mitzenmacher 2006). */
function bitsOf(key: string): number[] {
  // FNV-1a from two starts, over code units.
  let [one, two] = [0x811c9dc5, 0x9747b28c];
  for (let i = 0; i < key.length; i++) {
    const unit = key.charCodeAt(i);
    one = Math.imul(one ^ unit, 0x01000193);
    two = Math.imul(two ^ unit, 0x5bd1e995);
  }
  const [start, step] = [mixed(one), mixed(two) | 1];
  return Array.from(
    { length: BITS_PER_KEY },
    (_, i) => (start + Math.imul(i, step)) >>> 0 & FILTER_BITS - 1,
  );
}

/** Spreads a hash over all bits, as the end of MurmurHash3 does. */
function mixed(hash: number): number {
  let mixed = hash ^ hash >>> 16;
  mixed = Math.imul(mixed, 0x85ebca6b);
  mixed = Math.imul(mixed ^ mixed >>> 13, 0xc2b2ae35);
  return mixed ^ mixed >>> 16;
}
