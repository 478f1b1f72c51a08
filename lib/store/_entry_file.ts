/**
 * What stands in the file of one entry: a short header that says whose bytes these are and until
 * when, and then the bytes.
 *
 * | offset   | bytes | field                                                                        |
 * |----------|-------|------------------------------------------------------------------------------|
 * | 0        | 4     | magic: `89 44 4a 45` (the first is no text, then `DJE`)                      |
 * | 4        | 1     | version of the header: `01`                                                  |
 * | 5        | 1     | reserved: `00`                                                               |
 * | 6        | 2     | `k`, length of the key in bytes, little-endian                               |
 * | 8        | 8     | expires, milliseconds since the epoch, float64 little-endian; +Infinity: never |
 * | 16       | 8     | `n`, length of the value in bytes, uint64 little-endian                      |
 * | 24       | `k`   | the key in UTF-8                                                             |
 * | 24 + `k` | `n`   | the value; the file ends after it                                            |
 *
 * The key makes a listing exact, and tells an entry from one that was moved or copied to its place.
 * The length tells a whole file from one that was cut. There is no checksum: what a store is given
 * by déjà carries its own.
 *
 * @module
 */

import { DecodeError } from "../errors.ts";
import { MAX_STORE_KEY_LENGTH } from "./store.ts";

const MAGIC = 0x454a4489;
const HEADER_VERSION = 1;
const FIXED_BYTES = 24;
/** UTF-8 takes at most three bytes for each UTF-16 code unit. */
const MAX_KEY_BYTES = 3 * MAX_STORE_KEY_LENGTH;

/** The longest header: so much of a file is enough for {@linkcode readHeader}. */
export const MAX_HEADER_BYTES: number = FIXED_BYTES + MAX_KEY_BYTES;

/** What a header says. */
export interface EntryHeader {
  /** The key. */
  readonly key: string;
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
  /** Where in the file the value starts. */
  readonly offset: number;
  /** Length of the value in bytes. */
  readonly size: number;
}

/** Makes the content of an entry's file, sharing no memory with `bytes`. */
export function writeEntry(
  key: string,
  bytes: Uint8Array,
  expires: number,
): Uint8Array<ArrayBuffer> {
  const header = writeHeader(key, bytes.length, expires);
  const file = new Uint8Array(header.length + bytes.length);
  file.set(header);
  file.set(bytes, header.length);
  return file;
}

/** Makes what stands in an entry's file in front of `size` bytes. */
export function writeHeader(key: string, size: number, expires: number): Uint8Array<ArrayBuffer> {
  const keyBytes = new TextEncoder().encode(key);
  const header = new Uint8Array(FIXED_BYTES + keyBytes.length);
  const view = new DataView(header.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, HEADER_VERSION);
  view.setUint16(6, keyBytes.length, true);
  view.setFloat64(8, expires, true);
  view.setBigUint64(16, BigInt(size), true);
  header.set(keyBytes, FIXED_BYTES);
  return header;
}

/** Whether a file starts as an entry of another version does, which a later release may read. */
export function isOtherVersion(start: Uint8Array): boolean {
  if (start.length < 6) return false;
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  return view.getUint32(0, true) === MAGIC && view.getUint16(4, true) !== HEADER_VERSION;
}

/**
 * Reads the header of an entry's file.
 *
 * @param start The file from its start, whole or at least {@linkcode MAX_HEADER_BYTES} of it.
 * @param fileSize Size of the whole file in bytes.
 * @throws {DecodeError} The file is none of ours, or not whole.
 */
export function readHeader(start: Uint8Array, fileSize: number): EntryHeader {
  const { expires, offset, size } = readFixed(start, fileSize);
  return { key: readKey(start.subarray(FIXED_BYTES, offset)), expires, offset, size };
}

/** Reads what stands in front of the key. */
function readFixed(start: Uint8Array, fileSize: number): Omit<EntryHeader, "key"> {
  if (fileSize < FIXED_BYTES) {
    throw new DecodeError(`The file ends after ${fileSize} bytes, inside its header`, {
      offset: fileSize,
    });
  }
  const view = new DataView(start.buffer, start.byteOffset, start.byteLength);
  if (view.getUint32(0, true) !== MAGIC) {
    throw new DecodeError("The file is not a cache entry", { offset: 0 });
  }
  if (view.getUint8(4) !== HEADER_VERSION || view.getUint8(5) !== 0) {
    throw new DecodeError("The file is a cache entry of an unknown version", { offset: 4 });
  }
  const offset = FIXED_BYTES + view.getUint16(6, true);
  const expires = view.getFloat64(8, true);
  // Not as a bigint, which takes as long as all the rest.
  const size = view.getUint32(16, true) + 2 ** 32 * view.getUint32(20, true);
  if (offset > MAX_HEADER_BYTES) {
    throw new DecodeError("The key in the file is too long", { offset: 6 });
  }
  if (Number.isNaN(expires) || expires === -Infinity) {
    throw new DecodeError("The expiry in the file is no moment", { offset: 8 });
  }
  if (offset + size !== fileSize) {
    throw new DecodeError(
      `The file has ${fileSize} bytes, its header says ${offset + size}`,
      { offset: fileSize },
    );
  }
  return { expires, offset, size };
}

/**
 * As {@linkcode readHeader}, for the file in the place of `key`.
 *
 * @throws {DecodeError} The file is none of ours, not whole, or that of another key.
 */
export function readHeaderOf(key: string, start: Uint8Array, fileSize: number): EntryHeader {
  const { expires, offset, size } = readFixed(start, fileSize);
  const found = start.subarray(FIXED_BYTES, offset);
  // Most keys are ASCII, and then comparing is much quicker than decoding.
  if (!isAscii(key, found) && readKey(found) !== key) {
    throw new DecodeError("The file is the cache entry of another key", { offset: FIXED_BYTES });
  }
  return { key, expires, offset, size };
}

/** Whether `bytes` are just the characters of `text`, each below 128. */
function isAscii(text: string, bytes: Uint8Array): boolean {
  if (text.length !== bytes.length) return false;
  for (let i = 0; i < bytes.length; i++) {
    if (bytes[i] !== text.charCodeAt(i) || bytes[i] > 127) return false;
  }
  return true;
}

function readKey(bytes: Uint8Array): string {
  try {
    // A byte order mark is part of the key, not of the encoding.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DecodeError("The key in the file is not UTF-8", { offset: FIXED_BYTES, cause });
  }
}
