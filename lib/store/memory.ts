/**
 * A store in the memory of this process.
 *
 * @module
 */

import { LruMap } from "../lru.ts";
import { checkKey, checkPrefix, checkSet, Handle } from "./_keys.ts";
import type { Store, StoreListEntry, StoreSetOptions, StoreSupports } from "./store.ts";

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
  readonly supports: StoreSupports = { persistent: false };
  readonly #entries: LruMap<string, MemoryEntry>;
  readonly #handle = new Handle("memory");

  constructor(options: MemoryStoreOptions) {
    this.#entries = new LruMap(options);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const entry = this.#entries.get(key);
    if (entry === undefined) return undefined;
    if (entry.expires <= Date.now()) {
      this.#entries.delete(key);
      return undefined;
    }
    return new Uint8Array(entry.bytes);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkSet(bytes, options);
    // The constructor copies; `slice` would not where a subclass such as Node's Buffer overrides it.
    this.#entries.set(key, { bytes: new Uint8Array(bytes), expires });
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async delete(key: string): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    const entry = this.#entries.peek(key);
    return this.#entries.delete(key) && entry!.expires > Date.now();
  }

  async *list(prefix = ""): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    for (const [key, entry] of this.#entries) {
      if (entry.expires <= Date.now()) {
        // The iteration walks over a copy, so what stands under the key may be a later entry.
        if (this.#entries.peek(key) === entry) this.#entries.delete(key);
      } else if (key.startsWith(prefix)) {
        yield { key, size: entry.bytes.length };
      }
    }
  }

  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    this.#entries.clear();
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
