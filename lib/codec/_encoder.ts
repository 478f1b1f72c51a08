/** Values to bytes, in both modes: as they are, and in the canonical form of keys. */

import { EncodeError } from "../errors.ts";
import { SharedBuffers } from "./_buffers.ts";
import { type Classes, indexClasses } from "./_classes.ts";
import { type Frame, segmentOf } from "./_frames.ts";
import { describeKind, isOdd, pathSegment } from "./_kinds.ts";
import { sorted, sortEntries } from "./_order.ts";
import { MetObjects } from "./_met.ts";
import type { Loads } from "./_loads.ts";
import { opened, type Opening } from "./_openings.ts";
import { recordHeader, trimRecord } from "./_records.ts";
import { rootShape, type Shape, shapeOf } from "./_shapes.ts";
import { isSparse } from "./_sparse.ts";
import { Writer } from "./_writer.ts";
import type { CanonicalOptions, CodeOf, EncodeOptions } from "./options.ts";
import {
  Constant,
  Ext,
  Kind,
  MAX_DEPTH,
  MAX_SHAPE_KEYS,
  MAX_SHAPES,
  OMITTED,
  RECURSIVE_DEPTH,
} from "./wire.ts";

/**
 * Most containers that one key may open. Sharing is expanded in keys, so a small graph can stand
 * for a tree without end; this turns a hang into an error.
 */
const MAX_KEY_CONTAINERS = 10_000_000;

/** While not all objects are looked up, those at every so many levels are, among the open ones. */
const CYCLE_CHECK_DEPTH = 8;

/** Thrown when an object repeats while not all are looked up. */
const REPEATED: unique symbol = Symbol("repeated");

const CHANGED = "it was changed while it was encoded";

