/**
 * The other caches of functions in memory. Their versions are pinned in `deno.json`.
 *
 * @module
 */
import memoize from "memoize";
import { memoize as microMemoize } from "micro-memoize";
import { cachedFunction } from "ocache";

/** Any function of numbers and objects. */
export type Wrapped<A extends unknown[], R> = (...args: A) => R;

/** The rivals that keep a function synchronous, with room for `maxEntries` results. */
export const MEMOIZERS: Readonly<
  Record<string, <A extends unknown[], R>(fn: Wrapped<A, R>, maxEntries: number) => Wrapped<A, R>>
> = {
  "micro-memoize": (fn, maxEntries) => microMemoize(fn, { maxSize: maxEntries }),
  "memoize": (fn) => memoize(fn),
};

/** `ocache` on its own memory, without an end to its results: it gives promises only. */
export function ocached<A extends unknown[], R>(fn: Wrapped<A, R>): Wrapped<A, Promise<R>> {
  return cachedFunction(fn, { name: fn.name, maxAge: 3600, swr: false }) as Wrapped<A, Promise<R>>;
}
