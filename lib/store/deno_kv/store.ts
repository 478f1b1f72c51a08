/**
 * The store in Deno KV: a head for each entry, which holds a short value and names the chunks of a
 * long one. A head is set last and in one transaction, so a reader finds the old value or the new.
 *
 * @module
 */

import { DecodeError, type StoreOperation } from "../../errors.ts";
import {
  abortable,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { join, piecesOf, streamOf } from "../_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { MissingChunk, noteOn, readChunks, removeChunks, Upload } from "./chunks.ts";
import { type Database, expiryOf } from "./database.ts";
import { contention, damage, lostLease, lostUpload, storeError } from "./failure.ts";
import { chunkCount, type Chunks, type Head, readHead, roomInHead, writeHead } from "./head.ts";
import { type Keys, type Place, placeOf } from "./keys.ts";
import { type KvEntry, MAX_VALUE_BYTES } from "./kv.ts";
import { isHeldWith, takeLease } from "./leases.ts";
import { chunksOf, slicesOf, startingWith } from "./pieces.ts";
import { Sweeper } from "./sweep.ts";

/** Attempts at what other writers keep from taking place; each failure is a success of theirs. */
const MAX_ATTEMPTS = 1000;

/** What is written for an entry: all of it, or the head to chunks that are there already. */
interface Writing {
  readonly head: Uint8Array<ArrayBuffer>;
  readonly upload?: Upload;
}

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
    const keyBytes = this.#keyBytes(key, place);
    if (bytes.length <= roomInHead(keyBytes)) {
      const head = writeHead(keyBytes, expires, bytes);
      await this.#run(options, () => this.#commit(key, place, expires, { head }, options));
      return;
    }
    const copy = new Uint8Array(bytes);
    await this.#run(options, async () => {
      await this.#upload(key, place, expires, slicesOf(copy), options);
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
        if (await this.#remove("delete", found)) {
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
          await this.#run(options, () => this.#remove("list", found));
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
    if (head.value instanceof Uint8Array) return streamOf(head.value);
    const chunks = readChunks(this.#database, this.#keys, head.value);
    return new ReadableStream({
      pull: async (controller) => {
        try {
          const { done, value } = await this.#run(options, () => chunks.next());
          if (done) controller.close();
          else controller.enqueue(value);
        } catch (error) {
          controller.error(this.#streamError(key, error));
        }
      },
      cancel: async () => void await this.#run({}, () => chunks.return()),
    });
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
    const pieces = chunksOf(piecesOf(stream, options));
    await this.#run(options, async () => {
      const keyBytes = this.#keyBytes(key, place);
      const first = await pieces.next();
      const bytes = first.done ? new Uint8Array() : first.value;
      if (bytes.length < MAX_VALUE_BYTES && bytes.length <= roomInHead(keyBytes)) {
        // Only the last chunk is shorter than a whole one.
        const head = writeHead(keyBytes, expires, bytes);
        await this.#commit(key, place, expires, { head }, options);
      } else {
        await this.#upload(key, place, expires, startingWith(bytes, pieces), options);
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

  /** The key in a head, where the place does not tell it. */
  #keyBytes(key: string, { room }: Place): Uint8Array {
    return room === "entry" ? new Uint8Array() : new TextEncoder().encode(key);
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

  /** Writes chunks and then the head to them; what fails leaves nothing. */
  async #upload(
    key: string,
    place: Place,
    expires: number,
    source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: StoreSetOptions,
  ): Promise<void> {
    const upload = new Upload(this.#database, this.#keys, expires);
    try {
      for await (const chunk of source) {
        options.signal?.throwIfAborted();
        await upload.add(chunk);
      }
      const head = writeHead(this.#keyBytes(key, place), expires, await upload.finish());
      await this.#commit(key, place, expires, { head, upload }, options);
    } catch (error) {
      // What cannot be removed now is swept later.
      await upload.abandon().catch(() => {});
      throw error;
    }
  }

  /** Sets a head, if the lease is held, and removes the chunks of the one before. */
  async #commit(
    key: string,
    place: Place,
    expires: number,
    { head, upload }: Writing,
    { lease, signal }: StoreSetOptions,
  ): Promise<void> {
    const [at, leaseAt] = [this.#keys.head(place), this.#keys.lease(place)];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const needed = [at, ...lease ? [leaseAt] : [], ...upload ? [upload.check.key] : []];
      const [old, ...others] = await this.#database.getMany("set", needed);
      if (lease && !(lease.key === key && isHeldWith(others[0], lease.token))) throw lostLease(key);
      if (upload && others.at(-1)!.versionstamp !== upload.check.versionstamp) throw lostUpload();
      const chunks = chunksIn(old);
      const { ok } = await this.#database.commit("set", (atomic) => {
        for (const each of [old, ...others]) atomic.check(each);
        if (upload) atomic.delete(upload.check.key);
        if (chunks) atomic.set(this.#keys.loose(chunks.generation), noteOn(chunks));
        atomic.set(at, head, expiryOf(expires));
      });
      if (!ok) continue;
      this.#sweepInBackground();
      if (chunks) await this.#discard(chunks);
      return;
    }
    throw contention(key, "set");
  }

  /** Removes a head as it was found, and its chunks; resolves to whether it was still the same. */
  async #remove(operation: StoreOperation, found: KvEntry): Promise<boolean> {
    const chunks = chunksIn(found);
    const { ok } = await this.#database.commit(operation, (atomic) => {
      atomic.check(found).delete(found.key);
      if (chunks) atomic.set(this.#keys.loose(chunks.generation), noteOn(chunks));
    });
    if (ok && chunks) await this.#discard(chunks);
    return ok;
  }

  /** Removes chunks that no head names; those that it cannot are swept later. */
  async #discard({ generation, size }: Chunks): Promise<void> {
    await removeChunks(this.#database, this.#keys, generation, chunkCount(size)).catch(() => {});
  }

  /** Sweeps now and then, where writes are all that happens; closing the handle ends it soon. */
  #sweepInBackground(): void {
    if (!this.#sweeper.isDue()) return;
    const sweeping = this.#sweeper.sweepInTurn(() => !this.#handle.closed);
    // What fails is tried again by the next sweep, and concerns no caller.
    this.#run({}, () => sweeping).catch(() => {});
  }
}

/** What a head says, or that it is damaged or foreign. */
function headOrDamage({ value }: KvEntry): Head | "damaged" {
  try {
    return readHead(value);
  } catch (error) {
    if (error instanceof DecodeError) return "damaged";
    throw error;
  }
}

/** The chunks that a head names, if there is one and it does. */
function chunksIn(found: KvEntry): Chunks | undefined {
  const head = headOrDamage(found);
  return head === "damaged" || head.value instanceof Uint8Array ? undefined : head.value;
}
