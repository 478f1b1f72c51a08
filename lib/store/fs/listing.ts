/**
 * The entries of a store, one after the other.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { MAX_HEADER_BYTES, readHeader } from "../_entry_file.ts";
import { foldersOf, keyAt } from "../_place.ts";
import type { StoreCallOptions, StoreListEntry } from "../store.ts";
import { isMissing } from "./failure.ts";
import { ABANDONED_AFTER_MS, type Place } from "./place.ts";
import { isRefusal, Pace, shards } from "./walk.ts";
import { isFolder, isTemporary } from "./writer.ts";

/**
 * Yields the live entries by prefix, and removes what it finds expired or abandoned. A damaged
 * entry is listed under the key that its place tells, so that it can be found and deleted. What
 * this user may not read does not hide the rest: the listing goes on, and fails at its end.
 *
 * @throws {Refusals} Not everything may be read.
 * @throws Whatever the file system throws, or the signal's reason.
 */
export async function* listEntries(
  place: Place,
  prefix: string,
  { signal }: StoreCallOptions,
): AsyncIterableIterator<StoreListEntry> {
  const pace = new Pace();
  const start = [place.entries, ...foldersOf(prefix)].join("/");
  const refusals = new Refusals();
  for await (const shard of shards(place.files, start, (error) => refusals.add(error))) {
    for (const { name } of shard.entries) {
      if (pace.due) await pace.breathe();
      signal?.throwIfAborted();
      const entry = listedUnlessRefused(place, `${shard.path}/${name}`, name, refusals);
      if (entry?.key.startsWith(prefix)) yield entry;
    }
  }
  signal?.throwIfAborted();
  if (refusals.count > 0) throw refusals;
}

/** Says at the end of a listing that it is not complete; the first of what is missing is the cause. */
export class Refusals extends Error {
  /** How many folders and files could not be read. */
  count = 0;

  /** Counts one. */
  add(error: unknown): void {
    if (this.count++ === 0) this.cause = error;
  }
}

function listedUnlessRefused(
  place: Place,
  path: string,
  name: string,
  refusals: Refusals,
): StoreListEntry | undefined {
  try {
    return listed(place, path, name);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    refusals.add(error);
    return undefined;
  }
}

/** What a listing says of a file; `undefined` if nothing. */
function listed(place: Place, path: string, name: string): StoreListEntry | undefined {
  if (isTemporary(name)) {
    removeAbandoned(place, path);
    return undefined;
  }
  try {
    const { start, size } = place.files.readStart(path, MAX_HEADER_BYTES);
    const header = readHeader(start, size);
    if (place.pathOf(header.key) !== path) return damaged(place, path, size);
    const { key, size: length, expires } = header;
    if (expires > Date.now()) return { key, size: length, expires };
    // No other call of this process comes between the reading and this. Another process may, and
    // then what it set is computed once more.
    removeQuietly(place, path);
    return undefined;
  } catch (error) {
    if (isMissing(error)) return undefined; // Deleted meanwhile.
    if (error instanceof DecodeError) return damaged(place, path, sizeOf(place, path));
    if (isFolder(place.files, path)) return damaged(place, path, 0);
    throw error;
  }
}

/** An entry that cannot be read, under the key of its place; `undefined` where that tells none. */
function damaged(place: Place, path: string, size: number): StoreListEntry | undefined {
  const names = path.slice(place.entries.length + 1).split("/");
  names.splice(-2, 1); // The sub-folder, which is not a part of the key.
  const key = keyAt(names);
  return key === undefined || place.pathOf(key) !== path ? undefined : { key, size };
}

function sizeOf(place: Place, path: string): number {
  try {
    return place.files.status(path).size;
  } catch {
    return 0; // Deleted meanwhile.
  }
}

function removeAbandoned(place: Place, path: string): void {
  try {
    const { modified } = place.files.status(path);
    if (modified + ABANDONED_AFTER_MS <= Date.now()) removeQuietly(place, path);
  } catch (error) {
    if (!isMissing(error)) throw error;
  }
}

/** Removes what nobody reads; what stays behind is found again by the next listing. */
function removeQuietly(place: Place, path: string): void {
  if (!place.mayRemove()) return;
  try {
    place.files.remove(path);
  } catch {
    // Gone already, or not ours to remove: no reader takes it for an entry.
  }
}
