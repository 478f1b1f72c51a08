/** Values to bytes, in both modes: as they are, and in the canonical form of keys. */

import { EncodeError } from "../errors.ts";
import { describeKind, isPlainObject, pathSegment, tagOf } from "./_kinds.ts";
import { Writer } from "./_writer.ts";
import { Constant, ERROR_NAMES, Ext, Kind, MAX_DEPTH, OMITTED, VIEW_NAMES } from "./wire.ts";

/**
 * Longest array that is searched for properties beyond its indices, such as those of a
 * `RegExpExecArray`. Listing the keys of a long array costs more than encoding it.
 */
const MAX_ARRAY_SEARCHED = 128;

/**
 * Most containers that one key may open. Sharing is expanded in keys, so a small graph can stand
 * for a tree without end; this turns a hang into an error.
 */
const MAX_KEY_CONTAINERS = 10_000_000;

/** Turns a function into the text that stands for it in a key. */
export type CodeOf = (fn: (...args: never[]) => unknown) => string;

/** Why an instance of a user's or a runtime's own subclass is refused, such as Node's Buffer. */
const SUBCLASS = "it would come back as the class that it extends; make a plain one of it first";

/** One encoding. An instance may be used again after {@linkcode Encoder.reset}. */
export class Encoder {
  readonly writer: Writer = new Writer();
  readonly #canonical: boolean;
  #codeOf: CodeOf | undefined;
  /** The keys that lead to the value at hand, one for each open container. */
  readonly #path: (string | number)[] = [];
  readonly #open: object[] = [];
  readonly #ordinals: Map<object, number> = new Map();
  #containers = 0;

  constructor(canonical: boolean) {
    this.#canonical = canonical;
  }

  /** Forgets everything of the last run, also of one that failed. */
  reset(codeOf?: CodeOf): void {
    this.writer.length = 0;
    this.#codeOf = codeOf;
    this.#open.length = 0;
    this.#path.length = 0;
    this.#ordinals.clear();
    this.#containers = 0;
  }

  /** Appends the encoded form of `value` to the writer. */
  encode(value: unknown): void {
    try {
      this.#value(value);
    } catch (error) {
      if (error instanceof EncodeError) throw error;
      throw new EncodeError({
        path: this.#pathText(),
        found: "a value",
        reason: `reading it threw ${error instanceof Error ? error : describeKind(error)}`,
        cause: error,
      });
    }
  }

  #value(value: unknown): void {
    const writer = this.writer;
    switch (typeof value) {
      case "string":
        this.#string(value);
        break;
      case "number":
        writer.number(value);
        break;
      case "boolean":
        writer.byte(value ? 0xc3 : 0xc2);
        break;
      case "undefined":
        this.#constant(Constant.UNDEFINED);
        break;
      case "bigint":
        this.#bigint(value);
        break;
      case "object":
        if (value === null) writer.byte(0xc0);
        else this.#object(value);
        break;
      case "function":
        this.#function(value as (...args: never[]) => unknown);
        break;
      default:
        if (value === OMITTED && this.#canonical) this.#constant(Constant.OMITTED);
        else this.#refuse(value, "a symbol has no content");
    }
  }

