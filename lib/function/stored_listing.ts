/** Looking at the stored results of a function, one by one. */

import type { Store } from "../store/store.ts";
import { momentOf } from "../units.ts";
import {
  type CacheEntry,
  matches,
  type StoredEntryFilter,
  type StoredEntryQuery,
} from "./entry.ts";
import { entryNameOf } from "./names.ts";
import type { StoredResults } from "./stored_results.ts";

/**
 * What is stored, entry by entry; what is damaged is told of and left out.
 *
 * @param lists Whether entries are listed whose value cannot be read.
 */
export async function* entriesIn(
  stored: StoredResults,
  store: Store,
  filter: StoredEntryFilter = {},
  lists = false,
): AsyncGenerator<CacheEntry & { readonly storeKey: string }, void, undefined> {
  const { prefix } = stored;
  for await (const { key: storeKey } of store.list(prefix)) {
    const entryName = entryNameOf(storeKey, prefix);
    if (entryName === undefined) continue;
    if (entryName.generation !== undefined && filter.generations !== "all") continue;
    const found = await stored.read(store, storeKey.slice(prefix.length));
    if (found === undefined) continue;
    if (filter.expired !== true && found.record.expires <= Date.now()) continue;
    const entry = stored.tell(found, entryName.hex, lists);
    if (entry !== undefined && matches(entry, filter)) yield { ...entry, storeKey };
  }
}

/** What is stored under a key, now or as of a moment. */
export async function entryIn(
  stored: StoredResults,
  store: Store,
  { key, at }: StoredEntryQuery,
): Promise<CacheEntry | undefined> {
  const { prefix } = stored;
  const latest = await stored.read(store, key);
  if (at === undefined) {
    const isFresh = latest !== undefined && latest.record.expires > Date.now();
    return isFresh ? stored.tell(latest, key) : undefined;
  }
  const moment = typeof at === "number" ? at : momentOf(at);
  if (moment === undefined || Number.isNaN(moment)) {
    throw new TypeError("get takes a Date or milliseconds since the epoch as at");
  }
  let name = latest !== undefined && latest.record.created <= moment ? key : undefined;
  let newest = -1;
  for await (const entry of store.list(`${prefix}${key}@`)) {
    const generation = entryNameOf(entry.key, prefix)?.generation;
    if (name === key || generation === undefined) continue;
    if (generation <= moment && generation > newest) {
      newest = generation;
      name = entry.key.slice(prefix.length);
    }
  }
  const found = name === undefined ? undefined : await stored.read(store, name);
  return found === undefined ? undefined : stored.tell(found, key);
}
