/** Bytes to what one format byte or extension says: everything that holds no other value. */

import { DecodeError } from "../errors.ts";
import { engine } from "../engine.ts";
import { VIEW_NAMES } from "./wire.ts";

/**
 * Strings up to this many bytes are read by hand when ASCII, since the native call costs more: by
 * `bench/codec_bench.ts` in V8, where it costs much more, and elsewhere.
 */
const SHORT_STRING_BYTES = { v8: 48, other: 11 } as const;

/** Strings up to this many bytes are made by one call that takes the code units one by one. */
const TINY_STRING_BYTES = 7;

/** Short texts come again and again too: of those read before, each slot has one. */
const TEXT_SLOT_BITS = 10;
/** The first four bytes of the text in a slot. */
const lowBytes = /* @__PURE__ */ new Int32Array(1 << TEXT_SLOT_BITS);
/** Up to three more, with the length above them, and {@linkcode KEPT}. */
const highBytes = /* @__PURE__ */ new Int32Array(1 << TEXT_SLOT_BITS);
/** Says that the text was read twice, and is kept: many come only once. */
const KEPT = 1 << 31;
const keptTexts: string[] = [];

// Not fatal: that mode is several times slower in Deno. The encoder never writes ill-formed UTF-8.
const utf8 = new TextDecoder("utf-8", { ignoreBOM: true });

/** Keys of objects come again and again, and an engine has to look up each new string. */
const KEY_SLOTS = 1024;
const knownKeys: string[] = [];

let shortStringBytes = 0;

/** For each length a list of code units, for the call that makes a string of them. */
const codeUnits: number[][] = [];

const scratch = new Float64Array(1);
const scratchBytes = new Uint8Array(scratch.buffer);

/** Reads numbers, strings and extensions from the front of some bytes. */
export class Reader {
  readonly bytes: Uint8Array;
  #view: DataView | undefined;
  offset = 0;
  /** How many bytes the resizable buffers met so far may grow to. */
  reserved = 0;

  constructor(bytes: Uint8Array) {
    this.bytes = bytes;
  }

  /** The bytes as a `DataView`, made on demand, since most small values need none. */
  get view(): DataView {
    const { buffer, byteOffset, byteLength } = this.bytes;
    return this.#view ??= new DataView(buffer, byteOffset, byteLength);
  }

  float64(): number {
    const at = this.take(8);
    for (let i = 0; i < 8; i++) scratchBytes[7 - i] = this.bytes[at + i];
    return scratch[0];
  }

