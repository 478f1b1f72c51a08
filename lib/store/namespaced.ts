/**
 * A part of a store, under a name of its own.
 *
 * | key in the part                                        | key in the store                    |
 * |--------------------------------------------------------|-------------------------------------|
 * | `key`                                                  | `name/key`                          |
 * | one that starts with `~`                               | `name/~` and the key                |
 * | one that would be too long so                          | `name/~L/` and its BLAKE3 in hex    |
 *
 * The bytes under the last kind start with the key, so that a listing can tell it: two bytes for
 * the length of its UTF-8, little-endian, the UTF-8, and then the bytes themselves. All other bytes
 * stand as they are.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../errors.ts";
import { blake3Hex } from "../hash/mod.ts";
import { checkExpires, checkKey, checkPrefix, checkSet, Handle } from "./_keys.ts";
import { lostLease } from "./_lost_lease.ts";
import { deleteMissing } from "./_optional.ts";
import { join, piecesOf, pulledStream } from "./_streams.ts";
import {
  MAX_STORE_KEY_LENGTH,
  type Store,
  type StoreCallOptions,
  type StoreGetOptions,
  type StoreLease,
  type StoreListEntry,
  type StoreSetOptions,
  type StoreSupports,
} from "./store.ts";

/** Longest name, in code units: so much shorter than a key may be that the hash has room. */
const MAX_NAME_LENGTH = 256;
const ESCAPE = "~";
const LONG = "~L/";
const LENGTH_BYTES = 2;
/** The longest that can stand in front of the bytes of an entry. */
const MAX_HEAD_BYTES = LENGTH_BYTES + 3 * MAX_STORE_KEY_LENGTH;

/** From this size on, a listing reads the start of an entry as a stream: shorter ones come whole. */
const STREAM_BYTES = 64 * 1024;

/** Where an entry stands in the store. */
interface Place {
  readonly key: string;
  /** What stands in front of its bytes. */
  readonly head: Uint8Array<ArrayBuffer> | undefined;
}

class NamespacedStore implements Store {
  readonly name: string;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #handle: Handle;
  readonly #leases = new WeakMap<StoreLease, StoreLease>();

  constructor(store: Store, name: string) {
    this.#store = store;
    this.#prefix = `${name}/`;
    this.name = `${store.name} (${name})`;
    this.#handle = new Handle(this.name);
    deleteMissing(this, store);
  }

  /** As the store beneath says at the moment: one over a network may find out that it has no leases. */
  get supports(): StoreSupports {
    const { supports } = this.#store;
    const { maxBytes } = supports;
    if (maxBytes === undefined) return supports;
    return { ...supports, maxBytes: Math.max(0, maxBytes - MAX_HEAD_BYTES) };
  }

  async get(key: string, options?: StoreGetOptions): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const place = this.#place("get", key);
    const bytes = await this.#store.get(place.key, options);
    if (bytes === undefined || place.head === undefined) return bytes;
    return bytes.slice(place.head.length);
  }

  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    const place = this.#place("set", key);
    checkSet(bytes, options);
    const whole = place.head === undefined ? bytes : joined(place.head, bytes);
    await this.#store.set(place.key, whole, this.#inner(key, options));
  }

  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    return await this.#store.delete(this.#place("delete", key).key, options);
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    const escaped = prefix.startsWith(ESCAPE) ? ESCAPE + prefix : prefix;
    const long = this.#prefix + LONG;
    for await (const entry of this.#store.list(this.#prefix + escaped, options)) {
      this.#handle.check("list");
      if (entry.key.startsWith(long)) continue;
      const rest = entry.key.slice(this.#prefix.length);
      yield { ...entry, key: rest.startsWith(ESCAPE) ? rest.slice(ESCAPE.length) : rest };
    }
    for await (const entry of this.#store.list(long, options)) {
      this.#handle.check("list");
      const start = await this.#startOf(entry, options);
      if (start === undefined) continue; // Deleted meanwhile, or no longer to be told from others.
      const { key, offset } = readHead(start.bytes);
      if (key === undefined || !key.startsWith(prefix)) continue;
      yield { ...entry, key, size: start.size - offset };
    }
  }

  lease? = async (
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined> => {
    const place = this.#place("lease", key);
    const held = await this.#store.lease!(place.key, duration, options);
    if (held === undefined) return undefined;
    const lease: StoreLease = {
      key,
      token: held.token,
      renew: () => held.renew(),
      [Symbol.asyncDispose]: () => held[Symbol.asyncDispose](),
    };
    this.#leases.set(lease, held);
    return lease;
  };

  getStream? = async (
    key: string,
    options?: StoreGetOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> => {
    const place = this.#place("get", key);
    const stream = await this.#store.getStream!(place.key, options);
    if (stream === undefined || place.head === undefined) return stream;
    return without(place.head.length, stream, options);
  };

  setStream? = async (
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> => {
    const place = this.#place("set", key);
    checkExpires(options);
    const given = { ...this.#inner(key, options), signal: this.#handle.signalFor(options) };
    const whole = place.head === undefined ? stream : following(place.head, stream, given);
    await this.#store.setStream!(place.key, whole, given);
  };

  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
  }

  #place(operation: StoreOperation, key: string): Place {
    this.#handle.check(operation);
    checkKey(key);
    const direct = this.#prefix + (key.startsWith(ESCAPE) ? ESCAPE : "") + key;
    if (direct.length <= MAX_STORE_KEY_LENGTH) return { key: direct, head: undefined };
    const text = new TextEncoder().encode(key);
    const head = new Uint8Array(LENGTH_BYTES + text.length);
    new DataView(head.buffer).setUint16(0, text.length, true);
    head.set(text, LENGTH_BYTES);
    return { key: this.#prefix + LONG + blake3Hex(text), head };
  }

  /**
   * Reads as much of an entry as tells its key, and all of it where it is short or the store does
   * not stream: a read of a part is no call of a store.
   */
  async #startOf(
    { key, size }: StoreListEntry,
    options: StoreCallOptions | undefined,
  ): Promise<{ readonly bytes: Uint8Array; readonly size: number } | undefined> {
    if (size >= STREAM_BYTES && this.#store.supports.streams === true) {
      try {
        const stream = await this.#store.getStream!(key, options);
        return stream && { bytes: await firstBytes(stream, MAX_HEAD_BYTES), size };
      } catch {
        // Damaged, given up, or overwritten while it was read: `get` knows which.
      }
    }
    const bytes = await this.#store.get(key, options).catch(undefinedIfDamaged);
    return bytes && { bytes, size: bytes.length };
  }

  /** The options as the store knows them: with its own lease. */
  #inner(key: string, options: StoreSetOptions): StoreSetOptions {
    if (options.lease === undefined) return options;
    const lease = this.#leases.get(options.lease);
    if (lease !== undefined) return { ...options, lease };
    throw lostLease(this.name, key);
  }
}

