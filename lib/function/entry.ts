/** What is told of a result that is kept. */

import { OptionError } from "../key/mod.ts";

/** A result that is kept, for `validate`, `entries` and `get`. */
export interface CacheEntry<V = unknown> {
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;
  /** Name of the function. */
  readonly name: string;
  /** Version of the function, if it has one. */
  readonly version: string | number | undefined;
  /**
   * Arguments of the call, defaults filled in, with `{ file: digest }` or `{ directory: digest }` in
   * the place of a file or folder; `undefined` where they were too large to keep, or have instances
   * of classes that the reader does not know. One that the option `key` maps is what it counts as;
   * where `key` is one function of all arguments, there is only what that gave.
   */
  readonly args: readonly unknown[] | undefined;
  /** Whether the function returned the result or threw it. */
  readonly kind: "value" | "error";
  /** What the function returned; `undefined` if it threw, and where it streams. */
  readonly value: V | undefined;
  /** What the function threw; `undefined` if it returned. */
  readonly error: unknown;
  /**
   * When it was computed, in milliseconds since the epoch. Of a run in memory within another run of
   * the same function, when the outer one began.
   */
  readonly created: number;
  /** From when it is stale, in milliseconds since the epoch, or `Infinity`. */
  readonly expires: number;
  /**
   * How long the computation took, in milliseconds; 0 for a run in memory within another run of the
   * same function, whose time counts with the outer one.
   */
  readonly duration: number;
  /** Stored bytes; 0 in a memory cache that does not measure. */
  readonly size: number;
  /** Names under which it can be dropped. */
  readonly tags: readonly string[];
  /**
   * Why there is neither a value nor an error, where that is so: in the listing of a whole cache,
   * an entry of a function with `classes` or a `serializer` that is not wrapped in this process.
   */
  readonly unreadable?: Error;
}

/** Which entries are meant. What is left out does not matter. */
export interface EntryFilter {
  /** Only what the function returned, or only what it threw. */
  readonly kind?: "value" | "error" | undefined;
  /** Only those with this tag. */
  readonly tag?: string | undefined;
  /** Whether those past their time are meant too. No unless given. */
  readonly expired?: boolean | undefined;
  /** Only those that this accepts. */
  readonly where?: ((entry: CacheEntry) => boolean) | undefined;
}

/** Which entries of a store are meant. */
export interface StoredEntryFilter extends EntryFilter {
  /** Whether older generations are meant too (`"all"`). Only the latest unless given. */
  readonly generations?: "all" | "latest" | undefined;
}

/** Which entry is meant. */
export interface EntryQuery {
  /** Key of the call, as `key()` gives it. */
  readonly key: string;
}

/** Which entry of a store is meant. */
export interface StoredEntryQuery extends EntryQuery {
  /** Asks for the result as it was at this moment: needs `expiry: "append"`. */
  readonly at?: Date | number | { readonly epochMilliseconds: number } | undefined;
}

/**
 * Whether an entry is one of those that a filter means, but for `expired`.
 *
 * @throws {OptionError} Its `where` failed.
 */
export function matches(entry: CacheEntry, filter: EntryFilter): boolean {
  return (filter.kind === undefined || entry.kind === filter.kind) &&
    (filter.tag === undefined || entry.tags.includes(filter.tag)) &&
    (filter.where === undefined || isMeant(filter.where, entry));
}

function isMeant(where: (entry: CacheEntry) => boolean, entry: CacheEntry): boolean {
  try {
    return where(entry);
  } catch (error) {
    throw new OptionError("where", entry.name, error);
  }
}

/** How a call would be answered, see `explain`. */
export interface Explanation {
  /**
   * What a call would meet now. A store keeps what expired for as long as it may stand in for a new
   * result, and to tell of it for as long as it counted, ten minutes at most. From then on it is a
   * `"miss"`, and the message says that what expires is forgotten.
   */
  readonly outcome: "hit" | "stale" | "expired" | "invalid" | "damaged" | "miss";
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;
  /** The entry kept for this very call, if there is one. */
  readonly entry: CacheEntry | undefined;
  /** Of all other entries of the function, the one that differs in the fewest parts. */
  readonly nearest: CacheEntry | undefined;
  /**
   * What differs from the nearest entry: `"code"`, `"version"`, a closed-over value such as
   * `"closure.rate"`, an argument such as `"argument amount"`, an attribute of the object of a method
   * such as `"attribute size"`, or `"key"` where that is one function of all arguments. Empty unless
   * the outcome is a miss.
   */
  readonly changed: readonly string[];
  /** The same in a sentence. */
  readonly message: string;
}
