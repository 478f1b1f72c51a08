/**
 * Going through the files of a store without holding more than one sub-folder of them.
 *
 * @module
 */

import { isShard } from "../_place.ts";
import { isMissing } from "./failure.ts";
import { type Files, type FolderEntry, problemOf } from "./files.ts";

/** How long to keep the event loop waiting at most, in milliseconds. */
const SLICE_MS = 8;

/** A sub-folder that entries stand in. */
export interface Shard {
  /** Its path. */
  readonly path: string;
  /** What stands in it. */
  readonly entries: readonly FolderEntry[];
}

/** Hears of what the system does not let this user read, and throws where that is the end of it. */
export type Refused = (error: unknown) => void;

/**
 * Yields the sub-folders of entries below a folder, and then the empty `Shard` of each other.
 *
 * @param refused Hears of each folder below that cannot be read, which is passed over then: another
 *   user's must not hide the rest.
 */
export async function* shards(
  files: Files,
  folder: string,
  refused: Refused,
): AsyncIterableIterator<Shard> {
  yield* below(files, folder, await entriesOf(files, folder), refused);
}

async function* below(
  files: Files,
  folder: string,
  entries: readonly FolderEntry[],
  refused: Refused,
): AsyncIterableIterator<Shard> {
  for (const { name, isFolder } of entries) {
    if (!isFolder) continue;
    const path = `${folder}/${name}`;
    const found = await entriesUnlessRefused(files, path, refused);
    if (found === undefined) continue;
    if (isShard(name)) yield { path, entries: found };
    else {
      yield* below(files, path, found, refused);
      yield { path, entries: [] };
    }
  }
}

/** Whether the system refuses this user what it may let others do. */
export function isRefusal(error: unknown): boolean {
  return problemOf(error) === "not-permitted";
}

async function entriesUnlessRefused(
  files: Files,
  folder: string,
  refused: Refused,
): Promise<FolderEntry[] | undefined> {
  try {
    return await entriesOf(files, folder);
  } catch (error) {
    if (!isRefusal(error)) throw error;
    refused(error);
    return undefined;
  }
}

async function entriesOf(files: Files, folder: string): Promise<FolderEntry[]> {
  try {
    return await files.entries(folder);
  } catch (error) {
    if (isMissing(error)) return [];
    throw error;
  }
}

/** Lets the event loop turn now and then in a long row of quick calls. */
export class Pace {
  #since = performance.now();

  /** Waits for a turn where the last is too long ago; resolves to whether it did. */
  async breathe(): Promise<boolean> {
    if (performance.now() - this.#since < SLICE_MS) return false;
    await nextTurn();
    this.#since = performance.now();
    return true;
  }

  /** Whether it is time for {@linkcode breathe}, which costs a turn of its own to ask. */
  get due(): boolean {
    return performance.now() - this.#since >= SLICE_MS;
  }
}

function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}
