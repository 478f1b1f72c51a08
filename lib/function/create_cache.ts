/** The verbs on the default store, and `createCache`, which gives them another. */

import type { AnyFunction } from "../key/mod.ts";
import type { Store } from "../store/store.ts";
import type { MemoryCached, PersistentCached } from "./cached_function.ts";
import { openDefaultStore } from "./default_store.ts";
import type { Duration } from "./duration.ts";
import type { CacheListener } from "./events.ts";
import { cache, lruCache } from "./memory_cache.ts";
import {
  type CacheOptions,
  checkFunction,
  checkOptions,
  FUNCTION_OPTIONS,
  LRU_OPTIONS,
  type LruCacheOptions,
  settingsOf,
} from "./options.ts";
import { persistentCached } from "./persistent_cache.ts";
import { StoreHandle } from "./store_handle.ts";

/** Options of {@linkcode createCache}: a store, and defaults for every function cached on it. */
export interface CreateCacheOptions {
  /** Where persistent results go: the default store unless given. It stays the caller's to close. */
  readonly store?: Store;
  /** Keeps the results of this cache apart from others on the same store. */
  readonly namespace?: string;
  /** See {@linkcode CacheOptions.version}. */
  readonly version?: string | number;
  /** See {@linkcode CacheOptions.ttl}. */
  readonly ttl?: Duration;
  /** See {@linkcode CacheOptions.onEvent}. */
  readonly onEvent?: CacheListener;
}

/** The three verbs on one store, with one set of defaults. */
export interface Cache {
  /** As {@linkcode cache}, with the defaults of this cache. */
  cache<F extends AnyFunction>(fn: F, options?: CacheOptions): MemoryCached<F>;
  /** As {@linkcode lruCache}, with the defaults of this cache. */
  lru<F extends AnyFunction>(options: LruCacheOptions, fn: F): MemoryCached<F>;
  /** As {@linkcode persistentCache}, on the store and with the defaults of this cache. */
  persistent: PersistentVerb;
}

/** How a persistent cache is made: with a name, or from a function that has one. */
export interface PersistentVerb {
  /** Caches `fn` under `name`. */
  <F extends AnyFunction>(name: string, fn: F, options?: CacheOptions): PersistentCached<F>;
  /** Caches `fn` under its own name. */
  <F extends AnyFunction>(fn: F, options?: CacheOptions): PersistentCached<F>;
}

const CREATE_OPTIONS = ["store", "namespace", "version", "ttl", "onEvent"] as const;

/** One for the process: functions on the default store join each other's calls. */
const defaultHandle = new StoreHandle(openDefaultStore);

/** One for each store, so that two caches on the same store join each other's calls. */
const handles = new WeakMap<Store, StoreHandle>();

/**
 * Makes a cache on a store of your choice. Its verbs take the same options as
 * {@linkcode cache}, {@linkcode lruCache} and {@linkcode persistentCache}; what is given here holds
 * where they are silent.
 *
 * @param options See {@linkcode CreateCacheOptions}.
 * @returns The three verbs.
 * @throws {TypeError} An option is unknown or of the wrong type.
 * @throws {RangeError} `ttl` is not more than zero.
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
 * ```
 */
export function createCache(options: CreateCacheOptions = {}): Cache {
  checkOptions("createCache", options, CREATE_OPTIONS);
  const { store, namespace, ...defaults } = options;
  // Wrapping nothing much, so that a wrong default is found here and not at the first function.
  settingsOf(createCache as AnyFunction, defaults);
  return {
    cache: (fn, own = {}) => {
      checkOptions("cache", own, FUNCTION_OPTIONS);
      return cache(fn, withDefaults(defaults, own));
    },
    lru: (own, fn) => {
      checkOptions("lru", own, LRU_OPTIONS);
      return lruCache(withDefaults(defaults, own), fn);
    },
    persistent: <F extends AnyFunction>(...args: PersistentArguments<F>) =>
      wrapPersistent("persistent", args, handleOf(store), namespace, defaults),
  };
}

/**
 * Caches a function in the default store: a call that was computed before, in this process or in
 * another, is not computed again. The store opens at the first call: `.deja/` in the working
 * directory on Deno, Bun and Node (or the folder that `DEJA_DIR` names), the origin private file
 * system in a browser, and memory, with a warning, where there is neither.
 *
 * The wrapped function returns a `Promise`. What the original throws or rejects reaches the caller
 * and is not stored. A store that fails costs an event, and the function still works.
 *
 * @param name Name of the function in keys and in the store.
 * @param fn The function to cache.
 * @param options See {@linkcode CacheOptions}.
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
  options?: CacheOptions,
): PersistentCached<F>;
/**
 * Caches a named function in the default store, under its own name.
 *
 * @param fn The function to cache.
 * @param options See {@linkcode CacheOptions}.
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
  options?: CacheOptions,
): PersistentCached<F>;
export function persistentCache<F extends AnyFunction>(
  ...args: PersistentArguments<F>
): PersistentCached<F> {
  return wrapPersistent("persistentCache", args, defaultHandle, undefined, {});
}

/** What `persistent` and `persistentCache` are called with. */
type PersistentArguments<F> =
  | [name: string, fn: F, options?: CacheOptions | undefined]
  | [fn: F, options?: CacheOptions | undefined];

function wrapPersistent<F extends AnyFunction>(
  verb: string,
  args: PersistentArguments<F>,
  handle: StoreHandle,
  namespace: string | undefined,
  defaults: CacheOptions,
): PersistentCached<F> {
  const [name, fn, options = {}] = typeof args[0] === "string"
    ? args as [string, F, CacheOptions?]
    : [undefined, ...args as [F, CacheOptions?]];
  checkFunction(verb, fn);
  checkOptions(verb, options, FUNCTION_OPTIONS);
  if (name !== undefined && options.name !== undefined && options.name !== name) {
    throw new TypeError(
      `${verb} has two names, ${JSON.stringify(name)} and the option ` +
        `${JSON.stringify(options.name)}; give one`,
    );
  }
  const named = name === undefined ? options : { ...options, name };
  const settings = settingsOf(fn, withDefaults(defaults, named));
  return persistentCached(fn, settings, handle, namespace);
}

/** The options, with the defaults where they are silent: an option that is `undefined` is. */
function withDefaults<O extends CacheOptions>(defaults: CacheOptions, options: O): O {
  const given = Object.entries(options).filter(([, value]) => value !== undefined);
  return { ...defaults, ...Object.fromEntries(given) } as O;
}

function handleOf(store: Store | undefined): StoreHandle {
  if (store === undefined) return defaultHandle;
  let handle = handles.get(store);
  if (handle === undefined) handles.set(store, handle = new StoreHandle(() => store));
  return handle;
}
