/**
 * Hashing a message that is all there.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import {
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  ROOT,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import { Hasher } from "./hasher.ts";
import { checkLength, type HashInput, toBytes } from "./input.ts";
import { type HashOptions, resolveMode } from "./mode.ts";
import { readDigest } from "./output.ts";

/** Options of {@linkcode blake3}. */
export interface Blake3Options extends HashOptions {
  /** Length of the digest in bytes: 32 unless given, and at most 2**30. */
  readonly length?: number;
}

/**
 * Hashes bytes with BLAKE3.
 *
 * @param input The bytes: any view, at any offset, or a whole buffer. They are not changed.
 * @param options A key or a context, for the other two modes of BLAKE3, and the digest's length.
 * @returns The digest in a new array, of 32 bytes unless `length` says otherwise.
 * @throws {TypeError} If the input is not bytes, or an option is of the wrong type.
 * @throws {RangeError} If the key is not 32 bytes long, the context is empty, or `length` is not an
 * integer from 0 to 2**30.
 *
 * @example
 * ```ts
 * import { blake3, toHex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * const digest = blake3(new TextEncoder().encode("abc"));
 * assert.equal(toHex(digest), "6437b3ac38465133ffb63b75273a8db548c558465d79db03fd359c6cd5bd9d85");
 * ```
 */
export function blake3(input: HashInput, options?: Blake3Options): Uint8Array<ArrayBuffer> {
  const bytes = toBytes(input);
  const length = options?.length ?? DIGEST_BYTES;
  checkLength(length);
  const mode = resolveMode(options);
  if (bytes.length > WINDOW_BYTES) return new Hasher(mode).update(bytes).digest(length);
  const core = currentCore();
  if (mode.key !== undefined) core.bytes.set(mode.key, KEY_ADDRESS);
  core.bytes.set(bytes, WINDOW_ADDRESS);
  core.hash(
    mode.key === undefined ? INITIAL_ADDRESS : KEY_ADDRESS,
    bytes.length,
    0,
    0,
    mode.flags | ROOT,
  );
  return readDigest(core, length);
}
