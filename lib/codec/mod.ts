/**
 * Values to bytes and back, exactly: MessagePack on the wire, with extension types for all that
 * plain MessagePack cannot say (see `./wire.ts`).
 *
 * @module
 */

import { type CodeOf, Encoder } from "./_encoder.ts";
import { Decoder } from "./_decoder.ts";

export { MAX_DEPTH, OMITTED } from "./wire.ts";
export type { CodeOf } from "./_encoder.ts";

/** Encoders at rest, by mode. A getter may encode in turn, so one is taken out while in use. */
const idle: { canonical: Encoder | undefined; plain: Encoder | undefined } = {
  canonical: undefined,
  plain: undefined,
};

/** An encoder that met a large value is let go, so that it does not hold the memory for ever. */
const MAX_IDLE_BYTES = 1 << 20;

function run(
  mode: "canonical" | "plain",
  value: unknown,
  codeOf?: CodeOf,
): Uint8Array<ArrayBuffer> {
  const encoder = idle[mode] ?? new Encoder(mode === "canonical");
  idle[mode] = undefined;
  try {
    encoder.reset(codeOf);
    encoder.encode(value);
    return encoder.writer.bytes.slice(0, encoder.writer.length);
  } finally {
    encoder.reset();
    if (encoder.writer.bytes.length <= MAX_IDLE_BYTES) idle[mode] = encoder;
  }
}

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
  return run("plain", value);
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
  return run("canonical", value, codeOf);
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
