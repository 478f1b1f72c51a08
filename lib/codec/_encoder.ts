/** Values to bytes, in both modes: as they are, and in the canonical form of keys. */

import { EncodeError } from "../errors.ts";
import { SharedBuffers } from "./_buffers.ts";
import { type Classes, indexClasses } from "./_classes.ts";
import { type Frame, framed, left, noteStart, segmentOf } from "./_frames.ts";
import { describeKind, isOdd, objectsInherit } from "./_kinds.ts";
import { Nesting, REPEATED } from "./_nesting.ts";
import type { Loads } from "./_loads.ts";
import type { Opening } from "./_openings.ts";
import { Definitions, recordHeader, trimRecord } from "./_records.ts";
import { rootShape, type Shape } from "./_shapes.ts";
import { isSparse } from "./_sparse.ts";
import { Writer } from "./_writer.ts";
import type { CanonicalOptions, CodeOf, EncodeOptions } from "./options.ts";
import {
  Constant,
  Ext,
  Kind,
  MAX_KEY_CONTAINERS,
  MAX_SHAPE_KEYS,
  MIN_RECORD_DEPTH,
  OMITTED,
  RECURSIVE_DEPTH,
} from "./wire.ts";

const CHANGED = "it was changed while it was encoded";

/** One encoding. An instance may be used again after {@linkcode Encoder.reset}. */
export class Encoder implements Opening {
  readonly writer: Writer = new Writer();
  readonly canonical: boolean;
  readonly buffers: SharedBuffers = new SharedBuffers();
  /** What could not be read at once; only asynchronous encodings have it. */
  loads: Loads | undefined;
  stack = false;
  unordered = false;
  classes: Classes | undefined;
  #configured = false;
  #codeOf: CodeOf | undefined;
  readonly nesting: Nesting = new Nesting();
  /** Whether every object is looked up, and not only enough of them to notice that one repeats. */
  #tracks: boolean;
  #containers = 0;
  readonly defined: Definitions = new Definitions();
  /** Values that wait for their turn in canonical order. */
  readonly #values: unknown[] = [];
  #valuesLength = 0;
  /** Whether plain objects inherit properties that a loop over them meets. */
  #inherits = false;

  constructor(canonical: boolean) {
    this.canonical = canonical;
    this.#tracks = canonical;
  }

  /** Says how to encode from now on. */
  configure(options: (EncodeOptions & CanonicalOptions & { loads?: Loads }) | undefined): void {
    if (options === undefined && !this.#configured) return;
    this.#configured = options !== undefined;
    const { codeOf, classes, loads, stack, unordered } = options ?? {};
    this.loads = loads;
    this.#codeOf = codeOf;
    this.classes = indexClasses(classes);
    this.stack = stack === true;
    this.unordered = this.defined.scattered = unordered === true;
  }

  /** Forgets everything of the last run, also of one that failed. */
  reset(): void {
    this.loads = undefined;
    if (!this.canonical) this.buffers.clear();
    this.#restart(this.canonical);
  }

  #restart(tracks: boolean): void {
    const { nesting } = this;
    this.writer.length = 0;
    while (nesting.depth > 0) nesting.exit();
    if (this.#valuesLength > 0) this.#values.length = this.#valuesLength = 0;
    this.#containers = 0;
    this.defined.clear();
    // A key has no numbers of objects.
    if (this.canonical) return;
    this.#tracks = tracks;
    nesting.clear();
  }

  /**
   * Appends the encoded form of `value` to the writer.
   *
   * @param isList Whether it is a dense array that nobody else holds.
   */
  encode(value: unknown, isList = false): void {
    try {
      this.#inherits = objectsInherit();
      if (isList) this.#array(value as readonly unknown[]);
      else this.#untracked(value);
      if (!this.canonical && this.buffers.shared) {
        // Only now is it known how much of each buffer its views need.
        this.buffers.complete = true;
        this.#restart(true);
        this.#value(value);
      }
    } catch (error) {
      if (error instanceof EncodeError) throw error;
      throw new EncodeError({
        path: `${this.nesting}`,
        found: "a value",
        reason: `reading it threw ${error instanceof Error ? error : describeKind(error)}`,
        cause: error,
      });
    }
  }

  /** Encodes as if no object came twice, and all over again if one does. */
  #untracked(value: unknown): void {
    try {
      this.#value(value);
    } catch (error) {
      if (error !== REPEATED) throw error;
      this.buffers.clear();
      this.#restart(true);
      this.#value(value);
    }
  }

