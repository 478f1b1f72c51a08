/** What memory caches and persistent caches give their callers: the types. */

import type { AnyFunction } from "../key/mod.ts";
import type {
  CacheEntry,
  EntryFilter,
  EntryQuery,
  Explanation,
  StoredEntryFilter,
  StoredEntryQuery,
} from "./entry.ts";
import type { CacheStats } from "./events.ts";
import type { MapOptions, MapThis } from "./map.ts";
import type { ResultOf } from "./options.ts";
import type { PruneOptions, PruneReport } from "./prune.ts";

/** A function whose results are kept in memory. It is called as the original is. */
export type MemoryCached<F extends AnyFunction> = F & MemoryCachedMethods<F>;

/** What a function cached in memory can do besides being called. */
export interface MemoryCachedMethods<F extends AnyFunction> {
  /** The key of a call with these arguments, in lower-case hexadecimal. */
  key(...args: Parameters<F>): string;
  /** Whether a call with these arguments would be answered from the cache: asks `validate`. */
  has(...args: Parameters<F>): boolean;
  /** The result kept for these arguments, or `undefined`; asks `validate`, and runs nothing else. */
  peek(...args: Parameters<F>): ReturnType<F> | undefined;
  /** Runs the function and keeps its result in place of the one before. */
  refresh(...args: Parameters<F>): ReturnType<F>;
  /** Forgets the result for these arguments; returns whether there was one. */
  delete(...args: Parameters<F>): boolean;
  /** Forgets all results of this function, or those that a filter means. */
  clear(filter?: EntryFilter): void;
  /** What is kept, entry by entry, as it stands now, whatever `validate` would say. */
  entries(filter?: EntryFilter): CacheEntry<ResultOf<F>>[];
  /** What is kept under a key or for some arguments, whatever `validate` would say. */
  get(query: EntryQuery | { readonly args: Parameters<F> }): CacheEntry<ResultOf<F>> | undefined;
  /**
   * Calls the function for each of many inputs, a few at a time, and resolves to the results in
   * their order. A function that needs several arguments takes one object in their place.
   */
  map(
    this: MapThis<F>,
    inputs: Iterable<Parameters<F>[0]> | AsyncIterable<Parameters<F>[0]>,
    options?: MapOptions,
  ): Promise<ResultOf<F>[]>;
  /** A handle on the result for these arguments; runs the function if there is none. */
  reference(...args: Parameters<F>): MemoryReference<F>;
  /** A handle on the result under a key, as `key()` gives it, be there one or not; runs nothing. */
  byKey(key: string): MemoryReference<F>;
  /**
   * How a call with these arguments would be answered, and what changed since the nearest one. Asks
   * `validate`: where that throws, an event names it, and the result counts as refused.
   */
  explain(...args: Parameters<F>): Explanation;
  /** Counts since the function was wrapped, and how many results are kept. */
  stats(): MemoryCacheStats;
  /** The original function. */
  readonly wrapped: F;
}

/** A handle on a result in memory. It holds the key, and not the result. */
export interface MemoryReference<F extends AnyFunction> {
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;
  /** Name of the function. */
  readonly name: string;
  /** The result; throws a `CacheMissError` once it is gone or past its time. */
  get(): ReturnType<F>;
  /** Whether the result would answer a call: asks `validate`. */
  has(): boolean;
  /** The result, or `undefined` where it would answer no call; asks `validate`. */
  peek(): ReturnType<F> | undefined;
  /** Forgets the result; returns whether there was one. */
  delete(): boolean;
}

/** Counts of a function cached in memory. */
export interface MemoryCacheStats extends CacheStats {
  /** Results kept now. */
  readonly entries: number;
  /** Bytes of the results kept now, where they are measured for `maxBytes` or `clone`. */
  readonly bytes: number;
}

/** A function whose results are kept in a store. It always returns a `Promise`. */
export type PersistentCached<F extends AnyFunction> =
  & PersistentCall<F>
  & PersistentCachedMethods<F>;

