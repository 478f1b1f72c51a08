/** What memory caches and persistent caches share: the types, and making the wrapper. */

import { type AnyFunction, type Keyer, registerWrapper } from "../key/mod.ts";
import type { CacheStats } from "./events.ts";
import type { Settings } from "./options.ts";

/** A function whose results are kept in memory. It is called as the original is. */
export type MemoryCached<F extends AnyFunction> = F & MemoryCachedMethods<F>;

/** What a function cached in memory can do besides being called. */
export interface MemoryCachedMethods<F extends AnyFunction> {
  /** The key of a call with these arguments, in lower-case hexadecimal. */
  key(...args: Parameters<F>): string;
  /** Whether a call with these arguments would be answered from the cache. */
  has(...args: Parameters<F>): boolean;
  /** The result kept for these arguments, or `undefined`; runs nothing. */
  peek(...args: Parameters<F>): ReturnType<F> | undefined;
  /** Runs the function and keeps its result in place of the one before. */
  refresh(...args: Parameters<F>): ReturnType<F>;
  /** Forgets the result for these arguments; returns whether there was one. */
  delete(...args: Parameters<F>): boolean;
  /** Forgets all results of this function. */
  clear(): void;
  /** Counts since the function was wrapped, and how many results are kept. */
  stats(): MemoryCacheStats;
  /** The original function. */
  readonly wrapped: F;
}

/** Counts of a function cached in memory. */
export interface MemoryCacheStats extends CacheStats {
  /** Results kept now. */
  readonly entries: number;
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
  /** Whether a call with these arguments would be answered from the store. */
  has(...args: Parameters<F>): Promise<boolean>;
  /** The result stored for these arguments, or `undefined`; runs nothing. */
  peek(...args: Parameters<F>): Promise<Awaited<ReturnType<F>> | undefined>;
  /** Runs the function and stores its result in place of the one before. */
  refresh(...args: Parameters<F>): Promise<Awaited<ReturnType<F>>>;
  /**
   * Removes the result for these arguments; resolves to whether there was one. Rejects if the
   * store fails.
   */
  delete(...args: Parameters<F>): Promise<boolean>;
  /** Removes all results under this function's name. Rejects if the store fails. */
  clear(): Promise<void>;
  /** Counts since the function was wrapped. */
  stats(): CacheStats;
  /** The original function. */
  readonly wrapped: F;
}

/**
 * Dresses a caller up as the original: its name and length, the methods, and a note of where it
 * came from, so that keys see the original's code.
 */
export function makeWrapper<F extends AnyFunction, M extends object>(
  original: F,
  keyer: Keyer,
  call: (this: unknown, ...args: unknown[]) => unknown,
  methods: M,
): M {
  Object.defineProperties(call, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
  Object.defineProperties(call, {
    ...Object.getOwnPropertyDescriptors(methods),
    wrapped: { value: original, enumerable: true },
  });
  registerWrapper(call as AnyFunction, original, () => keyer.identity());
  return call as unknown as M;
}

/**
 * Warns of an arrow function that reads the `this` of its surroundings and does not say what it
 * depends on: the instances of a class may answer for each other.
 */
export function warnOfSurroundings(keyer: Keyer, { name, closure, code }: Settings): void {
  if (closure !== undefined || code !== "source" || keyer.readsThis !== "of its surroundings") {
    return;
  }
  console.warn(
    `déjà: ${name || "an arrow function"} reads this, which the key does not see: name what its ` +
      "result depends on, such as closure: () => ({ size: this.size })",
  );
}

/**
 * Refuses a call whose result may depend on `this`, which no key sees.
 *
 * @throws {TypeError} The function reads `this`, and the call has one.
 */
export function checkThis(self: unknown, keyer: Keyer, name: string): void {
  if (self === undefined || keyer.readsThis !== "of the call") return;
  throw new TypeError(
    `Cannot cache a call of ${name || "this function"} as a method: it reads this, which the ` +
      "key does not see; pass what it needs as arguments",
  );
}
