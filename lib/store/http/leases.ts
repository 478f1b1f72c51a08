/**
 * The leases that a server holds for its clients, by an id that only the holder knows.
 *
 * @module
 */

import type { StoreLease } from "../store.ts";

interface Held {
  readonly lease: StoreLease;
  readonly duration: number;
  /** From when it has run out, as far as this server knows. */
  until: number;
}

/** Leases by id; those that have run out are forgotten. */
export class Leases {
  readonly #held = new Map<string, Held>();

  /** Keeps a lease that was just taken, and gives its id. */
  keep(lease: StoreLease, duration: number): string {
    for (const [id, { until }] of this.#held) if (until <= Date.now()) this.#held.delete(id);
    const id = crypto.randomUUID();
    this.#held.set(id, { lease, duration, until: Date.now() + duration });
    return id;
  }

  /** Gives the lease with an id, if it is known. */
  find(id: string): StoreLease | undefined {
    return this.#held.get(id)?.lease;
  }

  /** Renews a lease; resolves to whether it is still held. */
  async renew(id: string): Promise<boolean> {
    const held = this.#held.get(id);
    if (held === undefined) return false;
    const still = await held.lease.renew();
    if (still) held.until = Date.now() + held.duration;
    else this.#held.delete(id);
    return still;
  }

  /** Gives a lease back. */
  async release(id: string): Promise<void> {
    const held = this.#held.get(id);
    this.#held.delete(id);
    await held?.lease[Symbol.asyncDispose]();
  }
}
