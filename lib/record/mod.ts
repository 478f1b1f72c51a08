/**
 * The envelope round a stored value. A record is data: reading one runs nothing, and one that is
 * damaged, truncated, foreign or of another version is told apart before its value is decoded.
 *
 * All numbers are little-endian.
 *
 * | offset | size | field |
 * |---|---|---|
 * | 0 | 4 | magic, ASCII `deja` |
 * | 4 | 1 | format version, {@linkcode RECORD_VERSION} |
 * | 5 | 1 | flags, a sum of {@linkcode RecordFlag}; a record with any other is not read |
 * | 6 | 2 | reserved, 0 |
 * | 8 | 8 | created, float64, milliseconds since the epoch |
 * | 16 | 8 | expires, float64, milliseconds since the epoch, `Infinity` for never |
 * | 24 | 8 | duration of the computation, float64, milliseconds |
 * | 32 | 32 | key that the record answers |
 * | 64 | 4 | `m`, size of the description, uint32 |
 * | 68 | 4 | reserved, 0 |
 * | 72 | `m` | description: MessagePack map, see {@linkcode Description} |
 * | 72 + `m` | `n` | payload: the value in MessagePack, unless the flags say otherwise |
 * | 72 + `m` + `n` | 32 | BLAKE3 of all bytes before |
 *
 * @module
 */

import { decode, encode } from "../codec/mod.ts";
import { DecodeError } from "../errors.ts";
import { blake3 } from "../hash/mod.ts";
import { uncleared } from "../uncleared.ts";

/** Version of the envelope; a record of another version is a miss. */
export const RECORD_VERSION = 1;

/** What the payload of a record is, besides a value in MessagePack. */
export const RecordFlag = {
  /** What the function threw. */
  ERROR: 1,
  /** The description of a stream, whose bytes stand in entries of their own. */
  STREAM: 2,
  /** Compressed with gzip. */
  COMPRESSED: 4,
  /** A value, and the description of files that the function wrote. */
  OUTPUTS: 8,
  /** The bytes of the user's own serializer. */
  SERIALIZED: 16,
  /** The values of a synchronous iterator, in an array. */
  ITERATOR: 32,
} as const;

const ALL_FLAGS = Object.values(RecordFlag).reduce((all: number, flag) => all | flag, 0);

const MAGIC = 0x616a6564;
const HEADER_BYTES = 72;
const CHECKSUM_BYTES = 32;
const KEY_OFFSET = 32;
const KEY_BYTES = 32;

/** Arguments larger than this are not kept in the record: they are for listing, not for replay. */
const MAX_ARGUMENT_BYTES = 4096;

/** What a record says of the call, for listing and for explaining a miss. */
export interface Description {
  /** Name of the function. */
  readonly name: string;
  /** BLAKE3 of the code in hex, where the code is a part of the key. */
  readonly code?: string | undefined;
  /** BLAKE3 of each canonical closed-over value in hex, by name, where they have names. */
  readonly closure?: Readonly<Record<string, string>> | undefined;
  /** Version of the function, if it has one. */
  readonly version?: string | number | undefined;
  /** Names under which the result can be dropped. */
  readonly tags?: readonly string[] | undefined;
  /** Bound arguments in canonical form; left out where they are large. */
  readonly args?: Uint8Array | undefined;
}

/** What stands in the header of a record. */
export interface RecordTimes {
  /** Moment of the computation, in milliseconds since the epoch. */
  readonly created: number;
  /** Moment from which the record is stale, in milliseconds since the epoch, or `Infinity`. */
  readonly expires: number;
  /** How long the computation took, in milliseconds. */
  readonly duration: number;
}

/** A record whose checksum and key were found right. */
export interface OpenedRecord extends RecordTimes {
  /** Sum of {@linkcode RecordFlag}. */
  readonly flags: number;
  /** Bytes of the value, or of what the flags say. */
  readonly payload: Uint8Array<ArrayBuffer>;
  /** Bytes of the whole record. */
  readonly size: number;
  /**
   * What the record says of the call.
   *
   * @throws {DecodeError} It is no description.
   */
  description(): Description;
}

