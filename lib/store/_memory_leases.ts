/**
 * Leases among the users of one object, such as a store in memory.
 *
 * @module
 */

import { lostLease } from "./_lost_lease.ts";
import type { StoreLease } from "./store.ts";

interface Holding {
  readonly token: number;
  /** Moment from which the lease has run out, by the clock that nobody sets. */
  until: number;
}

/** From how many leases on those that have run out are looked for. */
const MIN_SWEPT = 1024;

/** Who holds which lease. */
export class MemoryLeases {
  readonly #holdings = new Map<string, Holding>();
  /** How many there may be before those that have run out are forgotten. */
  #sweepAt = MIN_SWEPT;
  #lastToken = 0;

  /** Takes the lease on `key` for `duration` milliseconds; `undefined` while another holds it. */
  take(key: string, duration: number): StoreLease | undefined {
    const held = this.#holdings.get(key);
    if (held !== undefined && held.until > performance.now()) return undefined;
    const holding: Holding = { token: ++this.#lastToken, until: performance.now() + duration };
    this.#holdings.set(key, holding);
    if (this.#holdings.size >= this.#sweepAt) this.#sweep();
    return {
      key,
      token: holding.token,
      // deno-lint-ignore require-await -- the contract wants a Promise.
      renew: async () => {
        if (!this.#holds(key, holding.token)) return false;
        holding.until = performance.now() + duration;
        return true;
      },
      // deno-lint-ignore require-await -- the contract wants a Promise.
      [Symbol.asyncDispose]: async () => {
        if (this.#holdings.get(key) === holding) this.#holdings.delete(key);
      },
    };
  }

  /**
   * Checks that a lease is still held.
   *
   * @throws {StoreError} It is not, or it is that of another key.
   */
  check(key: string, lease: StoreLease): void {
    if (lease.key === key && this.#holds(key, lease.token)) return;
    throw lostLease("memory", key);
  }

  /** Forgets what has run out: each time when there are twice as many, so that it costs little. */
  #sweep(): void {
    const now = performance.now();
    for (const [key, { until }] of this.#holdings) if (until <= now) this.#holdings.delete(key);
    this.#sweepAt = Math.max(MIN_SWEPT, 2 * this.#holdings.size);
  }

  #holds(key: string, token: number): boolean {
    const holding = this.#holdings.get(key);
    return holding?.token === token && holding.until > performance.now();
  }
}
