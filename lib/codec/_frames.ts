/** Containers while they are written: which parts they have, and how a path names them. */

import { opened, type Opening } from "./_openings.ts";
import { sorted, sortEntries } from "./_order.ts";
import { recordHeader } from "./_records.ts";
import { type Shape, shapeOf } from "./_shapes.ts";
import { MAX_DEPTH } from "./wire.ts";

/** A container whose header is written, and whose parts follow. */
export interface Frame {
  readonly value: object;
  /** What follows the header and the marker, keys included. */
  readonly parts: ArrayLike<unknown>;
  /** Index of the part that comes next. */
  next: number;
  /** How many of the parts come before the entries, which are `step` parts each. */
  readonly lead: number;
  readonly step: 1 | 2;
  /** What the entries are called, where that is not their number. */
  readonly names?: readonly string[] | undefined;
  /** The shape that this object defines when it ends. */
  readonly defines?: Shape | undefined;
  /** Whether a number at the front could be taken for a record. */
  readonly plain?: boolean;
  /** Whether nothing may point at the value before it ends, as it is made of its parts then. */
  readonly late?: boolean;
  /** Where the entries of a collection without order start in the output. */
  readonly starts?: number[] | undefined;
}

/** What the path calls the part that is written at present. */
export function segmentOf(frame: Frame): string | number {
  const entry = Math.max(0, Math.floor((frame.next - frame.lead) / frame.step));
  return frame.names?.[entry] ?? entry;
}

/** Notes where an entry starts, for a collection without order. */
export function noteStart(to: Opening, frame: Frame): void {
  if (frame.starts !== undefined && frame.next % frame.step === 0) {
    frame.starts.push(to.writer.length);
  }
}

/** Leaves a container of which all parts are written. */
export function left(to: Opening, { defines, late, names, starts, value }: Frame): void {
  to.nesting.exit();
  if (late === true) to.nesting.late.delete(value);
  if (defines !== undefined) {
    if (to.canonical) to.defined.note(to.nesting.depth, names!);
    else to.defined.add(defines);
  }
  if (starts !== undefined) sortEntries(to.writer, starts);
}

/** Writes the header of a container; or the whole value, where it contains no other. */
export function framed(to: Opening, value: object): Frame | undefined {
  const what = opened(to, value);
  if (what === undefined) return undefined;
  const { nesting, writer } = to;
  if (nesting.depth >= MAX_DEPTH) {
    to.refuse(value, `it is nested deeper than ${MAX_DEPTH} levels`);
  }
  const { kind, parts } = what;
  if (kind !== undefined) {
    writer.arrayHeader(1 + parts.length);
    writer.marker(kind, what.detail);
    if (what.late === true && !to.canonical) nesting.late.add(value);
  } else if (what.names === undefined) writer.arrayHeader(parts.length);
  else return objectFrame(to, value, what.names);
  return { value, next: 0, lead: 0, step: 1, plain: kind === undefined, ...what };
}

function objectFrame(to: Opening, value: object, names: readonly string[]): Frame {
  const { canonical, defined, nesting, writer } = to;
  const shape = shapeOf(names);
  const object = value as Record<string, unknown>;
  if (canonical) names = sorted(names, shape);
  if (shape !== undefined) {
    const repeated = canonical ? defined.repeated(nesting.depth, names) : defined.idOf(shape);
    if (repeated >= 0) {
      recordHeader(writer, repeated, names.length);
      const parts = names.map((name) => object[name]);
      return { value, parts, next: 0, lead: 0, step: 1, names };
    }
  }
  writer.mapHeader(names.length);
  const parts = names.flatMap((name) => [name, object[name]]);
  return { value, parts, next: 0, lead: 0, step: 2, names, defines: shape };
}
