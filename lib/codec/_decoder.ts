/** Bytes to values. Nothing that the bytes say is believed before it is checked. */

import { type Classes, indexClasses } from "./_classes.ts";
import { assign, type Composite, define, filled, LATE, target } from "./_filling.ts";
import { Reader } from "./_reader.ts";
import type { DecodeOptions } from "./options.ts";
import {
  Constant,
  Ext,
  Kind,
  MAX_DEPTH,
  MAX_SHAPE_KEYS,
  MAX_SHAPES,
  RECURSIVE_DEPTH,
} from "./wire.ts";

/** What a container is, beside the kinds of composites, which are positive. */
const ARRAY = 0;
const RECORD = -1;
const OBJECT = -2;

/** Thrown at a reference, when the objects that it may mean were not counted. */
const UNCOUNTED: unique symbol = Symbol("uncounted");

/** A container while it is read. */
interface Frame extends Composite {
  readonly ordinal: number;
  /** How many parts it has in all. */
  readonly count: number;
  readonly keys: readonly string[] | undefined;
}

/** One decoding. */
export class Decoder extends Reader {
  /**
   * Objects in the order in which they open: what references count. Most values have no references,
   * so the list is kept only from the start over that the first one causes; or at once where there
   * are classes, whose code a second start would run again.
   */
  #objects: unknown[] | undefined;
  /** Keys of each shape, in the order in which their maps ended. */
  readonly #shapes: (readonly string[])[] = [];
  /** Whether a shape has the one key that assignment would take for something else. */
  #proto = false;
  readonly #classes: Classes | undefined;
  #depth = 0;
  /**
   * Elements that may still be announced. Each takes a byte at least and belongs to one container,
   * so nested headers cannot make us allocate more than the input justifies.
   */
  #budget: number;

  constructor(bytes: Uint8Array, options?: DecodeOptions) {
    super(bytes);
    this.#budget = bytes.length;
    this.#classes = indexClasses(options?.classes);
    if (this.#classes !== undefined) this.#objects = [];
  }

  /** Decodes the one value that the bytes hold. */
  decode(): unknown {
    let value: unknown;
    try {
      value = this.#value();
    } catch (error) {
      if (error !== UNCOUNTED) throw error;
      this.#startOver();
      value = this.#value();
    }
    if (this.offset < this.bytes.length) this.fail("Unexpected bytes after the value");
    return value;
  }

  /** Starts again, counting objects from now on. */
  #startOver(): void {
    this.offset = 0;
    this.reserved = 0;
    this.#depth = 0;
    this.#budget = this.bytes.length;
    this.#shapes.length = 0;
    this.#objects = [];
  }

