/** What is special about objects whose keys were written before: `wire.ts` calls them records. */

import type { Shape } from "./_shapes.ts";
import { Ext, MAX_SHAPES } from "./wire.ts";
import type { Writer } from "./_writer.ts";

/** The one byte of an empty array, and of no other value. */
const EMPTY_ARRAY = 0x90;

/** Most keys of a record whose header is one byte. */
const MAX_TRIMMED_KEYS = 14;

let runs = 0;

/** The shapes that one encoding has defined. */
export class Definitions {
  #run = ++runs;
  #count = 0;

  has(shape: Shape): boolean {
    return shape.run === this.#run;
  }

  add(shape: Shape): void {
    if (this.#count >= MAX_SHAPES) return;
    if (shape.run !== this.#run) {
      shape.run = this.#run;
      shape.id = this.#count;
    }
    this.#count++;
  }

  clear(): void {
    this.#run = ++runs;
    this.#count = 0;
  }
}

/** Writes what stands before the values of a record. */
export function recordHeader(writer: Writer, shape: Shape): void {
  writer.arrayHeader(1 + shape.length);
  if (shape.id < 32) writer.byte(0xff - shape.id);
  else {
    writer.extHeader(Ext.SHAPE, 2);
    writer.byte(shape.id >>> 8);
    writer.byte(shape.id & 0xff);
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
