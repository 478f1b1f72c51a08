/**
 * The store in the origin private file system of a browser.
 *
 * ```text
 * PATH/
 *   v1/                         version of this layout
 *     etl/load%20users/         the key's segments but the last, escaped (see ../_place.ts)
 *       3fa9…=                  one entry, the last segment and `=`, which no folder's name has
 *                               (see ../_entry_file.ts)
 * ```
 *
 * A file is replaced as a whole when its writable stream closes. A file that is being made is empty
 * until then, so an empty file is no entry. Writers of one key take turns by a Web Lock, which also
 * holds between tabs and workers; readers take it only when they were disturbed.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import {
  type EntryHeader,
  MAX_HEADER_BYTES,
  readHeader,
  readHeaderOf,
  writeEntry,
} from "../_entry_file.ts";
import { checkKey, checkPrefix, checkSet, Handle } from "../_keys.ts";
import { foldersOf, placeOf } from "../_place.ts";
import type { Store, StoreListEntry, StoreSetOptions, StoreSupports } from "../store.ts";
import { damage, failure, isNamed } from "./failure.ts";
import { Folders } from "./folders.ts";

/** Version of the layout, and name of the folder that has it. */
const LAYOUT = "v1";

/** Where an entry stands. */
interface Spot {
  readonly folders: readonly string[];
  readonly file: string;
  /** All of it, for messages and for the lock. */
  readonly path: string;
}

/** A {@linkcode Store} in the origin private file system. */
export class OpfsStore implements Store {
  /** Short name for messages. */
  readonly name = "opfs";
  /** What this store can do. */
  readonly supports: StoreSupports = { persistent: true };
  readonly #path: string;
  readonly #folders: Folders;
  readonly #handle = new Handle("opfs");

