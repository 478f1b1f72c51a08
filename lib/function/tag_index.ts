/**
 * Which entries of a store have a tag: a mark beside each, written before it, so that a hit costs
 * nothing and no tagged entry is without its mark. A mark tells when it was written: a float64,
 * little-endian, in milliseconds since the epoch.
 *
 * @module
 */

import { stableHash } from "../codec/mod.ts";
import type { Store } from "../store/store.ts";

/** What the keys of all marks start with; no function's entries do. */
const ROOT = "tag/";
/** Digits of the hash of a tag: enough that no two ever meet. */
const HASH_DIGITS = 32;

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
  const written = new Uint8Array(8);
  new DataView(written.buffer).setFloat64(0, Date.now(), true);
  for (const tag of tags) await store.set(folderOf(tag) + storeKey, written, { expires });
}

/**
 * Removes the marks of an entry that is gone.
 *
 * @throws {StoreError} The store failed.
 */
export async function unmarkTags(
  store: Store,
  storeKey: string,
  tags: readonly string[],
): Promise<void> {
  for (const tag of tags) await store.delete(folderOf(tag) + storeKey);
}

/** Keys of the entries that have a tag. */
export async function* keysWithTag(
  store: Store,
  tag: string,
): AsyncGenerator<string, void, undefined> {
  const folder = folderOf(tag);
  for await (const { key } of store.list(folder)) yield key.slice(folder.length);
}

/**
 * Removes marks whatever their tags.
 *
 * @param goes Whether the mark of an entry goes.
 * @param before Spares marks that were written later, in milliseconds since the epoch.
 * @returns How many were removed.
 * @throws {StoreError} The store failed.
 */
export async function removeMarks(
  store: Store,
  goes: (storeKey: string) => boolean,
  before = Infinity,
): Promise<number> {
  let removed = 0;
  for await (const { key } of store.list(ROOT)) {
    if (!goes(key.slice(ROOT.length + HASH_DIGITS + 1))) continue;
    if (before !== Infinity && !(await writtenAt(store, key) < before)) continue;
    if (await store.delete(key)) removed++;
  }
  return removed;
}

/** When a mark was written; `NaN` where it does not tell. */
async function writtenAt(store: Store, key: string): Promise<number> {
  const bytes = await store.get(key);
  if (bytes?.length !== 8) return NaN;
  return new DataView(bytes.buffer, bytes.byteOffset, 8).getFloat64(0, true);
}
