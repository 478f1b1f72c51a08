/**
 * The S3 store: each entry is one object, with the content and in the place that the fs store gives
 * its file, so that a folder and a bucket can be copied to each other.
 *
 * @module
 */

import { DecodeError, type StoreError, type StoreOperation } from "../../errors.ts";
import {
  type EntryHeader,
  MAX_HEADER_BYTES,
  readHeader,
  readHeaderOf,
  writeEntry,
} from "../_entry_file.ts";
import { concatenated, type Reply } from "../_fetch.ts";
import {
  abortableLease,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { foldersOf, placeOf } from "../_place.ts";
import { piecesOf, streamFrom } from "../_streams.ts";
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
import type { ListedObject } from "./answers.ts";
import { Bucket } from "./bucket.ts";
import { S3Leases } from "./leases.ts";
import type { S3StoreOptions } from "./options.ts";
import { upload } from "./upload.ts";

const DEFAULT_PREFIX = "deja/";
/** Version of the layout, and name of the folder that has it. */
const LAYOUT = "v1/";
const LEASES = "leases-v1/";
/** Headers that a listing reads at a time: as many connections as browsers and servers like. */
const HEADERS_AT_ONCE = 16;

/** A {@linkcode Store} in a bucket. */
export class S3Store implements Store {
  /** Short name for messages. */
  readonly name = "s3";
  /** What this store can do. */
  readonly supports: StoreSupports & { lease: boolean };
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #leases: S3Leases;
  readonly #handle = new Handle("s3");
  /** Leases that are being taken, maybe for a caller who has given that up. */
  readonly #taking = new Underway();

  /** @throws As `s3Store`. */
  constructor(options: S3StoreOptions) {
    const { prefix = DEFAULT_PREFIX, readOnly = false, lease = true } = options;
    this.#bucket = new Bucket(options);
    this.#prefix = prefix === "" || prefix.endsWith("/") ? prefix : `${prefix}/`;
    const onImpossible = () => {
      this.supports.lease = false; // Nobody asks in vain again.
    };
    const closing = this.#handle.signalFor({});
    this.#leases = new S3Leases(this.#bucket, this.#prefix + LEASES, onImpossible, closing);
    this.supports = {
      persistent: true,
      readOnly,
      lease: lease && !readOnly,
      streams: true,
      expiry: true,
    };
    if (!this.supports.lease) Object.defineProperty(this, "lease", { value: undefined });
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    { signal, onEntry }: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#check("get", key);
    const name = this.#nameOf(key);
    const reply = await this.#bucket.find({ operation: "get", name, signal }, 200);
    if (reply === undefined) return undefined;
    const bytes = await reply.bytes();
    const { expires, offset } = this.#headerOf(key, bytes, bytes.length);
    if (expires <= Date.now()) return undefined;
    onEntry?.({ expires });
    return bytes.subarray(offset);
  }

  /** As `get`, for large values. */
  async getStream(
    key: string,
    { signal, onEntry }: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#check("get", key);
    const name = this.#nameOf(key);
    const reply = await this.#bucket.find({ operation: "get", name, signal }, 200);
    if (reply === undefined) return undefined;
    const fileSize = Number(reply.headers.get("content-length") ?? NaN);
    const chunks = reply.chunks();
    try {
      const start = await startOf(chunks, Math.min(fileSize, MAX_HEADER_BYTES));
      const header = this.#headerOf(key, start, fileSize);
      const { expires } = header;
      if (expires > Date.now()) {
        onEntry?.({ expires });
        const rest = this.#rest(start.subarray(header.offset), header.size, chunks);
        return streamFrom(rest, () => reply.discard(), { signal });
      }
    } catch (error) {
      await reply.discard();
      throw error;
    }
    await reply.discard();
    return undefined;
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#check("set", key);
    const expires = checkSet(bytes, options);
    this.#checkMayWrite("set");
    const { lease, signal } = options;
    const body = writeEntry(key, bytes, expires);
    if (lease !== undefined) await this.#leases.check(key, lease, signal);
    const name = this.#nameOf(key);
    const request = { operation: "set", method: "PUT", name, body, signal } as const;
    await (await this.#bucket.expect(request, 200)).discard();
  }

  /** As `set`, for large values. */
  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#check("set", key);
    const expires = checkExpires(options);
    this.#checkMayWrite("set");
    const { lease } = options;
    const signal = this.#handle.signalFor(options);
    const confirm = async () => {
      if (lease !== undefined) await this.#leases.check(key, lease, signal);
    };
    const name = this.#nameOf(key);
    await upload(
      { bucket: this.#bucket, name, key, expires, confirm, signal },
      piecesOf(stream, { signal }),
    );
  }

  /** Removes the entry under `key`, or what stands in its place. */
  async delete(key: string, { signal }: StoreCallOptions = {}): Promise<boolean> {
    this.#check("delete", key);
    this.#checkMayWrite("delete");
    const name = this.#nameOf(key);
    const start = await this.#readStart("delete", name, signal);
    if (start === undefined) return false;
    await this.#remove("delete", name, signal);
    try {
      return readHeaderOf(key, start.bytes, start.size).expires > Date.now();
    } catch {
      return true; // Damaged, or of a size that a page may not see: a caller takes it for an entry.
    }
  }

  /** Yields the live entries by prefix, and removes what it finds expired. */
  async *list(
    prefix = "",
    { signal }: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    const start = [...foldersOf(prefix), ""].join("/");
    const within = this.#prefix + LAYOUT + (start === "/" ? "" : start);
    for await (const { objects } of this.#bucket.pages(within, signal)) {
      for await (const entry of inParallel(objects, (object) => this.#listed(object, signal))) {
        signal?.throwIfAborted();
        if (entry?.key.startsWith(prefix)) yield entry;
      }
    }
  }

  /** Takes the lease on `key`. */
  async lease(
    key: string,
    duration: number,
    { signal }: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#check("lease", key);
    checkLeaseDuration(duration);
    const take = async () => {
      const lease = await this.#leases.take(key, duration, signal);
      // Given up meanwhile: nobody would give it back.
      if (signal?.aborted) await lease?.[Symbol.asyncDispose]();
      return lease;
    };
    return await abortableLease({ signal }, () => this.#taking.during(take));
  }

  /** Closes the handle, which ends the taking of leases, and waits for those being given back. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    await this.#taking.quiet();
  }

  #check(operation: StoreOperation, key: string): void {
    this.#handle.check(operation);
    checkKey(key);
  }

  #checkMayWrite(operation: StoreOperation): void {
    if (this.supports.readOnly !== true) return;
    throw this.#bucket.remote.failure(operation, "it was opened with readOnly");
  }

  #nameOf(key: string): string {
    const { folders, shard, file } = placeOf(key);
    return this.#prefix + LAYOUT + [...folders, shard, file].join("/");
  }

  #headerOf(key: string, start: Uint8Array, size: number): EntryHeader {
    try {
      return readHeaderOf(key, start, size);
    } catch (error) {
      throw this.#damage(key, error);
    }
  }

  #damage(key: string, error: unknown): StoreError {
    const what = error instanceof DecodeError ? error.message : String(error);
    return this.#bucket.remote.failure(
      "get",
      `the object ${this.#nameOf(key)} cannot be read ("${what}"); set or delete the entry`,
      error,
    );
  }

  /** Yields what follows a header, and fails where it is too short. */
  async *#rest(
    first: Uint8Array<ArrayBuffer>,
    size: number,
    chunks: AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    let left = size - first.length;
    try {
      if (first.length > 0) yield first;
      for await (const chunk of chunks) {
        left -= chunk.length;
        yield chunk;
      }
    } finally {
      await chunks.return();
    }
    if (left !== 0) throw this.#bucket.rubbish("get", new Error("the object was cut on the way"));
  }

  /**
   * Reads as much of an object as a header takes; `undefined` where there is none.
   *
   * @param size Its size as far as it is known, for pages that may not see the header which tells.
   */
  async #readStart(
    operation: StoreOperation,
    name: string,
    signal: AbortSignal | undefined,
    size = NaN,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | undefined> {
    const headers = { range: `bytes=0-${MAX_HEADER_BYTES - 1}` };
    const request = { operation, name, headers, signal };
    // 416 is the answer about an object without any bytes.
    const reply = await this.#bucket.find(request, 200, 206, 416);
    if (reply?.status === 416) {
      await reply.discard();
      return { bytes: new Uint8Array(0), size: 0 };
    }
    if (reply === undefined) return undefined;
    const bytes = await reply.bytes();
    const isWhole = reply.status === 200 || bytes.length < MAX_HEADER_BYTES;
    return { bytes, size: isWhole ? bytes.length : sizeOf(reply) ?? size };
  }

  async #remove(
    operation: StoreOperation,
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<void> {
    const request = { operation, method: "DELETE", name, signal };
    const reply = await this.#bucket.find(request, 200, 204);
    await reply?.discard();
  }

  /** What a listing says of an object; `undefined` if nothing. */
  async #listed(
    { name, size }: ListedObject,
    signal: AbortSignal | undefined,
  ): Promise<StoreListEntry | undefined> {
    if (size === 0) return undefined; // A console makes such objects for folders.
    const start = await this.#readStart("list", name, signal, size);
    if (start === undefined) return undefined;
    let header: EntryHeader;
    try {
      header = readHeader(start.bytes, start.size);
    } catch {
      return undefined; // Foreign or damaged, and so no entry.
    }
    if (this.#nameOf(header.key) !== name) return undefined;
    const { key, size: valueSize, expires } = header;
    if (expires > Date.now()) return { key, size: valueSize, expires };
    // Another process may set it between the reading and this, and then it is computed once more.
    if (this.supports.readOnly !== true) {
      await this.#remove("list", name, signal).catch(() => {}); // The next listing finds it again.
      signal?.throwIfAborted();
    }
    return undefined;
  }
}

/** Size of the whole object, of which the reply has a part; `undefined` where it does not tell. */
function sizeOf({ headers }: Reply): number | undefined {
  const [, whole] = headers.get("content-range")?.match(/\/(\d+)$/) ?? [];
  return whole === undefined ? undefined : Number(whole);
}

/** Takes chunks until there are `size` bytes of them. */
async function startOf(
  chunks: AsyncGenerator<Uint8Array<ArrayBuffer>, void>,
  size: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const parts: Uint8Array<ArrayBuffer>[] = [];
  for (let length = 0; length < size;) {
    const { done, value } = await chunks.next();
    if (done) break;
    parts.push(value);
    length += value.length;
  }
  return await concatenated((async function* () {
    yield* parts;
  })());
}

/** Yields what `work` makes of each item, some of them at a time, in the order of the items. */
async function* inParallel<T, R>(
  items: readonly T[],
  work: (item: T) => Promise<R>,
): AsyncGenerator<R, void> {
  const pending: Promise<R>[] = [];
  try {
    for (const item of items) {
      const result = work(item);
      result.catch(() => {}); // It may fail while an earlier one is waited for.
      pending.push(result);
      if (pending.length === HEADERS_AT_ONCE) yield await pending.shift()!;
    }
    while (pending.length > 0) yield await pending.shift()!;
  } finally {
    // What nobody waits for any more has to end all the same, and may fail.
    await Promise.allSettled(pending);
  }
}
