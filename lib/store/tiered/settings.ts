/**
 * What the options of a tiered store come to.
 *
 * @module
 */

import { milliseconds } from "../../units.ts";
import type { TieredStoreOptions } from "./options.ts";
import type { RetryTimes } from "./tier.ts";

/** The settings of a tiered store, durations in milliseconds. */
export interface Settings {
  /** Whether the slower tiers are written later. */
  readonly behind: boolean;
  /** Most entries that wait for that. */
  readonly maxBehind: number;
  /** How long a copy in a faster tier lives at most, if that is set. */
  readonly backfillTtl: number | undefined;
  /** How long a failing tier is left alone. */
  readonly retry: RetryTimes;
  /** How long a tier may take over one call; `Infinity` for no limit. */
  readonly timeout: number;
}

/**
 * Checks options and fills in what they leave out.
 *
 * @throws {TypeError} One is of the wrong type.
 * @throws {RangeError} One is out of range.
 */
export function settingsOf(options: TieredStoreOptions): Settings {
  const { write = "all", maxBehind = 1000, backfillTtl } = options;
  const { retryAfter = "1s", retryAtMost = "1m", timeout } = options;
  if (write !== "all" && write !== "behind") {
    throw new TypeError(`write must be "all" or "behind", received ${String(write)}`);
  }
  if (!(Number.isSafeInteger(maxBehind) && maxBehind > 0)) {
    throw new RangeError(`maxBehind must be a positive integer, received ${String(maxBehind)}`);
  }
  return {
    behind: write === "behind",
    maxBehind,
    backfillTtl: backfillTtl === undefined ? undefined : milliseconds(backfillTtl, "backfillTtl"),
    retry: {
      first: milliseconds(retryAfter, "retryAfter"),
      most: milliseconds(retryAtMost, "retryAtMost"),
    },
    timeout: timeout === undefined ? Infinity : milliseconds(timeout, "timeout"),
  };
}
