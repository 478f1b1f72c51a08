/** The orders of the canonical form. */

import type { Shape } from "./_shapes.ts";
import type { Writer } from "./_writer.ts";

/** The keys of an object in the order of their code units. */
export function sorted(keys: readonly string[], shape: Shape | undefined): readonly string[] {
  if (shape === undefined) return keys.toSorted();
  return shape.sorted.names;
}

/** Puts the entries of a collection without order into the order of their bytes. */
export function sortEntries(writer: Writer, starts: readonly number[]): void {
  const entries = starts.map((start, i) =>
    writer.bytes.slice(start, starts[i + 1] ?? writer.length)
  );
  entries.sort(compareBytes);
  if (starts.length > 0) writer.length = starts[0];
  for (const entry of entries) writer.raw(entry);
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length);
  for (let i = 0; i < length; i++) if (a[i] !== b[i]) return a[i] - b[i];
  return a.length - b.length;
}

/** Keeps indices before names, and orders names by code unit. */
export function byIndexThenName(a: string, b: string): number {
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