let runs = 0;

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
  /** What leads to the value at hand: as many entries count as containers are open. */
  readonly #path: (string | number)[] = [];
  #depth = 0;
  /** The open containers. */
  readonly #open: (object | undefined)[] = [];
  readonly #met: MetObjects = new MetObjects();
  /** Whether every object is looked up, and not only enough of them to notice that one repeats. */
  #tracks: boolean;
  readonly #late: Set<object> = new Set();
  #containers = 0;
  /** Grows with each object that was written, while not all are looked up. */
  #objects = 0;
  #run = ++runs;
  #shapes = 0;
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
    this.unordered = unordered === true;
  }

  /** Forgets everything of the last run, also of one that failed. */
  reset(): void {
    this.loads = undefined;
    this.buffers.clear();
    this.#restart(this.canonical);
  }

  #restart(tracks: boolean): void {
    this.#tracks = tracks;
    this.writer.length = 0;
    while (this.#depth > 0) this.#exit();
    if (!this.canonical) this.#met.clear();
    if (this.#valuesLength > 0) this.#values.length = this.#valuesLength = 0;
    if (this.#late.size > 0) this.#late.clear();
    this.#containers = 0;
    this.#run = ++runs;
    this.#shapes = 0;
  }

  /** Appends the encoded form of `value` to the writer. */
  encode(value: unknown): void {
    this.#encode(value, false);
  }

  /** As {@linkcode Encoder.encode}, for a dense array that nobody else holds. */
  encodeList(list: readonly unknown[]): void {
    this.#encode(list, true);
  }

  #encode(value: unknown, isList: boolean): void {
    try {
      this.#inherits = false;
      for (const _ in Object.prototype) this.#inherits = true;
      if (isList) this.#array(value as readonly unknown[]);
      else this.#untracked(value);
      if (this.buffers.shared && !this.canonical) {
        // Only now is it known how much of each buffer its views need.
        this.buffers.complete = true;
        this.#restart(true);
        this.#value(value);
      }
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
    const { writer } = this;
    if (value === null) writer.byte(0xc0);
    else if (value === undefined) writer.constant(Constant.UNDEFINED);
    else if (typeof value === "boolean") writer.byte(value ? 0xc3 : 0xc2);
    else if (typeof value === "bigint") writer.bigint(value);
    else if (typeof value === "function") this.#function(value as (...args: never[]) => unknown);
    else if (value === OMITTED && this.canonical) writer.constant(Constant.OMITTED);
    else this.refuse(value, "a symbol has no content");
  }

  #function(fn: (...args: never[]) => unknown): void {
    if (this.#codeOf === undefined) this.refuse(fn, "a function is code, not data");
    this.writer.arrayHeader(2);
    this.#marker(Kind.CODE, undefined);
    this.writer.string(this.#codeOf(fn));
  }

  #object(value: object): void {
    let objects = -1;
    if (this.#tracks) {
      if (this.#reference(value)) return;
      if (this.#depth >= RECURSIVE_DEPTH) {
        this.#deep(value);
        return;
      }
    } else {
      if (this.#depth % CYCLE_CHECK_DEPTH === 0) this.#checkCycle(value);
      objects = this.#objects;
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
    if (objects === this.#objects) this.#meet(value);
  }

  /** Finds cycles, though not as soon as they close. */
  #checkCycle(value: object): void {
    if (this.#depth >= RECURSIVE_DEPTH || this.#open.includes(value)) throw REPEATED;
  }

  /** Looks up an object, while not all are. */
  #meet(value: object): void {
    this.#objects++;
    if (!this.#met.add(value)) throw REPEATED;
  }

  /** Writes what is neither a plain object, nor a dense array, nor a map. */
  #other(value: object): void {
    // What it is made of may be made anew each time, and then would not come again with it.
    if (!this.#tracks) this.#meet(value);
    const frame = this.#frame(value);
    if (frame === undefined) return;
    this.#enter(frame.value);
    const at = this.#depth - 1;
    for (; frame.next < frame.parts.length; frame.next++) {
      this.#path[at] = segmentOf(frame);
      this.#part(frame);
    }
    this.#leave(frame);
  }

  /** Writes a reference to `value` if it was met before; else remembers it. */
  #reference(value: object): boolean {
    let target: number | undefined;
    if (this.canonical) {
      let position = this.#depth - 1;
      while (position >= 0 && this.#open[position] !== value) position--;
      if (position >= 0) target = this.#depth - 1 - position;
      else if (++this.#containers > MAX_KEY_CONTAINERS) {
        this.refuse(value, `its shared parts expand to over ${MAX_KEY_CONTAINERS} objects`);
      }
    } else target = this.#met.ordinal(value);
    if (target === undefined) return false;
    if (this.#late.has(value)) {
      this.refuse(value, "it is a class instance inside its own data, which cannot be read back");
    }
    this.writer.extHeader(Ext.REFERENCE, 4);
    this.writer.uint32(target);
    return true;
  }

  #enter(value: object): void {
    this.#open[this.#depth++] = value;
  }

  #exit(): void {
    this.#open[--this.#depth] = undefined;
  }

  #array(array: readonly unknown[]): void {
    const { writer } = this;
    const { length } = array;
    writer.arrayHeader(length);
    const at = this.#depth;
    this.#enter(array);
    for (let i = 0; i < length; i++) {
      const element = array[i];
      if (typeof element === "number") {
        if (i === 0) writer.firstNumber(element);
        else writer.number(element);
      } else {
        this.#path[at] = i;
        this.#value(element);
      }
    }
    this.#exit();
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
    // What is more than it seems has no key, or those of `arguments`.
    if (this.#inherits || (shape.length === 0 || shape.indexed) && isOdd(object)) {
      this.#other(object);
      return;
    }
    const at = this.#depth;
    this.#enter(object);
    let count = 0;
    if (this.canonical) count = this.#sortedProperties(object, shape);
    else if (shape.run === this.#run) {
      const header = this.writer.length;
      let last = header;
      recordHeader(this.writer, shape);
      for (const key in object) {
        this.#path[at] = key;
        last = this.writer.length;
        this.#value(object[key]);
        count++;
      }
      trimRecord(this.writer, shape, header, last);
    } else {
      this.writer.mapHeader(shape.length);
      for (const key in object) {
        this.#path[at] = key;
        this.writer.string(key);
        this.#value(object[key]);
        count++;
      }
      if (count > 0) this.#define(shape);
    }
    this.#exit();
    // The header has announced the keys that there were.
    if (count !== shape.length) this.refuse(object, CHANGED);
  }

  /** Writes the properties in canonical order, and returns how many there were. */
  #sortedProperties(object: Record<string, unknown>, shape: Shape): number {
    const at = this.#depth - 1;
    const values = this.#values;
    const start = this.#valuesLength;
    let end = start;
    for (const key in object) {
      this.#path[at] = key;
      values[end++] = object[key];
    }
    const { names, places, bytes, ends } = shape.sorted;
    this.#valuesLength = end;
    if (end - start !== names.length) return end - start;
    this.writer.mapHeader(names.length);
    for (let i = 0; i < names.length; i++) {
      this.#path[at] = names[i];
      this.writer.copy(bytes, i === 0 ? 0 : ends[i - 1], ends[i]);
      const place = start + places[i];
      const value = values[place];
      values[place] = undefined;
      this.#value(value);
    }
    this.#valuesLength = start;
    return end - start;
  }

  #map(map: ReadonlyMap<unknown, unknown>): void {
    this.writer.arrayHeader(1 + map.size * 2);
    this.#marker(Kind.MAP, undefined);
    const { size } = map;
    const at = this.#depth;
    this.#enter(map);
    let index = 0;
    for (const [key, value] of map) {
      this.#path[at] = index++;
      this.#value(key);
      this.#value(value);
    }
    this.#exit();
    // The header has announced the entries that there were.
    if (index !== size) this.refuse(map, CHANGED);
  }

  #define(shape: Shape): void {
    if (this.#shapes >= MAX_SHAPES) return;
    if (shape.run !== this.#run) {
      shape.run = this.#run;
      shape.id = this.#shapes;
    }
    this.#shapes++;
  }

  /** Writes a value without the help of the native stack, which would not hold what is in it. */
  #deep(value: object): void {
    const first = this.#frame(value);
    if (first === undefined) return;
    const frames = [first];
    this.#enter(value);
    while (frames.length > 0) {
      const frame = frames[frames.length - 1];
      if (frame.next === frame.parts.length) {
        frames.pop();
        this.#leave(frame);
        continue;
      }
      this.#path[this.#depth - 1] = segmentOf(frame);
      const part = frame.parts[frame.next];
      if (typeof part !== "object" || part === null) this.#part(frame);
      else {
        if (frame.starts !== undefined) this.#start(frame);
        const inner = this.#reference(part) ? undefined : this.#frame(part);
        if (inner !== undefined) {
          frames.push(inner);
          this.#enter(part);
        }
      }
      frame.next++;
    }
  }

  #part(frame: Frame): void {
    const part = frame.parts[frame.next];
    if (frame.starts !== undefined) this.#start(frame);
    if (frame.plain === true && frame.next === 0 && typeof part === "number") {
      this.writer.firstNumber(part);
    } else this.#value(part);
  }

  #start(frame: Frame): void {
    if (frame.next % frame.step === 0) frame.starts!.push(this.writer.length);
  }

  #leave(frame: Frame): void {
    this.#exit();
    if (frame.late === true) this.#late.delete(frame.value);
    if (frame.defines !== undefined) this.#define(frame.defines);
    if (frame.starts !== undefined) sortEntries(this.writer, frame.starts);
  }

  /** Writes the header of a container; or the whole value, where it contains no other. */
  #frame(value: object): Frame | undefined {
    const what = opened(this, value);
    if (what === undefined) return undefined;
    if (this.#depth >= MAX_DEPTH) {
      this.refuse(value, `it is nested deeper than ${MAX_DEPTH} levels`);
    }
    const { kind, parts } = what;
    if (kind !== undefined) {
      this.writer.arrayHeader(1 + parts.length);
      this.#marker(kind, what.detail);
      if (what.late === true && !this.canonical) this.#late.add(value);
    } else if (what.names === undefined) this.writer.arrayHeader(parts.length);
    else return this.#objectFrame(value, what.names);
    return { value, next: 0, lead: 0, step: 1, plain: kind === undefined, ...what };
  }

  #objectFrame(value: object, names: readonly string[]): Frame {
    const shape = shapeOf(names);
    const object = value as Record<string, unknown>;
    if (this.canonical) names = sorted(names, shape);
    else if (shape !== undefined && shape.run === this.#run) {
      recordHeader(this.writer, shape);
      const parts = names.map((name) => object[name]);
      return { value, parts, next: 0, lead: 0, step: 1, names };
    }
    this.writer.mapHeader(names.length);
    const parts = names.flatMap((name) => [name, object[name]]);
    return { value, parts, next: 0, lead: 0, step: 2, names, defines: shape };
  }

  #marker(kind: number, detail: number | undefined): void {
    this.writer.extHeader(Ext.MARKER, detail === undefined ? 1 : 2);
    this.writer.byte(kind);
    if (detail !== undefined) this.writer.byte(detail);
  }

  load(value: object): readonly unknown[] | undefined {
    let load = this.loads?.get(value);
    if (load === undefined && this.loads !== undefined) {
      this.loads.set(value, load = { path: this.#pathText(), parts: [], done: false });
    }
    return load?.parts;
  }

  #pathText(): string {
    return this.#path.slice(0, this.#depth).map(pathSegment).join("");
  }

  refuse(value: unknown, reason: string, Class = EncodeError): never {
    throw new Class({ path: this.#pathText(), found: describeKind(value), reason });
  }
}
