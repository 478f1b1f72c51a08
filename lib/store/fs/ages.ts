/**
 * How many entries there are of which age, in a memory that does not grow with them.
 *
 * @module
 */

/** Steps for each doubling of the age: two ages share one when they differ by half a percent. */
const STEPS = 128;
/** Doublings from a millisecond on; the last holds everything above a thousand years. */
const DOUBLINGS = 45;

/** Which entries have to go. */
export interface Cut {
  /** All entries whose step is above this go. */
  readonly step: number;
  /** Of those at the step, entries go until so many have gone. */
  entries: number;
  /** And until so many bytes have gone. */
  bytes: number;
}

/** Counts entries by their age. */
export class Ages {
  readonly #entries = new Float64Array(STEPS * DOUBLINGS);
  readonly #bytes = new Float64Array(STEPS * DOUBLINGS);
  /** All entries. */
  entries = 0;
  /** All their bytes. */
  bytes = 0;
  /** Bytes of the youngest one. */
  youngestBytes = 0;
  #youngest = Infinity;

  /** Counts an entry of an age in milliseconds. */
  add(age: number, bytes: number): void {
    const step = stepOf(age);
    this.#entries[step]++;
    this.#bytes[step] += bytes;
    this.entries++;
    this.bytes += bytes;
    if (age > this.#youngest) return;
    this.#youngest = age;
    this.youngestBytes = bytes;
  }

  /** Finds the oldest entries that make at least so many entries and bytes together. */
  oldest(entries: number, bytes: number): Cut {
    let step = this.#entries.length - 1;
    while (step > 0 && (entries > this.#entries[step] || bytes > this.#bytes[step])) {
      entries -= this.#entries[step];
      bytes -= this.#bytes[step];
      step--;
    }
    return { step, entries, bytes };
  }
}

/** The step that an age in milliseconds belongs to; an older one is higher. */
export function stepOf(age: number): number {
  const step = Math.floor(Math.log2(1 + Math.max(0, age)) * STEPS);
  return Math.min(step, STEPS * DOUBLINGS - 1);
}
