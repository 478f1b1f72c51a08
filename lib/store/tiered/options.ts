/**
 * What a tiered store can be told, and what it tells.
 *
 * @module
 */

import type { StoreOperation } from "../../errors.ts";
import type { Duration } from "../../units.ts";
import type { InvalidationChannel } from "./invalidation.ts";

/** Options of {@linkcode tieredStore}. */
export interface TieredStoreOptions {
  /**
   * When a `set` is done: once `"all"` tiers were written, or once the fastest was, with the others
   * written `"behind"` it. What stands behind is written at latest by `flush()` and by closing; a
   * process that dies before loses it. `"all"` by default.
   */
  readonly write?: "all" | "behind";
  /**
   * Most entries that wait to be written behind, a positive integer; past it, `set` waits for all
   * tiers. 1000 by default.
   */
  readonly maxBehind?: number;
  /**
   * How long an entry that was copied into a faster tier stays there at most. By default as long as
   * it lives in the slower one, and `"1m"` where that does not tell.
   */
  readonly backfillTtl?: Duration;
  /**
   * How long a tier may take over one call, but for a listing and the bytes of a stream, before it
   * counts as failing and the call goes on without it. Unlimited by default: the stores over a
   * network have limits of their own. It is the limit of `invalidation` as well, 10 s by default.
   */
  readonly timeout?: Duration;
  /** How long a tier is left alone after it failed; twice as long with each failure. By default `"1s"`. */
  readonly retryAfter?: Duration;
  /** How long a tier that keeps failing is left alone at most. By default `"1m"`. */
  readonly retryAtMost?: Duration;
  /**
   * Tells other handles of what is set and deleted here, so that they drop it from their tiers in
   * memory: the name of a `BroadcastChannel`, which reaches the other tabs of an origin and the
   * workers of a process, or a channel that reaches other processes, such as `redisChannel` of
   * `@deja/cache/redis`. In Deno, a `BroadcastChannel` keeps the process alive until the store is
   * closed.
   */
  readonly invalidation?: string | InvalidationChannel;
  /** Hears what happens behind the calls. By default, the first failure of each tier is a warning. */
  readonly onEvent?: (event: TieredEvent) => void;
}

/** What happens behind the calls on a tiered store. */
export type TieredEvent =
  | TierFailureEvent
  | TierCorruptEvent
  | TierRecoveryEvent
  | WriteLostEvent
  | InvalidationEvent;

/** A tier failed; it is left alone for a while. */
export interface TierFailureEvent {
  /** Kind of the event. */
  readonly type: "failure";
  /** Name of the tier's store. */
  readonly tier: string;
  /** Place of the tier, 0 for the fastest. */
  readonly index: number;
  /** What was asked of it. */
  readonly operation: StoreOperation;
  /** The key, where it was about one. */
  readonly key?: string | undefined;
  /** What it rejected with. */
  readonly error: unknown;
  /** Milliseconds for which it is left alone. */
  readonly retryIn: number;
}

/** A tier has a damaged entry, which counts as missing. */
export interface TierCorruptEvent {
  /** Kind of the event. */
  readonly type: "corrupt";
  /** Name of the tier's store. */
  readonly tier: string;
  /** Place of the tier, 0 for the fastest. */
  readonly index: number;
  /** The key. */
  readonly key: string;
  /** What the tier rejected with. */
  readonly error: unknown;
}

/** A tier that had failed works again. */
export interface TierRecoveryEvent {
  /** Kind of the event. */
  readonly type: "recovery";
  /** Name of the tier's store. */
  readonly tier: string;
  /** Place of the tier, 0 for the fastest. */
  readonly index: number;
}

/** The store was closed while an entry could not be written to any of the slower tiers. */
export interface WriteLostEvent {
  /** Kind of the event. */
  readonly type: "lost";
  /** The key. */
  readonly key: string;
}

/** The channel for invalidations failed or took too long: other processes may not hear of a change. */
export interface InvalidationEvent {
  /** Kind of the event. */
  readonly type: "invalidation";
  /** What the channel threw or rejected with. */
  readonly error: unknown;
}
