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
 *   leases/                     made when the first lease is taken (see ./leases.ts)
 *   upkeep/                     made where there are limits (see ./totals.ts)
 * ```
 *
 * An entry is written beside its place and moved there, so readers see the old one or the new one.
 * Unless `fsync` asks for it, nothing waits for the disk: after a power cut an entry may be cut or
 * empty, which its header or, further up, its checksum tells.
 *
 * When an entry's file was modified says when the entry was last used: a read sets it anew, though
 * not more often than every five minutes. Reads in between count in the upkeep of the same handle,
 * which sets them first.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../../errors.ts";
import { MAX_HEADER_BYTES, readHeaderOf, writeEntry, writeHeader } from "../_entry_file.ts";
import {
  abortable,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { cancelUnread } from "../_streams.ts";
import { Underway } from "../_underway.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { damage, failure, folderInPlace, incomplete, isMissing } from "./failure.ts";
import { type Files, problemOf } from "./files.ts";
import { Leases } from "./leases.ts";
import { type FsLimits, readLimits } from "./limits.ts";
import { listEntries, Refusals } from "./listing.ts";
import type { FsPruneReport } from "./pass.ts";
import { EntryPaths, type Place } from "./place.ts";
import { touchQuietly } from "./recent_uses.ts";
import { drain, fileStream, readOpenHeader, SourceFailure } from "./streams.ts";
import { Upkeep, type UpkeepOptions } from "./upkeep.ts";
import { Writability } from "./writability.ts";
import { type Fill, isFolder, Writer } from "./writer.ts";

/** Version of the layout, and name of the folder that has it. */
const LAYOUT = "v1";
/** A read within this time after the last use leaves the time of that as it is. */
const TOUCH_AFTER_MS = 300_000;

/** How to open a {@linkcode FolderStore}. */
export interface FolderStoreOptions extends UpkeepOptions {
  /** Whether to change nothing. */
  readonly readOnly: boolean;
  /** Whether to wait for the disk. */
  readonly fsync: boolean;
}

/** The options where nothing is asked for. */
export const PLAIN: FolderStoreOptions = {
  readOnly: false,
  fsync: false,
  limits: undefined,
  onUpkeep: undefined,
};

/** A {@linkcode Store} over {@linkcode Files}. */
export class FolderStore implements Store {
  /** Short name for messages. */
  readonly name = "fs";
  readonly #files: Files;
  readonly #root: string;
  readonly #handle = new Handle("fs");
  readonly #place: Place;
  readonly #writer: Writer;
  readonly #leases: Leases;
  readonly #upkeep: Upkeep;
  /** What writes, also where its caller has given it up. */
  readonly #writing = new Underway();
  readonly #writability: Writability;

  private constructor(files: Files, root: string, options: FolderStoreOptions) {
    this.#files = files;
    this.#root = root;
    const writer = new Writer(files, root, options.fsync);
    const leases = new Leases(files, root, (folder) => writer.makeFolder(folder));
    const writability = this.#writability = new Writability(root, options.readOnly);
    const paths = new EntryPaths(`${root}/${LAYOUT}`);
    const place: Place = {
      files,
      entries: `${root}/${LAYOUT}`,
      leases: leases.folder,
      pathOf: (key) => paths.of(key),
      mayRemove: () => writability.allowed && !this.#handle.closed,
    };
    this.#place = place;
    this.#writer = writer;
    this.#leases = leases;
    this.#upkeep = new Upkeep(root, { place, leases, writer }, options);
  }

  /**
   * Opens the store at `root`, and makes it unless `readOnly`.
   *
   * @throws {StoreError} It can be neither made nor read.
   */
  static async open(
    files: Files,
    root: string,
    options: FolderStoreOptions = PLAIN,
  ): Promise<FolderStore> {
    const store = new FolderStore(files, root, options);
    const { readOnly } = options;
    try {
      if (!readOnly) await store.#writability.probe(files, store.#writer, `${root}/${LAYOUT}`);
      if (!files.status(`${root}/${LAYOUT}`).isFolder) {
        files.makeFolder(`${root}/${LAYOUT}`); // Throws, and says why.
      }
    } catch (error) {
      // What kept the folder from being made tells more than that it is not there.
      const cause = store.#writability.cause ?? error;
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

  /** What this store can do. */
  get supports(): StoreSupports {
    const readOnly = !this.#writability.allowed;
    return { persistent: true, readOnly, lease: !readOnly, streams: true, expiry: true };
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    options.signal?.throwIfAborted();
    const path = this.#place.pathOf(key);
    try {
      const found = this.#files.read(path);
      const { bytes, modified } = found instanceof Promise
        ? await abortable(options, () => found)
        : found;
      const { expires, offset } = readHeaderOf(key, bytes, bytes.length);
      const now = Date.now();
      if (expires <= now) return undefined;
      this.#used(path, modified, now);
      options.onEntry?.({ expires });
      return bytes.subarray(offset);
    } catch (error) {
      options.signal?.throwIfAborted();
      return this.#missingOr(path, "get", error);
    }
  }

  /** Resolves to a stream of the bytes under `key`, or to `undefined`. */
  async getStream(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    options.signal?.throwIfAborted();
    const path = this.#place.pathOf(key);
    try {
      const file = await this.#files.open(path);
      try {
        const { header, rest } = await readOpenHeader(key, file);
        options.signal?.throwIfAborted();
        const now = Date.now();
        if (header.expires > now) {
          this.#used(path, file.modified, now);
          options.onEntry?.({ expires: header.expires });
          const failed = (cause: unknown) => failure(this.#root, "get", cause);
          return await fileStream(file, rest, header.size, options, failed);
        }
      } catch (error) {
        await file.close();
        throw error;
      }
      await file.close();
      return undefined;
    } catch (error) {
      options.signal?.throwIfAborted();
      return this.#missingOr(path, "get", error);
    }
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const content = writeEntry(key, bytes, checkSet(bytes, options));
    this.#writability.check("set");
    const fill = this.#writer.fillWith(content);
    await abortable(
      options,
      () => this.#writing.during(() => this.#put(key, fill, content.length, options)),
    );
  }

  /** Puts what a stream gives under `key`. */
  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    given: StoreSetOptions = {},
  ): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    if (!(stream instanceof ReadableStream) || stream.locked) {
      throw new TypeError("setStream() needs a ReadableStream of Uint8Arrays that nobody reads");
    }
    const expires = checkExpires(given);
    this.#writability.check("set");
    given.signal?.throwIfAborted();
    // Closing waits for what it does, and must not wait for a source that stands still.
    const options = { ...given, signal: this.#handle.signalFor(given) };
    let size = 0;
    let begun = false;
    const fill: Fill = (path) =>
      this.#writer.fillPieces(path, async (file) => {
        if (begun) throw this.#removedMeanwhile(); // A stream gives its bytes once.
        begun = true;
        await file.write(writeHeader(key, 0, expires));
        size = await drain(stream, file, options);
        await file.writeStart(writeHeader(key, size, expires));
      });
    try {
      await this.#writing.during(() => this.#put(key, fill, () => size, options));
    } catch (error) {
      cancelUnread(stream, error);
      throw error instanceof SourceFailure ? error.cause : error;
    }
  }

  /** Removes the entry under `key`, or what stands in its place. */
  async delete(key: string, options: StoreCallOptions = {}): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    this.#writability.check("delete");
    options.signal?.throwIfAborted();
    const path = this.#place.pathOf(key);
    try {
      const change = this.#upkeep.before(path, undefined);
      const live = this.#isLive(key, path);
      if (isFolder(this.#files, path)) this.#files.removeTree(path);
      else this.#files.remove(path);
      this.#upkeep.after(change);
      await this.#writing.during(() => this.#writer.removed(path));
      return live;
    } catch (error) {
      if (isMissing(error)) return false;
      throw failure(this.#root, "delete", error);
    }
  }

  /** Yields the live entries by prefix, and removes what it finds expired or abandoned. */
  async *list(
    prefix = "",
    { signal }: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    signal?.throwIfAborted();
    try {
      yield* listEntries(this.#place, prefix, { signal });
    } catch (error) {
      signal?.throwIfAborted();
      // What the consumer throws does not come through here, only what the file system does.
      throw error instanceof Refusals
        ? incomplete(this.#root, error.count, error.cause)
        : failure(this.#root, "list", error);
    }
  }

  /** Takes the lease on `key`; resolves to `undefined` while another holds it. */
  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#handle.check("lease");
    checkKey(key);
    checkLeaseDuration(duration);
    this.#writability.check("lease");
    options.signal?.throwIfAborted();
    try {
      return await this.#writing.during(() => this.#leases.take(key, duration));
    } catch (error) {
      throw failure(this.#root, "lease", error);
    }
  }

  /** Removes what is useless, and what was used least recently until the rest fits the limits. */
  async prune(limits?: FsLimits, options: StoreCallOptions = {}): Promise<FsPruneReport> {
    this.#handle.check("prune");
    const wanted = limits === undefined ? undefined : readLimits(limits);
    this.#writability.check("prune");
    try {
      return await this.#writing.during(() => this.#upkeep.prune(wanted, options));
    } catch (error) {
      options.signal?.throwIfAborted();
      throw failure(this.#root, "prune", error);
    }
  }

  /** Closes the handle, and waits for what it still does: its upkeep and whatever writes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    await this.#writing.quiet();
    await this.#upkeep.settled();
  }

  async #put(
    key: string,
    fill: Fill,
    size: number | (() => number),
    { lease, signal }: StoreSetOptions,
  ): Promise<void> {
    const path = this.#place.pathOf(key);
    let change: ReturnType<Upkeep["before"]>;
    try {
      await this.#writer.place(path, fill, () => {
        const removal = this.#upkeep.removalOf(path);
        if (removal !== undefined) return removal; // Or else it would take the new file away.
        signal?.throwIfAborted(); // What was given up must not come after what follows it.
        if (lease !== undefined) this.#leases.check(key, lease);
        change = this.#upkeep.before(path, typeof size === "number" ? size : size());
        return undefined;
      });
      this.#upkeep.after(change);
    } catch (error) {
      signal?.throwIfAborted();
      throw error instanceof SourceFailure ? error : failure(this.#root, "set", error);
    }
  }

  /** Notes that an entry was used, for the upkeep of this process or another. */
  #used(path: string, modified: number, now: number): void {
    if (!this.#writability.allowed || this.#handle.closed) return;
    if (Math.abs(now - modified) < TOUCH_AFTER_MS) this.#upkeep.used(path, now);
    else touchQuietly(this.#files, path, now);
  }

  #removedMeanwhile(): StoreError {
    return new StoreError(
      `Cannot set in the cache at ${this.#root}: its folder was removed meanwhile; try again`,
      { store: "fs", operation: "set" },
    );
  }

  /** Whether a live entry stands at `path`, or something that a caller takes for one. */
  #isLive(key: string, path: string): boolean {
    try {
      const { start, size } = this.#files.readStart(path, MAX_HEADER_BYTES);
      return readHeaderOf(key, start, size).expires > Date.now();
    } catch (error) {
      if (error instanceof DecodeError || isFolder(this.#files, path)) return true;
      throw error;
    }
  }

  /** What a failed read means: nothing there, or an error. */
  #missingOr(path: string, operation: StoreOperation, error: unknown): undefined {
    if (isMissing(error)) return undefined;
    if (error instanceof DecodeError) throw damage(path, operation, error);
    if (isFolder(this.#files, path)) throw damage(path, operation, folderInPlace());
    throw failure(this.#root, operation, error);
  }
}
