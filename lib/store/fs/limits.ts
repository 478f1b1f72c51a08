/**
 * How much a store may hold, as users write it.
 *
 * @module
 */

import { byteCount, type ByteSize, type Duration, milliseconds } from "../../units.ts";

/** How much a store in a folder may hold. What is left out has no limit. */
export interface FsLimits {
  /** Most bytes of all entries' files together, such as `"2GiB"`. */
  readonly maxBytes?: ByteSize | undefined;
  /** Most entries. */
  readonly maxEntries?: number | undefined;
  /** How long an entry may go unused: milliseconds, or a string such as `"30d"`. */
  readonly maxAge?: Duration | undefined;
}

/** {@linkcode FsLimits} in bytes and milliseconds; `Infinity` for none. */
export interface Limits {
  readonly maxBytes: number;
  readonly maxEntries: number;
  readonly maxAge: number;
}

/** Names of the limits, as options. */
export const LIMIT_NAMES: readonly (keyof FsLimits)[] = ["maxBytes", "maxEntries", "maxAge"];

/** Whether any limit is given. */
export function hasLimits(limits: FsLimits): boolean {
  return LIMIT_NAMES.some((name) => limits[name] !== undefined);
}

/**
 * Reads limits.
 *
 * @throws {TypeError} One is neither a number nor a string with a unit.
 * @throws {RangeError} One is not more than zero.
 */
export function readLimits({ maxBytes, maxEntries, maxAge }: FsLimits): Limits {
  return {
    maxBytes: maxBytes === undefined ? Infinity : byteCount(maxBytes, "maxBytes"),
    maxEntries: maxEntries === undefined ? Infinity : entryCount(maxEntries),
    maxAge: maxAge === undefined ? Infinity : milliseconds(maxAge, "maxAge"),
  };
}

function entryCount(count: number): number {
  if (typeof count !== "number") {
    throw new TypeError(`maxEntries must be a number, received ${typeof count}`);
  }
  if (count !== Infinity && !(Number.isSafeInteger(count) && count > 0)) {
    throw new RangeError(`maxEntries must be a positive integer, received ${count}`);
  }
  return count;
}