  /** @param names Names of the folders that lead to the root, legal as they are. */
  constructor(names: readonly string[]) {
    this.#path = [...names, LAYOUT].join("/");
    this.#folders = new Folders(async () => {
      let folder = await navigator.storage.getDirectory();
      for (const name of [...names, LAYOUT]) {
        folder = await folder.getDirectoryHandle(name, { create: true });
      }
      return folder;
    });
  }

  /** Finds or makes the root, and so finds out whether the browser lets us. */
  async prepare(): Promise<void> {
    try {
      await this.#folders.find([], true);
    } catch (error) {
      throw failure("open", error);
    }
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const spot = this.#spotOf(key);
    const read = async () => {
      const file = await this.#open(spot);
      if (file === undefined || file.size === 0) return undefined;
      const bytes = new Uint8Array(await file.arrayBuffer());
      const { expires, offset } = readHeaderOf(key, bytes, bytes.length);
      return expires <= Date.now() ? undefined : bytes.subarray(offset);
    };
    try {
      return await settled(spot, read);
    } catch (error) {
      if (error instanceof DecodeError) throw damage(spot.path, "get", error);
      if (isNamed(error, "TypeMismatchError")) {
        throw damage(spot.path, "get", new DecodeError("It is a folder", { offset: 0 }));
      }
      throw failure("get", error);
    }
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const content = writeEntry(key, bytes, checkSet(bytes, options));
    const spot = this.#spotOf(key);
    try {
      await exclusively(spot, async () => {
        try {
          await this.#write(spot, content);
        } catch (error) {
          // A folder stands in the place, or ours were removed, which Firefox calls unknown.
          if (isNamed(error, "TypeMismatchError")) await this.#remove(spot);
          else if (isNamed(error, "NotFoundError", "UnknownError")) this.#folders.forget();
          else throw error;
          await this.#write(spot, content);
        }
      });
    } catch (error) {
      throw failure("set", error);
    }
  }

  /** Removes the entry under `key`, or what stands in its place. */
  async delete(key: string): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    const spot = this.#spotOf(key);
    try {
      return await exclusively(spot, async () => {
        const live = await this.#isLive(key, spot);
        await this.#remove(spot);
        return live;
      });
    } catch (error) {
      if (isNamed(error, "NotFoundError")) return false;
      throw failure("delete", error);
    }
  }

  /** Yields the live entries by prefix, and removes what it finds expired or empty. */
  async *list(prefix = ""): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    try {
      for await (const spot of this.#spots(foldersOf(prefix))) {
        const header = await this.#listed(spot);
        if (header?.key.startsWith(prefix)) yield { key: header.key, size: header.size };
      }
    } catch (error) {
      // What the consumer throws does not come through here, only what the browser does.
      throw failure("list", error);
    }
  }

  /** Closes the handle. */
  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    this.#folders.forget();
  }

  #spotOf(key: string): Spot {
    const { folders, file } = placeOf(key);
    return this.#spot(folders, `${file}=`);
  }

  #spot(folders: readonly string[], file: string): Spot {
    return { folders, file, path: [this.#path, ...folders, file].join("/") };
  }

  /** Opens a file to read it; `undefined` where there is none. */
  async #open(spot: Spot): Promise<File | undefined> {
    let handle: FileSystemFileHandle;
    try {
      const folder = await this.#folders.find(spot.folders, false);
      handle = await folder.getFileHandle(spot.file);
    } catch (error) {
      if (isNamed(error, "NotFoundError")) return undefined;
      throw error;
    }
    return await handle.getFile();
  }

  /** Reads a header; `undefined` where there is no file, or an empty one. */
  async #readStart(spot: Spot): Promise<[start: Uint8Array, size: number] | undefined> {
    const file = await this.#open(spot);
    if (file === undefined || file.size === 0) return undefined;
    return [new Uint8Array(await file.slice(0, MAX_HEADER_BYTES).arrayBuffer()), file.size];
  }

  async #write(spot: Spot, content: Uint8Array<ArrayBuffer>): Promise<void> {
    const folder = await this.#folders.find(spot.folders, true);
    const handle = await folder.getFileHandle(spot.file, { create: true });
    const writable = await handle.createWritable();
    try {
      await writable.write(content);
      await writable.close();
    } catch (error) {
      // A stream that failed has let go of the file already, and then refuses to be aborted.
      await writable.abort().catch(() => {});
      if ((await handle.getFile()).size === 0) await this.#remove(spot);
      throw error;
    }
  }

  async #remove(spot: Spot): Promise<void> {
    const folder = await this.#folders.find(spot.folders, false);
    await folder.removeEntry(spot.file, { recursive: true });
  }

  /** Whether a live entry stands there, or something that a caller takes for one. */
  async #isLive(key: string, spot: Spot): Promise<boolean> {
    try {
      const start = await this.#readStart(spot);
      return start !== undefined && readHeaderOf(key, ...start).expires > Date.now();
    } catch (error) {
      if (error instanceof DecodeError || isNamed(error, "TypeMismatchError")) return true;
      throw error;
    }
  }

  /** Files of entries in and below a folder. */
  async *#spots(folders: readonly string[]): AsyncIterableIterator<Spot> {
    // All names first: what the consumer deletes meanwhile would disturb the iteration.
    for (const [name, kind] of await this.#namesIn(folders)) {
      if (kind === "directory") yield* this.#spots([...folders, name]);
      else yield this.#spot(folders, name);
    }
  }

  async #namesIn(folders: readonly string[]): Promise<[name: string, kind: string][]> {
    try {
      const folder = await this.#folders.find(folders, false);
      const names: [string, string][] = [];
      for await (const [name, { kind }] of folder.entries()) names.push([name, kind]);
      return names;
    } catch (error) {
      if (isNamed(error, "NotFoundError", "TypeMismatchError")) return [];
      throw error;
    }
  }

  /** What the header of a listed file says; `undefined` where it is no live entry. */
  async #listed(spot: Spot): Promise<EntryHeader | undefined> {
    const read = async () => {
      const start = await this.#readStart(spot);
      return start === undefined ? undefined : readHeader(...start);
    };
    const isLive = (header: EntryHeader | undefined) =>
      header !== undefined && header.expires > Date.now();
    try {
      const header = await settled(spot, read);
      if (header !== undefined && this.#spotOf(header.key).path !== spot.path) return undefined;
      if (isLive(header)) return header;
      await exclusively(spot, async () => {
        if (!isLive(await read())) await this.#remove(spot);
      });
      return undefined;
    } catch (error) {
      // Deleted meanwhile, damaged or foreign: no entry.
      if (error instanceof DecodeError || isNamed(error, "NotFoundError")) return undefined;
      throw error;
    }
  }
}

/** Runs `body` while no one else, in any tab or worker, runs one for the same entry. */
async function exclusively<T>(spot: Spot, body: () => Promise<T>): Promise<T> {
  // Workers of some engines lack the locks; a lost race there costs an entry, not its wholeness.
  if (navigator.locks === undefined) return await body();
  return await navigator.locks.request(`deja/opfs/${spot.path}`, body);
}

/**
 * Reads without the lock and, where that fails, with it: a file that is replaced while it is read
 * gives errors, or lengths that do not fit, as the engine pleases.
 */
async function settled<T>(spot: Spot, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch {
    return await exclusively(spot, read);
  }
}
