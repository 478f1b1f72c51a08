/**
 * What stands in Redis under the key of an entry: a header of ASCII, and then the bytes. The header
 * is text because one of the clients gives parts of a value as text only.
 *
 * | offset | bytes | field                                                                     |
 * |--------|-------|---------------------------------------------------------------------------|
 * | 0      | 7     | `deja/1 `: magic, version of the header, a space                          |
 * | 7      | 16    | expires, milliseconds since the epoch: float64, big-endian, in hexadecimal |
 * | 23     | 1     | a space                                                                   |
 * | 24     | 15    | `n`, length of the bytes, in hexadecimal                                  |
 * | 39     | 1     | a line feed                                                               |
 * | 40     | `n`   | the bytes; the value ends after them                                      |
 *
 * Expires is +Infinity (`7ff0000000000000`) for never. There is no checksum: Redis replaces a value
 * as a whole, and what a store is given by déjà carries its own.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";

/** Length of the header. */
export const HEADER_BYTES = 40;

const MAGIC = "deja/1 ";
const HEADER = /^deja\/1 ([0-9a-f]{16}) ([0-9a-f]{15})\n$/;

/** What a header says. */
export interface ValueHeader {
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
  /** Length of the bytes behind the header. */
  readonly size: number;
}

/** Makes the value of an entry, sharing no memory with `bytes`. */
export function writeValue(bytes: Uint8Array, expires: number): Uint8Array<ArrayBuffer> {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, expires);
  const moment = view.getBigUint64(0).toString(16).padStart(16, "0");
  const size = bytes.length.toString(16).padStart(15, "0");
  const value = new Uint8Array(HEADER_BYTES + bytes.length);
  new TextEncoder().encodeInto(`${MAGIC}${moment} ${size}\n`, value);
  value.set(bytes, HEADER_BYTES);
  return value;
}

/**
 * Reads a header.
 *
 * @param header The first {@linkcode HEADER_BYTES} bytes of a value, as text.
 * @throws {DecodeError} It is none of ours.
 */
export function readHeader(header: string): ValueHeader {
  const [, moment, size] = header.match(HEADER) ?? [];
  if (moment === undefined) {
    throw new DecodeError("The value is not a cache entry", { offset: 0 });
  }
  const view = new DataView(new ArrayBuffer(8));
  view.setBigUint64(0, BigInt(`0x${moment}`));
  const expires = view.getFloat64(0);
  if (Number.isNaN(expires) || expires === -Infinity) {
    throw new DecodeError("The expiry in the value is no moment", { offset: MAGIC.length });
  }
  return { expires, size: Number.parseInt(size, 16) };
}

/**
 * Reads a whole value.
 *
 * @throws {DecodeError} It is none of ours, or not whole.
 */
export function readValue(
  value: Uint8Array,
): { readonly expires: number; readonly bytes: Uint8Array<ArrayBuffer> } {
  const { expires, size } = readHeader(textOf(value.subarray(0, HEADER_BYTES)));
  if (value.length !== HEADER_BYTES + size) {
    throw new DecodeError(
      `The value has ${value.length} bytes, its header says ${HEADER_BYTES + size}`,
      { offset: value.length },
    );
  }
  return { expires, bytes: ownBytes(value, HEADER_BYTES) };
}

/** Text of ASCII bytes; a decoder takes longer for so few. */
function textOf(bytes: Uint8Array): string {
  return String.fromCharCode(...bytes);
}

/**
 * The bytes from `offset` on as an array that shares memory with nobody. Clients hand out parts of
 * what they received at once, so only one that fills its memory is taken as it is.
 */
function ownBytes(value: Uint8Array, offset: number): Uint8Array<ArrayBuffer> {
  const { buffer, byteOffset, length } = value;
  if (buffer instanceof ArrayBuffer && buffer.byteLength === length) {
    return new Uint8Array(buffer, byteOffset + offset, length - offset);
  }
  const own = new Uint8Array(length - offset);
  own.set(value.subarray(offset));
  return own;
}