/** An entry that is damaged does not keep a listing from the others. */
function undefinedIfDamaged(error: unknown): undefined {
  if (error instanceof StoreError && error.cause instanceof DecodeError) return undefined;
  throw error;
}

/** The key in front of the bytes, and where those start; no key where this is none of ours. */
function readHead(bytes: Uint8Array): { key: string | undefined; offset: number } {
  if (bytes.length < LENGTH_BYTES) return { key: undefined, offset: 0 };
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const offset = LENGTH_BYTES + view.getUint16(0, true);
  if (offset > bytes.length) return { key: undefined, offset: 0 };
  try {
    const decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
    return { key: decoder.decode(bytes.subarray(LENGTH_BYTES, offset)), offset };
  } catch {
    return { key: undefined, offset: 0 };
  }
}

function joined(head: Uint8Array, bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(head.length + bytes.length);
  whole.set(head);
  whole.set(bytes, head.length);
  return whole;
}

/** Reads so many bytes of a stream at least, or all that there are, and lets go of the rest. */
async function firstBytes(
  stream: ReadableStream<Uint8Array>,
  enough: number,
): Promise<Uint8Array> {
  const pieces: Uint8Array[] = [];
  let length = 0;
  for await (const piece of piecesOf(stream, {})) {
    pieces.push(piece);
    length += piece.length;
    if (length >= enough) break;
  }
  return join(pieces);
}

/** Leaves out the first bytes of a stream. */
function without(
  count: number,
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
  options: StoreCallOptions | undefined,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = stream.getReader();
  let left = count;
  return pulledStream({
    next: async () => {
      while (true) {
        const { done, value } = await reader.read();
        if (done) return undefined;
        const rest = value.subarray(Math.min(left, value.length));
        left -= value.length - rest.length;
        if (rest.length > 0) return rest;
      }
    },
    letGo: (reason) => reader.cancel(reason),
  }, options);
}

/** A stream of `head` and then of another stream. */
function following(
  head: Uint8Array,
  stream: ReadableStream<Uint8Array>,
  options: StoreCallOptions,
): ReadableStream<Uint8Array> {
  const pieces = piecesOf(stream, options);
  let begun = false;
  return new ReadableStream({
    async pull(controller) {
      if (!begun) {
        begun = true;
        return controller.enqueue(head);
      }
      const { done, value } = await pieces.next();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: async () => void await pieces.return(undefined),
  });
}

/**
 * Makes a part of a store under a name of its own: its keys are apart from those of every other
 * name, and what it lists is its own.
 *
 * The keys stand as `name/key` in the store (a few that are very long, or start with `~`, in
 * another form). Closing the part leaves the store open, which other parts may be using.
 *
 * @param store The store.
 * @param name Name of the part, of 1 to 256 code units, without `/`. For a part of a part, call
 *   this again.
 * @returns The part, as a store; it can do what the store can.
 * @throws {TypeError} `name` is not a string, or not well-formed.
 * @throws {RangeError} `name` is empty, too long, or contains `/`.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { namespacedStore } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * await using store = memoryStore();
 * const [images, texts] = [namespacedStore(store, "images"), namespacedStore(store, "texts")];
 * await images.set("a", Uint8Array.of(1, 2, 3));
 * assert.isUndefined(await texts.get("a"));
 * assert.isDefined(await store.get("images/a"));
 * ```
 */
export function namespacedStore(store: Store, name: string): Store {
  if (typeof name !== "string") {
    throw new TypeError(`The name of a namespace must be a string, received ${typeof name}`);
  }
  if (!name.isWellFormed()) {
    throw new TypeError("The name of a namespace must be well-formed, without a lone surrogate");
  }
  if (name.length === 0 || name.length > MAX_NAME_LENGTH || name.includes("/")) {
    throw new RangeError(
      `The name of a namespace has 1 to ${MAX_NAME_LENGTH} code units and no "/", received ` +
        `${JSON.stringify(name.slice(0, 60))} (${name.length} code units)`,
    );
  }
  return new NamespacedStore(store, name);
}
