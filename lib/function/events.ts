/** What happens inside a cache, told to whoever listens. */

import type { StoreOperation } from "../errors.ts";

/** What every event says. */
export interface CacheEventBase {
  /** Name of the function. */
  readonly name: string;
  /** Key of the call, in lower-case hexadecimal; empty where the event is about no call. */
  readonly key: string;
}

/** A stored result was handed out. */
export interface HitEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "hit";
  /** Whether the function had returned the result or thrown it. */
  readonly kind: "value" | "error";
  /** How long the computation took that this hit made unnecessary, in milliseconds. */
  readonly saved: number;
}

/** There was no usable result: the function runs. */
export interface MissEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "miss";
}

/** The call waits for an equal one that is already under way. */
export interface JoinEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "join";
  /** Where the other call is under way: in this process, or elsewhere on the same store. */
  readonly where: "here" | "elsewhere";
}

/** A result past its time was handed out. */
export interface StaleEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "stale";
  /**
   * Why: a new one is being computed behind the call, or computing it failed or took too long, or
   * the mode forbids to compute or to store one.
   */
  readonly because: "revalidating" | "error" | "timeout" | "mode";
  /** How long the result has been past its time, in milliseconds. */
  readonly age: number;
  /** What computing a new one failed with, where it did. */
  readonly error?: unknown;
}

/** Computing a new result behind the callers' back failed; the stale one stays. */
export interface RevalidateErrorEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "revalidate-error";
  /** What the function failed with. */
  readonly error: unknown;
}

/** A new result was stored. */
export interface StoredEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "store";
  /** Whether the function had returned the result or thrown it. */
  readonly kind: "value" | "error";
  /** How long the computation took, in milliseconds. */
  readonly duration: number;
  /** Stored bytes; 0 in a memory cache that does not measure. */
  readonly size: number;
}

/**
 * A stored result was found past its time, or `validate` refused it. A miss follows, or a stale
 * result is handed out. Stores keep a result for up to ten minutes past its time to tell of this, and
 * not longer than it counted; after that there is only the miss.
 */
export interface ExpireEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "expire";
  /** Who said so. */
  readonly because: "time" | "validate";
}

/** A result left a bounded cache to make room. */
export interface EvictEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "evict";
}

/** A stored record is truncated, damaged or foreign. A miss follows. */
export interface CorruptEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "corrupt";
  /** What is wrong with it. */
  readonly error: unknown;
}

/** The store failed; the call goes on without it. */
export interface StoreErrorEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "store-error";
  /** What was asked of the store. */
  readonly operation: StoreOperation;
  /** What it rejected with. */
  readonly error: unknown;
}

/** Why a result was not kept. */
export type NotStoredReason =
  | "no byte form"
  | "read once"
  | "broke off"
  | "inputs changed"
  | "invalidated"
  | "not accepted"
  | "too quick"
  | "too large"
  | "expired at once"
  | "stored elsewhere"
  | "no output"
  | "option failed";

/** The caller gets the result, the cache does not. */
export interface NotStoredEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "not-stored";
  /** Why. */
  readonly reason: NotStoredReason;
  /** What the trouble is and where; `undefined` where it was asked for. */
  readonly error: unknown;
}

/** A function that was given as an option failed; the call goes on as if it had refused. */
export interface OptionErrorEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "option-error";
  /** Name of the option, such as `validate`. */
  readonly option: string;
  /** What it threw, or what is wrong with what it returned. */
  readonly error: unknown;
}

/** The function reads a variable from outside that the key does not see. */
export interface FreeVariableEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "free-variable";
  /** The variable, such as `rate`; of a method also `this.rate`, `this.read()`, or all of `this`. */
  readonly variable: string;
  /** The line to write: one for all variables of the function, or for all of its `this`. */
  readonly remedy: string;
  /** Name of the function in `closure` that reads it; `undefined` where the function itself does. */
  readonly within?: string | undefined;
}

/**
 * A call has waited long for an equal one under way, and may wait for ever: where nothing follows
 * asynchronous code, which is so in browsers, a function that calls itself with the same arguments
 * after an `await` is not always told from another caller. Said once of each function without
 * `timeout`.
 */
export interface LongWaitEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "long-wait";
  /** How long it has waited, in milliseconds. */
  readonly waited: number;
  /** What to write. */
  readonly remedy: string;
}

/** Everything that {@linkcode CacheOptions.onEvent} is told. */
export type CacheEvent =
  | HitEvent
  | MissEvent
  | JoinEvent
  | StaleEvent
  | RevalidateErrorEvent
  | StoredEvent
  | ExpireEvent
  | EvictEvent
  | CorruptEvent
  | StoreErrorEvent
  | NotStoredEvent
  | OptionErrorEvent
  | FreeVariableEvent
  | LongWaitEvent;

/** Hears of events. */
export type CacheListener = (event: CacheEvent) => void;

/** Counts since the function was wrapped. */
export interface CacheStats {
  /** Calls answered from the cache with a result that is not stale. */
  readonly hits: number;
  /** Calls that ran the function. */
  readonly misses: number;
  /** Calls that waited for an equal one under way. */
  readonly joins: number;
  /** Calls answered with a result past its time. */
  readonly staleHits: number;
  /** Runs of the function that threw or rejected. */
  readonly errors: number;
  /** Results evicted to make room. */
  readonly evictions: number;
  /**
   * Damaged records, failures of the store and of functions given as options, results that could
   * not be stored, and new results that could not be computed behind a stale one.
   */
  readonly problems: number;
  /** Bytes of the records that answered calls. */
  readonly bytesRead: number;
  /** Bytes of the records that were stored. */
  readonly bytesWritten: number;
  /** Computing time that hits made unnecessary, in milliseconds. */
  readonly timeSaved: number;
}

/** Counts of all functions of a cache, since each was wrapped. */
export interface CacheTotals extends CacheStats {
  /** The counts by the name of the function; functions of one name count together. */
  readonly functions: Readonly<Record<string, CacheStats>>;
}
