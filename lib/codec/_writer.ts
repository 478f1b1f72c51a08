/** Growing byte buffer with the primitive forms of MessagePack. */

import { uncleared } from "../uncleared.ts";
import { Constant, Ext } from "./wire.ts";

const INITIAL_BYTES = 1024;
/** Strings up to this length are written by hand: the native call costs more than the loop. */
const SHORT_STRING_LENGTH = 48;

/** Strings longer than this are taken to be ASCII until they turn out not to be. */
const LONG_STRING_LENGTH = 65_536;

/** Most bytes that a number takes, and how many numbers of a list get room at once. */
const MAX_NUMBER_BYTES = 9;
const NUMBERS_AT_ONCE = 1024;

/** Size of what {@linkcode Writer.shortText} takes. */
export const SHORT_TEXT_BYTES = 16;

const utf8 = new TextEncoder();

/** Appends MessagePack primitives to a buffer that doubles when full. */
export class Writer {
  bytes: Uint8Array<ArrayBuffer> = new Uint8Array(INITIAL_BYTES);
  view: DataView<ArrayBuffer> = new DataView(this.bytes.buffer);
  length = 0;

  /** Writes into `target` from now on, for as long as it has room. */
  attach(target: Uint8Array<ArrayBuffer>): void {
    if (this.bytes === target) return;
    this.bytes = target;
    this.view = new DataView(target.buffer, target.byteOffset, target.byteLength);
  }

  /** Makes room for `count` more bytes and returns where they start. */
  reserve(count: number): number {
    const start = this.length;
    const end = start + count;
    if (end > this.bytes.length) this.#grow(end);
    this.length = end;
    return start;
  }