  #string(value: string): void {
    const writer = this.writer;
    if (value.isWellFormed()) {
      writer.string(value);
      return;
    }
    writer.extHeader(Ext.UTF16, value.length * 2);
    const start = writer.reserve(value.length * 2);
    for (let i = 0; i < value.length; i++) {
      writer.view.setUint16(start + i * 2, value.charCodeAt(i), true);
    }
  }

  #constant(constant: number): void {
    this.writer.extHeader(Ext.CONSTANT, 1);
    this.writer.byte(constant);
  }

  #bigint(value: bigint): void {
    const negative = value < 0n;
    let digits = (negative ? -value : value).toString(16);
    if (digits === "0") digits = "";
    else if (digits.length % 2 === 1) digits = `0${digits}`;
    const writer = this.writer;
    writer.extHeader(Ext.BIGINT, 1 + digits.length / 2);
    writer.byte(negative ? 1 : 0);
    for (let i = 0; i < digits.length; i += 2) {
      writer.byte(Number.parseInt(digits.slice(i, i + 2), 16));
    }
  }

  #function(fn: (...args: never[]) => unknown): void {
    if (this.#codeOf === undefined) this.#refuse(fn, "a function is code, not data");
    this.#marker(2, Kind.CODE);
    this.#string(this.#codeOf(fn));
  }

  #object(value: object): void {
    if (this.#reference(value)) return;
    if (this.#open.length >= MAX_DEPTH) {
      this.#refuse(value, `it is nested deeper than ${MAX_DEPTH} levels`);
    }
    this.#open.push(value);
    if (Array.isArray(value)) {
      if (Object.getPrototypeOf(value) !== Array.prototype) this.#refuse(value, SUBCLASS);
      this.#array(value);
    } else if (isPlainObject(value)) this.#properties(value);
    else if (ArrayBuffer.isView(value)) this.#view(value);
    else this.#builtIn(value);
    this.#open.pop();
  }

  /** Writes a reference to `value` if it was met before; else remembers it. */
  #reference(value: object): boolean {
    let target: number | undefined;
    if (this.#canonical) {
      const position = this.#open.lastIndexOf(value);
      if (position >= 0) target = this.#open.length - 1 - position;
      else if (++this.#containers > MAX_KEY_CONTAINERS) {
        this.#refuse(value, `its shared parts expand to over ${MAX_KEY_CONTAINERS} objects`);
      }
    } else {
      target = this.#ordinals.get(value);
      if (target === undefined) this.#ordinals.set(value, this.#ordinals.size);
    }
    if (target === undefined) return false;
    this.writer.extHeader(Ext.REFERENCE, 4);
    const start = this.writer.reserve(4);
    this.writer.view.setUint32(start, target);
    return true;
  }

  #array(array: readonly unknown[]): void {
    if (isSparse(array)) {
      const keys = Object.keys(array);
      this.#marker(2 + keys.length * 2, Kind.SPARSE_ARRAY);
      this.writer.number(array.length);
      // Indices come first and in order from the engine itself; only the names need sorting.
      if (this.#canonical) keys.sort(byIndexThenName);
      this.#entries(array, keys);
      return;
    }
    this.writer.arrayHeader(array.length);
    const depth = this.#path.length;
    for (let i = 0; i < array.length; i++) {
      this.#path[depth] = i;
      this.#value(array[i]);
    }
    this.#path.length = depth;
  }

  #properties(object: object): void {
    const keys = Object.keys(object);
    if (this.#canonical) keys.sort();
    this.writer.mapHeader(keys.length);
    this.#entries(object, keys);
  }

  #entries(object: object, keys: readonly string[]): void {
    const depth = this.#path.length;
    for (const key of keys) {
      this.#path[depth] = key;
      this.#string(key);
      this.#value((object as Record<string, unknown>)[key]);
    }
    this.#path.length = depth;
  }

  #view(view: ArrayBufferView): void {
    // A view of a detached buffer looks empty, and empty bytes would pass for its content.
    if ((view.buffer as ArrayBuffer).detached) this.#refuse(view, "its buffer is detached");
    const bytes = new Uint8Array(view.buffer, view.byteOffset, view.byteLength);
    const tag = tagOf(view);
    if (!(tag in globalThis) || Object.getPrototypeOf(view) !== prototypeOf(tag)) {
      this.#refuse(view, SUBCLASS);
    }
    if (tag === "Uint8Array") {
      this.writer.binaryHeader(bytes.length);
      this.writer.raw(bytes);
    } else this.#viewBytes(view, tag, bytes);
  }

  #viewBytes(value: object, tag: string, bytes: Uint8Array): void {
    const number = (VIEW_NAMES as readonly string[]).indexOf(tag);
    if (number < 0) this.#refuse(value, "this kind of view is not known");
    const { writer } = this;
    writer.extHeader(Ext.VIEW, 1 + bytes.length);
    writer.byte(number);
    writer.raw(bytes);
  }

  #builtIn(value: object): void {
    const tag = tagOf(value);
    const prototype = Object.getPrototypeOf(value);
    if (prototype === null) {
      this.#marker(2, Kind.NULL_OBJECT);
      this.#properties(value);
    } else if (tag === "Map" && prototype === Map.prototype) {
      this.#map(value as Map<unknown, unknown>);
    } else if (tag === "Set" && prototype === Set.prototype) this.#set(value as Set<unknown>);
    else if (tag === "Date" && prototype === Date.prototype) this.#date(value as Date);
    else if (tag === "RegExp" && prototype === RegExp.prototype) this.#regExp(value as RegExp);
    else if (tag === "ArrayBuffer" && value instanceof ArrayBuffer) {
      if (value.detached) this.#refuse(value, "it is detached");
      this.#viewBytes(value, tag, new Uint8Array(value));
    } else if (tag === "Error" && nativeErrorName(value) !== undefined) this.#error(value as Error);
    else {
      this.#refuse(value, "only plain data and built-in classes have a byte form");
    }
  }

  #map(map: Map<unknown, unknown>): void {
    this.#marker(1 + map.size * 2, Kind.MAP);
    const depth = this.#path.length;
    let index = 0;
    for (const [key, value] of map) {
      this.#path[depth] = index++;
      this.#value(key);
      this.#value(value);
    }
    this.#path.length = depth;
  }

  #set(set: Set<unknown>): void {
    this.#marker(1 + set.size, Kind.SET);
    const depth = this.#path.length;
    let index = 0;
    for (const value of set) {
      this.#path[depth] = index++;
      this.#value(value);
    }
    this.#path.length = depth;
  }

  #date(date: Date): void {
    const time = date.getTime();
    if (Number.isNaN(time)) {
      this.#constant(Constant.INVALID_DATE);
      return;
    }
    const seconds = Math.floor(time / 1000);
    const nanoseconds = (time - seconds * 1000) * 1e6;
    const { writer } = this;
    if (seconds >= 0 && seconds < 2 ** 32 && nanoseconds === 0) {
      writer.extHeader(Ext.TIMESTAMP, 4);
      const start = writer.reserve(4);
      writer.view.setUint32(start, seconds);
    } else if (seconds >= 0 && seconds < 2 ** 34) {
      writer.extHeader(Ext.TIMESTAMP, 8);
      const start = writer.reserve(8);
      writer.view.setUint32(start, nanoseconds * 4 + Math.floor(seconds / 2 ** 32));
      writer.view.setUint32(start + 4, seconds % 2 ** 32);
    } else {
      writer.extHeader(Ext.TIMESTAMP, 12);
      const start = writer.reserve(12);
      writer.view.setUint32(start, nanoseconds);
      writer.view.setBigInt64(start + 4, BigInt(seconds));
    }
  }

  #regExp(expression: RegExp): void {
    this.#marker(4, Kind.REGEXP);
    this.#string(expression.source);
    this.#string(expression.flags);
    this.writer.number(expression.lastIndex);
  }

  #error(error: Error): void {
    this.#marker(4, Kind.ERROR);
    this.#string(nativeErrorName(error)!);
    // Read as own: an inherited message belongs to the class, and a later class may word it anew.
    const message = Object.hasOwn(error, "message") ? error.message : undefined;
    this.#value(typeof message === "string" ? message : undefined);
    const keys = Object.keys(error);
    for (const hidden of ["cause", "errors"]) {
      if (Object.hasOwn(error, hidden) && !keys.includes(hidden)) keys.push(hidden);
    }
    const kept = keys.filter((key) => key !== "message" && key !== "stack");
    if (this.#canonical) kept.sort();
    this.writer.mapHeader(kept.length);
    this.#entries(error, kept);
  }

  /** Opens a composite of `length` elements, the marker among them. */
  #marker(length: number, kind: number): void {
    this.writer.arrayHeader(length);
    this.writer.extHeader(Ext.MARKER, 1);
    this.writer.byte(kind);
  }

  #pathText(): string {
    return this.#path.map(pathSegment).join("");
  }

  #refuse(value: unknown, reason: string): never {
    throw new EncodeError({ path: this.#pathText(), found: describeKind(value), reason });
  }
}

