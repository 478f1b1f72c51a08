/**
 * The head of an entry in Deno KV, which is all of it where the value is short.
 *
 * | offset   | bytes | field                                                                          |
 * |----------|-------|--------------------------------------------------------------------------------|
 * | 0        | 4     | magic: `89 44 4a 4b` (the first is no text, then `DJK`)                        |
 * | 4        | 1     | version of the head: `01`                                                      |
 * | 5        | 1     | kind: `00` the value follows, `01` it stands in chunks                         |
 * | 6        | 2     | `k`, length of the key in bytes, little-endian; 0 where the place tells the key |
 * | 8        | 8     | expires, milliseconds since the epoch, float64 little-endian; +Infinity: never |
 * | 16       | `k`   | the key in UTF-8                                                               |
 * | 16 + `k` | `n`   | kind 0: the value, to the end                                                  |
 * |          | 8     | kind 1: length of the value in bytes, uint64 little-endian, 2^40 max           |
 * |          | 32    | kind 1: BLAKE3 of the value                                                    |
 * |          | 16    | kind 1: generation, the name of the chunks                                     |
 *
 * A short value needs no checksum: the database replaces a head as a whole.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { toHex } from "../../hash/mod.ts";
import { MAX_VALUE_BYTES } from "./kv.ts";

const MAGIC = 0x4b4a4489;
const HEAD_VERSION = 1;
const FIXED_BYTES = 16;
const CHECKSUM_BYTES = 32;
const GENERATION_BYTES = 16;
/** The largest size that a head may claim: a tebibyte, more than a database holds. */
const MAX_SIZE = 2 ** 40;
const CHUNKED_BYTES = 8 + CHECKSUM_BYTES + GENERATION_BYTES;

/** Chunks as a head names them. */
export interface Chunks {
  /** Name of the chunks, in hexadecimal. */
  readonly generation: string;
  /** Length of the whole value in bytes. */
  readonly size: number;
  /** BLAKE3 of the whole value. */
  readonly checksum: Uint8Array;
}

/** What a head says. */
export interface Head {
  /** The key, where the head says it. */
  readonly key: string | undefined;
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
  /** Length of the value in bytes. */
  readonly size: number;
  /** The value, or the chunks that it stands in. */
  readonly value: Uint8Array<ArrayBuffer> | Chunks;
}

/** How many bytes of a value its head can hold. */
export function roomInHead(keyBytes: Uint8Array): number {
  return MAX_VALUE_BYTES - FIXED_BYTES - keyBytes.length;
}

/** How many chunks a value of that size has. */
export function chunkCount(size: number): number {
  return Math.ceil(size / MAX_VALUE_BYTES);
}

/**
 * Makes a head, sharing no memory with the value.
 *
 * @param keyBytes The key in UTF-8, or nothing where the place tells it.
 * @param expires Moment of expiry in milliseconds since the epoch, `Infinity` for never.
 */
export function writeHead(
  keyBytes: Uint8Array,
  expires: number,
  value: Uint8Array | Chunks,
): Uint8Array<ArrayBuffer> {
  const isShort = value instanceof Uint8Array;
  const start = FIXED_BYTES + keyBytes.length;
  const head = new Uint8Array(start + (isShort ? value.length : CHUNKED_BYTES));
  const view = new DataView(head.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, HEAD_VERSION);
  view.setUint8(5, isShort ? 0 : 1);
  view.setUint16(6, keyBytes.length, true);
  view.setFloat64(8, expires, true);
  head.set(keyBytes, FIXED_BYTES);
  if (isShort) {
    head.set(value, start);
  } else {
    view.setBigUint64(start, BigInt(value.size), true);
    head.set(value.checksum, start + 8);
    head.set(Uint8Array.fromHex(value.generation), start + 8 + CHECKSUM_BYTES);
  }
  return head;
}

/**
 * Reads a head.
 *
 * @param found What stands in the place of one.
 * @param maxSize The largest value that it may claim, in bytes: any for who removes what it names.
 * @throws {DecodeError} It is none of ours, or not whole.
 */
export function readHead(found: unknown, maxSize = MAX_SIZE): Head {
  if (!(found instanceof Uint8Array) || found.length < FIXED_BYTES) {
    throw new DecodeError("The value is not a cache entry", { offset: 0 });
  }
  const head = found as Uint8Array<ArrayBuffer>;
  const view = new DataView(head.buffer, head.byteOffset, head.byteLength);
  if (view.getUint32(0, true) !== MAGIC) {
    throw new DecodeError("The value is not a cache entry", { offset: 0 });
  }
  const kind = view.getUint8(5);
  if (view.getUint8(4) !== HEAD_VERSION || kind > 1) {
    throw new DecodeError("The value is a cache entry of an unknown version", { offset: 4 });
  }
  const expires = view.getFloat64(8, true);
  if (Number.isNaN(expires) || expires === -Infinity) {
    throw new DecodeError("The expiry in the value is no moment", { offset: 8 });
  }
  const start = FIXED_BYTES + view.getUint16(6, true);
  if (start > head.length || kind === 1 && head.length !== start + CHUNKED_BYTES) {
    throw new DecodeError(`The value ends after ${head.length} bytes`, { offset: head.length });
  }
  const key = start === FIXED_BYTES ? undefined : readKey(head.subarray(FIXED_BYTES, start));
  if (kind === 0) {
    const value = head.subarray(start);
    return { key, expires, size: value.length, value };
  }
  const size = Number(view.getBigUint64(start, true));
  if (size > maxSize) {
    throw new DecodeError(`The size in the value is ${size} bytes`, { offset: start });
  }
  const checksum = head.subarray(start + 8, start + 8 + CHECKSUM_BYTES);
  const generation = toHex(head.subarray(start + 8 + CHECKSUM_BYTES));
  return { key, expires, size, value: { generation, size, checksum } };
}

/** Makes a name for chunks that no others have. */
export function newGeneration(): string {
  return toHex(crypto.getRandomValues(new Uint8Array(GENERATION_BYTES)));
}

function readKey(bytes: Uint8Array): string {
  try {
    // A byte order mark is part of the key, not of the encoding.
    return new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch (cause) {
    throw new DecodeError("The key in the value is not UTF-8", { offset: FIXED_BYTES, cause });
  }
}
