/**
 * Going through the files of a store without holding more than one sub-folder of them.
 *
 * @module
 */

import { isShard } from "../_place.ts";
import { isMissing } from "./failure.ts";
import type { Files, FolderEntry } from "./files.ts";

/** How long to keep the event loop waiting at most, in milliseconds. */
const SLICE_MS = 8;

/** A sub-folder that entries stand in. */
export interface Shard {
  /** Its path. */
  readonly path: string;
  /** What stands in it. */
  readonly entries: readonly FolderEntry[];
}

/** Yields the sub-folders of entries below a folder, and then the empty `Shard` of each other. */
export async function* shards(files: Files, folder: string): AsyncIterableIterator<Shard> {
  for (const { name, isFolder } of await entriesOf(files, folder)) {
    if (!isFolder) continue;
    const path = `${folder}/${name}`;
    if (isShard(name)) yield { path, entries: await entriesOf(files, path) };
    else {
      yield* shards(files, path);
      yield { path, entries: [] };
    }
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
