/** The verbs on the default store, and `createCache`, which gives them another. */

import type { AnyFunction } from "../key/mod.ts";
import type { Store } from "../store/store.ts";
import { type BlockOptions, runBlock } from "./block.ts";
import type { MemoryCached, PersistentCached } from "./cached_function.ts";
import {
  checkFilter,
  checkFunction,
  checkOptions,
  checkTags,
  CREATE_OPTIONS,
  DEFAULT_OPTIONS,
  LRU_OPTIONS,
  MEMORY_OPTIONS,
  PERSISTENT_OPTIONS,
  PRUNE_OPTIONS,
} from "./check_options.ts";
import {
  type AsyncMethodDecorator,
  type CachedOptions,
  decoratorIn,
  type MethodDecorator,
  type PersistentCachedOptions,
} from "./decorators/cached.ts";
import type { CacheEntry, StoredEntryFilter } from "./entry.ts";
import type { CacheTotals } from "./events.ts";
import { Group } from "./group.ts";
import { checkBound, wrapInMemory } from "./memory_cache.ts";
import type { LruCacheOptions, MemoryCacheOptions, PersistentOptions } from "./options.ts";
import { isOf, rootOf } from "./names.ts";
import { wrapInStore } from "./persistent_cache.ts";
import {
  type CacheDefaults,
  defaultScope,
  type Scope,
  settingsFor,
  withDefaults,
} from "./scope.ts";
import { settingsOf } from "./settings.ts";
import { StoreHandle } from "./store_handle.ts";
import type { PruneOptions, PruneReport } from "./prune.ts";

/** Options of {@linkcode createCache}: a store, and defaults for every function cached on it. */
export interface CreateCacheOptions extends CacheDefaults {
  /**
   * Where persistent results go: the default store unless given. It stays the caller's to close. One
   * that hangs costs each call its whole time limit; `tieredStore([store])` of `@deja/cache/tiered`
   * leaves it alone for a while instead.
   */
  readonly store?: Store | undefined;
  /** Keeps the results of this cache apart from others on the same store. */
  readonly namespace?: string | undefined;
}

/** The verbs on one store, with one set of defaults. */
export interface Cache {
  /** As {@linkcode cache}, with the defaults of this cache. */
  cache<F extends AnyFunction>(fn: F, options?: MemoryCacheOptions<F>): MemoryCached<F>;
  /** As {@linkcode lruCache}, with the defaults of this cache. */
  lru<F extends AnyFunction>(options: LruCacheOptions<F>, fn: F): MemoryCached<F>;
  /** As {@linkcode persistentCache}, on the store and with the defaults of this cache. */
  persistent: PersistentVerb;
  /** As {@linkcode block}, on the store and with the defaults of this cache. */
  block<I, R>(
    name: string,
    inputs: I,
    body: (inputs: I) => R,
    options?: BlockOptions,
  ): Promise<Awaited<R>>;
  /**
   * As `cached` of `@deja/cache/decorators`, on the store and with the defaults of this cache. See
   * {@linkcode CachedOptions}.
   */
  cached(options?: CachedOptions): MethodDecorator;
  /** As above, for methods that return a promise, whose results may be stored. */
  cached(options: CachedOptions | PersistentCachedOptions): AsyncMethodDecorator;
  /**
   * A cache on the same store and namespace with other defaults: those given hold over these. What
   * is done to this cache as a whole is done to the functions of that one too.
   */
  with(defaults: CacheDefaults): Cache;
  /**
   * What is stored by all functions, entry by entry. Damaged entries are left out, with an event.
   * Values are read with the `classes` and the `serializer` of the functions that are in use; an
   * entry of another, whose value takes such to read, has no value and says why: see
   * {@linkcode CacheEntry.unreadable}.
   */
  entries(filter?: StoredEntryFilter): AsyncIterableIterator<CacheEntry>;
  /** Counts of all functions since each was wrapped, together and by name. */
  stats(): CacheTotals;
  /**
   * Removes all results of this cache, or those that a filter means: in memory, and in the store
   * below the namespace.
   */
  clear(filter?: StoredEntryFilter): Promise<void>;
  /**
   * Removes from the store what is of no use: results past their time, and past that for which
   * they may stand in for new ones; damaged records; parts of streams and files, and marks of tags,
   * that belong to no record. With options, also what is too old or too much, beginning with what
   * was stored first. Of functions that are not in use in this process, the store has to know how
   * long their results may stand in.
   */
  prune(options?: PruneOptions): Promise<PruneReport>;
  /**
   * Drops every result that has one of the tags, in memory and in the store, and keeps what is
   * being computed under one of them from being stored.
   *
   * @param tags The tags, one by one or in arrays.
   * @returns How many stored results were removed.
   */
  invalidateTags(...tags: readonly (string | readonly string[])[]): Promise<number>;
}

