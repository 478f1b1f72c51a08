/** What is special about objects whose keys were written before: `wire.ts` calls them records. */

import type { Shape } from "./_shapes.ts";
import { Ext, MAX_SHAPES, MIN_RECORD_DEPTH } from "./wire.ts";
import type { Writer } from "./_writer.ts";

/** The one byte of an empty array, and of no other value. */
const EMPTY_ARRAY = 0x90;

/** Most keys of a record whose header is one byte. */
const MAX_TRIMMED_KEYS = 14;

let runs = 0;

/** The shapes that one encoding has defined: in keys, the last at each depth counts. */
export class Definitions {
  #run = ++runs;
  /** How many there are; those from {@linkcode MAX_SHAPES} on cannot be referred to. */
  count = 0;
  /** Whether nothing is noted: an entry of a collection without order must not lean on another. */
  scattered = false;
  /** By depth, the keys of the last object there. */
  readonly #last: (readonly string[] | undefined)[] = [undefined];
  /** For each of them, how many shapes there had been before, in this run and all earlier ones. */
  readonly #numbers: number[] = [0];
  #before = 1;

  has(shape: Shape): boolean {
    return shape.run === this.#run;
  }

  /** The number of a shape, if it was defined; else -1. */
  idOf(shape: Shape): number {
    return this.has(shape) ? shape.id : -1;
  }

  add(shape: Shape): void {
    if (this.count >= MAX_SHAPES) return;
    if (shape.run !== this.#run) {
      shape.run = this.#run;
      shape.id = this.count;
    }
    this.count++;
  }

  /** The number of the shape of the last object at a depth, if it had the same keys; else -1. */
  repeated(depth: number, names: readonly string[]): number {
    if (depth >= this.#last.length) return -1;
    const last = this.#last[depth];
    const id = this.#numbers[depth] - this.#before;
    return id >= 0 && (last === names || areEqual(last!, names)) ? id : -1;
  }

  /** Notes that an object with these keys ended at a depth: at most `MAX_SHAPE_KEYS`. */
  note(depth: number, names: readonly string[]): void {
    if (names.length === 0) return;
    const number = this.#before + this.count++;
    if (depth < MIN_RECORD_DEPTH || this.count > MAX_SHAPES || this.scattered) return;
    while (depth >= this.#last.length) {
      this.#last.push(undefined);
      this.#numbers.push(0);
    }
    this.#last[depth] = names;
    this.#numbers[depth] = number;
  }

  clear(): void {
    this.#run = ++runs;
    this.#before += this.count;
    this.count = 0;
  }
}

function areEqual(a: readonly string[], b: readonly string[]): boolean {
  const { length } = a;
  if (b.length !== length) return false;
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return false;
  return true;
}

/** Writes what stands before the values of a record: of the shape `id`, with `length` keys. */
export function recordHeader(writer: Writer, id: number, length: number): void {
  writer.arrayHeader(1 + length);
  if (id < 32) writer.byte(0xff - id);
  else {
    writer.extHeader(Ext.SHAPE, 2);
    writer.byte(id >>> 8);
    writer.byte(id & 0xff);
  }
}

/**
 * Leaves out the last value of a record, if it is an empty array.
 *
 * @param header Where the record starts.
 * @param last Where its last value starts.
 */
export function trimRecord(writer: Writer, shape: Shape, header: number, last: number): void {
  if (shape.length > MAX_TRIMMED_KEYS) return;
  if (writer.length !== last + 1 || writer.bytes[last] !== EMPTY_ARRAY) return;
  writer.length = last;
  writer.bytes[header]--;
}