function prototypeOf(name: string): unknown {
  return (globalThis as unknown as Record<string, { prototype: unknown }>)[name].prototype;
}

/** The native class of an error, or `undefined` for an instance of a user's subclass. */
function nativeErrorName(error: object): string | undefined {
  const name = (Object.getPrototypeOf(error) as { name?: unknown }).name;
  const known = ERROR_NAMES.find((each) => each === name);
  return known !== undefined && Object.getPrototypeOf(error) === globalThis[known].prototype
    ? known
    : undefined;
}

/** Whether an array has holes, or properties beyond its indices. */
function isSparse(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) {
    if (array[i] === undefined && !(i in array)) return true;
  }
  return array.length <= MAX_ARRAY_SEARCHED && Object.keys(array).length !== array.length;
}

/** Keeps indices before names, and orders names by code unit. */
function byIndexThenName(a: string, b: string): number {
  const indexA = arrayIndex(a);
  const indexB = arrayIndex(b);
  if (indexA !== undefined && indexB !== undefined) return indexA - indexB;
  if (indexA !== undefined) return -1;
  if (indexB !== undefined) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function arrayIndex(key: string): number | undefined {
  const number = Number(key);
  return Number.isInteger(number) && number >= 0 && number < 2 ** 32 - 1 && String(number) === key
    ? number
    : undefined;
}