  /** Reads a short ASCII string that was met before, if one stands here. */
  knownKey(): string | undefined {
    const { bytes, offset } = this;
    const length = bytes[offset] - 0xa0;
    if (!(length > 0 && length < 32) || length >= bytes.length - offset) return undefined;
    const start = offset + 1;
    const slot = (bytes[start] * 7 ^ bytes[start + length - 1] * 31 ^ length * 5) & KEY_SLOTS - 1;
    const known = knownKeys[slot];
    if (known?.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === bytes[start + i]) i++;
      if (i === length) {
        this.offset = start + length;
        return known;
      }
    }
    const key = shortAscii(bytes, start, length);
    if (key === undefined) return undefined;
    this.offset = start + length;
    return knownKeys[slot] = key;
  }

  /** Reads a short ASCII string without a look at those that are kept, if one stands here. */
  newText(): string | undefined {
    const { bytes, offset } = this;
    const length = bytes[offset] - 0xa0;
    if (!(length > 0 && length <= TINY_STRING_BYTES)) return undefined;
    const start = offset + 1;
    const text = length < bytes.length - offset ? tinyAscii(bytes, start, length) : undefined;
    if (text !== undefined) this.offset = start + length;
    return text;
  }

  /** Moves past `count` bytes and returns where they start. */
  take(count: number): number {
    const start = this.offset;
    if (count > this.bytes.length - start) {
      this.fail(
        `Expected ${count} more bytes, found ${this.bytes.length - start}: the input is truncated`,
      );
    }
    this.offset = start + count;
    return start;
  }

  byte(): number {
    const { offset } = this;
    if (offset >= this.bytes.length) this.take(1);
    this.offset = offset + 1;
    return this.bytes[offset];
  }

  /** Reads a big-endian integer of one, two or four bytes, without a sign. */
  uint(size: number): number {
    const { bytes } = this;
    const at = this.take(size);
    if (size === 4) {
      return (bytes[at] << 24 | bytes[at + 1] << 16 | bytes[at + 2] << 8 | bytes[at + 3]) >>> 0;
    }
    return size === 2 ? bytes[at] << 8 | bytes[at + 1] : bytes[at];
  }

  string(length: number): string {
    const start = this.take(length);
    if (length <= (shortStringBytes ||= longestShortString())) {
      const text = length > TINY_STRING_BYTES
        ? shortAscii(this.bytes, start, length)
        : length > 1
        ? keptAscii(this.bytes, start, length)
        : tinyAscii(this.bytes, start, length);
      if (text !== undefined) return text;
    }
    return utf8.decode(this.bytes.subarray(start, start + length));
  }

  /** Reads the rest of what opens with a format byte that is no container and no extension. */
  scalar(format: number): null | boolean | number | bigint | string {
    switch (format) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xca:
        return this.view.getFloat32(this.take(4));
      case 0xcb:
        return this.float64();
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.uint(1 << (format - 0xcc));
      case 0xcf:
        return narrowed(this.view.getBigUint64(this.take(8)));
      case 0xd0:
        return this.view.getInt8(this.take(1));
      case 0xd1:
        return this.view.getInt16(this.take(2));
      case 0xd2:
        return this.view.getInt32(this.take(4));
      case 0xd3:
        return narrowed(this.view.getBigInt64(this.take(8)));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.uint(1 << (format - 0xd9)));
      default:
        return this.fail(`The format byte 0x${format.toString(16)} has no meaning`, -1);
    }
  }

  bigint(start: number, length: number): bigint {
    this.expect(length >= 1 && this.bytes[start] <= 1);
    let digits = "";
    for (let i = start + 1; i < start + length; i++) {
      digits += this.bytes[i].toString(16).padStart(2, "0");
    }
    const magnitude = digits === "" ? 0n : BigInt(`0x${digits}`);
    return this.bytes[start] === 1 ? -magnitude : magnitude;
  }

  utf16(start: number, length: number): string {
    let text = "";
    for (let i = start; i < start + length; i += 2) {
      text += String.fromCharCode(this.view.getUint16(i, true));
    }
    return text;
  }

  timestamp(start: number, length: number): Date {
    let seconds = 0;
    let nanoseconds = 0;
    if (length === 4) seconds = this.view.getUint32(start);
    else if (length === 8) {
      const high = this.view.getUint32(start);
      nanoseconds = high >>> 2;
      seconds = (high & 3) * 2 ** 32 + this.view.getUint32(start + 4);
    } else if (length === 12) {
      nanoseconds = this.view.getUint32(start);
      seconds = Number(this.view.getBigInt64(start + 4));
    } else this.fail("A timestamp takes 4, 8 or 12 bytes", start);
    return new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6));
  }

  bufferOrView(start: number, length: number): ArrayBuffer | ArrayBufferView {
    this.expect(length >= 1);
    const name = VIEW_NAMES[this.bytes[start]];
    const { buffer } = this.bytes.slice(start + 1, start + length);
    if (name === "ArrayBuffer") return buffer as ArrayBuffer;
    const View = name === undefined ? undefined : globalThis[name];
    if (View === undefined) {
      this.fail(`This runtime has no ${name ?? `view number ${this.bytes[start]}`}`, start);
    }
    const size = (View as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    this.expect(buffer.byteLength % size === 0);
    return new (View as typeof DataView)(buffer as ArrayBuffer);
  }

  expect(condition: boolean): void {
    if (!condition) this.fail("A part has the wrong size or type");
  }

  /** Fails at `where`, or at that distance before the current offset when it is negative. */
  fail(reason: string, where: number = this.offset): never {
    const offset = where < 0 ? this.offset + where : where;
    throw new DecodeError(`Cannot decode: ${lowerFirst(reason)} (at byte ${offset})`, { offset });
  }
}

