/**
 * Looking for an entry in one tier after the other.
 *
 * @module
 */

import type { WaitingEntry, WriteBehind } from "./behind.ts";
import type { Tier } from "./tier.ts";
import type { Turns } from "./turns.ts";

/** What is looked through. */
export interface Places {
  /** The tiers, the fastest first. */
  readonly tiers: readonly Tier[];
  /** The entries that wait to be written to all but the fastest that can be written to. */
  readonly behind: WriteBehind | undefined;
  /** The order of changes. */
  readonly turns: Turns;
}

/** How to look. */
export interface LookUp<T> {
  /** The key. */
  readonly key: string;
  /** Gives the look-up up. */
  readonly signal: AbortSignal | undefined;
  /** Asks one tier. */
  readonly look: (tier: Tier) => Promise<T | undefined>;
  /** Takes an entry that waits. */
  readonly take: (entry: WaitingEntry) => T;
}

/** What became of a look-up. */
export type LookUpResult<T> =
  | { readonly value: T; readonly index: number }
  /** Nothing is there. */
  | "missing"
  /** No tier works. */
  | "failed";

/** Looks for an entry from the fastest tier to the slowest. */
export async function lookUp<T>(
  { tiers, behind, turns }: Places,
  { key, signal, look, take }: LookUp<T>,
): Promise<LookUpResult<T>> {
  const fastest = tiers.find(({ writable }) => writable);
  let worked = false;
  for (const [index, tier] of tiers.entries()) {
    // What waits to be written is newer than whatever the tiers behind the fastest have.
    const waiting = tier === fastest ? undefined : behind?.get(key);
    if (waiting !== undefined) {
      return waiting.expires > Date.now() ? { value: take(waiting), index } : "missing";
    }
    if (tier.resting) continue;
    if (tier.stale.has(key)) {
      worked = true;
      if (tier.writable && !turns.has(key)) void turns.take(key, () => tier.drop(key));
      continue;
    }
    const answer = await tier.ask({ operation: "get", key }, () => look(tier), signal, letGo);
    // A damaged entry is a miss: the tier itself works.
    if (answer.ok || !tier.resting) worked = true;
    if (answer.ok && answer.value !== undefined) return { value: answer.value, index };
  }
  return worked ? "missing" : "failed";
}

/** Cancels a stream that comes when nobody waits for it any more: its source may hold a file open. */
function letGo(found: unknown): void {
  if (found instanceof ReadableStream) found.cancel().catch(() => {});
}
