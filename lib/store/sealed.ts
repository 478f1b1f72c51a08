/**
 * A store whose entries only the holders of a secret can make.
 *
 * What stands in the store under a key, numbers little-endian:
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 4 | magic: `89 44 53 4c` (the first is no text, then `DSL`) |
 * | 4 | 1 | version of the format: `01` |
 * | 5 | 1 | flags: `01` if the bytes are encrypted |
 * | 6 | 2 | reserved: `00 00` |
 * | 8 | 8 | expires, milliseconds since the epoch, float64; +Infinity: never |
 * | 16 | 12 | nonce of the encryption, zeros without |
 * | 28 | 4 | reserved: zeros |
 * | 32 | 32 | seal: keyed BLAKE3 of bytes 0 to 31, the length of the key in UTF-8 (uint32), the key, and the payload |
 * | 64 | `n` | payload: the bytes, or with encryption their AES-256-GCM with its tag of 16 bytes |
 *
 * The key of the seal is `BLAKE3(secret, context "deja 1 store seal")`, that of the encryption
 * `BLAKE3(secret, context "deja 1 store encryption")`.
 *
 * @module
 */

import { DecodeError, StoreError } from "../errors.ts";
import { blake3, createHasher } from "../hash/mod.ts";
import { checkKey, checkPrefix, checkSet, Handle } from "./_keys.ts";
import { checkOptionNames } from "./_options.ts";
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

const MAGIC = 0x4c534489;
const VERSION = 1;
const ENCRYPTED = 1;
const EXPIRES_OFFSET = 8;
const NONCE_OFFSET = 16;
const NONCE_BYTES = 12;
const SEALED_BYTES = 32;
const SEAL_BYTES = 32;
const HEADER_BYTES = SEALED_BYTES + SEAL_BYTES;
const TAG_BYTES = 16;
const MIN_SECRET_LENGTH = 16;
const CHECKS: readonly SealCheck[] = ["off", "on", "strict"];

class SealedStore implements Store {
  readonly name: string;
  readonly supports: StoreSupports;
  readonly #store: Store;
  readonly #handle: Handle;
  readonly #sealKey: Uint8Array;
  readonly #encryption: Promise<CryptoKey> | undefined;
  readonly #overhead: number;
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
    const { verify = "on", encrypt = false, onEvent } = options;
    if (!CHECKS.includes(verify)) {
      throw new TypeError(`verify must be "off", "on" or "strict", received ${String(verify)}`);
    }
    const secret = secretBytes(options.secret);
    this.#store = store;
    this.#verify = verify;
    this.#onEvent = onEvent;
    this.#sealKey = blake3(secret, { context: "deja 1 store seal" });
    if (encrypt) this.#encryption = importKey(secret);
    // Whoever uses it awaits it; until then, its failure is nobody's.
    this.#encryption?.catch(() => {});
    this.#overhead = encrypt ? HEADER_BYTES + TAG_BYTES : HEADER_BYTES;
    this.name = `sealed (${store.name})`;
    this.#handle = new Handle(this.name);
    const { maxBytes, streams: _, ...supports } = store.supports;
    this.supports = maxBytes === undefined
      ? supports
      : { ...supports, maxBytes: Math.max(0, maxBytes - this.#overhead) };
    if (store.lease === undefined) delete this.lease;
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
      const { expires, bytes } = await this.#open(key, found);
      signal?.throwIfAborted();
      // The seal covers this expiry; the one that the store keeps could have been changed.
      if (expires <= Date.now()) return undefined;
      onEntry?.({ expires });
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
    const sealed = this.#encryption === undefined
      ? this.#seal(key, bytes, { expires, nonce: undefined })
      : await this.#encrypt(key, new Uint8Array(bytes), expires);
    await this.#store.set(key, sealed, options);
  }

  async delete(key: string, options?: StoreCallOptions): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    return await this.#store.delete(key, options);
  }

