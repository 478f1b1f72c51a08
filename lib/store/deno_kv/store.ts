/**
 * The store in Deno KV: a head for each entry, which holds a short value and names the chunks of a
 * long one. A head is set last and in one transaction, so a reader finds the old value or the new.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import {
  abortable,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { chunksOf, join, piecesOf, pulledStream, startingWith, streamOf } from "../_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { MissingChunk, readChunks } from "./chunks.ts";
import type { Database } from "./database.ts";
import { contention, damage, storeError } from "./failure.ts";
import { type Head, readHead, roomInHead, writeHead } from "./head.ts";
import { type Keys, placeOf } from "./keys.ts";
import { MAX_VALUE_BYTES } from "./kv.ts";
import { takeLease } from "./leases.ts";
import { Sweeper } from "./sweep.ts";
import { headOrDamage, keyBytesOf, MAX_ATTEMPTS, slicesOf, Writer } from "./writer.ts";

/** A {@linkcode Store} in Deno KV. */
export class DenoKvStore implements Store {
  /** Short name for messages. */
  readonly name = "deno-kv";
  /** What this store can do. */
  readonly supports: StoreSupports;
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #close: () => void;
  readonly #handle = new Handle("deno-kv");
  readonly #running = new Set<Promise<unknown>>();
  readonly #sweeper: Sweeper;
  readonly #writer: Writer;
  #closing: Promise<void> | undefined;

