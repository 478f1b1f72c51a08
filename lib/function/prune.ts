/** Removing what is of no use from the store of a cache. */

import { decode } from "../codec/mod.ts";
import { openRecord, RecordFlag } from "../record/mod.ts";
import type { Store } from "../store/store.ts";
import { LEASE_MS } from "./lease.ts";
import { unpacked } from "./payload.ts";
import type { StoreHandle } from "./store_handle.ts";
import { type PartName, partNameOf, partsIn } from "./streams/parts.ts";
import { keysOf, OURS } from "./whole_store.ts";

/**
 * Parts without a record that are older than this are no longer written, in milliseconds: where a
 * store has no leases, nothing else tells.
 */
const MAX_STREAM_MS = 86_400_000;

/** What {@linkcode Cache.prune} removed. */
export interface PruneReport {
  /** Results past their time. */
  readonly expired: number;
  /** Records that could not be read. */
  readonly damaged: number;
  /** Parts of streams and files without a record. */
  readonly orphans: number;
}

/**
 * Removes what is of no use.
 *
 * @throws {StoreError} The store failed.
 */
export async function pruneAll(
  handle: StoreHandle,
  namespace: string | undefined,
): Promise<PruneReport> {
  const store = await handle.store();
  const counts = { expired: 0, damaged: 0, orphans: 0 };
  const parts: string[] = [];
  const generations = new Set<string>();
  for await (const storeKey of keysOf(store, namespace)) {
    if (OURS.exec(storeKey)![3] !== undefined) {
      parts.push(storeKey);
      continue;
    }
    const found = await look(store, storeKey);
    if (typeof found === "string") {
      counts[found]++;
      await store.delete(storeKey);
    } else if (found?.generation !== undefined) generations.add(found.generation);
  }
  for (const storeKey of parts) {
    const name = partNameOf(storeKey);
    if (name !== undefined && (generations.has(name.generation) || await isWritten(store, name))) {
      continue;
    }
    counts.orphans++;
    await store.delete(storeKey);
  }
  return counts;
}

/** Whether somebody may still be writing a part, whose record comes last. */
async function isWritten(store: Store, name: PartName): Promise<boolean> {
  if (name.isInUse) return true;
  if (Date.now() - name.began > MAX_STREAM_MS) return false;
  if (store.supports.lease !== true) return true;
  const lease = await store.lease!(name.storeKey, LEASE_MS);
  await lease?.[Symbol.asyncDispose]();
  return lease === undefined;
}

/** Why a record is of no use; or else the generation of its parts, if it has any. */
async function look(
  store: Store,
  storeKey: string,
): Promise<"expired" | "damaged" | { readonly generation: string | undefined } | undefined> {
  try {
    const bytes = await store.get(storeKey);
    if (bytes === undefined) return undefined;
    const record = openRecord(bytes);
    if (record.expires <= Date.now()) return "expired";
    if ((record.flags & (RecordFlag.STREAM | RecordFlag.OUTPUTS)) === 0) {
      return { generation: undefined };
    }
    const payload = await unpacked(record);
    return { generation: partsIn(store, storeKey, decode(payload.bytes))?.generation };
  } catch {
    return "damaged";
  }
}
