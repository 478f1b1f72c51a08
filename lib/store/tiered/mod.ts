/**
 * Several stores as one: memory in front of files in front of a server, or any other stack.
 *
 * @module
 */

import { checkOptionNames, checkOptionTypes } from "../_options.ts";
import type { Store } from "../store.ts";
import type { TieredStoreOptions } from "./options.ts";
import { TieredStore as Tiered } from "./store.ts";

export type { InvalidationChannel } from "./invalidation.ts";
export type {
  InvalidationEvent,
  TierCorruptEvent,
  TieredEvent,
  TieredStoreOptions,
  TierFailureEvent,
  TierRecoveryEvent,
  WriteLostEvent,
} from "./options.ts";
export type { ByteSize, ByteUnit, Duration, DurationUnit } from "../../units.ts";

/** What {@linkcode tieredStore} makes: a store, and `flush`. */
export interface TieredStore extends Store {
  /**
   * Waits for what is under way behind the calls: copies into faster tiers, and writes behind.
   *
   * @returns A Promise of the end; what still cannot be written waits on.
   */
  flush(): Promise<void>;
}

/**
 * Makes one store of several.
 *
 * A look-up asks one tier after the other; what a slower one has is copied into the faster ones, as
 * long as nobody changes it meanwhile. A `set` goes to all tiers, or to the fastest at once and to
 * the others behind it. A `delete` goes to all, and rejects if an entry may be left. A tier that
 * fails is left alone for a while and then tried again; what it missed meanwhile counts as missing
 * there. A call rejects only where every tier fails. Leases are those of the slowest tier that
 * leases and works, which is the one that others share; where it fails to write under its lease,
 * nobody can tell who holds that, and the others take the entry without. A stream goes to the slowest
 * tier that streams and works, and the others drop their entry.
 *
 * A stream that is read from a slower tier is copied into the faster ones while it is read, and the
 * reader waits for none of them: a copy that lags more than 8 MiB behind is given up, and so are all
 * where the reader stops early. A tier in memory, and one that does not stream, gets copies of 1 MiB
 * at most.
 *
 * A tier in memory does not know what other processes change: pass `invalidation`, or bound its
 * copies by `backfillTtl`. The results of functions need neither, since a key says everything that
 * a result depends on.
 *
 * @param stores The tiers, the fastest first. Closing the tiered store closes them. Read-only ones
 *   come last.
 * @param options How to write, when to retry, who hears of it.
 * @returns The store.
 * @throws {TypeError} `stores` is not an array, or an option is unknown or of the wrong type.
 * @throws {RangeError} `stores` is empty, a read-only tier stands before one that is not, or an
 *   option is out of range.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { tieredStore } from "@deja/cache/tiered";
 * import { assert } from "chai";
 *
 * const slow = memoryStore(); // stands for files, or for a server
 * await slow.set("greeting", new TextEncoder().encode("hello"));
 * const fast = memoryStore({ maxBytes: "64MiB" });
 *
 * await using store = tieredStore([fast, slow]);
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * await store.flush();
 * assert.isDefined(await fast.get("greeting"));
 * ```
 */
export function tieredStore(
  stores: readonly Store[],
  options: TieredStoreOptions = {},
): TieredStore {
  if (!Array.isArray(stores)) {
    throw new TypeError(`tieredStore() needs an array of stores, received ${typeof stores}`);
  }
  if (stores.length === 0) {
    throw new RangeError("tieredStore() needs one store at least, received an empty array");
  }
  checkOptionNames("tieredStore()", options, {
    write: true,
    maxBehind: true,
    backfillTtl: true,
    timeout: true,
    retryAfter: true,
    retryAtMost: true,
    invalidation: true,
    onEvent: true,
  });
  checkOptionTypes("tieredStore()", options, { onEvent: "function" });
  const readOnly = stores.map(({ supports }) => supports.readOnly === true);
  const first = readOnly.indexOf(true);
  if (first >= 0 && readOnly.lastIndexOf(false) > first) {
    throw new RangeError(
      `The read-only ${stores[first].name} store would hide what is written to the tiers behind ` +
        "it; put it last",
    );
  }
  return new Tiered(stores, options);
}
