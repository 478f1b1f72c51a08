/**
 * A store in a folder, for Deno, Bun and Node.
 *
 * @module
 */

import type { Store } from "../store.ts";
import { chooseFiles } from "./choose_files.ts";
import { resolvePath } from "./path.ts";
import { FsStore } from "./store.ts";

/** Options of {@linkcode fsStore}. */
export interface FsStoreOptions {
  /**
   * Opens a cache that is there already and changes nothing in it: `set` and `delete` reject.
   * `false` by default.
   */
  readonly readOnly?: boolean;
}

/**
 * Opens a store in a folder, and makes the folder if need be.
 *
 * Any number of processes, of any runtime, may use one folder at the same time. Where the folder
 * cannot be written but holds a cache already, the store opens all the same: it reads, and `set`
 * and `delete` reject. A new or empty folder is marked as a cache for git and for backup tools. A
 * listing removes what has expired.
 *
 * Deno needs `--allow-read` and `--allow-write` for the folder.
 *
 * @param path Path or `file:` URL of the folder; a relative path starts at the working directory.
 * @param options Whether to change nothing.
 * @returns The store.
 * @throws {TypeError} `path` is neither a path nor a `file:` URL, or an option is wrong.
 * @throws {StoreError} The folder can be neither made nor read; the message names it and says what
 *   to do.
 *
 * @example
 * ```ts
 * import { fsStore } from "@deja/cache/fs";
 * import { assert } from "chai";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await fsStore(`${folder}/.deja`);
 * await store.set("greeting", new TextEncoder().encode("hello"));
 *
 * const again = await fsStore(`${folder}/.deja`);
 * assert.equal(new TextDecoder().decode(await again.get("greeting")), "hello");
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function fsStore(path: string | URL, options: FsStoreOptions = {}): Promise<Store> {
  checkOptions(options);
  const files = chooseFiles();
  return await FsStore.open(files, resolvePath(files, path), options.readOnly ?? false);
}

function checkOptions(options: FsStoreOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of fsStore() must be an object, received ${String(options)}`);
  }
  for (const [option, value] of Object.entries(options)) {
    if (option !== "readOnly") {
      throw new TypeError(
        `Unknown option ${JSON.stringify(option)} of fsStore(): did you mean "readOnly"?`,
      );
    }
    if (value !== undefined && typeof value !== "boolean") {
      throw new TypeError(
        `Option "readOnly" of fsStore() must be true or false, received ${String(value)}`,
      );
    }
  }
}
