/**
 * Hashing a message that arrives in pieces.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import {
  CHUNK_BYTES,
  type Core,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  ROOT,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import { checkLength, type HashInput, toBytes } from "./input.ts";
import { type HashOptions, type Mode, resolveMode } from "./mode.ts";
import { readDigest } from "./output.ts";
import { toBase64Url, toHex } from "./text.ts";

/** Bytes that a hasher collects before it hashes them: enough chunks to fill every lane. */
const PENDING_BYTES = 16 * CHUNK_BYTES;

/**
 * Hashes a message that arrives in pieces. Any number of hashers can be at work side by side. A
 * digest does not end the message: more bytes may follow it. Made by {@linkcode createHasher}.
 */
export interface Hasher extends Disposable {
  /**
   * Appends bytes to the message.
   *
   * @param input The bytes; they are not kept.
   * @returns This hasher.
   * @throws {TypeError} If `input` is not bytes, or the hasher was disposed.
   */
  update(input: HashInput): this;

  /**
   * The digest of the message so far.
   *
   * @param length Length of the digest in bytes, 32 unless given; a shorter digest is the start of
   * a longer one.
   * @returns A new array.
   * @throws {TypeError} If the hasher was disposed.
   * @throws {RangeError} If `length` is not an integer from 0 to 2**30.
   */
  digest(length?: number): Uint8Array<ArrayBuffer>;

  /**
   * The digest of the message so far, in lower-case hexadecimal.
   *
   * @param length Length of the digest in bytes, which are two digits each.
   * @returns The text.
   * @throws {TypeError | RangeError} As `digest` does.
   */
  hex(length?: number): string;

  /**
   * The digest of the message so far, in base64url without padding.
   *
   * @param length Length of the digest in bytes.
   * @returns The text.
   * @throws {TypeError | RangeError} As `digest` does.
   */
  base64url(length?: number): string;

  /**
   * Starts a new message with the same key or context.
   *
   * @returns This hasher.
   * @throws {TypeError} If the hasher was disposed.
   */
  reset(): this;

  /**
   * A second hasher that has seen the same message: a snapshot, at the price of copying at most
   * 18 KiB.
   *
   * @returns The new hasher, which shares nothing with this one.
   * @throws {TypeError} If the hasher was disposed.
   */
  clone(): Hasher;

  /** Wipes the key and the bytes kept here. Later calls throw, but disposing twice is harmless. */
  [Symbol.dispose](): void;
}

/** The hasher: a buffer in front of the tree. */
export class TreeHasher implements Hasher {
  readonly #mode: Mode;
  /** Bytes not hashed yet. At least one is kept back, since the end of a message is the root. */
  #pending = new Uint8Array(CHUNK_BYTES);
  #pendingLength = 0;
  /** Chunks hashed so far. */
  #chunks = 0;
  /** Chaining values of the complete subtrees so far, the largest first. */
  #stack = new Uint8Array(0);
  #depth = 0;
  #disposed = false;

  constructor(mode: Mode) {
    this.#mode = { key: mode.key?.slice(), flags: mode.flags };
  }

