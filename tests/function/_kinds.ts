/**
 * The two kinds of caches behind one interface, for what holds for both.
 *
 * @module
 */

import type { CacheEntry, EntryFilter } from "../../lib/function/entry.ts";
import type { MemoryCached } from "../../lib/function/cached_function.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import type { CacheOptions } from "../../lib/function/options.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

// deno-lint-ignore no-explicit-any -- the tests call it with whatever the function takes.
type Args = any[];

/** A cached function of either kind, with all that is heard of it. */
export interface EitherCached {
  // deno-lint-ignore no-explicit-any -- as above.
  call(...args: Args): Promise<any>;
  has(...args: Args): Promise<boolean>;
  peek(...args: Args): Promise<unknown>;
  key(...args: Args): Promise<string>;
  refresh(...args: Args): Promise<unknown>;
  delete(...args: Args): Promise<boolean>;
  entries(filter?: EntryFilter): Promise<CacheEntry[]>;
  clear(filter?: EntryFilter): Promise<void>;
  readonly recorder: Recorder;
  // deno-lint-ignore no-explicit-any -- as above.
  readonly cached: MemoryCached<(...args: Args) => any>;
}

/** Makes a cached function of one kind. */
// deno-lint-ignore no-explicit-any -- as above.
export type Make = (fn: (...args: Args) => any, options?: CacheOptions) => EitherCached;

/** Both kinds, by the verb that makes them. */
export const KINDS: Readonly<Record<string, Make>> = {
  "cache()": (fn, options = {}) => {
    const recorder = new Recorder();
    return either(cache(fn, { name: "f", onEvent: recorder.onEvent, ...options }), recorder);
  },
  "persistentCache()": (fn, options = {}) => {
    const recorder = new Recorder();
    const deja = createCache({ store: memoryStore(), onEvent: recorder.onEvent });
    return either(deja.persistent("f", fn, options) as never, recorder);
  },
};

function either(cached: EitherCached["cached"], recorder: Recorder): EitherCached {
  // deno-lint-ignore no-explicit-any -- the types of both kinds at once.
  const any = cached as any;
  return {
    cached,
    recorder,
    // What is thrown at once is a rejection here, as it is of a persistent function.
    call: async (...args) => await any(...args),
    has: async (...args) => await any.has(...args),
    peek: async (...args) => await any.peek(...args),
    key: async (...args) => await any.key(...args),
    refresh: async (...args) => await any.refresh(...args),
    delete: async (...args) => await any.delete(...args),
    clear: async (filter) => await any.clear(filter),
    entries: async (filter) => await Array.fromAsync(any.entries(filter)),
  };
}

/** Waits, a turn of the event loop at a time, until something holds. */
export async function until(holds: () => boolean): Promise<void> {
  for (let turn = 0; turn < 2000 && !holds(); turn++) {
    await new Promise((resolve) => setTimeout(resolve, 0));
  }
  assert.isTrue(holds(), "What was waited for did not come about");
}

/** The reason of a promise's rejection, whatever it is. */
export async function reasonOf(promise: Promise<unknown>): Promise<unknown> {
  const [outcome] = await Promise.allSettled([promise]);
  assert.equal(outcome.status, "rejected");
  return (outcome as PromiseRejectedResult).reason;
}
