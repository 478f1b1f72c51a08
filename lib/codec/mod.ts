/**
 * Values to bytes and back, exactly: MessagePack on the wire, with extension types for all that
 * plain MessagePack cannot say (see `./wire.ts`).
 *
 * @module
 */

import { blake3, borrowWindow } from "../hash/mod.ts";
import { type CodeOf, Encoder } from "./_encoder.ts";
import { Decoder } from "./_decoder.ts";

export { MAX_DEPTH, OMITTED } from "./wire.ts";
export type { CodeOf } from "./_encoder.ts";

/** Encoders at rest, by use. A getter may encode in turn, so one is taken out while in use. */
const idle: { [use in "plain" | "canonical" | "hash"]: Encoder | undefined } = {
  plain: undefined,
  canonical: undefined,
  hash: undefined,
};

/** An encoder that met a large value is let go, so that it does not hold the memory for ever. */
const MAX_IDLE_BYTES = 1 << 20;

/** Encodes `value` and gives `use` the encoder, with the bytes still in its writer. */
function withEncoded<T>(
  mode: keyof typeof idle,
  value: unknown,
  codeOf: CodeOf | undefined,
  target: Uint8Array<ArrayBuffer> | undefined,
  use: (bytes: Uint8Array<ArrayBuffer>, length: number) => T,
): T {
  const encoder = idle[mode] ?? new Encoder(mode !== "plain");
  idle[mode] = undefined;
  const { writer } = encoder;
  try {
    encoder.reset(codeOf);
    if (target !== undefined) writer.attach(target);
    encoder.encode(value);
    return use(writer.bytes, writer.length);
  } finally {
    encoder.reset();
    if (writer.bytes.length <= MAX_IDLE_BYTES) idle[mode] = encoder;
  }
}

const copyOf = (bytes: Uint8Array<ArrayBuffer>, length: number) => bytes.slice(0, length);

/**
 * Encodes a value so that {@linkcode decode} gives it back: primitives, plain and null-prototype
 * objects, arrays, `Date`, `RegExp`, `Map`, `Set`, buffers and views, native errors with `cause`,
 * with shared and cyclic references kept.
 *
 * @param value What to encode.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form, with the path to it.
 */
export function encode(value: unknown): Uint8Array<ArrayBuffer> {
  return withEncoded("plain", value, undefined, undefined, copyOf);
}

/**
 * Encodes a value so that equal meaning gives equal bytes and different meaning different bytes,
 * on every runtime: properties are sorted by code unit, shared references are written out, cycles
 * point back at the enclosing object. `Map` and `Set` keep their order, since a function sees it.
 *
 * @param value What to encode.
 * @param codeOf Gives the text that stands for a function; without it a function is refused.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form, with the path to it.
 */
export function encodeCanonical(value: unknown, codeOf?: CodeOf): Uint8Array<ArrayBuffer> {
  return withEncoded("canonical", value, codeOf, undefined, copyOf);
}

/**
 * The keyed BLAKE3 of the canonical form of a value. The form is written straight into the memory
 * of the hash core where it fits, so nothing is copied.
 *
 * @param value What to hash.
 * @param key A key of 32 bytes.
 * @returns The digest, 32 bytes.
 * @throws {EncodeError} As {@linkcode encodeCanonical}.
 */
export function hashCanonical(value: unknown, key: Uint8Array): Uint8Array<ArrayBuffer> {
  const window = borrowWindow();
  try {
    return withEncoded(
      "hash",
      value,
      undefined,
      window?.bytes,
      (bytes, length) =>
        bytes === window?.bytes
          ? window.hash(length, key).slice()
          : blake3(bytes.subarray(0, length), { key }),
    );
  } finally {
    window?.release();
  }
}

/**
 * Decodes what {@linkcode encode} wrote. Reading runs no code and allocates in proportion to the
 * input.
 *
 * @param bytes One encoded value, all of it and nothing else.
 * @returns The value, which shares no memory with `bytes`.
 * @throws {DecodeError} Where the bytes are truncated, corrupted or foreign, with the offset.
 */
export function decode(bytes: Uint8Array): unknown {
  return new Decoder(bytes).decode();
}