  update(input: HashInput): this {
    this.#check();
    const bytes = toBytes(input);
    for (let offset = 0; offset < bytes.length;) {
      const left = bytes.length - offset;
      if (this.#pendingLength === PENDING_BYTES) {
        this.#absorb(this.#pending);
        this.#pendingLength = 0;
      }
      const direct = this.#pendingLength === 0 && left > PENDING_BYTES;
      const size = direct
        ? this.#subtreeBytes(left)
        : Math.min(left, PENDING_BYTES - this.#pendingLength);
      const piece = bytes.subarray(offset, offset + size);
      if (direct) this.#absorb(piece);
      else this.#keep(piece);
      offset += size;
    }
    return this;
  }

  /** As {@linkcode Hasher.digest}; `into`, if given, is an array of `length` bytes to write into. */
  digest(
    length: number = DIGEST_BYTES,
    into?: Uint8Array<ArrayBuffer>,
  ): Uint8Array<ArrayBuffer> {
    this.#check();
    checkLength(length);
    const core = currentCore();
    const { flags } = this.#mode;
    const key = this.#loadKey(core);
    core.bytes.set(this.#pending.subarray(0, this.#pendingLength), WINDOW_ADDRESS);
    this.#hash(core, key, this.#pendingLength, this.#depth === 0 ? flags | ROOT : flags);
    for (let depth = this.#depth - 1; depth >= 0; depth--) {
      this.#join(core, key, depth, depth === 0 ? flags | ROOT : flags);
    }
    return readDigest(core, length, into);
  }

  hex(length?: number): string {
    return toHex(this.digest(length));
  }

  base64url(length?: number): string {
    return toBase64Url(this.digest(length));
  }

  reset(): this {
    this.#check();
    this.#pendingLength = 0;
    this.#chunks = 0;
    this.#depth = 0;
    return this;
  }

  clone(): TreeHasher {
    this.#check();
    const copy = new TreeHasher(this.#mode);
    copy.#keep(this.#pending.subarray(0, this.#pendingLength));
    copy.#chunks = this.#chunks;
    copy.#stack = this.#stack.slice();
    copy.#depth = this.#depth;
    return copy;
  }

  [Symbol.dispose](): void {
    this.#disposed = true;
    this.#mode.key?.fill(0);
    this.#pending.fill(0);
    this.#stack.fill(0);
  }

  /**
   * Appends a whole subtree that was hashed elsewhere.
   *
   * @param value Its chaining value.
   * @param chunks How many chunks it has: a power of two that divides the count so far. More of the
   * message must follow.
   */
  adopt(value: Uint8Array, chunks: number): void {
    const core = currentCore();
    const key = this.#loadKey(core);
    core.digest.set(value);
    this.#push(core, key, chunks);
  }

  #check(): void {
    if (this.#disposed) throw new TypeError("Expected a hasher in use, received a disposed one");
  }

  /** Puts the key where the core finds it, and says where. */
  #loadKey(core: Core): number {
    const { key } = this.#mode;
    if (key === undefined) return INITIAL_ADDRESS;
    core.bytes.set(key, KEY_ADDRESS);
    return KEY_ADDRESS;
  }

  /** Hashes the first `length` bytes of the window as the subtree that comes next. */
  #hash(core: Core, key: number, length: number, flags: number): void {
    core.hash(key, WINDOW_ADDRESS, length, this.#chunks, Math.floor(this.#chunks / 2 ** 32), flags);
  }

  /** Joins the subtree at `depth` of the stack with the one in the core's output. */
  #join(core: Core, key: number, depth: number, flags: number): void {
    const start = depth * DIGEST_BYTES;
    core.bytes.set(this.#stack.subarray(start, start + DIGEST_BYTES), WINDOW_ADDRESS);
    core.bytes.set(core.digest, WINDOW_ADDRESS + DIGEST_BYTES);
    core.parent(key, flags);
  }

  /** The size of the next subtree: the largest that starts here and leaves something behind it. */
  #subtreeBytes(left: number): number {
    let size = WINDOW_BYTES;
    while (size >= left || this.#chunks * CHUNK_BYTES % size !== 0) size /= 2;
    return size;
  }

  /** Hashes a complete subtree, of a power of two of chunks, that is not the end of the message. */
  #absorb(subtree: Uint8Array): void {
    const core = currentCore();
    const { flags } = this.#mode;
    const key = this.#loadKey(core);
    core.bytes.set(subtree, WINDOW_ADDRESS);
    this.#hash(core, key, subtree.length, flags);
    this.#push(core, key, subtree.length / CHUNK_BYTES);
  }

  /** Puts the subtree in the core's output on the stack, after joining what it completes. */
  #push(core: Core, key: number, chunks: number): void {
    this.#chunks += chunks;
    for (let pairs = this.#chunks / chunks; pairs % 2 === 0; pairs /= 2) {
      this.#join(core, key, --this.#depth, this.#mode.flags);
    }
    const start = this.#depth++ * DIGEST_BYTES;
    this.#stack = withRoom(this.#stack, start + DIGEST_BYTES);
    this.#stack.set(core.digest, start);
  }

  /** Keeps bytes for later. */
  #keep(piece: Uint8Array): void {
    this.#pending = withRoom(this.#pending, this.#pendingLength + piece.length);
    this.#pending.set(piece, this.#pendingLength);
    this.#pendingLength += piece.length;
  }
}

/** An array with the same content and room for `length` bytes; it doubles, so that growing pays. */
function withRoom(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  if (length <= bytes.length) return bytes;
  let size = Math.max(bytes.length, DIGEST_BYTES);
  while (size < length) size *= 2;
  const larger = new Uint8Array(size);
  larger.set(bytes);
  return larger;
}

/**
 * Makes a hasher for a message that arrives in pieces.
 *
 * @param options A key or a context, for the other two modes of BLAKE3.
 * @returns A hasher that has seen no bytes yet.
 * @throws {TypeError | RangeError} If an option is not what it should be.
 *
 * @example
 * ```ts
 * import { blake3, createHasher, toHex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * const hasher = createHasher();
 * hasher.update(new Uint8Array([1, 2])).update(new Uint8Array([3]));
 * assert.equal(hasher.hex(), toHex(blake3(new Uint8Array([1, 2, 3]))));
 * ```
 */
export function createHasher(options?: HashOptions): Hasher {
  return new TreeHasher(resolveMode(options));
}
