/**
 * A store in the memory of this process.
 *
 * @module
 */

import { LruMap } from "../lru.ts";
import type { StoreOperation } from "../errors.ts";
import {
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "./_keys.ts";
import { MemoryLeases } from "./_memory_leases.ts";
import { readStream, streamOf } from "./_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "./store.ts";

/** Options of {@linkcode memoryStore}. */
export interface MemoryStoreOptions {
  /**
   * Most entries to keep, a positive integer; the one left unused the longest makes room.
   * Unbounded by default.
   */
  readonly maxEntries?: number;
}

interface MemoryEntry {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly expires: number;
}

class MemoryStore implements Store {
  readonly name = "memory";
  readonly supports: StoreSupports = { persistent: false, lease: true, streams: true };
  readonly #entries: LruMap<string, MemoryEntry>;
  readonly #leases = new MemoryLeases();
  readonly #handle = new Handle("memory");

  constructor(options: MemoryStoreOptions) {
    this.#entries = new LruMap(options);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async get(
    key: string,
    options?: StoreCallOptions,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#check("get", options);
    checkKey(key);
    const bytes = this.#live(key)?.bytes;
    return bytes === undefined ? undefined : new Uint8Array(bytes);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#check("set", options);
    checkKey(key);
    const expires = checkSet(bytes, options);
    // The constructor copies; `slice` would not where a subclass such as Node's Buffer overrides it.
    this.#put(key, { bytes: new Uint8Array(bytes), expires }, options);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    this.#check("delete", options);
    checkKey(key);
    const entry = this.#entries.peek(key);
    return this.#entries.delete(key) && entry!.expires > Date.now();
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.#check("list", options);
    checkPrefix(prefix);
    for (const [key, entry] of this.#entries) {
      if (entry.expires <= Date.now()) {
        // The iteration walks over a copy, so what stands under the key may be a later entry.
        if (this.#entries.peek(key) === entry) this.#entries.delete(key);
      } else if (key.startsWith(prefix)) {
        yield { key, size: entry.bytes.length };
        options?.signal?.throwIfAborted();
      }
    }
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async lease(
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined> {
    this.#check("lease", options);
    checkKey(key);
    checkLeaseDuration(duration);
    return this.#leases.take(key, duration);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async getStream(
    key: string,
    options?: StoreCallOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#check("get", options);
    checkKey(key);
    const bytes = this.#live(key)?.bytes;
    // The stream hands out copies of its parts, and nothing else changes the bytes of an entry.
    return bytes === undefined ? undefined : streamOf(bytes);
  }

  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#check("set", options);
    checkKey(key);
    const expires = checkExpires(options);
    this.#put(key, { bytes: await readStream(stream, options), expires }, options);
  }

  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    this.#entries.clear();
  }

  #check(operation: StoreOperation, options: StoreCallOptions | undefined): void {
    this.#handle.check(operation);
    options?.signal?.throwIfAborted();
  }

  #live(key: string): MemoryEntry | undefined {
    const entry = this.#entries.get(key);
    if (entry === undefined || entry.expires > Date.now()) return entry;
    this.#entries.delete(key);
    return undefined;
  }

  #put(key: string, entry: MemoryEntry, options: StoreSetOptions | undefined): void {
    if (options?.lease !== undefined) this.#leases.check(key, options.lease);
    this.#entries.set(key, entry);
  }
}

/**
 * Makes a store in the memory of this process, gone when the process ends.
 *
 * It copies bytes on the way in and out. An expired entry leaves memory when it is next read or
 * listed, and with `maxEntries` at the latest when others push it out.
 *
 * @param options How many entries to keep.
 * @returns The store, open and empty.
 * @throws {RangeError} `maxEntries` is neither a positive integer nor `Infinity`.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const store = memoryStore({ maxEntries: 1000 });
 * await store.set("greeting", new TextEncoder().encode("hello"));
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * assert.isUndefined(await store.get("nothing"));
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}
