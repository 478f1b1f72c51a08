/** Caches in memory: `cache` and `lruCache`. */

import type { AnyFunction } from "../key/mod.ts";
import type { MemoryCached, MemoryCachedMethods, MemoryReference } from "./cached_function.ts";
import {
  checkFilter,
  checkFunction,
  checkKey,
  checkOptions,
  checkQuery,
  checkRepeatable,
  LRU_OPTIONS,
  MEMORY_OPTIONS,
} from "./check_options.ts";
import { inThisContext } from "./context.ts";
import { defaultGroup, type Group, type Member } from "./group.ts";
import type { IndexKey } from "./memory_index.ts";
import { MemoryResults } from "./memory_results.ts";
import { modeScopes } from "./mode.ts";
import type { LruCacheOptions, MemoryCacheOptions } from "./options.ts";
import { type Settings, settingsOf } from "./settings.ts";
import { type Call, makeWrapper, wrapperPrototype } from "./wrapper.ts";

/**
 * Caches a function in memory, without a bound. A function that returns a value stays synchronous;
 * of concurrent equal calls of an asynchronous one, only the first runs it. What is thrown or
 * rejected reaches the caller and is not kept.
 *
 * The results are kept by reference: every caller gets the same object, unless `clone` says
 * otherwise.
 *
 * An asynchronous function that waits for the very call that it computes would wait for ever, and
 * gets a `TypeError` instead. After the first `await` of the function, browsers tell so a moment
 * later, where it is `async` and awaits the call without detours. What they do not find the option
 * `timeout` ends, and an event `long-wait` tells of it where that is not given.
 *
 * @param fn The function to cache.
 * @param options See {@linkcode MemoryCacheOptions}.
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
export function cache<F extends AnyFunction>(
  fn: F,
  options?: MemoryCacheOptions<F>,
): MemoryCached<F>;
/**
 * Makes a wrapper with the given options.
 *
 * @param options See {@linkcode MemoryCacheOptions}.
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
export function cache(
  options: MemoryCacheOptions,
): <F extends AnyFunction>(fn: F) => MemoryCached<F>;
export function cache<F extends AnyFunction>(
  fnOrOptions: F | MemoryCacheOptions,
  options: MemoryCacheOptions<F> = {},
): MemoryCached<F> | (<G extends AnyFunction>(fn: G) => MemoryCached<G>) {
  if (typeof fnOrOptions === "object" && fnOrOptions !== null) {
    checkOptions("cache", fnOrOptions, MEMORY_OPTIONS);
    settingsOf(cache, fnOrOptions); // At once, not when there is a function.
    return <G extends AnyFunction>(fn: G) => cache(fn, fnOrOptions);
  }
  checkFunction("cache", fnOrOptions);
  checkOptions("cache", options, MEMORY_OPTIONS);
  return wrapInMemory(
    fnOrOptions,
    settingsOf(fnOrOptions, options as MemoryCacheOptions),
    defaultGroup,
  );
}

/**
 * Caches a function in memory with a bound: past `maxEntries` or `maxBytes`, the result left unused
 * the longest makes room. Otherwise as {@linkcode cache}.
 *
 * @param options See {@linkcode LruCacheOptions}; one of the bounds is required.
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
export function lruCache<F extends AnyFunction>(
  options: LruCacheOptions<F>,
  fn: F,
): MemoryCached<F>;
/**
 * Makes a wrapper with the given options.
 *
 * @param options See {@linkcode LruCacheOptions}; one of the bounds is required.
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
  checkBound(options);
  settingsOf(lruCache as AnyFunction, options); // At once, not when there is a function.
  if (rest.length === 0) return <G extends AnyFunction>(fn: G) => lruCache(options, fn);
  const [fn] = rest;
  checkFunction("lruCache", fn);
  return wrapInMemory(fn!, settingsOf(fn!, options as LruCacheOptions), defaultGroup);
}

/**
 * Checks that there is a bound.
 *
 * @throws {TypeError} There is none.
 */