  #value(): unknown {
    const format = this.byte();
    if (format < 0x80) return format;
    if (format >= 0xe0) return format - 0x100;
    if (format < 0x90) return this.#map(format & 0x0f);
    if (format < 0xa0) return this.#array(format & 0x0f);
    if (format < 0xc0) return this.string(format & 0x1f);
    return this.#longer(format);
  }

  #longer(format: number): unknown {
    if (format >= 0xdc) {
      return format < 0xde ? this.#array(this.#length(format)) : this.#map(this.#length(format));
    }
    if (format >= 0xd4 && format < 0xd9) return this.#extension(1 << (format - 0xd4));
    if (format >= 0xc4 && format < 0xc7) return this.#binary(this.uint(1 << (format - 0xc4)));
    if (format >= 0xc7 && format < 0xca) return this.#extension(this.uint(1 << (format - 0xc7)));
    return this.scalar(format);
  }

  /** How long an array or a map is: those of two bytes have even formats. */
  #length(format: number): number {
    return this.uint(format % 2 === 0 ? 2 : 4);
  }

  #binary(length: number): Uint8Array<ArrayBuffer> {
    const start = this.take(length);
    return this.#register(this.bytes.slice(start, start + length));
  }

  #array(length: number): unknown {
    if (this.#depth >= RECURSIVE_DEPTH) return this.#deep(this.#open(length, false));
    const first = length === 0 ? 0 : this.bytes[this.offset];
    const keys = first >= 0xe0 ? this.#shapes[0xff - first] : undefined;
    if (keys !== undefined) {
      this.offset++;
      return this.#record(keys, length - 1);
    }
    if (first === 0xd4 || first === 0xd5) {
      return this.#parts(this.#open(length, false));
    }
    this.#enter(length);
    // Its length is paid for, and an array that grows is copied again and again.
    const array: unknown[] = new Array(length);
    this.#objects?.push(array);
    const { bytes } = this;
    for (let i = 0; i < length; i++) {
      const at = this.offset;
      const format = bytes[at];
      if (format < 0x80) {
        array[i] = format;
        this.offset = at + 1;
      } else if (format === 0xcd && at + 2 < bytes.length) {
        array[i] = bytes[at + 1] << 8 | bytes[at + 2];
        this.offset = at + 3;
      } else if (format === 0xce && at + 4 < bytes.length) {
        array[i] =
          (bytes[at + 1] << 24 | bytes[at + 2] << 16 | bytes[at + 3] << 8 | bytes[at + 4]) >>> 0;
        this.offset = at + 5;
      } else array[i] = this.#value();
    }
    this.#depth--;
    return array;
  }

  #map(length: number): unknown {
    if (this.#depth >= RECURSIVE_DEPTH) return this.#deep(this.#open(length, true));
    this.#enter(length * 2);
    const object: Record<string, unknown> = {};
    this.#objects?.push(object);
    const keys: string[] | undefined = length <= MAX_SHAPE_KEYS ? [] : undefined;
    for (let i = 0; i < length; i++) {
      const key = this.#key();
      keys?.push(key);
      assign(object, key, this.#value());
    }
    this.#depth--;
    this.#define(keys);
    return object;
  }

  /** Reads the values of a record. */
  #record(keys: readonly string[], count: number): unknown {
    this.#expectFor(keys, count);
    this.#enter(count);
    const object: Record<string, unknown> = {};
    this.#objects?.push(object);
    if (this.#proto && keys.includes("__proto__")) {
      for (let i = 0; i < count; i++) define(object, keys[i], this.#value());
      if (count < keys.length) define(object, keys[count], this.#register([]));
    } else {
      // A store of its own for each position keeps the engine's caches apart, which is twice as
      // fast as a loop.
      if (count > 0) object[keys[0]] = this.#value();
      if (count > 1) object[keys[1]] = this.#value();
      if (count > 2) object[keys[2]] = this.#value();
      if (count > 3) object[keys[3]] = this.#value();
      if (count > 4) object[keys[4]] = this.#value();
      if (count > 5) object[keys[5]] = this.#value();
      if (count > 6) object[keys[6]] = this.#value();
      if (count > 7) object[keys[7]] = this.#value();
      for (let i = 8; i < count; i++) object[keys[i]] = this.#value();
      if (count < keys.length) object[keys[count]] = this.#register([]);
    }
    this.#depth--;
    return object;
  }

  /** Expects so many values for the keys of a record: the last may be left out. */
  #expectFor(keys: readonly string[], count: number): void {
    this.expect(keys.length === count || keys.length === count + 1);
  }

  /** Reads the parts of any other container. */
  #parts(frame: Frame): unknown {
    const { parts, count, kind } = frame;
    if (kind === Kind.MAP && count % 2 === 0) {
      const map = frame.target as Map<unknown, unknown>;
      // Its keys differ, so a look for each among the texts that are kept would seldom pay.
      for (let i = 0; i < count; i += 2) map.set(this.newText() ?? this.#value(), this.#value());
      this.#depth--;
      return map;
    }
    while (parts.length < count) parts.push(this.#value());
    return this.#close(frame);
  }

  /** Reads a container without the help of the native stack, which would not hold what is in it. */
  #deep(first: Frame): unknown {
    const frames = [first];
    for (;;) {
      const frame = frames[frames.length - 1];
      if (frame.parts.length === frame.count) {
        frames.pop();
        const value = this.#close(frame);
        if (frames.length === 0) return value;
        frames[frames.length - 1].parts.push(value);
        continue;
      }
      const format = this.bytes[this.offset];
      if (format >= 0x80 && format < 0xa0) {
        this.offset++;
        frames.push(this.#open(format & 0x0f, format < 0x90));
      } else if (format >= 0xdc && format < 0xe0) {
        this.offset++;
        frames.push(this.#open(this.#length(format), format >= 0xde));
      } else frame.parts.push(this.#value());
    }
  }

  /** Opens a container, of which the header is read, and finds out what it is. */
  #open(length: number, isMap: boolean): Frame {
    this.#enter(isMap ? length * 2 : length);
    const ordinal = this.#objects === undefined ? 0 : this.#objects.push(LATE) - 1;
    if (isMap) return this.#frame(ordinal, OBJECT, 0, length * 2);
    if (length === 0) return this.#frame(ordinal, ARRAY, 0, 0);
    const first = this.bytes[this.offset];
    const keys = first >= 0xe0 ? this.#shapes[0xff - first] : undefined;
    if (keys !== undefined) {
      this.offset++;
      return this.#recordFrame(ordinal, keys, length);
    }
    const payload = first === 0xd4 ? 1 : first === 0xd5 ? 2 : 0;
    const type = payload === 0 ? undefined : this.bytes[this.offset + 1];
    if (type === Ext.SHAPE && payload === 2) {
      const start = this.take(4);
      const shape = this.#shapes[this.view.getUint16(start + 2)];
      if (shape === undefined) this.fail("A record has a shape that was not defined", start);
      return this.#recordFrame(ordinal, shape, length);
    }
    if (type === Ext.MARKER) {
      const start = this.take(2 + payload);
      const detail = payload === 2 ? this.bytes[start + 3] : 0;
      return this.#frame(ordinal, this.bytes[start + 2], detail, length - 1);
    }
    return this.#frame(ordinal, ARRAY, 0, length);
  }

  #recordFrame(ordinal: number, keys: readonly string[], length: number): Frame {
    this.#expectFor(keys, length - 1);
    return this.#frame(ordinal, RECORD, 0, length - 1, keys);
  }

  #frame(
    ordinal: number,
    kind: number,
    detail: number,
    count: number,
    keys?: readonly string[],
  ): Frame {
    const offset = this.offset;
    const parts: unknown[] = [];
    const made = kind === ARRAY ? parts : kind < 0 ? {} : target(this, kind, detail);
    if (this.#objects !== undefined) this.#objects[ordinal] = made;
    return { ordinal, kind, detail, count, keys, parts, offset, target: made };
  }

  #close(frame: Frame): unknown {
    this.#depth--;
    const { kind, parts, ordinal } = frame;
    if (kind === ARRAY) return parts;
    const object = frame.target as object;
    if (kind === RECORD) {
      frame.keys!.forEach((key, i) => {
        const value = i < parts.length ? parts[i] : this.#register([]);
        assign(object as Record<string, unknown>, key, value);
      });
      return object;
    }
    if (kind === OBJECT) {
      const keys: string[] = [];
      for (let i = 0; i < parts.length; i += 2) {
        const key = parts[i];
        if (typeof key !== "string") {
          this.fail("Expected a string as the key of an object", frame.offset);
        }
        keys.push(key as string);
        assign(object as Record<string, unknown>, key as string, parts[i + 1]);
      }
      this.#define(keys);
      return object;
    }
    const value = filled(this, frame, this.#classes);
    if (this.#objects !== undefined) this.#objects[ordinal] = value;
    return value;
  }

  #define(keys: readonly string[] | undefined): void {
    if (keys === undefined || keys.length === 0 || keys.length > MAX_SHAPE_KEYS) return;
    if (this.#shapes.length >= MAX_SHAPES) return;
    this.#shapes.push(keys);
    this.#proto ||= keys.includes("__proto__");
  }

  #key(): string {
    const known = this.knownKey();
    if (known !== undefined) return known;
    const start = this.offset;
    const key = this.#value();
    if (typeof key !== "string") this.fail("Expected a string as the key of an object", start);
    return key as string;
  }

  #extension(length: number): unknown {
    const type = this.view.getInt8(this.take(1));
    const start = this.take(length);
    switch (type) {
      case Ext.CONSTANT:
        this.expect(length === 1);
        return this.#constant(this.bytes[start]);
      case Ext.MARKER:
      case Ext.SHAPE:
        return this.fail("A marker stands where no array opens", start);
      case Ext.BIGINT:
        return this.bigint(start, length);
      case Ext.VIEW:
        return this.#register(this.bufferOrView(start, length));
      case Ext.REFERENCE: {
        this.expect(length === 4);
        if (this.#objects === undefined) throw UNCOUNTED;
        const ordinal = this.view.getUint32(start);
        if (ordinal >= this.#objects.length) this.fail("A reference points at nothing", start);
        const object = this.#objects[ordinal];
        if (object === LATE) this.fail("A reference points at what is not read yet", start);
        return object;
      }
      case Ext.UTF16:
        this.expect(length % 2 === 0);
        return this.utf16(start, length);
      case Ext.TIMESTAMP:
        return this.#register(this.timestamp(start, length));
      default:
        return this.fail(`The extension type ${type} is not known to this version`, start);
    }
  }

  #constant(constant: number): undefined | Date {
    switch (constant) {
      case Constant.UNDEFINED:
      case Constant.OMITTED:
        return undefined;
      case Constant.INVALID_DATE:
        return this.#register(new Date(NaN));
      default:
        return this.fail(`The constant ${constant} is not known to this version`);
    }
  }

  #register<T>(object: T): T {
    this.#objects?.push(object);
    return object;
  }

  /** Goes into a container of `elements` elements. */
  #enter(elements: number): void {
    if (++this.#depth > MAX_DEPTH) {
      this.fail(`The input is nested deeper than ${MAX_DEPTH} levels`);
    }
    this.#budget -= elements;
    if (this.#budget < 0 || elements > this.bytes.length - this.offset) {
      this.fail("A container announces more elements than the input has bytes");
    }
  }
}
