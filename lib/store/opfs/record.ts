/**
 * The records of the log. A segment of the log is nothing but records, one behind the other.
 *
 * | offset   | bytes | field                                                                         |
 * |----------|-------|-------------------------------------------------------------------------------|
 * | 0        | 4     | length of the whole record in bytes, uint32 little-endian                     |
 * | 4        | 8     | the checksum of all that follows: two uint32 little-endian, see ./checksum.ts |
 * | 12       | 1     | kind, see {@linkcode Kind}                                                    |
 * | 13       | 1     | reserved: `00`                                                                |
 * | 14       | 2     | `k`, length of the key in bytes, little-endian                                |
 * | 16       | 8     | expires, milliseconds since the epoch, float64 little-endian; +Infinity: never |
 * | 24       | 8     | number, float64 little-endian: its meaning depends on the kind                |
 * | 32       | `k`   | the key in UTF-8                                                              |
 * | 32 + `k` | rest  | the payload                                                                   |
 *
 * | kind | what                       | expires | number            | key | payload                  |
 * |------|----------------------------|---------|-------------------|-----|--------------------------|
 * | 1    | an entry, packed           | yes     | 0                 | yes | the value                |
 * | 2    | an entry in a file         | yes     | size of the value | yes | name of the file, ASCII  |
 * | 3    | a deletion                 | 0       | 0                 | yes |                          |
 * | 4    | a lease; expired: given up | yes     | token             | yes | who holds it, ASCII      |
 * | 5    | the end of the segment     | 0       | 0                 |     |                          |
 * | 6    | the largest token so far   | 0       | token             |     |                          |
 *
 * The checksum tells the torn tail of a writer that died: reading stops there, and the next writer
 * cuts it off. A damaged record with whole ones behind it is passed over.
 *
 * @module
 */

import { checksum } from "./checksum.ts";

/** What a record is about. */
export const Kind = {
  packed: 1,
  filed: 2,
  deletion: 3,
  lease: 4,
  end: 5,
  token: 6,
} as const;

/** What a record says. */
export interface LogRecord {
  /** One of {@linkcode Kind}. */
  readonly kind: number;
  /** The key it is about, or nothing. */
  readonly key: string;
  /** Moment in milliseconds since the epoch. */
  readonly expires: number;
  /** See the table. */
  readonly number: number;
  /** See the table. */
  readonly payload: Uint8Array<ArrayBuffer>;
}

/** A record and where it stands in its segment. */
export interface PlacedRecord extends LogRecord {
  /** Position of its first byte. */
  readonly start: number;
  /** Position behind its last byte. */
  readonly end: number;
}

const HEADER_BYTES = 32;
const CHECKED_FROM = 12;
const NOTHING = new Uint8Array();

/** Makes a record of what differs from an empty one, sharing no memory with its payload. */
export function writeRecord(
  { kind, key = "", expires = 0, number = 0, payload = NOTHING }:
    & Pick<LogRecord, "kind">
    & Partial<Omit<LogRecord, "payload">>
    & { readonly payload?: Uint8Array },
): Uint8Array<ArrayBuffer> {
  const keyBytes = new TextEncoder().encode(key);
  const start = HEADER_BYTES + keyBytes.length;
  const record = new Uint8Array(start + payload.length);
  const view = new DataView(record.buffer);
  view.setUint32(0, record.length, true);
  view.setUint8(12, kind);
  view.setUint16(14, keyBytes.length, true);
  view.setFloat64(16, expires, true);
  view.setFloat64(24, number, true);
  record.set(keyBytes, HEADER_BYTES);
  record.set(payload, start);
  const [a, b] = checksum(view, CHECKED_FROM, record.length);
  view.setUint32(4, a, true);
  view.setUint32(8, b, true);
  return record;
}

/** Reads one record; `undefined` where none stands whole. */
export function readRecord(
  bytes: Uint8Array<ArrayBuffer>,
  start: number,
): PlacedRecord | undefined {
  if (bytes.length - start < HEADER_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start, bytes.length - start);
  const length = view.getUint32(0, true);
  const keyLength = view.getUint16(14, true);
  if (length < HEADER_BYTES + keyLength || length > view.byteLength) return undefined;
  const end = start + length;
  const [a, b] = checksum(view, CHECKED_FROM, length);
  if (a !== view.getUint32(4, true) || b !== view.getUint32(8, true)) return undefined;
  const payloadStart = start + HEADER_BYTES + keyLength;
  return {
    kind: view.getUint8(12),
    key: decodeKey(bytes.subarray(start + HEADER_BYTES, payloadStart)),
    expires: view.getFloat64(16, true),
    number: view.getFloat64(24, true),
    payload: bytes.subarray(payloadStart, end),
    start,
    end,
  };
}

/** Yields the whole records, up to the end of the bytes or to where none can be found any more. */
export function* readRecords(bytes: Uint8Array<ArrayBuffer>): IterableIterator<PlacedRecord> {
  for (let start = 0;;) {
    const record = readRecord(bytes, start) ?? readRecord(bytes, endOf(bytes, start));
    if (record === undefined) return;
    yield record;
    start = record.end;
  }
}

/** Where a record ends that is damaged elsewhere than in its length. */
function endOf(bytes: Uint8Array<ArrayBuffer>, start: number): number {
  if (bytes.length - start < HEADER_BYTES) return bytes.length;
  const view = new DataView(bytes.buffer, bytes.byteOffset + start);
  return start + Math.max(HEADER_BYTES, view.getUint32(0, true));
}

/** Made once: a log has a key in every record. */
let decoder: TextDecoder | undefined;

function decodeKey(bytes: Uint8Array): string {
  // A byte order mark is part of the key, not of the encoding.
  decoder ??= new TextDecoder("utf-8", { ignoreBOM: true });
  return decoder.decode(bytes);
}
