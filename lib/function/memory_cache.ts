/** Caches in memory: `cache` and `lruCache`. */

import { type AnyFunction, Keyer } from "../key/mod.ts";
import { LruMap } from "../lru.ts";
import {
  checkThis,
  makeWrapper,
  type MemoryCached,
  type MemoryCachedMethods,
  warnOfSurroundings,
} from "./cached_function.ts";
import { EventLog } from "./events.ts";
import {
  type CacheOptions,
  checkFunction,
  checkOptions,
  checkRepeatable,
  FUNCTION_OPTIONS,
  LRU_OPTIONS,
  type LruCacheOptions,
  type Settings,
  settingsOf,
} from "./options.ts";

/** A result that is kept. */
interface Entry {
  /** The result as the function returned it: by reference, and a promise as a promise. */
  result: unknown;
  /** Moment from which it is stale, in milliseconds since the epoch. */
  expires: number;
  /** How long the computation took, in milliseconds. */
  duration: number;
  /** Whether the result is there, is still awaited, or was rejected and counts for nothing. */
  state: "kept" | "pending" | "rejected";
  /** What a refresh replaces, for as long as it may still be rejected. */
  replaced: Entry | undefined;
}

/**
 * Caches a function in memory, without a bound. A function that returns a value stays synchronous;
 * of concurrent equal calls of an asynchronous one, only the first runs it. What is thrown or
 * rejected reaches the caller and is not kept.
 *
 * The results are kept by reference: every caller gets the same object.
 *
 * @param fn The function to cache.
 * @param options See {@linkcode CacheOptions}.
 * @returns The function with the same parameters and result, and the methods of
 *   {@linkcode MemoryCachedMethods}.
 * @throws {TypeError} `fn` is not a function whose code can be seen, or an option is wrong.
 * @throws {RangeError} `ttl` is not more than zero.
 *
 * @example
 * ```ts
 * import { cache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * let runs = 0;
 * const area = cache((radius: number) => {
 *   runs++;
 *   return Math.PI * radius ** 2;
 * });
 * assert.equal(area(2), area(2));
 * assert.equal(runs, 1);
 * ```
 */
export function cache<F extends AnyFunction>(fn: F, options?: CacheOptions): MemoryCached<F>;
/**
 * Makes a wrapper with the given options.
 *
 * @param options See {@linkcode CacheOptions}.
 * @returns A function that caches the function it is given.
 *
 * @example
 * ```ts
 * import { cache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const shortLived = cache({ ttl: "15m" });
 * const double = shortLived((x: number) => x * 2);
 * assert.equal(double(21), 42);
 * ```
 */
export function cache(options: CacheOptions): <F extends AnyFunction>(fn: F) => MemoryCached<F>;
export function cache<F extends AnyFunction>(
  fnOrOptions: F | CacheOptions,
  options: CacheOptions = {},
): MemoryCached<F> | (<G extends AnyFunction>(fn: G) => MemoryCached<G>) {
  if (typeof fnOrOptions === "object" && fnOrOptions !== null) {
    checkOptions("cache", fnOrOptions, FUNCTION_OPTIONS);
    return <G extends AnyFunction>(fn: G) => cache(fn, fnOrOptions);
  }
  checkFunction("cache", fnOrOptions);
  checkRepeatable("cache", fnOrOptions);
  checkOptions("cache", options, FUNCTION_OPTIONS);
  return memoryCached(fnOrOptions, settingsOf(fnOrOptions, options), Infinity);
}

/**
 * Caches a function in memory with a bound: past `maxEntries`, the result left unused the longest
 * makes room. Otherwise as {@linkcode cache}.
 *
 * @param options See {@linkcode LruCacheOptions}; `maxEntries` is required.
 * @param fn The function to cache.
 * @returns The function with the same parameters and result, and the methods of
 *   {@linkcode MemoryCachedMethods}.
 * @throws {TypeError} `fn` is not a function whose code can be seen, or an option is wrong.
 * @throws {RangeError} `ttl` is not more than zero.
 *
 * @example
 * ```ts
 * import { lruCache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const square = lruCache({ maxEntries: 2 }, (x: number) => x * x);
 * square(1);
 * square(2);
 * square(3);
 * assert.isFalse(square.has(1));
 * assert.isTrue(square.has(3));
 * ```
 */
export function lruCache<F extends AnyFunction>(options: LruCacheOptions, fn: F): MemoryCached<F>;
/**
 * Makes a wrapper with the given options.
 *
 * @param options See {@linkcode LruCacheOptions}; `maxEntries` is required.
 * @returns A function that caches the function it is given.
 *
 * @example
 * ```ts
 * import { lruCache } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const small = lruCache({ maxEntries: 100 });
 * const shout = small((text: string) => text.toUpperCase());
 * assert.equal(shout("hi"), "HI");
 * ```
 */
export function lruCache(
  options: LruCacheOptions,
): <F extends AnyFunction>(fn: F) => MemoryCached<F>;
export function lruCache<F extends AnyFunction>(
  options: LruCacheOptions,
  ...rest: [fn?: F]
): MemoryCached<F> | (<G extends AnyFunction>(fn: G) => MemoryCached<G>) {
  checkOptions("lruCache", options, LRU_OPTIONS);
  if (options.maxEntries === undefined) {
    throw new TypeError(
      'lruCache needs the option "maxEntries", such as lruCache({ maxEntries: 128 }, fn)',
    );
  }
  if (rest.length === 0) return <G extends AnyFunction>(fn: G) => lruCache(options, fn);
  const [fn] = rest;
  checkFunction("lruCache", fn);
  checkRepeatable("lruCache", fn!);
  return memoryCached(fn!, settingsOf(fn!, options), options.maxEntries);
}