/** How a persistent cache is made: with a name, or from a function that has one. */
export interface PersistentVerb {
  /** Caches `fn` under `name`. */
  <F extends AnyFunction>(
    name: string,
    fn: F,
    options?: PersistentOptions<F>,
  ): PersistentCached<F>;
  /** Caches `fn` under its own name. */
  <F extends AnyFunction>(fn: F, options?: PersistentOptions<F>): PersistentCached<F>;
}

/** One for each store, so that two caches on the same store join each other's calls. */
const handles = new WeakMap<Store, StoreHandle>();

/**
 * Makes a cache on a store of your choice. Its verbs take the same options as
 * {@linkcode cache}, {@linkcode lruCache} and {@linkcode persistentCache}; what is given here holds
 * where they are silent.
 *
 * @param options See {@linkcode CreateCacheOptions}.
 * @returns The verbs, and what can be done to all that they cache.
 * @throws {TypeError} An option is unknown or of the wrong type.
 * @throws {RangeError} A duration or a size is not more than zero.
 *
 * @example
 * ```ts
 * import { createCache, memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore(), namespace: "etl", ttl: "30d" });
 * const double = deja.persistent("double", (x: number) => x * 2);
 * assert.equal(await double(21), 42);
 * assert.isTrue(await double.has(21));
 *
 * const tagged = deja.with({ tags: ["nightly"] }).persistent("triple", (x: number) => x * 3);
 * await tagged(14);
 * assert.equal(await deja.invalidateTags("nightly"), 1);
 * assert.isFalse(await tagged.has(14));
 * assert.equal(deja.stats().misses, 2);
 * ```
 */
export function createCache(options: CreateCacheOptions = {}): Cache {
  checkOptions("createCache", options, CREATE_OPTIONS);
  const { store, namespace, ...defaults } = options;
  return cacheIn({ handle: handleOf(store), namespace, defaults, group: new Group() });
}

function cacheIn(scope: Scope): Cache {
  const { handle, namespace, defaults, group } = scope;
  // Wrapping nothing much, so that a wrong default is found here and not at the first function.
  settingsOf(createCache as AnyFunction, defaults as LruCacheOptions, false);
  return {
    cache: (fn, own = {}) => {
      checkFunction("cache", fn);
      checkOptions("cache", own, MEMORY_OPTIONS);
      return wrapInMemory(fn, settingsFor(fn, defaults, own, MEMORY_OPTIONS), group);
    },
    lru: (own, fn) => {
      checkFunction("lru", fn);
      checkOptions("lru", own, LRU_OPTIONS);
      const merged = withDefaults(defaults, own, LRU_OPTIONS);
      checkBound(merged as LruCacheOptions);
      return wrapInMemory(fn, settingsOf(fn, merged as LruCacheOptions), group);
    },
    persistent: <F extends AnyFunction>(...args: PersistentArguments<F>) =>
      persist("persistent", args, scope),
    block: (name, inputs, body, own) => runBlock(scope, name, inputs, body, own),
    cached: (own: CachedOptions | PersistentCachedOptions = {}) => decoratorIn(scope, own),
    with: (more) => {
      checkOptions("with", more, DEFAULT_OPTIONS);
      return cacheIn({ ...scope, defaults: withDefaults(defaults, more, DEFAULT_OPTIONS) });
    },
    entries: (filter) => {
      checkFilter("entries", filter, true);
      return listed(scope, filter);
    },
    stats: () => group.stats(),
    clear: async (filter) => {
      checkFilter("clear", filter, true);
      group.forget(filter);
      if (filter !== undefined) {
        const { clearMatchingOfAll } = await import("./whole_store.ts");
        return await clearMatchingOfAll(scope, filter);
      }
      handle.discard((storeKey) => isOf(storeKey, namespace));
      const { clearAll } = await import("./whole_store.ts");
      await clearAll(handle, namespace);
    },
    prune: async (own = {}) => {
      checkOptions("prune", own, PRUNE_OPTIONS);
      const { prune } = await import("./prune.ts");
      const owns = (storeKey: string) => isOf(storeKey, namespace);
      return await prune({ handle, group, root: rootOf(namespace), owns }, own);
    },
    invalidateTags: (...tags) => invalidateIn(scope, tags),
  };
}

/** What is stored by all functions. */
async function* listed(
  scope: Scope,
  filter: StoredEntryFilter | undefined,
): AsyncGenerator<CacheEntry, void, undefined> {
  const { entriesOfAll } = await import("./whole_store.ts");
  yield* entriesOfAll(scope, filter);
}

/**
 * Drops every result that has one of the tags, of the functions made with {@linkcode cache},
 * {@linkcode lruCache} and {@linkcode persistentCache}.
 *
 * @param tags The tags, one by one or in arrays.
 * @returns How many stored results were removed.
 * @throws {TypeError} A tag is no string.
 * @throws {StoreError} The default store failed.
 *
 * @example
 * ```ts
 * import { cache, invalidateTags } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const page = cache((id: number) => `page ${id}`, { tags: (_page, [id]) => [`page:${id}`] });
 * page(1);
 * page(2);
 * await invalidateTags("page:1");
 * assert.isFalse(page.has(1));
 * assert.isTrue(page.has(2));
 * ```
 */
