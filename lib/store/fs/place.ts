/**
 * What the parts of a store share: where its files are.
 *
 * @module
 */

import { placeOf } from "../_place.ts";
import type { Files } from "./files.ts";

/** A name that is its own file's name, and starts with its sub-folder's. */
const DIGEST = /^[0-9a-f]{3,96}$/;
/** A writer that takes longer has died. */
export const ABANDONED_AFTER_MS = 3_600_000;

/** The files of one store. */
export interface Place {
  /** The file system. */
  readonly files: Files;
  /** The folder of all entries. */
  readonly entries: string;
  /** The folder of all leases. */
  readonly leases: string;
  /** Path of the entry under a key. */
  pathOf(key: string): string;
  /** Whether what is useless may be removed. */
  mayRemove(): boolean;
}

/** Finds the paths of entries below a folder. Most keys differ from the one before in a digest only. */
export class EntryPaths {
  readonly #root: string;
  #prefix = "";
  #folder = "";

  /** @param root The folder of all entries. */
  constructor(root: string) {
    this.#root = root;
  }

  /** Path of the entry under a legal key. */
  of(key: string): string {
    const slash = key.lastIndexOf("/");
    const last = key.slice(slash + 1);
    if (slash < 0 || !DIGEST.test(last)) {
      const { folders, shard, file } = placeOf(key);
      return [this.#root, ...folders, shard, file].join("/");
    }
    const prefix = key.slice(0, slash);
    if (prefix !== this.#prefix || this.#folder === "") {
      this.#prefix = prefix;
      this.#folder = [this.#root, ...placeOf(key).folders].join("/");
    }
    return `${this.#folder}/${last.slice(0, 2)}/${last}`;
  }
}
