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
import type { Staging } from "./buffer.ts";

/** Length of the header. */
export const HEADER_BYTES = 40;

const MAGIC = "deja/1 ";
const SIZE_AT = 24;
const END_AT = 39;
const SPACE = 0x20;
const LINE_FEED = 0x0a;

/** Where a moment is turned into its bits and back; one for all, since each takes memory. */
const MOMENT = new DataView(new ArrayBuffer(8));

/** What a header says. */
export interface ValueHeader {
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
  /** Length of the bytes behind the header. */
  readonly size: number;
}

/** Makes the value of an entry, in memory of `staging`. */
export function writeValue(bytes: Uint8Array, expires: number, staging: Staging): Uint8Array {
  MOMENT.setFloat64(0, expires);
  const value = staging.take(HEADER_BYTES + bytes.length);
  for (let i = 0; i < MAGIC.length; i++) value[i] = MAGIC.charCodeAt(i);
  writeHex(value, MAGIC.length, 8, MOMENT.getUint32(0));
  writeHex(value, MAGIC.length + 8, 8, MOMENT.getUint32(4));
  value[SIZE_AT - 1] = SPACE;
  writeHex(value, SIZE_AT, END_AT - SIZE_AT, bytes.length);
  value[END_AT] = LINE_FEED;
  value.set(bytes, HEADER_BYTES);
  return value;
}

/** Writes a number in so many hexadecimal digits. */
function writeHex(value: Uint8Array, from: number, digits: number, number: number): void {
  let rest = number;
  for (let at = from + digits - 1; at >= from; at--) {
    const digit = rest % 16;
    value[at] = digit < 10 ? 0x30 + digit : 0x57 + digit;
    rest = Math.floor(rest / 16);
  }
}

/**
 * Reads a header. By hand, since a regular expression and numbers from text take longer than all
 * else that a `get` does here (`bench/redis_bench.ts`).
 *
 * @param value A value, or at least the first {@linkcode HEADER_BYTES} bytes of it.
 * @throws {DecodeError} It is none of ours.
 */
export function readHeader(value: Uint8Array): ValueHeader {
  if (value.length < HEADER_BYTES || !hasFrame(value)) {
    throw new DecodeError("The value is not a cache entry", { offset: 0 });
  }
  MOMENT.setUint32(0, readHex(value, MAGIC.length, 8));
  MOMENT.setUint32(4, readHex(value, MAGIC.length + 8, 8));
  const expires = MOMENT.getFloat64(0);
  if (Number.isNaN(expires) || expires === -Infinity) {
    throw new DecodeError("The expiry in the value is no moment", { offset: MAGIC.length });
  }
  return { expires, size: readHex(value, SIZE_AT, END_AT - SIZE_AT) };
}

/** Whether all that is the same in every header is there. */
function hasFrame(value: Uint8Array): boolean {
  for (let i = 0; i < MAGIC.length; i++) if (value[i] !== MAGIC.charCodeAt(i)) return false;
  return value[SIZE_AT - 1] === SPACE && value[END_AT] === LINE_FEED;
}

/** Reads a number in hexadecimal digits. */
function readHex(value: Uint8Array, from: number, digits: number): number {
  let number = 0;
  for (let at = from; at < from + digits; at++) {
    const code = value[at];
    // `0` to `9`, or `a` to `f`.
    const digit = code >= 0x30 && code <= 0x39 ? code - 0x30 : code - 0x57;
    if (digit < 0 || digit > 15 || (digit >= 10) !== (code >= 0x61)) {
      throw new DecodeError("The value is not a cache entry", { offset: at });
    }
    number = number * 16 + digit;
  }
  return number;
}

/**
 * Reads a whole value.
 *
 * @throws {DecodeError} It is none of ours, or not whole.
 */
export function readValue(
  value: Uint8Array,
): { readonly expires: number; readonly bytes: Uint8Array<ArrayBuffer> } {
  const { expires, size } = readHeader(value);
  if (value.length !== HEADER_BYTES + size) {
    throw new DecodeError(
      `The value has ${value.length} bytes, its header says ${HEADER_BYTES + size}`,
      { offset: value.length },
    );
  }
  return { expires, bytes: ownBytes(value, HEADER_BYTES) };
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
