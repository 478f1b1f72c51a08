/**
 * A store in the memory of this process.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../errors.ts";
import { LruMap } from "../lru.ts";
import { byteCount, type ByteSize, type Duration, milliseconds } from "../units.ts";
import {
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "./_keys.ts";
import { MemoryLeases } from "./_memory_leases.ts";
import { checkOptionNames, checkOptionTypes } from "./_options.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
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
  /**
   * Most bytes to keep, such as `"64MiB"`, keys not counted; the entries left unused the longest
   * make room. An entry that is larger by itself is refused. Unbounded by default.
   */
  readonly maxBytes?: ByteSize;
  /** How long an entry lives at most, such as `"15m"`, whatever else `set` says. No bound by default. */
  readonly ttl?: Duration;
  /**
   * Whether bytes are copied on the way in and out, which is what the contract of a store asks for.
   * With `false` they are kept and handed out as they are: fast, and yours to leave unchanged. True
   * by default.
   */
  readonly clone?: boolean;
}

interface MemoryEntry {
  readonly bytes: Uint8Array<ArrayBuffer>;
  readonly expires: number;
  /** A promise of the bytes, where callers share them: it is half of what a hit costs. */
  promise?: Promise<Uint8Array<ArrayBuffer>>;
}

function isOver({ expires }: MemoryEntry): boolean {
  return expires !== Infinity && expires <= Date.now();
}

/** What streams take, which only those load who use them. */
function streams(): Promise<typeof import("./_streams.ts")> {
  return import("./_streams.ts");
}

class MemoryStore implements Store {
  readonly name = "memory";
  readonly supports: StoreSupports;
  readonly #entries: LruMap<string, MemoryEntry>;
  readonly #leases = new MemoryLeases();
  readonly #handle = new Handle("memory");
  readonly #maxBytes: number;
  readonly #ttl: number;
  readonly #clone: boolean;
  #bytes = 0;

  constructor(options: MemoryStoreOptions) {
    checkOptionNames("memoryStore()", options, {
      maxEntries: true,
      maxBytes: true,
      ttl: true,
      clone: true,
    });
    checkOptionTypes("memoryStore()", options, { clone: "boolean" });
    const { maxEntries = Infinity, maxBytes = Infinity, ttl = Infinity, clone = true } = options;
    this.#maxBytes = byteCount(maxBytes, "maxBytes");
    this.#ttl = milliseconds(ttl, "ttl");
    this.#clone = clone;
    this.#entries = new LruMap({
      maxEntries,
      onEvict: (_, { bytes }) => void (this.#bytes -= bytes.length),
    });
    const supports = { persistent: false, lease: true, streams: true, expiry: true };
    this.supports = maxBytes === Infinity ? supports : { ...supports, maxBytes: this.#maxBytes };
  }

  get(key: string, options?: StoreGetOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
    if (this.#clone || options !== undefined) return this.#get(key, options);
    // A key with an entry is legal, and only an open handle has entries: a hit needs no check.
    const entry = this.#entries.get(key);
    return entry === undefined || isOver(entry)
      ? this.#get(key, options)
      : entry.promise ??= Promise.resolve(entry.bytes);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async #get(
    key: string,
    options: StoreGetOptions | undefined,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    options?.signal?.throwIfAborted();
    const entry = this.#entries.get(key);
    if (entry === undefined) {
      this.#check("get", options);
      checkKey(key);
      return undefined;
    }
    if (isOver(entry)) {
      this.#remove(key);
      return undefined;
    }
    options?.onEntry?.({ expires: entry.expires });
    return this.#clone ? entry.bytes.slice() : entry.bytes;
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void> {
    this.#check("set", options);
    checkKey(key);
    const expires = checkSet(bytes, options);
    // The constructor copies; `slice` would not where a subclass such as Node's Buffer overrides it.
    const kept = this.#clone ? new Uint8Array(bytes) : bytes as Uint8Array<ArrayBuffer>;
    this.#put(key, kept, expires, options);
  }

  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    this.#check("delete", options);
    checkKey(key);
    const removed = this.#remove(key);
    return removed !== undefined && removed.expires > Date.now();
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.#check("list", options);
    checkPrefix(prefix);
    for (const [key, entry] of this.#entries) {
      const { bytes, expires } = entry;
      if (expires <= Date.now()) {
        // The iteration walks over a copy, so what stands under the key may be a later entry.
        if (this.#entries.peek(key) === entry) this.#remove(key);
      } else if (key.startsWith(prefix)) {
        yield { key, size: bytes.length, expires };
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

  async getStream(
    key: string,
    options?: StoreGetOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#check("get", options);
    checkKey(key);
    const entry = this.#entries.get(key);
    if (entry === undefined || isOver(entry)) return undefined;
    options?.onEntry?.({ expires: entry.expires });
    const { streamOf } = await streams();
    // The stream hands out copies of its parts, and nothing else changes the bytes of an entry.
    return streamOf(entry.bytes, options);
  }

  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#check("set", options);
    checkKey(key);
    const expires = checkExpires(options);
    const signal = this.#handle.signalFor(options);
    const { readStream } = await streams();
    this.#put(key, await readStream(stream, { signal }), expires, options);
  }

  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    this.#entries.clear();
    this.#bytes = 0;
  }

  #check(operation: StoreOperation, options: StoreCallOptions | undefined): void {
    this.#handle.check(operation);
    options?.signal?.throwIfAborted();
  }

  #put(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    expires: number,
    options: StoreSetOptions | undefined,
  ): void {
    // It may have been closed while a stream was read.
    this.#handle.check("set");
    if (options?.lease !== undefined) this.#leases.check(key, options.lease);
    if (bytes.length > this.#maxBytes) {
      throw new StoreError(
        `Cannot set ${bytes.length} bytes: the memory store keeps ${this.#maxBytes} in all; ` +
          "raise its maxBytes",
        { store: "memory", operation: "set" },
      );
    }
    const until = this.#ttl === Infinity ? expires : Math.min(expires, Date.now() + this.#ttl);
    this.#bytes += bytes.length - (this.#entries.peek(key)?.bytes.length ?? 0);
    this.#entries.set(key, { bytes, expires: until });
    while (this.#bytes > this.#maxBytes) this.#entries.evict();
  }

  #remove(key: string): MemoryEntry | undefined {
    const entry = this.#entries.peek(key);
    if (entry === undefined) return undefined;
    this.#entries.delete(key);
    this.#bytes -= entry.bytes.length;
    return entry;
  }
}

/**
 * Makes a store in the memory of this process, gone when the process ends.
 *
 * It copies bytes on the way in and out, unless `clone` is false. An expired entry leaves memory
 * when it is next read or listed, and in a bounded store at the latest when others push it out.
 *
 * @param options How much to keep, for how long, and whether to copy.
 * @returns The store, open and empty.
 * @throws {TypeError} An option is unknown, `maxBytes` or `ttl` is neither a number nor a string with
 *   a unit, or `clone` is neither true nor false.
 * @throws {RangeError} `maxEntries` is neither a positive integer nor `Infinity`, or `maxBytes` or
 *   `ttl` is not more than zero.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const store = memoryStore({ maxEntries: 1000, maxBytes: "64MiB", ttl: "1h" });
 * await store.set("greeting", new TextEncoder().encode("hello"));
 * assert.equal(new TextDecoder().decode(await store.get("greeting")), "hello");
 * assert.isUndefined(await store.get("nothing"));
 * ```
 */
export function memoryStore(options: MemoryStoreOptions = {}): Store {
  return new MemoryStore(options);
}