export function checkBound({ maxEntries, maxBytes }: LruCacheOptions): void {
  if (maxEntries !== undefined || maxBytes !== undefined) return;
  throw new TypeError(
    'lruCache needs the option "maxEntries" or "maxBytes", such as ' +
      "lruCache({ maxEntries: 128 }, fn)",
  );
}

/**
 * Wraps a function whose options were checked.
 *
 * @throws {TypeError} It is a generator function.
 */
export function wrapInMemory<F extends AnyFunction>(
  fn: F,
  settings: Settings,
  group: Group,
): MemoryCached<F> {
  checkRepeatable(fn);
  const results = new MemoryResults(fn as unknown as Call, settings);
  const methodsOf = (self: unknown): Omit<MemoryCachedMethods<Call>, "wrapped"> => ({
    key: (...args) => results.keyer.key(args, undefined, self).hex,
    has: (...args) => results.peek(results.index.of(args, self)) !== undefined,
    peek: (...args) => results.look(results.index.of(args, self)),
    refresh: (...args) => results.refresh(args, self),
    delete: (...args) => results.delete(results.index.of(args, self)),
    clear: (filter) => {
      checkFilter("clear", filter, false);
      results.clear(filter);
    },
    entries: (filter) => {
      checkFilter("entries", filter, false);
      return results.listing.entries(results.entries, filter) as never;
    },
    get: (query) => {
      checkQuery(query, false);
      const key = "args" in query
        ? results.keyer.key([...query.args], undefined, self).hex
        : query.key;
      return results.listing.get(results.entries, key) as never;
    },
    map: async (inputs, options) => {
      const call = inThisContext((input: unknown) => results.call(self, [input]));
      const { mapCalls } = await import("./map.ts");
      return await mapCalls(call, inputs, options);
    },
    reference: (...args) => {
      const index = results.prepare(args, self);
      return memoryReference(results, settings.name, results.index.hexOf(index), () => index);
    },
    byKey: (key) => {
      checkKey("byKey", key);
      const find = () => results.listing.indexUnder(results.entries, key);
      return memoryReference(results, settings.name, key, find);
    },
    explain: (...args) => results.listing.explain(results.entries, args, self),
    stats: () => ({ ...results.stats(), ...results.kept }),
  });
  const { repeated, log, takesThis } = results;
  const { pending } = repeated;
  const scopes = modeScopes;
  const wrapper = makeWrapper(
    fn,
    results.keyer,
    // Without a name and with one parameter, as most functions that are wrapped.
    function (this: unknown, arg: unknown, ...rest: unknown[]): unknown {
      const count = arguments.length;
      if (count !== 1 || (this !== undefined && !takesThis)) {
        return results.call(this, count === 0 ? [] : argumentsOf(arg, rest));
      }
      if (arg === repeated.arg && !scopes.inUse) {
        pending.hits++;
        return repeated.result;
      }
      return results.callOne(this, arg);
    },
    methodsOf,
    prototype ??= wrapperPrototype(methodsOf),
  ) as unknown as MemoryCached<F>;
  // Of the default group, all that is ever asked is to drop what has a tag.
  if (group !== defaultGroup || typeof settings.tags === "function" || settings.tags.length > 0) {
    const member: Member = { forget: (filter) => results.clear(filter), stored: undefined };
    group.add(wrapper, member, { name: settings.name, counts: log.counts, pending });
  }
  return wrapper;
}

/** That of all wrappers, once there is one. */
let prototype: object | undefined;

/** A handle on what stands where `find` says. */
function memoryReference(
  results: MemoryResults,
  name: string,
  key: string,
  find: () => IndexKey,
): MemoryReference<Call> {
  return {
    key,
    name,
    get: () => results.take(find()),
    has: () => results.peek(find()) !== undefined,
    peek: () => results.look(find()),
    delete: () => results.delete(find()),
  };
}

/** All arguments: where the rest of them goes nowhere, engines do not make an array of it at all. */
function argumentsOf(first: unknown, rest: unknown[]): unknown[] {
  const all = [first];
  for (let i = 0; i < rest.length; i++) all.push(rest[i]);
  return all;
}
