/**
 * The store in a folder.
 *
 * ```text
 * ROOT/
 *   .gitignore                  `*`
 *   CACHEDIR.TAG                tells backup tools to leave the folder out
 *   v1/                         version of this layout
 *     etl/load%20users/         the key's segments but the last, escaped (see ../_place.ts)
 *       3f/                     the last segment's first two hexadecimal digits, or of its hash
 *         3fa9…                 one entry, the last segment as its name (see ../_entry_file.ts)
 *         .5e0c….tmp            an entry being written; a name that no entry has
 * ```
 *
 * An entry is written beside its place and moved there, so readers see the old one or the new one.
 * Nothing waits for the disk: after a power cut an entry may be cut or empty, which its header or,
 * further up, its checksum tells.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../../errors.ts";
import { MAX_HEADER_BYTES, readHeader, readHeaderOf, writeEntry } from "../_entry_file.ts";
import { checkKey, checkPrefix, checkSet, Handle } from "../_keys.ts";
import { foldersOf, isShard, placeOf } from "../_place.ts";
import type { Store, StoreListEntry, StoreSetOptions, StoreSupports } from "../store.ts";
import { damage, failure, folderInPlace } from "./failure.ts";
import { type Files, problemOf } from "./files.ts";
import { markRoot } from "./root.ts";

/** Version of the layout, and name of the folder that has it. */
const LAYOUT = "v1";
/** A writer that takes longer has died. */
const ABANDONED_AFTER_MS = 3_600_000;
/** How often a writer starts again when the folders vanish under it. */
const ATTEMPTS = 5;

/** A {@linkcode Store} over {@linkcode Files}. */
export class FsStore implements Store {
  /** Short name for messages. */
  readonly name = "fs";
  /** What this store can do. */
  readonly supports: StoreSupports = { persistent: true };
  readonly #files: Files;
  readonly #root: string;
  readonly #handle = new Handle("fs");
  /** Why nothing can be written, if so. */
  #unwritable: { readonly cause: unknown } | undefined;

  private constructor(files: Files, root: string) {
    this.#files = files;
    this.#root = root;
  }

  /**
   * Opens the store at `root`, and makes it unless `readOnly`.
   *
   * @throws {StoreError} It can be neither made nor read.
   */
  static async open(files: Files, root: string, readOnly: boolean): Promise<FsStore> {
    const store = new FsStore(files, root);
    try {
      if (readOnly) store.#unwritable = { cause: undefined };
      else await store.#checkWritable();
      if (!files.status(`${root}/${LAYOUT}`).isFolder) {
        files.makeFolder(`${root}/${LAYOUT}`); // Throws, and says why.
      }
    } catch (error) {
      // What kept the folder from being made tells more than that it is not there.
      const cause = store.#unwritable?.cause ?? error;
      if (readOnly && problemOf(cause) === "not-found") {
        throw new StoreError(`There is no cache at ${root}; open it without readOnly to make one`, {
          store: "fs",
          operation: "open",
          cause,
        });
      }
      throw failure(root, "open", cause);
    }
    return store;
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const path = this.#pathOf(key);
    try {
      const file = await this.#files.read(path);
      const { expires, offset } = readHeaderOf(key, file, file.length);
      return expires <= Date.now() ? undefined : file.subarray(offset);
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw this.#readFailure(path, "get", error);
    }
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const file = writeEntry(key, bytes, checkSet(bytes, options));
    this.#checkMayWrite("set");
    try {
      await this.#write(this.#pathOf(key), file);
    } catch (error) {
      throw failure(this.#root, "set", error);
    }
  }

  /** Removes the entry under `key`, or what stands in its place. */
  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async delete(key: string): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    this.#checkMayWrite("delete");
    const path = this.#pathOf(key);
    try {
      const live = this.#isLive(key, path);
      this.#files.remove(path);
      return live;
    } catch (error) {
      if (isMissing(error)) return false;
      throw failure(this.#root, "delete", error);
    }
  }

  /** Yields the live entries by prefix, and removes what it finds expired or abandoned. */
  async *list(prefix = ""): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    const start = [this.#root, LAYOUT, ...foldersOf(prefix)].join("/");
    try {
      for await (const path of this.#paths(start)) {
        const entry = this.#listed(path);
        if (entry?.key.startsWith(prefix)) yield entry;
      }
    } catch (error) {
      // What the consumer throws does not come through here, only what the file system does.
      throw failure(this.#root, "list", error);
    }
  }

  /** Closes the handle. */
  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
  }

  #pathOf(key: string): string {
    const { folders, shard, file } = placeOf(key);
    return [this.#root, LAYOUT, ...folders, shard, file].join("/");
  }

  /** Makes the folders, and finds out by writing whether writing works. */
  async #checkWritable(): Promise<void> {
    const folder = `${this.#root}/${LAYOUT}`;
    try {
      await this.#makeFolder(folder);
      const probe = `${folder}/${temporaryName()}`;
      await this.#files.create(probe, new Uint8Array(0));
      this.#files.remove(probe);
    } catch (cause) {
      this.#unwritable = { cause };
    }
  }

