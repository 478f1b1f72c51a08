/** Bytes to values. Nothing that the bytes say is believed before it is checked. */

import { DecodeError } from "../errors.ts";
import { Reader } from "./_reader.ts";
import { Constant, ERROR_NAMES, Ext, Kind, MAX_DEPTH, VIEW_NAMES } from "./wire.ts";

/** What the array reader gets when an array opens with a marker instead of a first element. */
const MARKER: unique symbol = Symbol("marker");

/** One decoding. */
export class Decoder extends Reader {
  /** Objects in the order in which they open: what references count. */
  readonly #objects: unknown[] = [];
  #depth = 0;
  #kind = 0;
  /**
   * Elements that may still be announced. Each takes a byte at least and belongs to one container,
   * so nested headers cannot make us allocate more than the input justifies.
   */
  #budget: number;

  constructor(bytes: Uint8Array) {
    super(bytes);
    this.#budget = bytes.length;
  }

  /** Decodes the one value that the bytes hold. */
  decode(): unknown {
    const value = this.#value();
    if (this.offset < this.bytes.length) this.fail("Unexpected bytes after the value");
    return value;
  }

  #value(): unknown {
    const value = this.#item();
    if (value === MARKER) this.fail("A marker stands outside an array", this.offset - 3);
    return value;
  }

  #item(): unknown {
    const format = this.uint(1);
    if (format < 0x80) return format;
    if (format >= 0xe0) return format - 0x100;
    if (format < 0x90) return this.#map(format & 0x0f);
    if (format < 0xa0) return this.#array(format & 0x0f);
    if (format < 0xc0) return this.string(format & 0x1f);
    switch (format) {
      case 0xc0:
        return null;
      case 0xc2:
        return false;
      case 0xc3:
        return true;
      case 0xc4:
      case 0xc5:
      case 0xc6:
        return this.#binary(this.uint((1 << (format - 0xc4)) as 1 | 2 | 4));
      case 0xc7:
      case 0xc8:
      case 0xc9:
        return this.#extension(this.uint((1 << (format - 0xc7)) as 1 | 2 | 4));
      case 0xca:
        return this.view.getFloat32(this.take(4));
      case 0xcb:
        return this.view.getFloat64(this.take(8));
      case 0xcc:
      case 0xcd:
      case 0xce:
        return this.uint((1 << (format - 0xcc)) as 1 | 2 | 4);
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
      case 0xd4:
      case 0xd5:
      case 0xd6:
      case 0xd7:
      case 0xd8:
        return this.#extension(1 << (format - 0xd4));
      case 0xd9:
      case 0xda:
      case 0xdb:
        return this.string(this.uint((1 << (format - 0xd9)) as 1 | 2 | 4));
      case 0xdc:
      case 0xdd:
        return this.#array(this.uint(format === 0xdc ? 2 : 4));
      case 0xde:
      case 0xdf:
        return this.#map(this.uint(format === 0xde ? 2 : 4));
      default:
        return this.fail(`The format byte 0x${format.toString(16)} has no meaning`, -1);
    }
  }

  #binary(length: number): Uint8Array<ArrayBuffer> {
    const start = this.take(length);
    return this.#register(this.bytes.slice(start, start + length));
  }

  #array(length: number): unknown {
    const ordinal = this.#open(length);
    if (length > 0) {
      // A marker turns the array into a composite, so the first element decides who reads on.
      const array: unknown[] = [];
      this.#objects[ordinal] = array;
      const first = this.#item();
      if (first === MARKER) return this.#closing(this.#composite(ordinal, length - 1));
      array.push(first);
      for (let i = 1; i < length; i++) array.push(this.#value());
      return this.#closing(array);
    }
    return this.#closing(this.#objects[ordinal] = []);
  }

  #composite(ordinal: number, length: number): unknown {
    switch (this.#kind) {
      case Kind.MAP: {
        const map = this.#objects[ordinal] = new Map<unknown, unknown>();
        this.expect(length % 2 === 0);
        for (let i = 0; i < length; i += 2) map.set(this.#value(), this.#value());
        return map;
      }
      case Kind.SET: {
        const set = this.#objects[ordinal] = new Set<unknown>();
        for (let i = 0; i < length; i++) set.add(this.#value());
        return set;
      }
      case Kind.ERROR:
        this.expect(length === 3);
        return this.#error(ordinal);
      case Kind.NULL_OBJECT: {
        this.expect(length === 1);
        const object = this.#objects[ordinal] = Object.create(null);
        this.#properties(object, this.#mapLength());
        return object;
      }
      case Kind.REGEXP:
        this.expect(length === 3);
        return this.#objects[ordinal] = this.#regExp();
      case Kind.SPARSE_ARRAY: {
        this.expect(length % 2 === 1);
        const array: unknown[] = this.#objects[ordinal] = [];
        const arrayLength = this.#value();
        this.expect(typeof arrayLength === "number" && arrayLength >>> 0 === arrayLength);
        array.length = arrayLength as number;
        for (let i = 1; i < length; i += 2) define(array, this.#key(), this.#value());
        this.expect(array.length === arrayLength);
        return array;
      }
      default:
        return this.fail(`The composite ${this.#kind} is not known to this version`);
    }
  }

  #error(ordinal: number): Error {
    const name = this.#value();
    const message = this.#value();
    const known = ERROR_NAMES.find((each) => each === name);
    this.expect(known !== undefined && (message === undefined || typeof message === "string"));
    const text = message as string | undefined;
    const error = known === "AggregateError"
      ? new AggregateError([], text)
      : new globalThis[known as "Error"](text);
    // The stack of this decoder would mislead whoever reads it.
    Object.defineProperty(error, "stack", {
      value: text === undefined ? known : `${known}: ${text}`,
      writable: true,
      configurable: true,
    });
    this.#objects[ordinal] = error;
    const count = this.#mapLength();
    for (let i = 0; i < count; i++) {
      const key = this.#key();
      const value = this.#value();
      const hidden = key === "cause" || key === "errors";
      Object.defineProperty(error, key, {
        value,
        writable: true,
        configurable: true,
        enumerable: !hidden,
      });
    }
    return error;
  }

  #regExp(): RegExp {
    const start = this.offset;
    const source = this.#value();
    const flags = this.#value();
    const lastIndex = this.#value();
    this.expect(typeof source === "string" && typeof flags === "string");
    this.expect(Number.isSafeInteger(lastIndex));
    try {
      const expression = new RegExp(source as string, flags as string);
      expression.lastIndex = lastIndex as number;
      return expression;
    } catch (cause) {
      throw new DecodeError(`Cannot decode: the pattern at byte ${start} is not a valid RegExp`, {
        offset: start,
        cause,
      });
    }
  }

  #map(length: number): Record<string, unknown> {
    const ordinal = this.#open(length * 2);
    const object: Record<string, unknown> = {};
    this.#objects[ordinal] = object;
    this.#properties(object, length);
    return this.#closing(object);
  }

  #properties(object: Record<string, unknown>, length: number): void {
    for (let i = 0; i < length; i++) {
      const key = this.#key();
      // Plain assignment to this one name would call a setter and replace the prototype.
      if (key === "__proto__") define(object, key, this.#value());
      else object[key] = this.#value();
    }
  }

  /** Reads the header of the map inside a composite, which is not an object of its own. */
  #mapLength(): number {
    const format = this.uint(1);
    let length = 0;
    if (format >= 0x80 && format < 0x90) length = format & 0x0f;
    else if (format === 0xde) length = this.uint(2);
    else if (format === 0xdf) length = this.uint(4);
    else this.fail("Expected a map of properties", -1);
    this.#spend(length * 2);
    return length;
  }

  #key(): string {
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
        this.expect(length === 1);
        this.#kind = this.bytes[start];
        return MARKER;
      case Ext.BIGINT:
        return this.bigint(start, length);
      case Ext.VIEW:
        return this.#bufferOrView(start, length);
      case Ext.REFERENCE: {
        this.expect(length === 4);
        const ordinal = this.view.getUint32(start);
        if (ordinal >= this.#objects.length) this.fail("A reference points at nothing", start);
        return this.#objects[ordinal];
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

  #bufferOrView(start: number, length: number): ArrayBuffer | ArrayBufferView {
    this.expect(length >= 1);
    const name = VIEW_NAMES[this.bytes[start]];
    const { buffer } = this.bytes.slice(start + 1, start + length);
    if (name === "ArrayBuffer") return this.#register(buffer as ArrayBuffer);
    const View = name === undefined ? undefined : globalThis[name];
    if (View === undefined) {
      this.fail(`This runtime has no ${name ?? `view number ${this.bytes[start]}`}`, start);
    }
    const size = (View as { BYTES_PER_ELEMENT?: number }).BYTES_PER_ELEMENT ?? 1;
    this.expect(buffer.byteLength % size === 0);
    return this.#register(new (View as typeof DataView)(buffer));
  }

  #register<T>(object: T): T {
    this.#objects.push(object);
    return object;
  }

  /** Opens a container of `elements` elements and returns its ordinal. */
  #open(elements: number): number {
    if (++this.#depth > MAX_DEPTH) {
      this.fail(`The input is nested deeper than ${MAX_DEPTH} levels`);
    }
    this.#spend(elements);
    return this.#objects.push(undefined) - 1;
  }

  #closing<T>(container: T): T {
    this.#depth--;
    return container;
  }

  #spend(elements: number): void {
    this.#budget -= elements;
    if (this.#budget < 0 || elements > this.bytes.length - this.offset) {
      this.fail("A container announces more elements than the input has bytes");
    }
  }
}

function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

/** A 64-bit integer as a number where that is exact, since only numbers are written that way. */
function narrowed(value: bigint): number | bigint {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
}
