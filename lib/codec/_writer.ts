/** Growing byte buffer with the primitive forms of MessagePack. */

const INITIAL_BYTES = 1024;
/** Strings up to this length are written by hand: the native call costs more than the loop. */
const SHORT_STRING_LENGTH = 48;

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
    const grown = new Uint8Array(Math.max(needed, this.bytes.length * 2));
    grown.set(this.bytes);
    this.bytes = grown;
    this.view = new DataView(grown.buffer);
  }

  byte(value: number): void {
    const at = this.reserve(1);
    this.bytes[at] = value;
  }

  raw(source: Uint8Array): void {
    const at = this.reserve(source.length);
    this.bytes.set(source, at);
  }

  number(value: number): void {
    if (value === 0 && 1 / value < 0) this.#float64(value);
    else if ((value | 0) === value) this.#int32(value);
    else if (value >>> 0 === value) this.#byteThen(0xce, value, 4);
    else this.#float64(value);
  }

  #int32(value: number): void {
    if (value >= 0) {
      if (value < 0x80) this.byte(value);
      else if (value < 0x100) this.#byteThen(0xcc, value, 1);
      else if (value < 0x10000) this.#byteThen(0xcd, value, 2);
      else this.#byteThen(0xce, value, 4);
    } else if (value >= -0x20) this.byte(value & 0xff);
    else if (value >= -0x80) this.#byteThen(0xd0, value, 1);
    else if (value >= -0x8000) this.#byteThen(0xd1, value, 2);
    else this.#byteThen(0xd2, value, 4);
  }

  /** Writes a format byte and the low `size` bytes of `value`, big-endian. */
  #byteThen(format: number, value: number, size: 1 | 2 | 4): void {
    const at = this.reserve(1 + size);
    this.bytes[at] = format;
    if (size === 1) this.bytes[at + 1] = value;
    else if (size === 2) this.view.setInt16(at + 1, value);
    else this.view.setInt32(at + 1, value);
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

  /** Writes a well-formed string. */
  string(value: string): void {
    const { length } = value;
    if (length <= SHORT_STRING_LENGTH && this.#shortAscii(value)) return;
    // A UTF-16 code unit takes at most three bytes, and a target that is too short is slow in Bun.
    const headerLength = 5;
    const start = this.reserve(headerLength + length * 3);
    const { written } = utf8.encodeInto(value, this.bytes.subarray(start + headerLength));
    this.length = start;
    this.stringHeader(written);
    this.bytes.copyWithin(this.length, start + headerLength, start + headerLength + written);
    this.length += written;
  }

  /** Writes `value` if every code unit is ASCII, else leaves everything as it was. */
  #shortAscii(value: string): boolean {
    const { length } = value;
    const start = this.reserve(2 + length);
    let at = start;
    if (length < 32) this.bytes[at++] = 0xa0 | length;
    else {
      this.bytes[at++] = 0xd9;
      this.bytes[at++] = length;
    }
    for (let i = 0; i < length; i++) {
      const unit = value.charCodeAt(i);
      if (unit > 0x7f) {
        this.length = start;
        return false;
      }
      this.bytes[at++] = unit;
    }
    this.length = at;
    return true;
  }

  stringHeader(length: number): void {
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
    const fixed = FIXED_EXT[length];
    if (fixed !== undefined) this.byte(fixed);
    else if (length < 0x100) this.#byteThen(0xc7, length, 1);
    else if (length < 0x10000) this.#byteThen(0xc8, length, 2);
    else this.#byteThen(0xc9, length, 4);
    this.byte(type & 0xff);
  }
}

/** Format bytes of the extensions of 1, 2, 4, 8 and 16 bytes. */
const FIXED_EXT: Readonly<Record<number, number>> = {
  1: 0xd4,
  2: 0xd5,
  4: 0xd6,
  8: 0xd7,
  16: 0xd8,
};