  #checkMayWrite(operation: StoreOperation): void {
    if (this.#unwritable === undefined) return;
    const { cause } = this.#unwritable;
    if (cause !== undefined) throw failure(this.#root, operation, cause);
    throw new StoreError(
      `Cannot ${operation} in the cache at ${this.#root}: it was opened with readOnly`,
      { store: "fs", operation },
    );
  }

  /** Makes a folder of the store, and marks the root where this made it. */
  async #makeFolder(folder: string): Promise<void> {
    await markRoot(this.#files, this.#root);
    this.#files.makeFolder(folder);
  }

  /** Writes a file beside its place and moves it there; leaves nothing else behind. */
  async #write(path: string, content: Uint8Array): Promise<void> {
    const folder = path.slice(0, path.lastIndexOf("/"));
    const temporary = `${folder}/${temporaryName()}`;
    for (let attempt = 1;; attempt++) {
      try {
        await this.#files.create(temporary, content);
        this.#moveOver(temporary, path);
        return;
      } catch (error) {
        this.#removeQuietly(temporary);
        if (attempt === ATTEMPTS || problemOf(error) !== "not-found") throw error;
        await this.#makeFolder(folder);
      }
    }
  }

  #moveOver(from: string, to: string): void {
    try {
      this.#files.rename(from, to);
    } catch (error) {
      // Runtimes and systems disagree on how they refuse to put a file over a folder.
      if (!this.#isFolder(to)) throw error;
      this.#files.remove(to);
      this.#files.rename(from, to);
    }
  }

  /** Files of entries, also half-written ones, below a folder. */
  async *#paths(folder: string): AsyncIterableIterator<string> {
    for (const { name, isFolder } of await this.#entriesOf(folder)) {
      const path = `${folder}/${name}`;
      if (!isFolder) continue;
      if (!isShard(name)) yield* this.#paths(path);
      else for (const entry of await this.#entriesOf(path)) yield `${path}/${entry.name}`;
    }
  }

  async #entriesOf(folder: string) {
    try {
      return await this.#files.entries(folder);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
  }

  /** What a listing says of the file at `path`; `undefined` if nothing. */
  #listed(path: string): StoreListEntry | undefined {
    if (isTemporary(path)) {
      this.#removeAbandoned(path);
      return undefined;
    }
    try {
      const { start, size } = this.#files.readStart(path, MAX_HEADER_BYTES);
      const header = readHeader(start, size);
      if (this.#pathOf(header.key) !== path) return undefined;
      if (header.expires > Date.now()) return { key: header.key, size: header.size };
      // No other call of this process comes between the reading and this. Another process may,
      // and then what it set is computed once more.
      this.#removeQuietly(path);
      return undefined;
    } catch (error) {
      // Deleted meanwhile, damaged, foreign, or a folder: no entry.
      if (isMissing(error) || error instanceof DecodeError || this.#isFolder(path)) {
        return undefined;
      }
      throw error;
    }
  }

  #removeAbandoned(path: string): void {
    try {
      const { modified } = this.#files.status(path);
      if (modified + ABANDONED_AFTER_MS <= Date.now()) this.#removeQuietly(path);
    } catch (error) {
      if (!isMissing(error)) throw error;
    }
  }

  /** Removes what nobody reads; what stays behind is found again by the next listing. */
  #removeQuietly(path: string): void {
    if (this.#unwritable !== undefined) return;
    try {
      this.#files.remove(path);
    } catch {
      // Gone already, or not ours to remove: no reader takes it for an entry.
    }
  }

  /** Whether a live entry stands at `path`, or something that a caller takes for one. */
  #isLive(key: string, path: string): boolean {
    try {
      const { start, size } = this.#files.readStart(path, MAX_HEADER_BYTES);
      return readHeaderOf(key, start, size).expires > Date.now();
    } catch (error) {
      if (error instanceof DecodeError || this.#isFolder(path)) return true;
      throw error;
    }
  }

  #isFolder(path: string): boolean {
    try {
      return this.#files.status(path).isFolder;
    } catch {
      return false;
    }
  }

  #readFailure(path: string, operation: StoreOperation, error: unknown): StoreError {
    if (error instanceof DecodeError) return damage(path, operation, error);
    if (this.#isFolder(path)) return damage(path, operation, folderInPlace());
    return failure(this.#root, operation, error);
  }
}

function isMissing(error: unknown): boolean {
  const problem = problemOf(error);
  return problem === "not-found" || problem === "not-a-folder";
}

/** A name that no entry and no other writer has. */
function temporaryName(): string {
  return `.${crypto.randomUUID()}.tmp`;
}

function isTemporary(path: string): boolean {
  return /\/\.[^/]+\.tmp$/.test(path);
}
