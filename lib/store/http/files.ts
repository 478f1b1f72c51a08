/**
 * A folder of the fs store, served as it is by any server for files.
 *
 * @module
 */

import { DecodeError, type StoreError, type StoreOperation } from "../../errors.ts";
import { type EntryHeader, readHeaderOf } from "../_entry_file.ts";
import { Remote, type Reply } from "../_fetch.ts";
import { checkKey, checkPrefix, checkSet, Handle } from "../_keys.ts";
import { placeOf } from "../_place.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { readListing } from "./listing.ts";
import { askedFor, headersOf, type HttpStoreOptions } from "./options.ts";
import { INDEX_NAME } from "./protocol.ts";
import { refused } from "./refusal.ts";

/** Name of the folder that has the layout of {@linkcode placeOf}. */
const LAYOUT = "v1";

/** A {@linkcode Store} of files that can only be read. */
export class FilesStore implements Store {
  /** Short name for messages. */
  readonly name = "http";
  /** What this store can do. */
  readonly supports: StoreSupports = { persistent: true, readOnly: true, expiry: true };
  readonly #url: URL;
  readonly #options: HttpStoreOptions;
  readonly #remote: Remote;
  readonly #handle = new Handle("http");

  /** @param url Address of the folder, with a slash at its end. */
  constructor(url: URL, options: HttpStoreOptions) {
    this.#url = url;
    this.#options = options;
    this.#remote = new Remote({ ...options, store: "http", place: url.href });
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    { signal, onEntry }: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const { folders, shard, file } = placeOf(key);
    const path = [LAYOUT, ...folders, shard, file].map(encodeURIComponent).join("/");
    const reply = await this.#ask("get", path, signal);
    if (reply === undefined) return undefined;
    const bytes = await reply.bytes();
    let header: EntryHeader;
    try {
      header = readHeaderOf(key, bytes, bytes.length);
    } catch (error) {
      throw this.#damage("get", path, reply, error);
    }
    const { expires, offset } = header;
    if (expires <= Date.now()) return undefined;
    onEntry?.({ expires });
    return bytes.subarray(offset);
  }

  /** Rejects: files are only read. */
  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    checkSet(bytes, options);
    throw this.#remote.failure("set", "it is made of files that can only be read");
  }

  /** Rejects: files are only read. */
  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async delete(key: string): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    throw this.#remote.failure("delete", "it is made of files that can only be read");
  }

  /** Yields by prefix what the index names and has not expired. */
  async *list(
    prefix = "",
    { signal }: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    const reply = await this.#ask("list", INDEX_NAME, signal);
    if (reply === undefined) {
      throw this.#remote.failure(
        "list",
        `there is no ${INDEX_NAME}; write one with storeIndex() to make the files listable`,
      );
    }
    try {
      for await (const entry of readListing(reply.chunks())) {
        signal?.throwIfAborted();
        const live = entry.expires === undefined || entry.expires > Date.now();
        if (live && entry.key.startsWith(prefix)) yield entry;
      }
    } catch (error) {
      throw error instanceof DecodeError ? this.#damage("list", INDEX_NAME, reply, error) : error;
    }
  }

  /** Closes the handle. */
  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
  }

  /** Asks for a file; resolves to `undefined` where there is none. */
  async #ask(
    operation: StoreOperation,
    path: string,
    signal: AbortSignal | undefined,
  ): Promise<Reply | undefined> {
    const reply = await this.#remote.ask({
      operation,
      signal,
      asks: askedFor(this.#options),
      request: async (signal) =>
        new Request(new URL(path, this.#url), { headers: await headersOf(this.#options), signal }),
    });
    if (reply.status === 200) return reply;
    await reply.discard();
    if (reply.status === 404 || reply.status === 410) return undefined;
    throw refused(this.#remote, operation, reply);
  }

  /** Makes the error for a file that is not what it should be. */
  #damage(operation: StoreOperation, path: string, reply: Reply, error: unknown): StoreError {
    const what = error instanceof DecodeError ? error.message : String(error);
    const hint = reply.type === "text/html"
      ? "a page came instead; let the server answer 404 where there is no file"
      : "put the files there again";
    return this.#remote.failure(operation, `${path} cannot be read ("${what}"); ${hint}`, error);
  }
}