function longestShortString(): number {
  return engine() === "v8" ? SHORT_STRING_BYTES.v8 : SHORT_STRING_BYTES.other;
}

/** Reads up to {@linkcode TINY_STRING_BYTES} bytes; `undefined` where not all are ASCII. */
function tinyAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  const { fromCharCode } = String;
  if (length === 0) return "";
  const a = bytes[start];
  if (length === 1) return a > 0x7f ? undefined : fromCharCode(a);
  const b = bytes[start + 1];
  if (length === 2) return (a | b) > 0x7f ? undefined : fromCharCode(a, b);
  const c = bytes[start + 2];
  if (length === 3) return (a | b | c) > 0x7f ? undefined : fromCharCode(a, b, c);
  const d = bytes[start + 3];
  const abcd = a | b | c | d;
  if (length === 4) return abcd > 0x7f ? undefined : fromCharCode(a, b, c, d);
  const e = bytes[start + 4];
  if (length === 5) return (abcd | e) > 0x7f ? undefined : fromCharCode(a, b, c, d, e);
  const f = bytes[start + 5];
  if (length === 6) return (abcd | e | f) > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f);
  const g = bytes[start + 6];
  return (abcd | e | f | g) > 0x7f ? undefined : fromCharCode(a, b, c, d, e, f, g);
}

/** As {@linkcode tinyAscii}, for a text that may have been read before: of two bytes at least. */
function keptAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  let low = bytes[start] | bytes[start + 1] << 8;
  let high = length << 24;
  if (length > 2) low |= bytes[start + 2] << 16;
  if (length > 3) low |= bytes[start + 3] << 24;
  if (length > 4) high |= bytes[start + 4];
  if (length > 5) high |= bytes[start + 5] << 8;
  if (length > 6) high |= bytes[start + 6] << 16;
  const slot = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 32 - TEXT_SLOT_BITS;
  const isMet = lowBytes[slot] === low;
  if (isMet && highBytes[slot] === (high | KEPT)) return keptTexts[slot];
  if (((low | high) & 0x80808080) !== 0) return undefined;
  if (isMet && highBytes[slot] === high) {
    highBytes[slot] = high | KEPT;
    return keptTexts[slot] = textOf(low, high, length);
  }
  lowBytes[slot] = low;
  highBytes[slot] = high;
  return tinyAscii(bytes, start, length);
}

/** What goes by these bytes in every later decoding: not what shared memory may say by now. */
function textOf(low: number, high: number, length: number): string {
  const units = Array.from({ length }, (_, i) => (i < 4 ? low : high) >>> i % 4 * 8 & 0x7f);
  return String.fromCharCode(...units);
}

/** Reads a short string; `undefined` where not all of its bytes are ASCII. */
function shortAscii(bytes: Uint8Array, start: number, length: number): string | undefined {
  // Neither strings that are joined nor a view with a length of its own are as fast as this list.
  const units = codeUnits[length] ??= new Array<number>(length).fill(0);
  let all = 0;
  for (let i = 0; i < length; i++) all |= units[i] = bytes[start + i];
  return all > 0x7f ? undefined : String.fromCharCode.apply(null, units);
}

function lowerFirst(text: string): string {
  return text.charAt(0).toLowerCase() + text.slice(1);
}

/** A 64-bit integer as a number where that is exact, since only numbers are written that way. */
function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