export async function invalidateTags(
  ...tags: readonly (string | readonly string[])[]
): Promise<number> {
  return await invalidateIn(defaultScope, tags);
}

async function invalidateIn(
  { handle, namespace, group }: Scope,
  given: readonly (string | readonly string[])[],
): Promise<number> {
  const tags = checkTags("invalidateTags", given);
  for (const tag of tags) group.forget({ tag });
  handle.invalidate(tags, (storeKey) => isOf(storeKey, namespace));
  const { removeTagged } = await import("./whole_store.ts");
  return await removeTagged(handle, namespace, tags);
}

/**
 * Caches a function in the default store: a call that was computed before, in this process or in
 * another, is not computed again. The store opens at the first call: `.deja/` in the working
 * directory on Deno, Bun and Node (or the folder that `DEJA_DIR` names), the origin private file
 * system in a browser, and memory, with a warning, where there is neither.
 *
 * The wrapped function returns a `Promise`. What the original throws or rejects reaches the caller
 * and is not stored. A store that fails costs an event, and the function still works; one that hangs
 * also costs each call its time limit, which `createCache({ store: tieredStore([store]) })` avoids.
 * As with {@linkcode cache}, one that waits for the very call that it computes gets a `TypeError`, or
 * in a browser, after its first `await`, needs a `timeout` to end.
 *
 * @param name Name of the function in keys and in the store.
 * @param fn The function to cache.
 * @param options See {@linkcode PersistentOptions}.
 * @returns The function, and the methods of {@linkcode PersistentCachedMethods}.
 * @throws {TypeError} There is no function, no name, an unknown option, or the function's code
 *   cannot be seen.
 * @throws {RangeError} `ttl` is not more than zero, or the name is too long.
 *
 * @example
 * ```ts
 * import { persistentCache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const embed = persistentCache("embed", async (text: string) => {
 *   const bytes = new TextEncoder().encode(text);
 *   return new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
 * }, { ttl: "7d" });
 *
 * assert.deepEqual(await embed("hello"), await embed("hello"));
 * assert.equal(embed.stats().hits, 1);
 * await embed.clear();
 * ```
 */
export function persistentCache<F extends AnyFunction>(
  name: string,
  fn: F,
  options?: PersistentOptions<F>,
): PersistentCached<F>;
/**
 * Caches a named function in the default store, under its own name.
 *
 * @param fn The function to cache.
 * @param options See {@linkcode PersistentOptions}.
 * @returns The function, and the methods of {@linkcode PersistentCachedMethods}.
 * @throws {TypeError} There is no function, no name, an unknown option, or the function's code
 *   cannot be seen.
 * @throws {RangeError} `ttl` is not more than zero, or the name is too long.
 *
 * @example
 * ```ts
 * import { persistentCache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * function triple(x: number) {
 *   return x * 3;
 * }
 * const cached = persistentCache(triple);
 * assert.equal(await cached(14), 42);
 * await cached.clear();
 * ```
 */
export function persistentCache<F extends AnyFunction>(
  fn: F,
  options?: PersistentOptions<F>,
): PersistentCached<F>;
export function persistentCache<F extends AnyFunction>(
  ...args: PersistentArguments<F>
): PersistentCached<F> {
  return persist("persistentCache", args, defaultScope);
}

/** What `persistent` and `persistentCache` are called with. */
type PersistentArguments<F extends AnyFunction> =
  | [name: string, fn: F, options?: PersistentOptions<F> | undefined]
  | [fn: F, options?: PersistentOptions<F> | undefined];

function persist<F extends AnyFunction>(
  verb: string,
  args: PersistentArguments<F>,
  scope: Scope,
): PersistentCached<F> {
  const [name, fn, options = {}] = typeof args[0] === "string"
    ? args as [string, F, PersistentOptions<F>?]
    : [undefined, ...args as [F, PersistentOptions<F>?]];
  checkFunction(verb, fn);
  checkOptions(verb, options, PERSISTENT_OPTIONS);
  if (name !== undefined && options.name !== undefined && options.name !== name) {
    throw new TypeError(
      `${verb} has two names, ${JSON.stringify(name)} and the option ` +
        `${JSON.stringify(options.name)}; give one`,
    );
  }
  const named = name === undefined ? options : { ...options, name };
  const settings = settingsFor(fn, scope.defaults, named, PERSISTENT_OPTIONS);
  return wrapInStore(fn, settings, scope.handle, scope.namespace, scope.group);
}

function handleOf(store: Store | undefined): StoreHandle {
  if (store === undefined) return defaultScope.handle;
  let handle = handles.get(store);
  if (handle === undefined) handles.set(store, handle = new StoreHandle(() => store));
  return handle;
}