/**
 * Seals a value into a record.
 *
 * @param key The 32 bytes of the key that the record answers.
 * @param payload The encoded value, or what the flags say.
 * @param times When it was computed, when it expires and how long it took.
 * @param description What call it came from.
 * @param flags Sum of {@linkcode RecordFlag}.
 * @returns The bytes of the record.
 */
export function sealRecord(
  key: Uint8Array,
  payload: Uint8Array,
  times: RecordTimes,
  description: Description,
  flags = 0,
): Uint8Array<ArrayBuffer> {
  const { args, ...others } = description;
  const kept = args !== undefined && args.length <= MAX_ARGUMENT_BYTES ? args : undefined;
  const described = encode({ ...others, args: kept });
  const checked = HEADER_BYTES + described.length + payload.length;
  const bytes = uncleared(checked + CHECKSUM_BYTES).fill(0, 0, HEADER_BYTES);
  const view = new DataView(bytes.buffer);
  view.setUint32(0, MAGIC, true);
  view.setUint8(4, RECORD_VERSION);
  view.setUint8(5, flags);
  view.setFloat64(8, times.created, true);
  view.setFloat64(16, times.expires, true);
  view.setFloat64(24, times.duration, true);
  bytes.set(key, KEY_OFFSET);
  view.setUint32(64, described.length, true);
  bytes.set(described, HEADER_BYTES);
  bytes.set(payload, HEADER_BYTES + described.length);
  bytes.set(blake3(bytes.subarray(0, checked)), checked);
  return bytes;
}

/**
 * Opens a record and checks that it is whole and answers `key`.
 *
 * @param bytes The bytes of the record.
 * @param key The 32 bytes of the key that was looked up; any key will do unless given.
 * @returns The record.
 * @throws {DecodeError} The record is truncated, damaged, of another version or of another key.
 */
export function openRecord(bytes: Uint8Array<ArrayBuffer>, key?: Uint8Array): OpenedRecord {
  const checked = bytes.length - CHECKSUM_BYTES;
  if (checked < HEADER_BYTES) {
    fail(`it has ${bytes.length} bytes, fewer than the smallest record`, bytes.length);
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (view.getUint32(0, true) !== MAGIC) fail("it does not start with the magic bytes", 0);
  const version = view.getUint8(4);
  if (version !== RECORD_VERSION) {
    fail(`its format version is ${version}, and this library reads ${RECORD_VERSION}`, 4);
  }
  const flags = view.getUint8(5);
  if ((flags & ~ALL_FLAGS) !== 0) fail("it has flags that this library does not know", 5);
  if (!standsAt(bytes, checked, blake3(bytes.subarray(0, checked)))) {
    fail("its checksum does not match, so it is damaged", checked);
  }
  if (key !== undefined && !(key.length === KEY_BYTES && standsAt(bytes, KEY_OFFSET, key))) {
    fail("it answers another key", KEY_OFFSET);
  }
  const valueOffset = HEADER_BYTES + view.getUint32(64, true);
  if (valueOffset > checked) fail("its description is longer than the record", 64);
  return {
    created: view.getFloat64(8, true),
    expires: view.getFloat64(16, true),
    duration: view.getFloat64(24, true),
    flags,
    payload: bytes.subarray(valueOffset, checked),
    size: bytes.length,
    description: () => descriptionOf(decode(bytes.subarray(HEADER_BYTES, valueOffset))),
  };
}

function descriptionOf(described: unknown): Description {
  const { name } = (described ?? {}) as Partial<Description>;
  if (typeof name !== "string") fail("it does not say what call it came from", HEADER_BYTES);
  return described as Description;
}

function standsAt(bytes: Uint8Array, position: number, part: Uint8Array): boolean {
  for (let i = 0; i < part.length; i++) if (bytes[position + i] !== part[i]) return false;
  return true;
}

function fail(reason: string, offset: number): never {
  throw new DecodeError(`Cannot read the record: ${reason}`, { offset });
}
