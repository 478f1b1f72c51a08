/** Making the wrapper of a function whose results are kept in a store. */

import { CacheMissError } from "../errors.ts";
import type { AnyFunction } from "../key/mod.ts";
import { Batch } from "./batch.ts";
import type { PersistentCached, PersistentCachedMethods } from "./cached_function.ts";
import type { CacheEntry } from "./entry.ts";
import { explain } from "./explain.ts";
import type { Group } from "./group.ts";
import { PersistentResults } from "./persistent_results.ts";
import type { Settings } from "./settings.ts";
import type { StoreHandle } from "./store_handle.ts";
import { type Call, makeWrapper } from "./wrapper.ts";

/** Entries that are looked at to find the nearest one. */
const MAX_NEIGHBOURS = 1000;

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
  const batch = settings.batch.length === 0
    ? undefined
    : new Batch(fn as unknown as Call, settings.batch, results);
  const call = function (this: unknown, ...args: unknown[]) {
    return batch === undefined ? results.call(this, args) : batch.call(this, args);
  };
  const methods: Omit<PersistentCachedMethods<Call>, "wrapped"> = {
    key: async (...args) => (await results.ask(undefined, args)).key.hex,
    has: async (...args) => await results.peek(args) !== undefined,
    peek: async (...args) => {
      const found = await results.peek(args);
      const asked = found && await results.ask(undefined, args);
      const outcome = asked && await results.open(found!, asked, false);
      try {
        return outcome?.first();
      } catch {
        return undefined; // What was thrown is no result to look at; `get` tells of it.
      }
    },
    refresh: (...args) => results.refresh(args),
    delete: (...args) => results.delete(args),
    clear: async (filter) => {
      if (filter === undefined) return await results.clear();
      const store = await handle.store();
      for await (const { key } of stored.entries(store, filter)) await stored.delete(store, key);
    },
    entries: async function* (filter) {
      for await (const { storeKey: _, ...entry } of stored.entries(await handle.store(), filter)) {
        yield entry as CacheEntry<never>;
      }
    },
    get: async (query) => await stored.get(await handle.store(), query) as never,
    map: async (inputs, options) => {
      const { mapCalls } = await import("./map.ts");
      return await mapCalls((input) => results.call(undefined, [input]), inputs, options);
    },
    reference: async (...args) => {
      const asked = await results.prepare(args);
      const { key: { hex, bytes } } = asked;
      const { name } = settings;
      return {
        key: hex,
        name,
        get: async () => {
          const found = await stored.read(await handle.store(), hex, bytes);
          const outcome = found && await results.open(found, asked);
          if (outcome !== undefined) return outcome.first() as never;
          throw new CacheMissError(`The result of this call of ${name} is gone; call it again`, {
            key: hex,
          });
        },
      };
    },
    explain: (...args) => explainCall(results, handle, args),
    stats,
  };
  if (batch !== undefined) Object.assign(methods, batch.methods({ ...methods }));
  const member = { stats, forget: () => {} };
  group.add(member);
  const wrapper = makeWrapper(fn, results.keyer, call, methods) as unknown as PersistentCached<F>;
  members.set(wrapper, member);
  return wrapper;
}

/** Keeps what a group knows of a function for as long as the function is used. */
const members = new WeakMap<object, object>();

async function explainCall(results: PersistentResults, handle: StoreHandle, args: unknown[]) {
  const { keyer, stored, settings } = results;
  const { key, readings } = await results.ask(undefined, args);
  const store = await handle.store();
  const isThere = await store.get(stored.prefix + key.hex) !== undefined;
  const found = isThere ? await stored.read(store, key.hex, key.bytes) : undefined;
  const entry = found && stored.tell(found, key.hex);
  const now = Date.now();
  const outcome = !isThere
    ? "miss"
    : entry === undefined
    ? "damaged"
    : settings.validate !== undefined && !settings.validate(entry)
    ? "invalid"
    : entry.expires > now
    ? "hit"
    : entry.expires + settings.staleWhileRevalidate > now
    ? "stale"
    : "expired";
  const parts = {
    version: settings.version,
    code: keyer.codeDigest,
    closure: keyer.closureParts(),
    args: keyer.decodeArguments(args, readings),
  };
  const others = [];
  if (outcome === "miss") {
    for await (const { storeKey, ...other } of stored.entries(store, { expired: true })) {
      if (others.length === MAX_NEIGHBOURS) break;
      const record = await stored.read(store, storeKey.slice(stored.prefix.length));
      const described = record?.record.description();
      if (described === undefined) continue;
      const { version, code, closure } = described;
      others.push({ entry: other, parts: { version, code, closure, args: other.args } });
    }
  }
  const asked = { key: key.hex, name: settings.name, entry, parts };
  return explain(outcome, asked, others, keyer.parameterNames);
}