  async *list(prefix = "", options?: StoreCallOptions): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    for await (const entry of this.#store.list(prefix, options)) {
      // What is shorter than a header is surely none of ours.
      const size = entry.size - this.#overhead;
      if (size >= 0) yield { ...entry, size };
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

  #seal(
    key: string,
    payload: Uint8Array,
    { expires, nonce }: {
      readonly expires: number;
      readonly nonce: Uint8Array | undefined;
    },
  ): Uint8Array<ArrayBuffer> {
    const sealed = new Uint8Array(HEADER_BYTES + payload.length);
    const view = new DataView(sealed.buffer);
    view.setUint32(0, MAGIC, true);
    view.setUint8(4, VERSION);
    view.setUint8(5, nonce === undefined ? 0 : ENCRYPTED);
    view.setFloat64(EXPIRES_OFFSET, expires, true);
    if (nonce !== undefined) sealed.set(nonce, NONCE_OFFSET);
    sealed.set(payload, HEADER_BYTES);
    sealed.set(this.#sealOf(key, sealed), SEALED_BYTES);
    return sealed;
  }

  #sealOf(key: string, sealed: Uint8Array): Uint8Array {
    const text = new TextEncoder().encode(key);
    const length = new Uint8Array(4);
    new DataView(length.buffer).setUint32(0, text.length, true);
    using hasher = createHasher({ key: this.#sealKey });
    hasher.update(sealed.subarray(0, SEALED_BYTES)).update(length).update(text);
    return hasher.update(sealed.subarray(HEADER_BYTES)).digest();
  }

  async #encrypt(
    key: string,
    bytes: Uint8Array<ArrayBuffer>,
    expires: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    const nonce = crypto.getRandomValues(new Uint8Array(NONCE_BYTES));
    const algorithm = { name: "AES-GCM", iv: nonce };
    const payload = await crypto.subtle.encrypt(algorithm, await this.#encryption!, bytes);
    return this.#seal(key, new Uint8Array(payload), { expires, nonce });
  }

  /**
   * Opens what the store has under a key.
   *
   * @throws {DecodeError} It is not sealed by the secret, or not in the form that is asked for.
   */
  async #open(
    key: string,
    sealed: Uint8Array<ArrayBuffer>,
  ): Promise<{ expires: number; bytes: Uint8Array<ArrayBuffer> }> {
    if (sealed.length < this.#overhead) fail("it is too short to be sealed", sealed.length);
    const view = new DataView(sealed.buffer, sealed.byteOffset, sealed.byteLength);
    if (view.getUint32(0, true) !== MAGIC || view.getUint8(4) !== VERSION) {
      fail("it is not sealed, or in a form that this version does not know", 0);
    }
    if (
      this.#verify !== "off" && !equal(this.#sealOf(key, sealed), sealed.subarray(SEALED_BYTES))
    ) {
      fail(
        "its seal is broken: it was changed, moved, or sealed with another secret",
        SEALED_BYTES,
      );
    }
    const encrypted = this.#encryption !== undefined;
    if (view.getUint8(5) !== (encrypted ? ENCRYPTED : 0)) {
      fail(`it is ${encrypted ? "not " : ""}encrypted, unlike what encrypt says`, 5);
    }
    const expires = view.getFloat64(EXPIRES_OFFSET, true);
    const payload = sealed.slice(HEADER_BYTES);
    if (!encrypted) return { expires, bytes: payload };
    const iv = sealed.slice(NONCE_OFFSET, NONCE_OFFSET + NONCE_BYTES);
    try {
      const key = await this.#encryption!;
      const bytes = await crypto.subtle.decrypt({ name: "AES-GCM", iv }, key, payload);
      return { expires, bytes: new Uint8Array(bytes) };
    } catch (cause) {
      fail("it cannot be decrypted with this secret", HEADER_BYTES, cause);
    }
  }

  #broken(key: string, error: DecodeError): undefined {
    if (this.#onEvent !== undefined) this.#onEvent({ type: "broken-seal", key, error });
    else if (!this.#warned && this.#verify !== "strict") console.warn(error.message);
    this.#warned = true;
    if (this.#verify !== "strict") return undefined;
    throw new StoreError(
      `Cannot get ${JSON.stringify(key)} from the ${this.name} store: ${error.message}`,
      { store: this.name, operation: "get", cause: error },
    );
  }
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

function importKey(secret: Uint8Array<ArrayBuffer>): Promise<CryptoKey> {
  if (globalThis.crypto?.subtle === undefined) {
    throw new TypeError("encrypt needs crypto.subtle, which a page has over HTTPS or on localhost");
  }
  const raw = blake3(secret, { context: "deja 1 store encryption" });
  return crypto.subtle.importKey("raw", raw, "AES-GCM", false, ["encrypt", "decrypt"]);
}

/** Whether `found` starts with `expected`, in a time that tells nothing of where they differ. */
function equal(expected: Uint8Array, found: Uint8Array): boolean {
  let difference = 0;
  for (let i = 0; i < expected.length; i++) difference |= expected[i] ^ found[i];
  return difference === 0;
}

function fail(reason: string, offset: number, cause?: unknown): never {
  const details = cause === undefined ? { offset } : { offset, cause };
  throw new DecodeError(`The entry is not handed out: ${reason}`, details);
}

/**
 * Makes a store of which nothing comes out that was not put in with the same secret: an entry that
 * was changed, moved to another key, given another expiry, or put there by somebody else is never
 * handed out. Use it where others can write to the place as well.
 *
 * An older entry that comes back under its own key before it expires cannot be told from the newest
 * one. `list` and `delete` trust the store beneath. There are no streams, since the seal of an entry
 * can only be checked at its end.
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
