/**
 * Hashing a message that is all there.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import {
  type Core,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  ROOT,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import { TreeHasher } from "./hasher.ts";
import { checkInto, checkLength, type HashInput, toBytes } from "./input.ts";
import { type HashOptions, type Mode, resolveMode } from "./mode.ts";
import { readDigest } from "./output.ts";
import { toHex } from "./text.ts";

/** Options of {@linkcode blake3}. */
export interface Blake3Options extends HashOptions {
  /** Length of the digest in bytes: 32 unless given, and at most 2**30. */
  readonly length?: number;
}

/** Options of {@linkcode blake3} alone. */
export interface Blake3IntoOptions extends Blake3Options {
  /**
   * Where to write the digest, in place of a new array: exactly `length` bytes. It may overlap the
   * input or the key, which are read before. For short inputs this is several times as fast, since
   * a new array takes longer than hashing does on some engines.
   */
  readonly into?: Uint8Array<ArrayBuffer>;
}

/**
 * Hashes bytes with BLAKE3.
 *
 * @param input The bytes: any view, at any offset, or a whole buffer. They are not changed.
 * @param options A key or a context, for the other two modes of BLAKE3, the digest's length, and an
 * array for it.
 * @returns The digest, of 32 bytes unless `length` says otherwise: in `into`, or in a new array.
 * @throws {TypeError} If the input is not bytes, or an option is of the wrong type.
 * @throws {RangeError} If the key is not 32 bytes long, the context is empty, `length` is not an
 * integer from 0 to 2**30, or `into` is not `length` bytes long.
 *
 * @example
 * ```ts
 * import { blake3, toHex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * const digest = blake3(new TextEncoder().encode("abc"));
 * assert.equal(toHex(digest), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
 *
 * // Many digests in one array.
 * const digests = new Uint8Array(2 * 32);
 * blake3(new TextEncoder().encode("abc"), { into: digests.subarray(0, 32) });
 * blake3(new TextEncoder().encode("def"), { into: digests.subarray(32, 64) });
 * assert.deepEqual(digests.slice(0, 32), digest);
 * ```
 */
export function blake3(input: HashInput, options?: Blake3IntoOptions): Uint8Array<ArrayBuffer> {
  const bytes = toBytes(input);
  // The usual call, in as few steps as it takes, which shows at 64 bytes (`bench:hash`).
  if (options === undefined && bytes.length <= WINDOW_BYTES) {
    const core = currentCore();
    core.bytes.set(bytes, WINDOW_ADDRESS);
    core.hash(INITIAL_ADDRESS, WINDOW_ADDRESS, bytes.length, 0, 0, ROOT);
    return new Uint8Array(core.digest);
  }
  const length = digestLength(options);
  const into = options?.into;
  if (into !== undefined) checkInto(into, length);
  const mode = resolveMode(options);
  if (bytes.length > WINDOW_BYTES) return new TreeHasher(mode).update(bytes).digest(length, into);
  return readDigest(hashShort(bytes, mode), length, into);
}

/**
 * Hashes bytes with BLAKE3, as `toHex(blake3(input, options))` does, but faster for short inputs.
 *
 * @param input The bytes, as for {@linkcode blake3}.
 * @param options As for {@linkcode blake3}; `length` counts bytes, which are two digits each.
 * @returns The digest in lower-case hexadecimal.
 * @throws {TypeError | RangeError} As {@linkcode blake3} does.
 *
 * @example
 * ```ts
 * import { blake3Hex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * assert.equal(blake3Hex(new TextEncoder().encode("abc"), { length: 4 }), "6437b3ac");
 * ```
 */
export function blake3Hex(input: HashInput, options?: Blake3Options): string {
  const bytes = toBytes(input);
  const length = digestLength(options);
  const mode = resolveMode(options);
  if (bytes.length > WINDOW_BYTES) return new TreeHasher(mode).update(bytes).hex(length);
  const core = hashShort(bytes, mode);
  return toHex(length === DIGEST_BYTES ? core.digest : readDigest(core, length));
}

/** The length asked for. */
export function digestLength(options: Blake3Options | undefined): number {
  const length = options?.length;
  if (length === undefined) return DIGEST_BYTES;
  checkLength(length);
  return length;
}

/** Hashes a message that fits into the window, and leaves the digest in the output of the core. */
function hashShort(bytes: Uint8Array, mode: Mode): Core {
  const core = currentCore();
  let key = INITIAL_ADDRESS;
  if (mode.key !== undefined) {
    core.bytes.set(mode.key, KEY_ADDRESS);
    key = KEY_ADDRESS;
  }
  core.bytes.set(bytes, WINDOW_ADDRESS);
  core.hash(key, WINDOW_ADDRESS, bytes.length, 0, 0, mode.flags | ROOT);
  return core;
}
