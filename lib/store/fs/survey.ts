/**
 * A quick look over all files before the round of upkeep that reads them: how old they are, and from
 * a random sample how many of them are useless. What has to go whatever the rest turns out to be can
 * then be removed unread, while the rest is read.
 *
 * @module
 */

import { Ages } from "./ages.ts";
import type { Limits } from "./limits.ts";

/** One file in so many is read. */
const ONE_IN = 32;
/** A file of more than this part of the bytes that may stay is read always. */
const GRAIN = 1 / 8192;
/** How many standard errors more than the sample says may be useless. */
const DEVIATIONS = 6;
/** And how many files beyond, of the weight that each in the sample has: it may hold none. */
const UNSEEN = 18;

/** An amount of files. */
export interface Amount {
  /** Files. */
  readonly entries: number;
  /** Bytes in them. */
  readonly bytes: number;
}

/** Adds up weighted numbers, for a bound that their true sum hardly ever exceeds. */
class Estimate {
  #sum = 0;
  #variance = 0;

  add(value: number, weight: number): void {
    this.#sum += weight * value;
    this.#variance += weight * (weight - 1) * value ** 2;
  }

  /** @param largest What one file that is not in the sample may add to the sum. */
  atMost(largest: number): number {
    return this.#sum + DEVIATIONS * Math.sqrt(this.#variance) + UNSEEN * largest;
  }
}

/** What a survey finds. */
export class Survey {
  /** All files by age. */
  readonly ages = new Ages();
  readonly #grain: number;
  readonly #entries = new Estimate();
  readonly #bytes = new Estimate();

  /** @param limits What may stay. */
  constructor({ maxBytes }: Limits) {
    this.#grain = maxBytes * GRAIN;
  }

  /**
   * Decides by chance whether a file of `size` bytes is in the sample.
   *
   * @returns How many files it stands for, or `undefined`.
   */
  draw(size: number): number | undefined {
    const chance = Math.max(1 / ONE_IN, Math.min(1, size / this.#grain));
    return Math.random() < chance ? 1 / chance : undefined;
  }

  /** Counts a file of the sample that is useless. */
  addUseless(size: number, weight: number): void {
    this.#entries.add(1, weight);
    this.#bytes.add(size, weight);
  }

  /** More than is useless among all, save by a chance of one in tens of millions. */
  get uselessAtMost(): Amount {
    return {
      entries: this.#entries.atMost(ONE_IN),
      // What weighs more than the grain is in the sample for certain.
      bytes: this.#bytes.atMost(Math.min(this.#grain, this.ages.bytes)),
    };
  }
}
