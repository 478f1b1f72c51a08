/** Making the wrapper of a function whose results are kept in a store. */

import { type AnyFunction, type CallKey, HexKey } from "../key/mod.ts";
import type { Batch, BatchedMethods } from "./batch.ts";
import { checkFilter, checkKey, checkOptions, checkQuery, PRUNE_OPTIONS } from "./check_options.ts";
import type {
  PersistentCached,
  PersistentCachedMethods,
  StoredReference,
} from "./cached_function.ts";
import type { CacheEntry, StoredEntryFilter } from "./entry.ts";
import type { Group, Member } from "./group.ts";
import { inThisContext } from "./context.ts";
import { modeNow } from "./mode.ts";
import { isOwned } from "./names.ts";
import { PersistentResults } from "./persistent_results.ts";
import type { Settings } from "./settings.ts";
import type { StoreHandle } from "./store_handle.ts";
import type { StoredResults } from "./stored_results.ts";
import { type Call, makeWrapper, wrapperPrototype } from "./wrapper.ts";

/**
 * Caches `fn` on the store behind `handle`.
 *
 * @throws {TypeError} The function has no name, or its code cannot be seen.
 * @throws {RangeError} The name is too long.
 */
export function wrapInStore<F extends AnyFunction>(
  fn: F,
  settings: Settings,
  handle: StoreHandle,
  namespace: string | undefined,
  group: Group,
): PersistentCached<F> {
  const results = new PersistentResults(fn as unknown as Call, settings, handle, namespace);
  const { stored } = results;
  const stats = () => results.log.stats();
  const batch = settings.batch.length === 0 ? undefined : batchLoader(fn, results);
  const call = batch === undefined
    ? function (this: unknown, ...args: unknown[]) {
      return results.call(this, args);
    }
    : async function (this: unknown, ...args: unknown[]) {
      // Before the first await, after which not every runtime can tell.
      const mode = modeNow(settings.mode);
      return await (await batch()).call(this, args, mode);
    };
  const referenceTo = (key: CallKey, args?: readonly unknown[]) =>
    storedReference(results, handle, key, args);
  const plainMethodsOf = (self: unknown): Omit<PersistentCachedMethods<Call>, "wrapped"> => ({
    key: async (...args) => (await results.ask(self, args)).key.hex,
    has: async (...args) => await referenceTo((await results.ask(self, args)).key).has(),
    peek: async (...args) => await referenceTo((await results.ask(self, args)).key).peek(),
    refresh: (...args) => results.call(self, args, undefined, true),
    delete: async (...args) => await results.delete((await results.ask(self, args)).key),
    clear: async (filter) => {
      checkFilter("clear", filter, true);
      const { clearResults } = await import("./clearing.ts");
      await clearResults(stored, handle, filter);
    },
    entries: (filter) => {
      checkFilter("entries", filter, true);
      return listed(stored, handle, filter) as AsyncIterableIterator<CacheEntry<never>>;
    },
    prune: async (options = {}) => {
      checkOptions("prune", options, PRUNE_OPTIONS);
      const { prune } = await import("./prune.ts");
      const { prefix } = stored;
      const owns = (storeKey: string) => isOwned(storeKey, prefix);
      return await prune({ handle, group, root: prefix, owns }, options);
    },
    get: async (query) => {
      checkQuery(query, true);
      const { at } = query;
      const key = "args" in query ? (await results.ask(self, [...query.args])).key.hex : query.key;
      const { entryIn } = await import("./stored_listing.ts");
      return await entryIn(stored, await handle.store(), { key, at }) as never;
    },
    map: async (inputs, options) => {
      const each = inThisContext((input: unknown) => call.call(self, input));
      const { mapCalls } = await import("./map.ts");
      return await mapCalls(each, inputs, options);
    },
    reference: async (...args) => {
      // The elements of a function of arrays are computed by one call before.
      const asked = batch === undefined
        ? await results.prepare(args, self)
        : await results.ask(self, args);
      return referenceTo(asked.key, asked.args);
    },
    byKey: (key) => {
      checkKey("byKey", key);
      return referenceTo(new HexKey(key));
    },
    explain: async (...args) => {
      const { explainCall } = await import("./explain_stored.ts");
      return await explainCall(results, handle, args, self);
    },
    stats,
  });
  const methodsOf = (self: unknown) => {
    const methods = plainMethodsOf(self);
    if (batch === undefined) return methods;
    const one = { ...methods };
    for (const method of BATCHED) {
      methods[method] = async (...args: unknown[]) => {
        const mode = modeNow(settings.mode);
        return await (await batch()).methods(one, self, mode)[method](...args) as never;
      };
    }
    return methods;
  };
  const wrapper = makeWrapper(
    fn,
    results.keyer,
    call,
    methodsOf,
    prototype ??= wrapperPrototype(methodsOf),
  ) as unknown as PersistentCached<F>;
  const member: Member = { forget: () => {}, stored: { path: stored.path, settings } };
  group.add(wrapper, member, { name: settings.name, counts: results.log.counts });
  return wrapper;
}

/** That of all wrappers, once there is one. */
let prototype: object | undefined;

/**
 * A handle on the result under a key.
 *
 * @param args Those of the call, if they are known.
 */
function storedReference(
  results: PersistentResults,
  handle: StoreHandle,
  key: CallKey,
  args: readonly unknown[] | undefined,
): StoredReference<Call> {
  const load = async () => {
    const { ReferredResult } = await import("./referred_result.ts");
    return new ReferredResult(results, handle, key, args);
  };
  return {
    key: key.hex,
    name: results.settings.name,
    get: async () => await (await load()).get() as never,
    has: async () => await results.peek(key) !== undefined,
    peek: async () => await (await load()).peek(),
    delete: () => results.delete(key),
  };
}

/** What is stored, entry by entry, as callers see it. */
async function* listed(
  stored: StoredResults,
  handle: StoreHandle,
  filter: StoredEntryFilter | undefined,
): AsyncGenerator<CacheEntry, void, undefined> {
  const { entriesIn } = await import("./stored_listing.ts");
  const all = entriesIn(stored, await handle.store(), filter);
  for await (const { storeKey: _, ...entry } of all) {
    yield entry;
  }
}

/** The methods that are about the elements of a call, where the function takes arrays of them. */
const BATCHED: readonly (keyof BatchedMethods)[] = [
  "key",
  "has",
  "peek",
  "refresh",
  "delete",
  "reference",
  "explain",
];

/** Loads what functions of arrays need, and few others do. */
function batchLoader(fn: AnyFunction, results: PersistentResults): () => Promise<Batch> {
  const { settings: { batch: names }, keyer: { parameterNames } } = results;
  const wrong = names.find((name) => !parameterNames.includes(name));
  if (wrong !== undefined) {
    throw new TypeError(`batch names ${JSON.stringify(wrong)}, which is no parameter`);
  }
  let loaded: Promise<Batch> | undefined;
  const load = async () => {
    const { Batch } = await import("./batch.ts");
    return new Batch(fn as unknown as Call, names, results);
  };
  return () => loaded ??= load();
}
