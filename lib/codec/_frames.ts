/** One container while it is written: which parts it has, and how a path names them. */

import type { Shape } from "./_shapes.ts";

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

/** Keys and values of `object`, one behind the other. */
export function entriesOf(object: object, keys: readonly string[]): unknown[] {
  const entries: unknown[] = [];
  for (const key of keys) entries.push(key, (object as Record<string, unknown>)[key]);
  return entries;
}
