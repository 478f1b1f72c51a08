/**
 * The client of {@linkcode serveStore}.
 *
 * @module
 */

import { DecodeError, type StoreError, type StoreOperation } from "../../errors.ts";
import { concatenated, Remote, type Reply } from "../_fetch.ts";
import {
  abortableLease,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { lostLease } from "../_lost_lease.ts";
import { readStream, Source, streamFrom } from "../_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { frame, frames, FRAMES_TYPE, unframed } from "./frames.ts";
import { LISTING_TYPE, readListing } from "./listing.ts";
import { askedFor, headersOf, type HttpStoreOptions } from "./options.ts";
import { EXPIRES_HEADER, LEASES_HEADER } from "./protocol.ts";
import { refusalIn, refused } from "./refusal.ts";

/** A request as the methods of the store word it. */
interface Ask {
  readonly operation: StoreOperation;
  readonly method: string;
  readonly path: "entry" | "entries" | "lease";
  readonly query: Readonly<Record<string, string | number | undefined>>;
  readonly signal?: AbortSignal | undefined;
  readonly body?: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>> | undefined;
}

/** The longest answer in JSON. */
const MAX_ANSWER_BYTES = 4096;

/** A {@linkcode Store} behind a server of ours. */
export class ServedStore implements Store {
  /** Short name for messages. */
  readonly name = "http";
  /** What this store can do; `lease` becomes false when the server says that it has none. */
  readonly supports: StoreSupports & { lease: boolean };
  readonly #url: URL;
  readonly #options: HttpStoreOptions;
  readonly #remote: Remote;
  readonly #handle = new Handle("http");
  readonly #leaseIds = new WeakMap<StoreLease, string>();

  /** @param url Address of the cache, with a slash at its end. */
  constructor(url: URL, options: HttpStoreOptions) {
    const { readOnly = false, lease = true, expiry = true } = options;
    this.#url = url;
    this.#options = options;
    this.supports = {
      persistent: true,
      readOnly,
      lease: lease && !readOnly,
      streams: true,
      expiry,
    };
    this.#remote = new Remote({ ...options, store: "http", place: url.href });
    if (!this.supports.lease) Object.defineProperty(this, "lease", { value: undefined });
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const reply = await this.#read({ key }, options);
    return reply && await concatenated(this.#chunksOf(reply));
  }

  /** As `get`, for large values. */
  async getStream(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    const reply = await this.#read({ key, stream: 1 }, options);
    return reply && streamFrom(this.#chunksOf(reply), () => reply.discard(), options);
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#check("set", key);
    checkSet(bytes, options);
    this.#checkMayWrite("set");
    await this.#write(key, frame(bytes), options, {});
  }

  /** As `set`, for large values. */
  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#check("set", key);
    checkExpires(options);
    this.#checkMayWrite("set");
    const signal = this.#handle.signalFor(options);
    const source = new Source(stream, { signal });
    const body = streamFrom(frames(source.pieces));
    try {
      const { streamBodies = "Deno" in globalThis || "Bun" in globalThis } = this.#options;
      const sent = streamBodies ? body : await readStream(body, {});
      await this.#write(key, sent, { ...options, signal }, { stream: 1 });
    } catch (error) {
      throw source.failure === undefined ? error : source.failure.error;
    } finally {
      if (!body.locked) await body.cancel().catch(() => {});
    }
  }

  /** Removes the entry under `key`. */
  async delete(key: string, { signal }: StoreCallOptions = {}): Promise<boolean> {
    this.#check("delete", key);
    this.#checkMayWrite("delete");
    const ask: Ask = { operation: "delete", method: "DELETE", path: "entry", query: { key } };
    const { deleted } = await this.#json({ ...ask, signal }, 200);
    if (typeof deleted !== "boolean") throw this.#rubbish("delete");
    return deleted;
  }

  /** Yields the live entries by prefix. */
  async *list(
    prefix = "",
    { signal }: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    // Half a character cannot travel; what the whole ones let through is looked at here.
    const query = { prefix: prefix.isWellFormed() ? prefix : prefix.slice(0, -1).toWellFormed() };
    if (!prefix.slice(0, -1).isWellFormed()) return; // No key starts so.
    const reply = await this.#ask({
      operation: "list",
      method: "GET",
      path: "entries",
      query,
      signal,
    });
    if (reply.status !== 200) throw await this.#refused("list", reply);
    await this.#checkType("list", reply, LISTING_TYPE);
    try {
      for await (const entry of readListing(reply.chunks())) {
        signal?.throwIfAborted();
        if (entry.key.startsWith(prefix)) yield entry;
      }
    } catch (error) {
      throw error instanceof DecodeError ? this.#rubbish("list", error) : error;
    }
  }

  /** Takes the lease on `key`. */
  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#check("lease", key);
    checkLeaseDuration(duration);
    return await abortableLease(options, () => this.#take(key, duration));
  }

  async #take(key: string, duration: number): Promise<StoreLease | undefined> {
    const query = { key, duration };
    // It goes on where the caller gave it up, but not longer than the store is open.
    const signal = this.#handle.signalFor({});
    const ask: Ask = { operation: "lease", method: "POST", path: "lease", query, signal };
    const reply = await this.#ask(ask);
    if (reply.status !== 201) {
      const { code, message } = await refusalIn(reply);
      if (code === "lease-held") return undefined;
      throw code === "unsupported"
        ? this.#remote.failure("lease", "its store has no leases; set lease: false")
        : refused(this.#remote, "lease", reply, message);
    }
    const { id, token } = await this.#jsonIn("lease", reply);
    if (typeof id !== "string" || typeof token !== "number") throw this.#rubbish("lease");
    const lease: StoreLease = {
      key,
      token,
      renew: async () => {
        this.#handle.check("lease");
        const ask: Ask = { operation: "lease", method: "PUT", path: "lease", query: { id } };
        const { held } = await this.#json(ask, 200);
        if (typeof held !== "boolean") throw this.#rubbish("lease");
        return held;
      },
      [Symbol.asyncDispose]: async () => {
        const ask: Ask = { operation: "lease", method: "DELETE", path: "lease", query: { id } };
        const reply = await this.#ask(ask);
        if (reply.status !== 204) throw await this.#refused("lease", reply);
        await reply.discard();
      },
    };
    this.#leaseIds.set(lease, id);
    return lease;
  }

  /** Closes the handle. */
  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
  }

  #check(operation: StoreOperation, key: string): void {
    this.#handle.check(operation);
    checkKey(key);
  }

  #checkMayWrite(operation: StoreOperation): void {
    if (this.supports.readOnly !== true) return;
    throw this.#remote.failure(operation, "it was opened with readOnly");
  }

  /** Asks for an entry; `undefined` where there is none. */
  async #read(
    query: { readonly key: string; readonly stream?: number },
    { signal, onEntry }: StoreGetOptions,
  ): Promise<Reply | undefined> {
    this.#check("get", query.key);
    const ask: Ask = { operation: "get", method: "GET", path: "entry", query, signal };
    const reply = await this.#ask(ask);
    if (reply.status === 404) {
      const { code, message } = await refusalIn(reply);
      if (code === "no-entry") return undefined;
      throw refused(this.#remote, "get", reply, message);
    }
    if (reply.status !== 200) throw await this.#refused("get", reply);
    await this.#checkType("get", reply, FRAMES_TYPE);
    if (onEntry !== undefined && this.supports.expiry === true) {
      const expires = Number(reply.headers.get(EXPIRES_HEADER) ?? NaN);
      if (Number.isNaN(expires)) {
        await reply.discard();
        throw this.#remote.failure(
          "get",
          "its store does not tell when entries expire; set expiry: false",
        );
      }
      onEntry({ expires });
    }
    return reply;
  }

  /** Yields the bytes of the entry in a reply. */
  async *#chunksOf(reply: Reply): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
    try {
      yield* unframed(reply.chunks());
    } catch (error) {
      throw error instanceof DecodeError ? this.#rubbish("get", error) : error;
    }
  }

  async #write(
    key: string,
    body: Uint8Array<ArrayBuffer> | ReadableStream<Uint8Array<ArrayBuffer>>,
    { expires, lease, signal }: StoreSetOptions,
    more: { readonly stream?: number },
  ): Promise<void> {
    // A lease of another handle is none that this server could know of.
    const id = lease && (this.#leaseIds.get(lease) ?? "unknown");
    const query = { key, expires, lease: id, ...more };
    const ask: Ask = { operation: "set", method: "PUT", path: "entry", query, signal, body };
    const reply = await this.#ask(ask);
    if (reply.status === 204) return await reply.discard();
    const { code, message } = await refusalIn(reply);
    throw code === "lease-lost"
      ? lostLease(this.name, key)
      : refused(this.#remote, "set", reply, message);
  }

  async #ask({ operation, method, path, query, signal, body }: Ask): Promise<Reply> {
    const url = new URL(path, this.#url);
    for (const [name, value] of Object.entries(query)) {
      if (value !== undefined) url.searchParams.set(name, String(value));
    }
    const reply = await this.#remote.ask({
      operation,
      signal,
      asks: askedFor(this.#options),
      sends: body instanceof Uint8Array ? body.length : body === undefined ? 0 : Infinity,
      request: async (signal) => {
        const headers = await headersOf(this.#options);
        if (body !== undefined) headers.set("content-type", FRAMES_TYPE);
        // Streams have to be asked for so; the types of the Web do not know of it yet.
        const duplex = body instanceof ReadableStream ? { duplex: "half" } : {};
        return new Request(url, { method, headers, body: body ?? null, signal, ...duplex });
      },
    });
    // A miss is asked for before its lease, so whoever looks here first never asks in vain.
    if (reply.headers.get(LEASES_HEADER) === "none") this.supports.lease = false;
    return reply;
  }

  async #json(ask: Ask, status: number): Promise<Record<string, unknown>> {
    const reply = await this.#ask(ask);
    if (reply.status !== status) throw await this.#refused(ask.operation, reply);
    return await this.#jsonIn(ask.operation, reply);
  }

  async #jsonIn(operation: StoreOperation, reply: Reply): Promise<Record<string, unknown>> {
    await this.#checkType(operation, reply, "application/json");
    const text = await reply.text(MAX_ANSWER_BYTES);
    try {
      const value: unknown = JSON.parse(text);
      if (value !== null && typeof value === "object") return { ...value };
    } catch (cause) {
      throw this.#rubbish(operation, cause);
    }
    throw this.#rubbish(operation);
  }

  async #refused(operation: StoreOperation, reply: Reply): Promise<StoreError> {
    const { message } = await refusalIn(reply);
    return refused(this.#remote, operation, reply, message);
  }

  /** Fails unless the answer is of the type that ours has. */
  async #checkType(operation: StoreOperation, reply: Reply, type: string): Promise<void> {
    if (reply.type === type) return;
    await reply.discard();
    throw this.#remote.failure(
      operation,
      `${reply.type || "something without a media type"} came instead of ${type}; check the ` +
        "address, and that serveStore() answers there",
    );
  }

  #rubbish(operation: StoreOperation, cause?: unknown): StoreError {
    const what = cause instanceof Error ? cause.message : "an answer of another shape";
    return this.#remote.failure(
      operation,
      `the answer is none that can be used ("${what}"); see what stands between here and there`,
      cause,
    );
  }
}
