/**
 * Encoding and hashing as the rest of the library uses them: with encoders that are kept, and with
 * the memory of the hash core as their target.
 *
 * @module
 */

import { blake3, borrowWindow } from "../hash/mod.ts";
import { Encoder } from "./_encoder.ts";
import type { CanonicalOptions, EncodeOptions } from "./options.ts";

export { OMITTED } from "./wire.ts";

const NOTHING: EncodeOptions & CanonicalOptions = {};

/** Encoders at rest, by use. A getter may encode in turn, so one is taken out while in use. */
const idle: { [use in "plain" | "canonical" | "hash"]: Encoder | undefined } = {
  plain: undefined,
  canonical: undefined,
  hash: undefined,
};

/** An encoder that met a large value is let go, so that it does not hold the memory for ever. */
const MAX_IDLE_BYTES = 1 << 20;

/** Length of a digest. */
const DIGEST_BYTES = 32;

/** Up to this many bytes, a loop copies faster than a native call. */
const SMALL_BYTES = 128;

/** Encodes `value` and gives `use` the bytes, which stay the encoder's. */
export function withEncoded<T>(
  mode: keyof typeof idle,
  value: unknown,
  options: (EncodeOptions & CanonicalOptions) | undefined,
  target: Uint8Array<ArrayBuffer> | undefined,
  use: (bytes: Uint8Array<ArrayBuffer>, length: number) => T,
): T {
  const encoder = idle[mode] ?? new Encoder(mode !== "plain");
  idle[mode] = undefined;
  const { writer } = encoder;
  try {
    encoder.configure(options ?? NOTHING);
    if (target !== undefined) writer.attach(target);
    encoder.encode(value);
    return use(writer.bytes, writer.length);
  } finally {
    encoder.reset();
    if (writer.bytes.length <= MAX_IDLE_BYTES) idle[mode] = encoder;
  }
}

/** Takes encoded bytes out of an encoder. */
export function copyOf(bytes: Uint8Array<ArrayBuffer>, length: number): Uint8Array<ArrayBuffer> {
  // A large one that is nearly full is given away, since its encoder is let go anyhow.
  const spare = bytes.length - length;
  if (length > MAX_IDLE_BYTES && spare < length / 8) return bytes.subarray(0, length);
  if (length > SMALL_BYTES) return bytes.slice(0, length);
  const copy = new Uint8Array(length);
  for (let i = 0; i < length; i++) copy[i] = bytes[i];
  return copy;
}

/**
 * The BLAKE3 of the canonical form of a value. The form is written straight into the memory of the
 * hash core where it fits, so nothing is copied.
 *
 * @param value What to hash.
 * @param key A key of 32 bytes, for a keyed hash.
 * @param options As for `encodeCanonical`.
 * @returns The digest, 32 bytes.
 * @throws {EncodeError} As `encodeCanonical`.
 */
export function hashCanonical(
  value: unknown,
  key?: Uint8Array,
  options?: CanonicalOptions,
): Uint8Array<ArrayBuffer> {
  const window = borrowWindow();
  try {
    return withEncoded(
      "hash",
      value,
      options,
      window?.bytes,
      (bytes, length) =>
        bytes === window?.bytes
          ? copyOf(window.hash(length, key), DIGEST_BYTES)
          : blake3(bytes.subarray(0, length), key === undefined ? {} : { key }),
    );
  } finally {
    window?.release();
  }
}
