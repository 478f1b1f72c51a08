/** Removing the stored results of a function: all, or those that a filter means. */

import type { StoredEntryFilter } from "./entry.ts";
import { isOwned } from "./names.ts";
import { removeAll, removeGeneration } from "./removal.ts";
import { type StoreHandle, tagsOf } from "./store_handle.ts";
import { entriesIn } from "./stored_listing.ts";
import type { StoredResults } from "./stored_results.ts";

/**
 * Removes everything under a function's name, or what a filter means, and keeps what is being
 * computed of it from being stored.
 *
 * @throws {StoreError} The store failed.
 */
export async function clearResults(
  stored: StoredResults,
  handle: StoreHandle,
  filter: StoredEntryFilter | undefined,
): Promise<void> {
  const { prefix } = stored;
  const owns = (storeKey: string) => isOwned(storeKey, prefix);
  const store = await handle.store();
  if (filter === undefined) handle.discard(owns);
  else handle.forget(owns, filter);
  await handle.quiet(owns);
  if (filter === undefined) await removeAll(store, prefix, owns);
  else await clearMatching(stored, handle, filter, false);
  handle.part(owns, filter && tagsOf(filter));
}

/**
 * Removes what a filter means: of all generations just those, and of the latest, each with those
 * before it.
 *
 * @param lists Whether entries are meant too whose value cannot be read.
 * @throws {StoreError} The store failed.
 */
export async function clearMatching(
  stored: StoredResults,
  handle: StoreHandle,
  filter: StoredEntryFilter,
  lists: boolean,
): Promise<void> {
  const store = await handle.store();
  for await (const { key, storeKey, created } of entriesIn(stored, store, filter, lists)) {
    const latest = stored.prefix + key;
    await handle.inTurn(latest, async () => {
      if (filter.generations !== "all") await stored.delete(store, key);
      else await removeGeneration(store, latest, storeKey, created);
    });
  }
}
