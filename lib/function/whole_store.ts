/** What is done to all that a cache has in its store. */

import type { Store } from "../store/store.ts";
import { clearMatching } from "./clearing.ts";
import type { CacheEntry, StoredEntryFilter } from "./entry.ts";
import { EventLog } from "./event_log.ts";
import { isOf, OURS, rootOf } from "./names.ts";
import type { LruCacheOptions } from "./options.ts";
import { removeAll, removeWithTag } from "./removal.ts";
import type { Scope } from "./scope.ts";
import { settingsOf } from "./settings.ts";
import { type StoreHandle, tagsOf } from "./store_handle.ts";
import { entriesIn } from "./stored_listing.ts";
import { StoredResults } from "./stored_results.ts";
import { keysWithTag } from "./tag_index.ts";

/** The store keys of a cache. */
async function* keysOf(
  store: Store,
  namespace: string | undefined,
): AsyncGenerator<string, void, undefined> {
  for await (const { key } of store.list(rootOf(namespace))) if (isOf(key, namespace)) yield key;
}

/** The stored results of all functions: those of functions in use as these store them. */
async function* resultsOfAll(
  { namespace, defaults, group }: Scope,
  store: Store,
): AsyncGenerator<StoredResults, void, undefined> {
  const paths = new Set<string>();
  for await (const storeKey of keysOf(store, namespace)) paths.add(OURS.exec(storeKey)![1]);
  const known = group.settingsByPath();
  const log = new EventLog(defaults.onEvent);
  for (const path of paths) {
    const settings = known.get(path) ??
      settingsOf(resultsOfAll as never, {
        ...defaults as LruCacheOptions,
        name: path,
      }, false);
    yield new StoredResults(path, settings, log);
  }
}

/**
 * The entries of all functions. Those of functions in use are read as these store them; an entry of
 * others whose value cannot be read says why.
 */
export async function* entriesOfAll(
  scope: Scope,
  filter?: StoredEntryFilter,
): AsyncGenerator<CacheEntry, void, undefined> {
  const store = await scope.handle.store();
  for await (const stored of resultsOfAll(scope, store)) {
    for await (const { storeKey: _, ...entry } of entriesIn(stored, store, filter, true)) {
      yield entry;
    }
  }
}

/**
 * Removes the stored results that a filter means, and keeps what is being computed of them from being
 * stored.
 *
 * @throws {StoreError} The store failed.
 */
export async function clearMatchingOfAll(scope: Scope, filter: StoredEntryFilter): Promise<void> {
  const { handle, namespace } = scope;
  const owns = (storeKey: string) => isOf(storeKey, namespace);
  const store = await handle.store();
  handle.forget(owns, filter);
  await handle.quiet(owns);
  for await (const stored of resultsOfAll(scope, store)) {
    await clearMatching(stored, handle, filter, true);
  }
  handle.part(owns, tagsOf(filter));
}

/**
 * Removes all that a cache has stored.
 *
 * @throws {StoreError} The store failed.
 */
export async function clearAll(handle: StoreHandle, namespace: string | undefined): Promise<void> {
  const owns = (storeKey: string) => isOf(storeKey, namespace);
  await handle.quiet(owns);
  const store = await handle.store();
  await removeAll(store, rootOf(namespace), owns);
  handle.part(owns);
}

/**
 * Removes every stored result that has one of the tags, which the handle knows to be invalid.
 *
 * @returns How many there were.
 * @throws {StoreError} The store failed.
 */
export async function removeTagged(
  handle: StoreHandle,
  namespace: string | undefined,
  tags: readonly string[],
): Promise<number> {
  const store = await handle.store();
  // A write that was checked before would leave its result behind the removal.
  const owns = (storeKey: string) => isOf(storeKey, namespace);
  await handle.quiet(owns);
  let removed = 0;
  for (const tag of tags) {
    for await (const storeKey of keysWithTag(store, tag)) {
      if (!owns(storeKey)) continue;
      // In turn, so that a new result does not lose its mark.
      const change = () => removeWithTag(store, storeKey, tag);
      if (await handle.inTurn(storeKey, change)) removed++;
    }
  }
  handle.part(owns, tags);
  return removed;
}
