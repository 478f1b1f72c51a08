/**
 * Modes: whether a cache may read, compute and store. A scope is stronger than the environment,
 * which is stronger than the option of a function or of its cache.
 *
 * @module
 */

import { environmentVariable } from "../environment.ts";
import { type ContextVariable, makeContextVariable } from "./context.ts";

/**
 * What a cache may do: read and store (`"read-write"`); read, compute, and store nothing
 * (`"read-only"`); compute each time and store (`"refresh"`); read, and reject what would have to
 * be computed (`"offline"`); nothing, as if there were no cache (`"off"`).
 */
export type CacheMode = "read-write" | "read-only" | "refresh" | "offline" | "off";

/** Every mode. */
export const MODES: readonly string[] = ["read-write", "read-only", "refresh", "offline", "off"];

/** Environment variable that sets the mode of all functions. */
const MODE_VARIABLE = "DEJA_MODE";

/** Follows asynchronous code where the runtime can; made by the first scope. */
let variable: ContextVariable<CacheMode> | undefined;

/**
 * The mode that holds for a call made now.
 *
 * @param own The mode of the function.
 */
export function modeNow(own: CacheMode): CacheMode {
  return variable?.get() ?? own;
}

/** Whether some scope may be open, so that {@linkcode modeNow} has to be asked. */
export const modeScopes: { inUse: boolean } = { inUse: false };

/**
 * The mode of the environment.
 *
 * @throws {TypeError} `DEJA_MODE` is no mode.
 */
export function environmentMode(): CacheMode | undefined {
  const mode = environmentVariable(MODE_VARIABLE);
  if (mode === undefined || MODES.includes(mode)) return mode as CacheMode | undefined;
  throw new TypeError(
    `${MODE_VARIABLE} must be one of ${MODES.join(", ")}, received ${JSON.stringify(mode)}`,
  );
}

/**
 * Calls `body`, and lets every cached function that it calls work in another mode.
 *
 * On Deno, Bun, Node and edge hosts the mode holds for all that `body` calls, also after an `await`.
 * Browsers have no means for that yet: there it holds up to the first `await`, and `body` is given
 * `inMode`, which calls a function in the mode at any later time.
 *
 * @param mode The mode, such as `"offline"`.
 * @param body What to call. It is given `inMode(call)`, which returns what `call` returns.
 * @returns What `body` returns.
 * @throws {TypeError} `mode` is no mode, or `body` is no function; and whatever `body` throws.
 *
 * @example
 * ```ts
 * import { cache, CacheMissError, withMode } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const double = cache((x: number) => x * 2);
 * double(1);
 * assert.equal(withMode("offline", () => double(1)), 2);
 * assert.throws(() => withMode("offline", () => double(2)), CacheMissError);
 *
 * await withMode("refresh", async (inMode) => {
 *   double(1); // computed again
 *   await Promise.resolve();
 *   return inMode(() => double(1)); // and again
 * });
 * assert.equal(double.stats().misses, 3);
 * ```
 */
export function withMode<T>(
  mode: CacheMode,
  body: (inMode: <U>(call: () => U) => U) => T,
): T {
  if (!MODES.includes(mode)) {
    throw new TypeError(`The mode must be one of ${MODES.join(", ")}, received ${String(mode)}`);
  }
  if (typeof body !== "function") {
    throw new TypeError(`withMode takes a function to call, received ${String(body)}`);
  }
  variable ??= makeContextVariable();
  modeScopes.inUse = true;
  const scopes = variable;
  const inMode = <U>(call: () => U): U => scopes.run(mode, call);
  return inMode(() => body(inMode));
}
