/**
 * A store in a folder, for Deno, Bun and Node.
 *
 * @module
 */

import type { StoreError } from "../../errors.ts";
import { checkOptionTypes } from "../_options.ts";
import { unknownOption } from "../../unknown_option.ts";
import type { Store, StoreCallOptions, StoreLease, StoreSetOptions } from "../store.ts";
import { chooseFiles } from "./choose_files.ts";
import { type FsLimits, hasLimits, LIMIT_NAMES, readLimits } from "./limits.ts";
import type { FsPruneReport } from "./pass.ts";
import { resolvePath } from "./path.ts";
import { FolderStore } from "./store.ts";

export type { ByteSize, ByteUnit, Duration, DurationUnit } from "../../units.ts";
export type { FsLimits } from "./limits.ts";
export type { FsPruneReport } from "./pass.ts";

/** Options of {@linkcode fsStore}. */
export interface FsStoreOptions extends FsLimits {
  /**
   * Opens a cache that is there already and changes nothing in it: `set` and `delete` reject.
   * `false` by default.
   */
  readonly readOnly?: boolean;
  /**
   * Waits until the disk has what was set or deleted, so that it survives a power cut. `false` by
   * default: a power cut may then cost the latest entries, and never gives a wrong one.
   */
  readonly fsync?: boolean;
  /** Hears how each upkeep that this handle began by itself ended: its report, or why it failed. */
  readonly onUpkeep?: (outcome: FsPruneReport | StoreError) => void;
}

/** A store in a folder. */
export interface FsStore extends Store {
  /** As {@linkcode Store.lease}; two processes of any runtime exclude each other. */
  lease(
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined>;
  /** As {@linkcode Store.getStream}; reads the open file, also after the entry was replaced. */
  getStream(
    key: string,
    options?: StoreCallOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>;
  /** As {@linkcode Store.setStream}. */
  setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options?: StoreSetOptions,
  ): Promise<void>;
  /**
   * Removes what has expired, is damaged or was left half-written, and then what was used least
   * recently until the rest fits the limits. Memory stays flat for any number of entries. One
   * process at a time does this: the call waits for its turn.
   *
   * @param limits What may stay; the limits that the store was opened with if not given.
   * @param options The signal that gives the call up; what was removed by then stays removed.
   * @returns What was removed, and what is left.
   * @throws {TypeError} A limit is neither a number nor a string with a unit.
   * @throws {RangeError} A limit is not more than zero.
   * @throws {StoreError} The store was opened only to read, or the file system fails.
   */
  prune(limits?: FsLimits, options?: StoreCallOptions): Promise<FsPruneReport>;
}

/**
 * Opens a store in a folder, and makes the folder if need be.
 *
 * Any number of processes, of any runtime, may use one folder at the same time. Where the folder
 * cannot be written but holds a cache already, the store opens all the same: it reads, and `set`
 * and `delete` reject. A new or empty folder is marked as a cache for git and for backup tools. A
 * listing removes what has expired. Sub-folders of other users that this one may not read do not
 * count in the upkeep; a listing yields all that it may read, and then rejects and says where.
 *
 * With `maxBytes`, `maxEntries` or `maxAge` the store keeps itself within them: when it has grown
 * too large, the process whose write did that removes what was used least recently, in the
 * background, until a tenth of the limit is free. Until that is done, the store may hold somewhat
 * more; closing the handle waits for it. Where a process dies in the middle of that, another takes
 * over after five seconds. Uses within five minutes count as one, but for those of the handle that
 * cleans up: of them it remembers the 4096 entries that it read last.
 *
 * Deno needs `--allow-read` and `--allow-write` for the folder.
 *
 * @param path Path or `file:` URL of the folder; a relative path starts at the working directory.
 * @param options Limits, whether to wait for the disk, whether to change nothing.
 * @returns The store.
 * @throws {TypeError} `path` is neither a path nor a `file:` URL, or an option is wrong.
 * @throws {RangeError} A limit is not more than zero.
 * @throws {StoreError} The folder can be neither made nor read; the message names it and says what
 *   to do.
 *
 * @example
 * ```ts
 * import { fsStore } from "@deja/cache/fs";
 * import { assert } from "chai";
 *
 * const folder = await Deno.makeTempDir();
 * const store = await fsStore(`${folder}/.deja`, { maxBytes: "2GiB", maxAge: "30d" });
 * await store.set("greeting", new TextEncoder().encode("hello"));
 *
 * const again = await fsStore(`${folder}/.deja`);
 * assert.equal(new TextDecoder().decode(await again.get("greeting")), "hello");
 * assert.deepInclude(await again.prune({ maxEntries: 100 }), { removedEntries: 0, entries: 1 });
 *
 * await store[Symbol.asyncDispose]();
 * await Deno.remove(folder, { recursive: true });
 * ```
 */
export async function fsStore(
  path: string | URL,
  options: FsStoreOptions = {},
): Promise<FsStore> {
  checkOptions(options);
  const files = chooseFiles();
  const { readOnly = false, fsync = false, onUpkeep } = options;
  const limits = hasLimits(options) ? readLimits(options) : undefined;
  return await FolderStore.open(files, resolvePath(files, path), {
    readOnly,
    fsync,
    limits,
    onUpkeep,
  });
}

function checkOptions(options: FsStoreOptions): void {
  if (typeof options !== "object" || options === null) {
    throw new TypeError(`The options of fsStore() must be an object, received ${String(options)}`);
  }
  const known: readonly string[] = ["readOnly", "fsync", "onUpkeep", ...LIMIT_NAMES];
  for (const option of Object.keys(options)) {
    if (!known.includes(option)) throw unknownOption("fsStore()", option, known);
  }
  checkOptionTypes("fsStore()", options, {
    readOnly: "boolean",
    fsync: "boolean",
    onUpkeep: "function",
  });
}