  #grow(needed: number): void {
    const grown = uncleared(Math.max(needed + 64, this.bytes.length * 2));
    grown.set(this.bytes.subarray(0, this.length));
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    if (this.length === this.bytes.length) this.#grow(this.length + 1);
    this.bytes[this.length++] = value;
  }

  raw(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.bytes.set(source, at);
  }

  /**
   * Appends a short text that was encoded before: the first `size` of {@linkcode SHORT_TEXT_BYTES}
   * bytes. All are copied, as little-endian words, since a loop of just as many turns takes longer:
   * it ends where no processor expects it.
   */
  shortText(words: Int32Array, start: number, size: number): void {
    const at = this.length;
    if (at + SHORT_TEXT_BYTES > this.bytes.length) this.#grow(at + SHORT_TEXT_BYTES);
    const { view } = this;
    view.setInt32(at, words[start], true);
    view.setInt32(at + 4, words[start + 1], true);
    view.setInt32(at + 8, words[start + 2], true);
    view.setInt32(at + 12, words[start + 3], true);
    this.length = at + size;
  }

  /** Writes what is neither an object nor one of the kinds below; whether it was such a value. */
  scalar(value: unknown): boolean {
    if (value === null) this.byte(0xc0);
    else if (value === undefined) this.constant(Constant.UNDEFINED);
    else if (typeof value === "boolean") this.boolean(value);
    else if (typeof value === "bigint") this.bigint(value);
    else return false;
    return true;
  }

  boolean(value: boolean): void {
    this.byte(value ? 0xc3 : 0xc2);
  }

  number(value: number): void {
    const at = this.length;
    if (at + 9 > this.bytes.length) this.#grow(at + 9);
    const { bytes } = this;
    const int = value | 0;
    if (int !== value && value >>> 0 !== value) this.#float64(value);
    else if (value > 0) {
      if (value < 0x80) {
        bytes[at] = value;
        this.length = at + 1;
      } else if (value < 0x100) {
        bytes[at] = 0xcc;
        bytes[at + 1] = value;
        this.length = at + 2;
      } else if (value < 0x10000) {
        bytes[at] = 0xcd;
        bytes[at + 1] = int >>> 8;
        bytes[at + 2] = int;
        this.length = at + 3;
      } else {
        bytes[at] = 0xce;
        bytes[at + 1] = int >>> 24;
        bytes[at + 2] = int >>> 16;
        bytes[at + 3] = int >>> 8;
        bytes[at + 4] = int;
        this.length = at + 5;
      }
    } else if (int < 0) this.#negative(int);
    else if (Object.is(value, -0)) this.#float64(value);
    else {
      bytes[at] = 0;
      this.length = at + 1;
    }
  }

  /**
   * Writes the numbers of a list from the second on, as far as there is nothing else in between.
   *
   * @returns The index of the first element that was not written.
   */
  numbers(list: readonly unknown[], length: number): number {
    let i = 1;
    while (i < length) {
      const value = list[i];
      if (typeof value !== "number") break;
      const end = Math.min(length, i + NUMBERS_AT_ONCE);
      this.length = this.reserve(MAX_NUMBER_BYTES * (end - i));
      const next = isFloat(value) ? this.#floats(list, i, end) : this.#integers(list, i, end);
      // A getter may give something else the second time.
      if (next === i) break;
      i = next;
    }
    return i;
  }

  /**
   * Writes numbers of a list that are integers for the most part, and for which there is room. A
   * loop of its own keeps what engines learn about lists of integers apart from all other lists,
   * and lets them look for the buffer once.
   *
   * @returns The index of the first element that was not written.
   */
  #integers(list: readonly unknown[], start: number, end: number): number {
    const { bytes, view } = this;
    let at = this.length;
    let i = start;
    for (; i < end; i++) {
      const value = list[i];
      if (typeof value !== "number") break;
      const int = value | 0;
      if (int !== value || int <= 0) {
        this.length = at;
        this.number(value);
        at = this.length;
      } else if (int < 0x80) bytes[at++] = int;
      else if (int < 0x100) {
        bytes[at] = 0xcc;
        bytes[at + 1] = int;
        at += 2;
      } else if (int < 0x10000) {
        bytes[at] = 0xcd;
        view.setUint16(at + 1, int);
        at += 3;
      } else {
        bytes[at] = 0xce;
        view.setInt32(at + 1, int);
        at += 5;
      }
    }
    this.length = at;
    return i;
  }

  /** As for integers, the numbers in a row that take 64 bits each. */
  #floats(list: readonly unknown[], start: number, end: number): number {
    const { bytes, view } = this;
    let at = this.length;
    let i = start;
    for (; i < end; i++) {
      const value = list[i];
      if (typeof value !== "number" || !isFloat(value)) break;
      bytes[at] = 0xcb;
      view.setFloat64(at + 1, value);
      at += 9;
    }
    this.length = at;
    return i;
  }

  #negative(value: number): void {
    if (value >= -0x20) this.byte(value & 0xff);
    else if (value >= -0x80) this.#byteThen(0xd0, value, 1);
    else if (value >= -0x8000) this.#byteThen(0xd1, value, 2);
    else this.#byteThen(0xd2, value, 4);
  }

  /** Writes the first element of a plain array: a negative fixint there would mean a record. */
  firstNumber(value: number): void {
    if (value < 0 && value >= -0x20 && Number.isInteger(value)) this.#byteThen(0xd0, value, 1);
    else this.number(value);
  }

  /** Writes a format byte and the low `size` bytes of `value`, big-endian. */
  #byteThen(format: number, value: number, size: 1 | 2 | 4): void {
    let at = this.reserve(1 + size);
    const { bytes } = this;
    bytes[at++] = format;
    if (size === 4) {
      bytes[at++] = value >>> 24;
      bytes[at++] = value >>> 16;
    }
    if (size !== 1) bytes[at++] = value >>> 8;
    bytes[at] = value;
  }

  #float64(value: number): void {
    const at = this.reserve(9);
    this.bytes[at] = 0xcb;
    if (value === value) this.view.setFloat64(at + 1, value);
    else {
      // Engines keep different NaN payloads, and a key must not see them.
      this.view.setUint32(at + 1, 0x7ff80000);
      this.view.setUint32(at + 5, 0);
    }
  }

  string(value: string): void {
    const { length } = value;
    if (length <= SHORT_STRING_LENGTH && this.#shortAscii(value)) return;
    if (!value.isWellFormed()) {
      this.#utf16(value);
      return;
    }
    // The header is as long as ASCII needs it, and moves the text when it turns out to be longer.
    const start = this.length;
    const headerLength = stringHeaderLength(length);
    const textStart = start + headerLength;
    // A UTF-16 code unit takes at most three bytes. A target that is too short is slow in Bun, so
    // only long strings, whose spare bytes would cost more, are tried as ASCII first.
    this.reserve(5 + (length > LONG_STRING_LENGTH ? length : length * 3));
    let { read, written } = utf8.encodeInto(value, this.bytes.subarray(textStart));
    if (read < length) {
      this.length = start;
      this.reserve(5 + length * 3);
      ({ read, written } = utf8.encodeInto(value, this.bytes.subarray(textStart)));
    }
    const needed = stringHeaderLength(written);
    if (needed !== headerLength) {
      this.bytes.copyWithin(start + needed, textStart, textStart + written);
    }
    this.length = start;
    this.#stringHeader(written);
    this.length += written;
  }

  /** Writes `value` if every code unit is ASCII, else leaves everything as it was. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    const start = this.reserve(2 + length);
    const { bytes } = this;
    let at = start;
    if (length < 32) bytes[at++] = 0xa0 | length;
    else {
      bytes[at++] = 0xd9;
      bytes[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        this.length = start;
        return false;
      }
      bytes[at++] = unit;
    }
    this.length = at;
    return true;
  }

  #utf16(value: string): void {
    this.extHeader(Ext.UTF16, value.length * 2);
    const start = this.reserve(value.length * 2);
    for (let i = 0; i < value.length; i++) {
      this.view.setUint16(start + i * 2, value.charCodeAt(i), true);
    }
  }

  #stringHeader(length: number): void {
    if (length < 32) this.byte(0xa0 | length);
    else if (length < 0x100) this.#byteThen(0xd9, length, 1);
    else if (length < 0x10000) this.#byteThen(0xda, length, 2);
    else this.#byteThen(0xdb, length, 4);
  }

  binaryHeader(length: number): void {
    if (length < 0x100) this.#byteThen(0xc4, length, 1);
    else if (length < 0x10000) this.#byteThen(0xc5, length, 2);
    else this.#byteThen(0xc6, length, 4);
  }

  arrayHeader(length: number): void {
    if (length < 16) this.byte(0x90 | length);
    else if (length < 0x10000) this.#byteThen(0xdc, length, 2);
    else this.#byteThen(0xdd, length, 4);
  }

  mapHeader(length: number): void {
    if (length < 16) this.byte(0x80 | length);
    else if (length < 0x10000) this.#byteThen(0xde, length, 2);
    else this.#byteThen(0xdf, length, 4);
  }

  extHeader(type: number, length: number): void {
    if (length === 1) this.byte(0xd4);
    else if (length === 2) this.byte(0xd5);
    else if (length === 4) this.byte(0xd6);
    else if (length === 8) this.byte(0xd7);
    else if (length === 16) this.byte(0xd8);
    else if (length < 0x100) this.#byteThen(0xc7, length, 1);
    else if (length < 0x10000) this.#byteThen(0xc8, length, 2);
    else this.#byteThen(0xc9, length, 4);
    this.byte(type & 0xff);
  }

  /** Makes the array that opens here a composite: of a {@linkcode Kind}, with a byte of its own. */
  marker(kind: number, detail?: number): void {
    this.extHeader(Ext.MARKER, detail === undefined ? 1 : 2);
    this.byte(kind);
    if (detail !== undefined) this.byte(detail);
  }

  constant(constant: number): void {
    this.extHeader(Ext.CONSTANT, 1);
    this.byte(constant);
  }

  uint32(value: number): void {
    // Making room may take another view.
    const at = this.reserve(4);
    this.view.setUint32(at, value);
  }

  bigint(value: bigint): void {
    const negative = value < 0n;
    let digits = (negative ? -value : value).toString(16);
    if (digits === "0") digits = "";
    else if (digits.length % 2 === 1) digits = `0${digits}`;
    this.extHeader(Ext.BIGINT, 1 + digits.length / 2);
    this.byte(negative ? 1 : 0);
    for (let i = 0; i < digits.length; i += 2) {
      this.byte(Number.parseInt(digits.slice(i, i + 2), 16));
    }
  }

  timestamp(time: number): void {
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1e6;
    if (seconds >= 0 && seconds < 2 ** 32 && nanoseconds === 0) {
      this.extHeader(Ext.TIMESTAMP, 4);
      this.uint32(seconds);
    } else if (seconds >= 0 && seconds < 2 ** 34) {
      this.extHeader(Ext.TIMESTAMP, 8);
      this.uint32(nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
      this.uint32(seconds % 2 ** 32);
    } else {
      this.extHeader(Ext.TIMESTAMP, 12);
      this.uint32(nanoseconds);
      const start = this.reserve(8);
      this.view.setBigInt64(start, BigInt(seconds));
    }
  }
}

/** Whether a number has 64 bits that count: it is no integer of 32, and not `NaN`. */
function isFloat(value: number): boolean {
  return (value | 0) !== value && value >>> 0 !== value && value === value;
}

function stringHeaderLength(bytes: number): number {
  return bytes < 32 ? 1 : bytes < 0x100 ? 2 : bytes < 0x10000 ? 3 : 5;
}
