/**
 * The entries of several tiers, each key once.
 *
 * @module
 */

import type { StoreListEntry } from "../store.ts";
import type { WriteBehind } from "./behind.ts";
import type { Tier } from "./tier.ts";

/**
 * Yields what the tiers have and what waits to be written to them.
 *
 * @returns Whether a tier worked.
 * @throws The reason of the signal.
 */
export async function* listTiers(
  tiers: readonly Tier[],
  behind: WriteBehind | undefined,
  prefix: string,
  signal: AbortSignal | undefined,
): AsyncGenerator<StoreListEntry, boolean> {
  // The keys of the faster tiers, which hold the smaller part; the slowest streams past them.
  const seen = new Set<string>();
  for (const key of behind?.keys() ?? []) {
    const entry = key.startsWith(prefix) ? behind?.get(key) : undefined;
    if (entry === undefined) continue;
    seen.add(key);
    const { bytes, expires } = entry;
    if (expires > Date.now()) yield { key, size: bytes.length, expires };
  }
  let worked = false;
  for (const [index, tier] of tiers.entries()) {
    if (tier.resting) continue;
    try {
      for await (const entry of tier.store.list(prefix, { signal })) {
        if (tier.stale.has(entry.key) || seen.has(entry.key)) continue;
        if (index < tiers.length - 1) seen.add(entry.key);
        yield entry;
        signal?.throwIfAborted();
      }
      tier.works();
      worked = true;
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      tier.fails({ operation: "list" }, error);
    }
  }
  return worked;
}
