/**
 * Which entries of a store have a tag: an empty entry beside each, written before it, so that a hit
 * costs nothing and no tagged entry is without its mark.
 *
 * @module
 */

import { stableHash } from "../codec/mod.ts";
import type { Store } from "../store/store.ts";

/** What the keys of all marks start with; no function's entries do. */
const ROOT = "tag/";
/** Digits of the hash of a tag: enough that no two ever meet. */
const HASH_DIGITS = 32;

const EMPTY = new Uint8Array(0);

function folderOf(tag: string): string {
  return `${ROOT}${stableHash(tag).slice(0, HASH_DIGITS)}/`;
}

/**
 * Marks an entry that is about to be stored.
 *
 * @throws {StoreError} The store failed.
 */
export async function markTags(
  store: Store,
  storeKey: string,
  tags: readonly string[],
  expires: number | undefined,
): Promise<void> {
  for (const tag of tags) await store.set(folderOf(tag) + storeKey, EMPTY, { expires });
}

/**
 * Removes every entry that has a tag, with its mark.
 *
 * @param owns Whether an entry is one to remove.
 * @returns How many entries were removed.
 * @throws {StoreError} The store failed.
 */
export async function removeTagged(
  store: Store,
  tag: string,
  owns: (storeKey: string) => boolean,
): Promise<number> {
  const folder = folderOf(tag);
  let removed = 0;
  for await (const { key } of store.list(folder)) {
    const storeKey = key.slice(folder.length);
    if (!owns(storeKey)) continue;
    if (await store.delete(storeKey)) removed++;
    await store.delete(key);
  }
  return removed;
}
