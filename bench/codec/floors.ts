/**
 * What an exact key is not spared, before a byte is written.
 *
 * @module
 */
import { encodeCanonical } from "../../lib/codec/mod.ts";
import { blake3, borrowWindow } from "../../lib/hash/mod.ts";
import { time, type Timer } from "../shared/race.ts";

/** Parts of the work of a key. Times are in nanoseconds. */
export interface Floor {
  /** The hash of the canonical form. */
  readonly hash: number;
  /** A look at each value, and nothing more. */
  readonly walk: number;
  /** The names of each array, which only the list of its keys tells. */
  readonly names: number;
}

/** The contenders that measure the {@linkcode Floor} of a call with these arguments. */
export function floorTimers(args: readonly unknown[]): ReadonlyMap<string, Timer> {
  const bytes = encodeCanonical(args);
  const arrays: (readonly unknown[])[] = [];
  visit(args, (value) => {
    if (value !== args && Array.isArray(value)) arrays.push(value);
  });
  let seen = 0;
  const bodies: Readonly<Record<keyof Floor, () => void>> = {
    hash: () => {
      using loan = borrowWindow();
      if (loan === undefined) blake3(bytes);
      else loan.hash(bytes.length);
    },
    walk: () => visit(args, () => seen++),
    names: () => {
      for (const array of arrays) seen += Object.keys(array).length;
    },
  };
  return new Map(
    Object.entries(bodies).map(([name, body]) => [name, (count: number) => time(body, count)]),
  );
}

function visit(value: unknown, use: (value: unknown) => void): void {
  use(value);
  if (Array.isArray(value)) { for (let i = 0; i < value.length; i++) visit(value[i], use); }
  else if (typeof value === "object" && value !== null) {
    for (const name in value) visit((value as Record<string, unknown>)[name], use);
  }
}
