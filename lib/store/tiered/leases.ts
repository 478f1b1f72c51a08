/**
 * The leases of a tiered store, each that of one of its tiers.
 *
 * @module
 */

import type { StoreCallOptions, StoreLease } from "../store.ts";
import type { Answer, Tier } from "./tier.ts";

/** Takes leases, and knows whose they are. */
export class TierLeases {
  readonly #tiers: readonly Tier[];
  readonly #tierOf = new WeakMap<StoreLease, Tier>();

  /** @param tiers Those that may lease, first the one to ask first. */
  constructor(tiers: readonly Tier[]) {
    this.#tiers = tiers;
  }

  /** Takes a lease from the first tier that works. */
  async take(
    key: string,
    duration: number,
    options: StoreCallOptions,
  ): Promise<Answer<StoreLease | undefined>> {
    let last: Answer<StoreLease | undefined> = { ok: false, error: undefined };
    for (const tier of this.#tiers) {
      if (tier.resting || tier.store.supports.lease !== true) continue;
      const take = () => tier.store.lease!(key, duration, options);
      last = await tier.ask({ operation: "lease", key }, take, options.signal, giveBack);
      if (!last.ok) continue;
      if (last.value !== undefined) this.#tierOf.set(last.value, tier);
      break;
    }
    return last;
  }

  /** The tier that gave a lease; `undefined` for no lease, and for one of another store. */
  tierOf(lease: StoreLease | undefined): Tier | undefined {
    return lease && this.#tierOf.get(lease);
  }
}

/** Gives back a lease that nobody waits for any more; one that cannot be runs out. */
function giveBack(lease: StoreLease | undefined): void {
  void lease?.[Symbol.asyncDispose]().catch(() => {});
}
