/**
 * déjà: a persistent function cache for Deno, Bun and the browser.
 *
 * Wrap an expensive function; a call that was computed before, in this process, in another one or
 * on another runtime, is not computed again. A key sees the function's code, the closed-over values
 * you name and the arguments, so an edited function or another option is another key. A record is
 * data, never code, and a damaged one is a miss.
 *
 * ```ts
 * import { cache, persistentCache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const area = cache((radius: number) => Math.PI * radius ** 2); // in memory, synchronous
 * const words = persistentCache("words", async (url: string) => {
 *   const text = await (await fetch(url)).text();
 *   return text.split(/\s+/).length;
 * }, { ttl: "7d" }); // in .deja/, or in the browser's private file system
 *
 * assert.equal(area(2), area(2));
 * assert.equal(await words("data:,to be or not"), 4);
 * await words.clear();
 * ```
 *
 * Stores are entry points of their own: `@deja/cache/fs`, `@deja/cache/opfs`.
 *
 * @module
 */

export { cache, lruCache } from "./lib/function/memory_cache.ts";
export {
  type Cache,
  createCache,
  type CreateCacheOptions,
  invalidateTags,
  persistentCache,
  type PersistentVerb,
} from "./lib/function/create_cache.ts";
export {
  block,
  type BlockOptions,
  blockSync,
  type BlockSyncOptions,
} from "./lib/function/block.ts";
export type {
  AsyncMethodDecorator,
  CachedOptions,
  MethodDecorator,
  MethodOptions,
  PersistentCachedOptions,
} from "./lib/function/decorators/mod.ts";
export type { AttributesOption } from "./lib/key/mod.ts";
export type { CacheDefaults } from "./lib/function/scope.ts";
export type { PruneOptions, PruneReport } from "./lib/function/prune.ts";
export type {
  MemoryCached,
  MemoryCachedMethods,
  MemoryCacheStats,
  MemoryReference,
  PersistentCached,
  PersistentCachedMethods,
  PersistentCall,
  StoredReference,
} from "./lib/function/cached_function.ts";
export type {
  CacheOptions,
  ErrorsOption,
  Freshness,
  LruCacheOptions,
  MemoryCacheOptions,
  PersistentOptions,
  ResultOf,
  Serializer,
  TimeoutOption,
} from "./lib/function/options.ts";
export type {
  CacheEntry,
  EntryFilter,
  EntryQuery,
  Explanation,
  StoredEntryFilter,
  StoredEntryQuery,
} from "./lib/function/entry.ts";
export { expiresAfter } from "./lib/function/expires_after.ts";
export { type CacheMode, withMode } from "./lib/function/mode.ts";
export type { FreeVariablesOption } from "./lib/function/free_variables.ts";
export type { MapOptions, MapProgress, MapThis, RetryOptions } from "./lib/function/map.ts";
export type { ByteSize, ByteUnit, Duration, DurationUnit, Moment } from "./lib/units.ts";
export type {
  CacheEvent,
  CacheEventBase,
  CacheListener,
  CacheStats,
  CacheTotals,
  CorruptEvent,
  EvictEvent,
  ExpireEvent,
  FreeVariableEvent,
  HitEvent,
  JoinEvent,
  LongWaitEvent,
  MissEvent,
  NotStoredEvent,
  NotStoredReason,
  OptionErrorEvent,
  RevalidateErrorEvent,
  StaleEvent,
  StoredEvent,
  StoreErrorEvent,
} from "./lib/function/events.ts";
export { stableHash } from "./lib/codec/mod.ts";
export {
  type AnyFunction,
  type CodeOption,
  directory,
  DirectoryInput,
  type DirectoryOptions,
  dropIf,
  dropIfEqual,
  file,
  type FileHandleLike,
  FileInput,
  type FileSource,
  type KeyMapper,
  type KeyOption,
  OMIT,
} from "./lib/key/mod.ts";
export { memoryStore, type MemoryStoreOptions } from "./lib/store/memory.ts";
export type {
  Store,
  StoreCallOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "./lib/store/store.ts";
export type { ClassCodec, ClassRegistry } from "./lib/codec/mod.ts";
export {
  CacheMissError,
  CacheTimeoutError,
  DecodeError,
  DejaError,
  type DejaErrorCode,
  EncodeError,
  StoreError,
  type StoreOperation,
} from "./lib/errors.ts";
