/**
 * A store whose entries only the holders of a secret can make.
 *
 * What stands in the store beneath is described in `./_seal.ts`.
 *
 * @module
 */

import { DecodeError, StoreError } from "../errors.ts";
import { checkExpires, checkKey, checkPrefix, checkSet, Handle } from "./_keys.ts";
import { deleteMissing } from "./_optional.ts";
import { checkOptionNames, checkOptionTypes } from "./_options.ts";
import { EntrySeal, HEADER_BYTES, roomFor, type SealKeys, sealKeys, valueSize } from "./_seal.ts";
import { cancelUnread, join, piecesOf, startingWith, streamFrom } from "./_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "./store.ts";

/** What a sealed store does with an entry that is not sealed by its secret. */
export type SealCheck = "off" | "on" | "strict";

/** An entry was found that is not sealed by the secret: it was tampered with, or is foreign. */
export interface BrokenSealEvent {
  /** Kind of the event. */
  readonly type: "broken-seal";
  /** The key. */
  readonly key: string;
  /** What is wrong. */
  readonly error: DecodeError;
}

/** Options of {@linkcode sealedStore}. */
export interface SealedStoreOptions {
  /**
   * What only those know who may fill the store: 16 bytes or characters at least, best 32 bytes of
   * `crypto.getRandomValues`.
   */
  readonly secret: Uint8Array | string;
  /**
   * What becomes of an entry whose seal is broken: it counts as missing, with an event (`"on"`), or
   * `get` rejects (`"strict"`). `"off"` looks at the form alone. `"on"` by default.
   */
  readonly verify?: SealCheck;
  /** Whether the bytes are encrypted as well, with AES-GCM. False by default. */
  readonly encrypt?: boolean;
  /** Hears of broken seals. By default, the first of a store is a warning. */
  readonly onEvent?: (event: BrokenSealEvent) => void;
}

const MIN_SECRET_LENGTH = 16;
const CHECKS: readonly SealCheck[] = ["off", "on", "strict"];

class SealedStore implements Store {
  readonly name: string;
  readonly #store: Store;
  readonly #handle: Handle;
  readonly #keys: SealKeys;
  readonly #verify: SealCheck;
  readonly #onEvent: ((event: BrokenSealEvent) => void) | undefined;
  #warned = false;

  constructor(store: Store, options: SealedStoreOptions) {
    checkOptionNames("sealedStore()", options, {
      secret: true,
      verify: true,
      encrypt: true,
      onEvent: true,
    });
    checkOptionTypes("sealedStore()", options, { encrypt: "boolean", onEvent: "function" });
    const { verify = "on", encrypt = false, onEvent } = options;
    if (!CHECKS.includes(verify)) {
      throw new TypeError(`verify must be "off", "on" or "strict", received ${String(verify)}`);
    }
    const secret = secretBytes(options.secret);
    this.#store = store;
    this.#verify = verify;
    this.#onEvent = onEvent;
    this.#keys = sealKeys(secret, { encrypt, verify: verify !== "off" });
    this.name = `sealed (${store.name})`;
    this.#handle = new Handle(this.name);
    deleteMissing(this, store);
  }