  /**
   * @param database The database.
   * @param keys Where entries stand.
   * @param persistent Whether another handle can find them.
   * @param close Runs when the handle is closed and nothing is going on any more.
   */
  constructor(database: Database, keys: Keys, persistent: boolean, close: () => void) {
    this.supports = { persistent, lease: true, streams: true, expiry: true };
    this.#database = database;
    this.#keys = keys;
    this.#sweeper = new Sweeper(database, keys);
    this.#writer = new Writer(database, keys, () => this.#sweepInBackground());
    this.#close = close;
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    // A short value is one read of the database, and so is worth no more promises than it takes.
    const head =
      await (options.signal === undefined
        ? this.#head(key)
        : this.#run(options, () => this.#head(key)));
    if (head === undefined) return undefined;
    if (head.value instanceof Uint8Array) {
      options.onEntry?.({ expires: head.expires });
      return head.value;
    }
    return await this.#run(options, () => this.#getLong(key, head, options));
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkSet(bytes, options);
    const place = placeOf(key);
    const keyBytes = keyBytesOf(key, place);
    if (bytes.length <= roomInHead(keyBytes)) {
      const head = writeHead(keyBytes, expires, bytes);
      await this.#run(options, () => this.#writer.commit(key, place, expires, { head }, options));
      return;
    }
    const copy = new Uint8Array(bytes);
    await this.#run(options, async () => {
      await this.#writer.upload(key, place, expires, slicesOf(copy), options);
    });
  }

  /** Removes the entry under `key`, or what stands in its place. */
  async delete(key: string, options: StoreCallOptions = {}): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    const at = this.#keys.head(placeOf(key));
    return await this.#run(options, async () => {
      for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
        const found = await this.#database.get("delete", at);
        if (found.versionstamp === null) return false;
        const head = headOrDamage(found);
        if (await this.#writer.remove("delete", found)) {
          return head === "damaged" || head.expires > Date.now();
        }
      }
      throw contention(key, "delete");
    });
  }

  /** Yields the live entries by prefix, and removes what it finds expired or left behind. */
  async *list(
    prefix = "",
    options: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    if (this.#sweeper.isDue()) await this.#run(options, () => this.#sweeper.sweep());
    for (const { selector, has } of this.#keys.ranges(prefix)) {
      const entries = this.#database.list("list", selector);
      while (true) {
        const { done, value: found } = await this.#run(options, () => entries.next());
        if (done || !has(found.key)) break;
        const head = headOrDamage(found);
        if (head === "damaged") continue;
        const key = this.#keys.keyOf(found.key) ?? head.key;
        if (head.expires <= Date.now()) {
          await this.#run(options, () => this.#writer.remove("list", found));
        } else if (key?.startsWith(prefix)) {
          yield { key, size: head.size, expires: head.expires };
          options.signal?.throwIfAborted();
        }
      }
    }
  }

  /** Takes the lease on `key` for `duration` milliseconds. */
  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#handle.check("lease");
    checkKey(key);
    checkLeaseDuration(duration);
    const at = this.#keys.lease(placeOf(key));
    return await this.#run(options, async () => {
      const lease = await takeLease(this.#database, this.#handle, key, at, duration);
      // Given up meanwhile: nobody would give it back.
      if (options.signal?.aborted) await lease?.[Symbol.asyncDispose]();
      return lease;
    });
  }

  /** As `get`, piece by piece. */
  async getStream(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const head = await this.#run(options, () => this.#head(key));
    if (head === undefined) return undefined;
    options.onEntry?.({ expires: head.expires });
    if (head.value instanceof Uint8Array) return streamOf(head.value, options);
    const chunks = readChunks(this.#database, this.#keys, head.value);
    return pulledStream({
      next: async () => {
        try {
          return (await this.#run({}, () => chunks.next())).value ?? undefined;
        } catch (error) {
          throw this.#streamError(key, error);
        }
      },
      letGo: () => this.#run({}, () => chunks.return()),
    }, options);
  }

  /** As `set`, piece by piece. */
  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkExpires(options);
    const place = placeOf(key);
    // Closing waits for calls, and so must not wait for a stream that never ends.
    const given = { ...options, signal: this.#handle.signalFor(options) };
    const pieces = chunksOf(piecesOf(stream, given), MAX_VALUE_BYTES);
    await this.#run(given, async () => {
      const keyBytes = keyBytesOf(key, place);
      const first = await pieces.next();
      const bytes = first.done ? new Uint8Array() : first.value;
      if (bytes.length < MAX_VALUE_BYTES && bytes.length <= roomInHead(keyBytes)) {
        // Only the last chunk is shorter than a whole one.
        const head = writeHead(keyBytes, expires, bytes);
        await this.#writer.commit(key, place, expires, { head }, given);
      } else {
        await this.#writer.upload(key, place, expires, startingWith(bytes, pieces), given);
      }
    });
  }

  /** Closes the handle, and waits for what is going on. */
  [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    return this.#closing ??= Promise.allSettled(this.#running).then(() => {
      this.#database.rest();
      this.#close();
    });
  }

  /** Waits for work that the signal may give up, and remembers what then still goes on. */
  #run<T>(options: StoreCallOptions, work: () => Promise<T>): Promise<T> {
    return abortable(options, () => {
      const running = work();
      this.#running.add(running);
      const end = () => void this.#running.delete(running);
      running.then(end, end);
      return running;
    });
  }

  /** Reads the head of a live entry. */
  async #head(key: string): Promise<Head | undefined> {
    const place = placeOf(key);
    const { value, versionstamp } = await this.#database.get("get", this.#keys.head(place));
    if (versionstamp === null) return undefined;
    try {
      const head = readHead(value);
      if (place.room === "long" && head.key !== key) {
        throw new DecodeError("The value is the cache entry of another key", { offset: 6 });
      }
      return head.expires <= Date.now() ? undefined : head;
    } catch (error) {
      throw error instanceof DecodeError ? damage(key, "get", error) : error;
    }
  }

  /** Reads the value that a head names, or the one that has come after it meanwhile. */
  async #getLong(
    key: string,
    first: Head,
    { onEntry }: StoreGetOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let head: Head | undefined = first;
    let last: string | undefined;
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      if (head === undefined) return undefined;
      const { expires, value } = head;
      if (value instanceof Uint8Array) {
        onEntry?.({ expires });
        return value;
      }
      try {
        const bytes = join(await Array.fromAsync(readChunks(this.#database, this.#keys, value)));
        onEntry?.({ expires });
        return bytes;
      } catch (error) {
        if (error instanceof DecodeError) throw damage(key, "get", error);
        if (!(error instanceof MissingChunk)) throw error;
        // Overwritten meanwhile, unless the head still says the same.
        if (last === value.generation) throw this.#missing(key, error);
        last = value.generation;
        head = await this.#head(key);
      }
    }
    throw contention(key, "get");
  }

  #missing(key: string, { message }: MissingChunk) {
    return damage(key, "get", new DecodeError(message, { offset: 0 }));
  }

  #streamError(key: string, error: unknown): unknown {
    if (error instanceof DecodeError) return damage(key, "get", error);
    if (!(error instanceof MissingChunk)) return error;
    return storeError(
      "get",
      `The stream of ${JSON.stringify(key)} broke off: it was overwritten or deleted meanwhile; ` +
        "get it again",
    );
  }

  /** Sweeps now and then, where writes are all that happens; closing the handle ends it soon. */
  #sweepInBackground(): void {
    if (!this.#sweeper.isDue()) return;
    const sweeping = this.#sweeper.sweepInTurn(() => !this.#handle.closed);
    // What fails is tried again by the next sweep, and concerns no caller.
    this.#run({}, () => sweeping).catch(() => {});
  }
}