/** How a persistent function is called: as the original, with a `Promise` of its result. */
export type PersistentCall<F extends AnyFunction> = [ReturnType<F>] extends [never]
  ? (...args: Parameters<F>) => Promise<never>
  : 0 extends 1 & ReturnType<F> ? (...args: Parameters<F>) => Promise<ReturnType<F>> // any
  : ReturnType<F> extends Promise<unknown> ? F
  : (...args: Parameters<F>) => Promise<Awaited<ReturnType<F>>>;

/** What a function cached in a store can do besides being called. */
export interface PersistentCachedMethods<F extends AnyFunction> {
  /** The key of a call with these arguments, in lower-case hexadecimal. */
  key(...args: Parameters<F>): Promise<string>;
  /** Whether a call with these arguments would be answered from the store: asks `validate`. */
  has(...args: Parameters<F>): Promise<boolean>;
  /** The result stored for these arguments, or `undefined`; asks `validate`, and runs nothing else. */
  peek(...args: Parameters<F>): Promise<ResultOf<F> | undefined>;
  /** Runs the function and stores its result in place of the one before. */
  refresh(...args: Parameters<F>): Promise<ResultOf<F>>;
  /**
   * Removes the result for these arguments, with its older generations; resolves to whether there
   * was one. Rejects if the store fails.
   */
  delete(...args: Parameters<F>): Promise<boolean>;
  /**
   * Removes all results under this function's name, or those that a filter means: each with its older
   * generations, or with `generations: "all"` just what the filter means. Rejects if the store fails.
   */
  clear(filter?: StoredEntryFilter): Promise<void>;
  /** As {@linkcode Cache.prune}, of this function's results alone. */
  prune(options?: PruneOptions): Promise<PruneReport>;
  /**
   * What is stored, entry by entry, whatever `validate` would say. Damaged entries are left out,
   * with an event.
   */
  entries(filter?: StoredEntryFilter): AsyncIterableIterator<CacheEntry<ResultOf<F>>>;
  /**
   * What is stored under a key or for some arguments, now or as of a moment, whatever `validate`
   * would say.
   */
  get(
    query:
      | StoredEntryQuery
      | { readonly args: Parameters<F>; readonly at?: StoredEntryQuery["at"] },
  ): Promise<CacheEntry<ResultOf<F>> | undefined>;
  /**
   * Calls the function for each of many inputs, a few at a time, and resolves to the results in
   * their order. What was done stays done: the same map again goes on where it stopped. A function
   * that needs several arguments takes one object in their place.
   */
  map(
    this: MapThis<F>,
    inputs: Iterable<Parameters<F>[0]> | AsyncIterable<Parameters<F>[0]>,
    options?: MapOptions,
  ): Promise<ResultOf<F>[]>;
  /** A handle on the result for these arguments; runs the function if there is none. */
  reference(...args: Parameters<F>): Promise<StoredReference<F>>;
  /**
   * A handle on the result under a key, as `key()` gives it, be there one or not; runs nothing. Of a
   * function of arrays, that is the result of one element; files that the function wrote are not
   * put anywhere.
   */
  byKey(key: string): StoredReference<F>;
  /**
   * How a call with these arguments would be answered, and what changed since the nearest one. Asks
   * `validate`: where that throws, an event names it, and the result counts as refused.
   */
  explain(...args: Parameters<F>): Promise<Explanation>;
  /** Counts since the function was wrapped. */
  stats(): CacheStats;
  /** The original function. */
  readonly wrapped: F;
}

/** A handle on a result in a store. It holds the key, and not the result. */
export interface StoredReference<F extends AnyFunction> {
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;
  /** Name of the function. */
  readonly name: string;
  /** The result; rejects with a `CacheMissError` once it is gone or past its time. */
  get(): Promise<ResultOf<F>>;
  /** Whether the result would answer a call: asks `validate`. */
  has(): Promise<boolean>;
  /** The result, or `undefined` where it would answer no call; asks `validate`. */
  peek(): Promise<ResultOf<F> | undefined>;
  /**
   * Removes the result, with its older generations; resolves to whether there was one. Rejects if
   * the store fails.
   */
  delete(): Promise<boolean>;
}
