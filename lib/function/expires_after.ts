/** A ready-made check of entries. */

import { type Duration, milliseconds } from "../units.ts";
import type { CacheEntry } from "./entry.ts";

/**
 * Makes a check for the option `validate` that refuses results older than a duration: unlike `ttl`,
 * it holds for results that are kept already, and may be changed at any time.
 *
 * @param age Milliseconds, or a string such as `"90s"`, `"15m"` or `"7d"`.
 * @returns What `validate` takes.
 * @throws {TypeError | RangeError} `age` is not a duration of more than zero.
 *
 * @example
 * ```ts
 * import { cache, expiresAfter } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const now = cache(() => new Date(), { validate: expiresAfter("15m") });
 * assert.equal(now(), now());
 * ```
 */
export function expiresAfter(age: Duration): (entry: CacheEntry) => boolean {
  const limit = milliseconds(age, "expiresAfter()");
  return ({ created }) => created + limit > Date.now();
}
