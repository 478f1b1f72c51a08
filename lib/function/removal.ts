/** Removing stored results with all that stands beside them: parts, older generations, tag marks. */

import { decode } from "../codec/mod.ts";
import { openRecord } from "../record/mod.ts";
import type { Store } from "../store/store.ts";
import { HAS_PARTS, unpacked } from "./payload.ts";
import { partNameOf, type Parts, partsIn, removePart, removeParts } from "./streams/parts.ts";
import { removeMarks, unmarkTags } from "./tag_index.ts";

/**
 * Removes all results with a common start of their keys, but for parts in use.
 *
 * @param root What the keys start with.
 * @param owns Which of them are meant.
 * @throws {StoreError} The store failed.
 */
export async function removeAll(
  store: Store,
  root: string,
  owns: (storeKey: string) => boolean,
): Promise<void> {
  for await (const { key } of store.list(root)) {
    if (!owns(key)) continue;
    const part = partNameOf(key);
    if (part?.isInUse !== true) await removePart(store, key, part?.generation ?? "");
  }
  await removeMarks(store, owns);
}

/**
 * Removes the result of a call.
 *
 * @param storeKey Key of the record.
 * @param generations Whether there may be older generations, which go with it.
 * @returns From when it was past its time, in milliseconds since the epoch; `undefined` if there was
 *   none.
 * @throws {StoreError} The store failed.
 */
export async function removeResult(
  store: Store,
  storeKey: string,
  generations: boolean,
): Promise<number | undefined> {
  const bytes = await store.get(storeKey).catch(() => undefined);
  const { hasParts, tags, expires } = bytes === undefined ? UNKNOWN : besides(bytes);
  const there = await store.delete(storeKey);
  if (hasParts) await removeParts(store, storeKey);
  if (generations) {
    for await (const { key } of store.list(`${storeKey}@`)) {
      const old = await store.get(key).catch(() => undefined);
      await unmarkTags(store, storeKey, old === undefined ? [] : besides(old).tags);
      await store.delete(key);
    }
    await removeParts(store, storeKey);
  }
  await unmarkTags(store, storeKey, tags);
  return there ? expires : undefined;
}

/**
 * Removes the results of a call that have a tag, and its mark: the latest with all that is older, or
 * else older ones alone.
 *
 * @returns Whether there were any.
 * @throws {StoreError} The store failed.
 */
export async function removeWithTag(store: Store, storeKey: string, tag: string): Promise<boolean> {
  const latest = await store.get(storeKey);
  let removed = false;
  if (latest !== undefined && !isWithout(latest, tag)) {
    removed = await removeResult(store, storeKey, true) !== undefined;
  } else {
    for await (const { key } of store.list(`${storeKey}@`)) {
      const old = await store.get(key);
      if (old === undefined || isWithout(old, tag)) continue;
      removed = await removeRecord(store, storeKey, key, old) || removed;
    }
  }
  await unmarkTags(store, storeKey, [tag]);
  return removed;
}

/**
 * Removes one generation of a call's results, if it is still the one that is meant.
 *
 * @param storeKey Key of the latest record of the call.
 * @param key Key of the record.
 * @param created When it was computed, in milliseconds since the epoch.
 * @throws {StoreError} The store failed.
 */
export async function removeGeneration(
  store: Store,
  storeKey: string,
  key: string,
  created: number,
): Promise<void> {
  const bytes = await store.get(key);
  if (bytes === undefined || openRecord(bytes).created !== created) return;
  await removeRecord(store, storeKey, key, bytes);
  if (await store.get(storeKey) !== undefined) return;
  for await (const _ of store.list(`${storeKey}@`)) return;
  await unmarkTags(store, storeKey, besides(bytes).tags);
}

/** Removes a record with its parts; returns whether it was there. */
async function removeRecord(
  store: Store,
  storeKey: string,
  key: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<boolean> {
  const parts = await partsOf(store, storeKey, bytes);
  const removed = await store.delete(key);
  await parts?.remove();
  return removed;
}

/**
 * Removes the latest result of a call, if its parts are still those that were found damaged. Marks of
 * its tags go when the store is pruned.
 *
 * @param generation Names the parts.
 * @throws {StoreError} The store failed.
 */
export async function removeBroken(
  store: Store,
  storeKey: string,
  generation: string,
): Promise<void> {
  const bytes = await store.get(storeKey);
  const parts = bytes && await partsOf(store, storeKey, bytes);
  if (parts?.generation === generation) await removeRecord(store, storeKey, storeKey, bytes!);
}

/**
 * The parts that a record names; `undefined` where it has none, or cannot be read.
 *
 * @param storeKey Key of the latest record of the call.
 */
export async function partsOf(
  store: Store,
  storeKey: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Parts | undefined> {
  try {
    const record = openRecord(bytes);
    if ((record.flags & HAS_PARTS) === 0) return undefined;
    return partsIn(store, storeKey, decode((await unpacked(record)).bytes));
  } catch {
    return undefined;
  }
}

/** What has to be known of a record to remove it. */
interface Beside {
  readonly hasParts: boolean;
  readonly tags: readonly string[];
  readonly expires: number;
}

/** What may stand beside a record that is gone or damaged. */
const UNKNOWN: Beside = { hasParts: true, tags: [], expires: Infinity };

/** What stands beside a record, as far as it tells. */
function besides(bytes: Uint8Array<ArrayBuffer>): Beside {
  try {
    const record = openRecord(bytes);
    return {
      hasParts: (record.flags & HAS_PARTS) !== 0,
      tags: record.description().tags ?? [],
      expires: record.expires,
    };
  } catch {
    return UNKNOWN;
  }
}

/** Whether a record tells that it has no such tag. */
function isWithout(bytes: Uint8Array<ArrayBuffer>, tag: string): boolean {
  try {
    return openRecord(bytes).description().tags?.includes(tag) !== true;
  } catch {
    return false;
  }
}