  /** As the store beneath says at the moment: one over a network may find out that it has no leases. */
  get supports(): StoreSupports {
    const { supports } = this.#store;
    const { maxBytes } = supports;
    if (maxBytes === undefined) return supports;
    return { ...supports, maxBytes: roomFor(maxBytes, this.#keys) };
  }

  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const { signal, onEntry } = options;
    const found = await this.#store.get(key, { signal });
    if (found === undefined) return undefined;
    try {
      const seal = EntrySeal.read(this.#keys, key, found);
      const bytes = await seal.openAll(found);
      signal?.throwIfAborted();
      // The seal covers this expiry; the one that the store keeps could have been changed.
      if (seal.expires <= Date.now()) return undefined;
      onEntry?.({ expires: seal.expires });
      return bytes;
    } catch (error) {
      if (error instanceof DecodeError) return this.#broken(key, error);
      throw error;
    }
  }

  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkSet(bytes, options);
    options.signal?.throwIfAborted();
    const sealed = await EntrySeal.write(this.#keys, key, expires).sealAll(bytes);
    await this.#store.set(key, sealed, options);
  }

  getStream? = async (
    key: string,
    { signal, onEntry }: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> => {
    this.#handle.check("get");
    checkKey(key);
    const found = await this.#store.getStream!(key, { signal });
    if (found === undefined) return undefined;
    const left = new AbortController();
    const signals = signal === undefined ? [] : [signal];
    const pieces = piecesOf(found, { signal: AbortSignal.any([left.signal, ...signals]) });
    try {
      const { start, rest } = await split(pieces, HEADER_BYTES);
      const seal = EntrySeal.read(this.#keys, key, start);
      const opened = this.#explained(key, seal.openEach(rest));
      // The first piece tells whether the header is true.
      const first = await opened.next();
      if (seal.expires <= Date.now()) {
        await opened.return();
        return undefined;
      }
      onEntry?.({ expires: seal.expires });
      return streamFrom(startingWith(first.value!, opened), () => left.abort(), { signal });
    } catch (error) {
      await pieces.return();
      if (error instanceof DecodeError) return this.#broken(key, error);
      throw error;
    }
  };

  setStream? = async (
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> => {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkExpires(options);
    options.signal?.throwIfAborted();
    const given = { ...options, signal: this.#handle.signalFor(options) };
    const seal = EntrySeal.write(this.#keys, key, expires);
    const sealed = streamFrom(seal.sealEach(piecesOf(stream, given)));
    try {
      await this.#store.setStream!(key, sealed, given);
    } catch (error) {
      cancelUnread(stream, error);
      throw error;
    }
  };

  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    return await this.#store.delete(key, options);
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    for await (const entry of this.#store.list(prefix, options)) {
      // What has a length that no entry has is surely none of ours.
      const size = valueSize(entry.size, this.#keys);
      if (size !== undefined) yield { ...entry, size };
    }
  }

  lease? = async (
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined> => {
    this.#handle.check("lease");
    checkKey(key);
    return await this.#store.lease!(key, duration, options);
  };

  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    await this.#store[Symbol.asyncDispose]();
  }

  /** Tells of a seal that turns out to be broken when some of the entry was handed out already. */
  async *#explained(
    key: string,
    pieces: AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined>,
  ): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
    let begun = false;
    try {
      for await (const piece of pieces) {
        yield piece;
        begun = true;
      }
    } catch (error) {
      if (!(begun && error instanceof DecodeError)) throw error;
      this.#tell(key, error);
      throw this.#refusal(key, error);
    }
  }

  #broken(key: string, error: DecodeError): undefined {
    this.#tell(key, error);
    if (this.#verify === "strict") throw this.#refusal(key, error);
  }

  #tell(key: string, error: DecodeError): void {
    try {
      if (this.#onEvent !== undefined) this.#onEvent({ type: "broken-seal", key, error });
      else if (!this.#warned && this.#verify !== "strict") console.warn(error.message);
    } catch (thrown) {
      // A listener is no reason to fail the call that it hears of.
      console.warn("The onEvent of a sealed store threw", thrown);
    }
    this.#warned = true;
  }

  #refusal(key: string, error: DecodeError): StoreError {
    return new StoreError(
      `Cannot get ${JSON.stringify(key)} from the ${this.name} store: ${error.message}`,
      { store: this.name, operation: "get", cause: error },
    );
  }
}

/** The first bytes of what comes in pieces, or all if it is shorter, and the rest. */
async function split(
  pieces: AsyncGenerator<Uint8Array, void, undefined>,
  length: number,
): Promise<{ readonly start: Uint8Array; readonly rest: AsyncIterable<Uint8Array> }> {
  let start = new Uint8Array();
  while (start.length < length) {
    const { done, value } = await pieces.next();
    if (done) break;
    start = join([start, value]);
  }
  return { start: start.subarray(0, length), rest: startingWith(start.subarray(length), pieces) };
}

function secretBytes(secret: Uint8Array | string): Uint8Array<ArrayBuffer> {
  if (typeof secret !== "string" && !(secret instanceof Uint8Array)) {
    throw new TypeError(`secret must be a Uint8Array or a string, received ${typeof secret}`);
  }
  if (secret.length < MIN_SECRET_LENGTH) {
    throw new RangeError(
      `secret must have ${MIN_SECRET_LENGTH} bytes or characters at least, received ` +
        `${secret.length}; crypto.getRandomValues(new Uint8Array(32)) makes a good one`,
    );
  }
  return typeof secret === "string" ? new TextEncoder().encode(secret) : new Uint8Array(secret);
}

/**
 * Makes a store of which nothing comes out that was not put in with the same secret: an entry that
 * was changed, moved to another key, given another expiry, or put there by somebody else is never
 * handed out. Use it where others can write to the place as well.
 *
 * An older entry that comes back under its own key before it expires cannot be told from the newest
 * one. `list` and `delete` trust the store beneath. Where that streams, so does the sealed store, in
 * pieces of 64 KiB that are sealed one by one: each is checked before it is handed out, and a stream
 * whose later pieces are not what was put in fails, with a `StoreError`.
 *
 * @param store The store beneath. Closing the sealed store closes it.
 * @param options The secret, and what to do where the seal is broken.
 * @returns The store.
 * @throws {TypeError} An option is unknown or of the wrong type, or `encrypt` is asked for where there is no
 *   `crypto.subtle`.
 * @throws {RangeError} `secret` is too short.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { sealedStore } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * const shared = memoryStore(); // stands for a folder that others can write to
 * const secret = crypto.getRandomValues(new Uint8Array(32));
 * await using store = sealedStore(shared, { secret, verify: "strict" });
 *
 * await store.set("answer", Uint8Array.of(42));
 * assert.deepEqual(await store.get("answer"), Uint8Array.of(42));
 * await shared.set("answer", Uint8Array.of(13));
 * const refused = await store.get("answer").catch((error) => error.code);
 * assert.equal(refused, "STORE");
 * ```
 */
export function sealedStore(store: Store, options: SealedStoreOptions): Store {
  return new SealedStore(store, options);
}
