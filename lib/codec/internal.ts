/**
 * Encoding and hashing as the rest of the library uses them: with encoders that are kept, and with
 * the memory of the hash core as their target.
 *
 * @module
 */

import { blake3Hex, borrowWindow, toHex } from "../hash/mod.ts";
import { Encoder } from "./_encoder.ts";
import type { CanonicalOptions, EncodeOptions } from "./options.ts";

export { fill, type Loads, WaitError } from "./_loads.ts";
export { OMITTED } from "./wire.ts";

/** Encoders at rest, by use. A getter may encode in turn, so one is taken out while in use. */
const idle: { [use in "plain" | "canonical" | "hash"]: Encoder | undefined } = {
  plain: undefined,
  canonical: undefined,
  hash: undefined,
};

/** An encoder that met a large value is let go, so that it does not hold the memory for ever. */
const MAX_IDLE_BYTES = 1 << 20;

/** Size of the buffers that results share, and the longest result that goes into one. */
const POOL_BYTES = 8192;
const MAX_POOLED_BYTES = 2048;

/** The buffer that is being filled with results, and how far it is. */
let pool: Uint8Array<ArrayBuffer> | undefined;
let poolLength = 0;

/** Up to this many bytes, a loop copies faster than a native call. */
const SMALL_BYTES = 128;

/** Takes an encoder out of the idle ones. */
function borrow(mode: keyof typeof idle): Encoder {
  const encoder = idle[mode] ?? new Encoder(mode !== "plain");
  idle[mode] = undefined;
  return encoder;
}

function giveBack(mode: keyof typeof idle, encoder: Encoder): void {
  encoder.reset();
  if (encoder.writer.bytes.length <= MAX_IDLE_BYTES) idle[mode] = encoder;
}

/** Encodes `value` into bytes that the caller owns. */
export function encoded(
  mode: "plain" | "canonical",
  value: unknown,
  options: (EncodeOptions & CanonicalOptions) | undefined,
): Uint8Array<ArrayBuffer> {
  const encoder = borrow(mode);
  try {
    encoder.configure(options);
    encoder.encode(value);
    const { bytes, length } = encoder.writer;
    return options?.pooled === true && length <= MAX_POOLED_BYTES
      ? pooledCopyOf(bytes, length)
      : copyOf(bytes, length);
  } finally {
    giveBack(mode, encoder);
  }
}

/** Takes encoded bytes out of an encoder. */
export function copyOf(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  // A large one that is nearly full is given away, since its encoder is let go anyhow.
  const spare = bytes.length - length;
  if (length > MAX_IDLE_BYTES && spare < length / 8) {
    return bytes.fill(0, length).subarray(0, length);
  }
  if (length > SMALL_BYTES) return bytes.slice(0, length);
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = bytes[i];
  return copy;
}

/** Takes encoded bytes out of an encoder, into a buffer that they share with others. */
function pooledCopyOf(bytes: Uint8Array, length: number): Uint8Array<ArrayBuffer> {
  // One that was transferred is empty.
  if (pool === undefined || pool.length < poolLength + length) {
    pool = new Uint8Array(POOL_BYTES);
    poolLength = 0;
  }
  const start = poolLength;
  const end = poolLength += length;
  if (length > SMALL_BYTES) pool.set(bytes.subarray(0, length), start);
  else for (let i = 0; i < length; i++) pool[start + i] = bytes[i];
  return pool.subarray(start, end);
}

/**
 * The BLAKE3 of the canonical form of a value. The form is written straight into the memory of the
 * hash core where it fits, so nothing is copied.
 *
 * @param value What to hash.
 * @param options As for `encodeCanonical`.
 * @returns The digest, 64 hexadecimal digits.
 * @throws {EncodeError} As `encodeCanonical`.
 */
export function hashCanonical(value: unknown, options?: CanonicalOptions): string {
  return hashed(value, false, undefined, options);
}

/**
 * The keyed BLAKE3 of the canonical form of a list, which nobody else holds.
 *
 * @param list What to hash: a dense array without other properties.
 * @param key The key, 32 bytes.
 * @param options As for `encodeCanonical`.
 * @returns The digest, 64 hexadecimal digits.
 * @throws {EncodeError} As `encodeCanonical`.
 */
export function hashList(
  list: readonly unknown[],
  key: Uint8Array,
  options?: CanonicalOptions,
): string {
  return hashed(list, true, key, options);
}

function hashed(
  value: unknown,
  isList: boolean,
  key: Uint8Array | undefined,
  options: CanonicalOptions | undefined,
): string {
  const window = borrowWindow();
  const encoder = borrow("hash");
  const { writer } = encoder;
  try {
    encoder.configure(options);
    if (window !== undefined) writer.attach(window.bytes);
    encoder.encode(value, isList);
    return writer.bytes === window?.bytes
      ? toHex(window.hash(writer.length, key))
      : blake3Hex(writer.bytes.subarray(0, writer.length), key === undefined ? {} : { key });
  } finally {
    giveBack("hash", encoder);
    window?.release();
  }
}