function memoryCached<F extends AnyFunction>(
  fn: F,
  settings: Settings,
  maxEntries: number,
): MemoryCached<F> {
  const memory = new MemoryCache(fn as unknown as Call, settings, maxEntries);
  const methods: Omit<MemoryCachedMethods<Call>, "wrapped"> = {
    key: (...args) => memory.key(args),
    has: (...args) => memory.peek(args) !== undefined,
    peek: (...args) => memory.peek(args)?.result,
    refresh: (...args) => memory.refresh(args),
    delete: (...args) => memory.delete(args),
    clear: () => memory.clear(),
    stats: () => memory.stats(),
  };
  const call = function (this: unknown, ...args: unknown[]) {
    return memory.call(this, args);
  };
  return makeWrapper(fn, memory.keyer, call, methods) as unknown as MemoryCached<F>;
}

type Call = (...args: unknown[]) => unknown;

/** The results of one function. */
class MemoryCache {
  readonly keyer: Keyer;
  readonly #fn: Call;
  readonly #settings: Settings;
  readonly #entries: LruMap<string, Entry>;
  readonly #log: EventLog;

  constructor(fn: Call, settings: Settings, maxEntries: number) {
    this.keyer = new Keyer(fn, settings);
    warnOfSurroundings(this.keyer, settings);
    this.#fn = fn;
    this.#settings = settings;
    this.#log = new EventLog(settings.onEvent);
    const { name } = settings;
    this.#entries = new LruMap({
      maxEntries,
      onEvict: (key) => this.#log.emit({ type: "evict", name, key }),
    });
  }

  key(args: readonly unknown[]): string {
    return this.keyer.key(args).hex;
  }

  call(self: unknown, args: unknown[]): unknown {
    const { name } = this.#settings;
    checkThis(self, this.keyer, name);
    const key = this.key(args);
    const entry = this.#entries.get(key);
    if (entry !== undefined) {
      if (entry.state === "pending") {
        this.#log.emit({ type: "join", name, key });
        return entry.result;
      }
      if (entry.expires > Date.now()) {
        this.#log.emit({ type: "hit", name, key, saved: entry.duration });
        return entry.result;
      }
      this.#entries.delete(key);
      this.#log.emit({ type: "expire", name, key });
    }
    this.#log.emit({ type: "miss", name, key });
    return this.#compute(self, key, args);
  }

  refresh(args: unknown[]): unknown {
    const key = this.key(args);
    this.#log.emit({ type: "miss", name: this.#settings.name, key });
    return this.#compute(undefined, key, args);
  }

  peek(args: readonly unknown[]): Entry | undefined {
    const entry = this.#entries.peek(this.key(args));
    return entry === undefined || entry.expires <= Date.now() ? undefined : entry;
  }

  delete(args: readonly unknown[]): boolean {
    const key = this.key(args);
    const entry = this.#entries.peek(key);
    return this.#entries.delete(key) && entry!.expires > Date.now();
  }

  clear(): void {
    this.#entries.clear();
  }

  stats(): ReturnType<MemoryCachedMethods<Call>["stats"]> {
    return { ...this.#log.stats(), entries: this.#entries.size };
  }

  #compute(self: unknown, key: string, args: unknown[]): unknown {
    const start = performance.now();
    let result: unknown;
    try {
      result = this.#fn.apply(self, args);
    } catch (error) {
      this.#log.countError();
      throw error;
    }
    const replaced = this.#entries.peek(key);
    const entry: Entry = { result, expires: Infinity, duration: 0, state: "pending", replaced };
    this.#entries.set(key, entry);
    if (isThenable(result)) {
      // Through a promise of our own, since what another kind of promise throws is its own affair.
      Promise.resolve(result).then(
        () => this.#settle(key, entry, start),
        () => this.#discard(key, entry),
      );
    } else this.#settle(key, entry, start);
    return result;
  }

  #settle(key: string, entry: Entry, start: number): void {
    entry.duration = performance.now() - start;
    entry.expires = Date.now() + this.#settings.ttl;
    entry.state = "kept";
    entry.replaced = undefined;
    // It may have been deleted, evicted or replaced while its promise was pending.
    if (this.#entries.peek(key) !== entry) return;
    const { name } = this.#settings;
    this.#log.emit({ type: "store", name, key, duration: entry.duration });
  }

  /** Takes out a result that was rejected; what a refresh had replaced comes back. */
  #discard(key: string, entry: Entry): void {
    this.#log.countError();
    entry.state = "rejected";
    if (this.#entries.peek(key) !== entry) return;
    let restored = entry.replaced;
    while (restored?.state === "rejected") restored = restored.replaced;
    if (restored === undefined) this.#entries.delete(key);
    else this.#entries.set(key, restored);
  }
}

function isThenable(value: unknown): value is PromiseLike<unknown> {
  return typeof value === "object" && value !== null && "then" in value &&
    typeof value.then === "function";
}
