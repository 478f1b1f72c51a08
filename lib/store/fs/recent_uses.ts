/**
 * Uses of entries that are too close to the last one to be worth a change on the disk, until an
 * upkeep of this process wants to know.
 *
 * @module
 */

import type { Files } from "./files.ts";

/** How many entries to remember: some hundred bytes each. */
const MAX_ENTRIES = 4096;

/** When entries were used by this process. */
export class RecentUses {
  readonly #files: Files;
  /** Milliseconds since the epoch by path, the latest use last. */
  readonly #uses = new Map<string, number>();

  /** @param files The file system. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Remembers a use, and forgets the one that is longest ago where there are too many. */
  add(path: string, now: number): void {
    this.#uses.delete(path);
    this.#uses.set(path, now);
    if (this.#uses.size <= MAX_ENTRIES) return;
    const [oldest] = this.#uses.keys();
    this.#uses.delete(oldest);
  }

  /** Takes the uses out one by one, and sets each on the disk when the next is asked for. */
  *settle(): Generator<void, void> {
    for (const [path, time] of this.#uses) {
      this.#uses.delete(path);
      // Another process may have written it since, or used it.
      if (modifiedAt(this.#files, path) < time) touchQuietly(this.#files, path, time);
      yield;
    }
  }
}

function modifiedAt(files: Files, path: string): number {
  try {
    return files.status(path).modified;
  } catch {
    return Infinity; // Removed meanwhile, or out of reach: nothing to set.
  }
}

/** Says that an entry was used, as far as the system allows. */
export function touchQuietly(files: Files, path: string, time: number): void {
  try {
    files.touch(path, time);
  } catch {
    // Removed meanwhile, or another user's: the entry only counts as older than it is.
  }
}