  /** Encodes once more, after all that had to be loaded was. */
  encodeAgain(value: unknown): void {
    this.buffers.clear();
    this.#restart(this.canonical);
    this.encode(value);
  }

  #value(value: unknown): void {
    if (typeof value === "string") this.writer.string(value);
    else if (typeof value === "number") this.writer.number(value);
    else if (typeof value === "object" && value !== null) this.#object(value);
    else this.#scalar(value);
  }

  #scalar(value: unknown): void {
    if (this.writer.scalar(value)) return;
    if (typeof value === "function") this.#function(value as (...args: never[]) => unknown);
    else if (value === OMITTED && this.canonical) this.writer.constant(Constant.OMITTED);
    else this.refuse(value, "a symbol has no content");
  }

  #function(fn: (...args: never[]) => unknown): void {
    if (this.#codeOf === undefined) this.refuse(fn, "a function is code, not data");
    this.writer.arrayHeader(2);
    this.writer.marker(Kind.CODE);
    this.writer.string(this.#codeOf(fn));
  }

  #object(value: object): void {
    const { nesting } = this;
    let objects = -1;
    if (this.#tracks) {
      if (this.#reference(value)) return;
      if (nesting.depth >= RECURSIVE_DEPTH) {
        this.#deep(value);
        return;
      }
    } else {
      nesting.checkCycle(value);
      objects = nesting.objects;
    }
    if (Array.isArray(value)) {
      // To ask an array for its prototype takes V8 ten times as long as to ask for a property.
      if (value.constructor === Array && !isSparse(value, this.canonical)) this.#array(value);
      else this.#other(value);
    } else {
      const prototype = Object.getPrototypeOf(value);
      if (prototype === Object.prototype) this.#properties(value as Record<string, unknown>);
      else if (prototype === Map.prototype && !this.unordered) {
        this.#map(value as Map<unknown, unknown>);
      } else this.#other(value);
    }
    // It holds no other object. One that does need not be looked up: if it comes again, so does what
    // it holds.
    if (objects === nesting.objects) nesting.meet(value);
  }

  /** Writes what is neither a plain object, nor a dense array, nor a map. */
  #other(value: object): void {
    // What it is made of may be made anew each time, and then would not come again with it.
    const { nesting } = this;
    if (!this.#tracks) nesting.meet(value);
    const frame = framed(this, value);
    if (frame === undefined) return;
    const at = nesting.depth;
    nesting.enter(frame.value);
    for (; frame.next < frame.parts.length; frame.next++) {
      nesting.path[at] = segmentOf(frame);
      this.#part(frame);
    }
    left(this, frame);
  }

  /** Writes a reference to `value` if it was met before; else remembers it. */
  #reference(value: object): boolean {
    let target: number | undefined;
    if (this.canonical) {
      target = this.nesting.distance(value);
      if (target === undefined && ++this.#containers > MAX_KEY_CONTAINERS) {
        this.refuse(value, `its shared parts expand to over ${MAX_KEY_CONTAINERS} objects`);
      }
    } else target = this.nesting.ordinal(value);
    if (target === undefined) return false;
    if (this.nesting.late.has(value)) {
      this.refuse(value, "it is a class instance inside its own data, which cannot be read back");
    }
    this.writer.extHeader(Ext.REFERENCE, 4);
    this.writer.uint32(target);
    return true;
  }

  #array(array: readonly unknown[]): void {
    const { nesting, writer } = this;
    const { length } = array;
    writer.arrayHeader(length);
    const at = nesting.depth;
    nesting.enter(array);
    let i = 0;
    if (length > 0 && typeof array[0] === "number") {
      writer.firstNumber(array[0]);
      i = writer.numbers(array, length);
    }
    for (; i < length; i++) {
      const element = array[i];
      if (typeof element === "number") writer.number(element);
      else {
        nesting.path[at] = i;
        this.#value(element);
      }
    }
    nesting.exit();
  }

  /** Writes an object that inherits as a plain one does. */
  #properties(object: Record<string, unknown>): void {
    let shape = rootShape();
    // The engine keeps the list for this loop with the object's layout, and reads a property that
    // the loop names without looking for it.
    for (const key in object) {
      if (shape.length === MAX_SHAPE_KEYS) {
        this.#other(object);
        return;
      }
      shape = shape.child(key);
    }
    // What is more than it seems has no key, or those of `arguments`; asking each takes its time.
    if (this.#inherits || (shape.length === 0 || shape.indexed) && isOdd(object)) {
      this.#other(object);
      return;
    }
    const { nesting, writer } = this;
    const at = nesting.depth;
    nesting.enter(object);
    let count = 0;
    if (this.canonical) count = this.#sortedProperties(object, shape);
    else if (this.defined.has(shape)) {
      const header = writer.length;
      let last = header;
      recordHeader(writer, shape.id, shape.length);
      for (const key in object) {
        nesting.path[at] = key;
        last = writer.length;
        const value = object[key];
        // As in #value(), which is not asked first for what most records are made of.
        if (typeof value === "string") writer.string(value);
        else if (typeof value === "number") writer.number(value);
        else this.#value(value);
        count++;
      }
      trimRecord(writer, shape, header, last);
    } else {
      writer.mapHeader(shape.length);
      for (const key in object) {
        nesting.path[at] = key;
        writer.string(key);
        this.#value(object[key]);
        count++;
      }
      if (count > 0) this.defined.add(shape);
    }
    nesting.exit();
    // The header has announced the keys that there were.
    if (count !== shape.length) this.refuse(object, CHANGED);
  }

  /** Writes the properties in canonical order, and returns how many there were. */
  #sortedProperties(object: Record<string, unknown>, shape: Shape): number {
    const { nesting, writer } = this;
    const at = nesting.depth - 1;
    const values = this.#values;
    const start = this.#valuesLength;
    let end = start;
    let reading = "";
    try {
      for (const key in object) {
        reading = key;
        values[end++] = object[key];
      }
    } catch (error) {
      nesting.path[at] = reading;
      throw error;
    }
    const { names, places, words, sizes } = shape.sorted;
    this.#valuesLength = end;
    if (end - start !== names.length) return end - start;
    // What is asked there is asked here first: the calls would show in a small key.
    const mayRepeat = at >= MIN_RECORD_DEPTH;
    const id = mayRepeat ? this.defined.repeated(at, names) : -1;
    if (id < 0) writer.mapHeader(names.length);
    else recordHeader(writer, id, names.length);
    for (let i = 0; i < names.length; i++) {
      const size = id < 0 ? sizes[i] : -1;
      if (size > 0) writer.shortText(words, i * 4, size);
      else if (size === 0) writer.string(names[i]);
      const place = start + places[i];
      const value = values[place];
      values[place] = undefined;
      if (typeof value === "string") writer.string(value);
      else if (typeof value === "number") writer.number(value);
      else if (typeof value === "boolean") writer.boolean(value);
      else {
        nesting.path[at] = names[i];
        this.#value(value);
      }
    }
    if (!mayRepeat) this.defined.count += names.length > 0 ? 1 : 0;
    else if (id < 0) this.defined.note(at, names);
    this.#valuesLength = start;
    return end - start;
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.writer.arrayHeader(1 + map.size * 2);
    this.writer.marker(Kind.MAP);
    const { size } = map;
    const { nesting } = this;
    const at = nesting.depth;
    nesting.enter(map);
    let index = 0;
    for (const [key, value] of map) {
      nesting.path[at] = index++;
      this.#value(key);
      this.#value(value);
    }
    nesting.exit();
    // The header has announced the entries that there were.
    if (index !== size) this.refuse(map, CHANGED);
  }

  /** Writes a value without the help of the native stack, which would not hold what is in it. */
  #deep(value: object): void {
    const first = framed(this, value);
    if (first === undefined) return;
    const { nesting } = this;
    const frames = [first];
    nesting.enter(value);
    while (frames.length > 0) {
      const frame = frames[frames.length - 1];
      if (frame.next === frame.parts.length) {
        frames.pop();
        left(this, frame);
        continue;
      }
      nesting.path[nesting.depth - 1] = segmentOf(frame);
      const part = frame.parts[frame.next];
      if (typeof part !== "object" || part === null) this.#part(frame);
      else {
        noteStart(this, frame);
        const inner = this.#reference(part) ? undefined : framed(this, part);
        if (inner !== undefined) {
          frames.push(inner);
          nesting.enter(part);
        }
      }
      frame.next++;
    }
  }

  #part(frame: Frame): void {
    const part = frame.parts[frame.next];
    noteStart(this, frame);
    if (frame.plain === true && frame.next === 0 && typeof part === "number") {
      this.writer.firstNumber(part);
    } else this.#value(part);
  }

  refuse(value: unknown, reason: string, Class = EncodeError): never {
    throw new Class({ path: `${this.nesting}`, found: describeKind(value), reason });
  }
}
