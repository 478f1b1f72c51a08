/**
 * A table of calls: what the same-key-everywhere test and its neighbours are about. Their names are
 * rare ones, since a bundler renames what has the name of something else in the bundle.
 */

import { type AnyFunction, Keyer, type KeyerOptions } from "../../lib/key/mod.ts";

function area(radius: number) {
  // Comments do not count.
  return Math.PI * radius ** 2;
}

const joined = (head: string, ...tail: string[]) => [head, ...tail].join("-");

async function fetched(address: string, options = { retries: 2, "keep alive": true }) {
  await 0;
  return { address, options };
}

const generated = {
  *counter(from = 0, to = 3) {
    for (let i = from; i < to; i++) yield i;
  },
}.counter;

const cyclic: Record<string, unknown> = { name: "cycle" };
cyclic.self = cyclic;

/** One call, and whatever about its function differs from the defaults. */
export interface Call {
  readonly name: string;
  readonly fn: AnyFunction;
  readonly args: readonly unknown[];
  readonly options?: Partial<KeyerOptions>;
}

/** The calls whose keys are frozen. */
export const CALLS: readonly Call[] = [
  { name: "a number", fn: area, args: [2] },
  { name: "an unlike number", fn: area, args: [-0] },
  { name: "a version", fn: area, args: [2], options: { version: 2 } },
  { name: "another name", fn: area, args: [2], options: { name: "surface" } },
  { name: "code ignored", fn: area, args: [2], options: { code: "ignore" } },
  { name: "a fingerprint", fn: area, args: [2], options: { code: "v1.2.3" } },
  { name: "a closure", fn: area, args: [2], options: { closure: () => ({ unit: "cm" }) } },
  {
    name: "a function in the closure",
    fn: area,
    args: [2],
    options: { closure: () => ({ joined }) },
  },
  { name: "an ignored parameter", fn: fetched, args: ["a", {}], options: { ignore: ["options"] } },
  { name: "a default", fn: fetched, args: ["https://example.com/é?q=🍺"] },
  { name: "a rest parameter", fn: joined, args: ["a", "b", "c"] },
  { name: "a generator", fn: generated as AnyFunction, args: [1] },
  { name: "no arguments", fn: joined, args: [] },
  {
    name: "many kinds of data",
    fn: joined,
    args: [[
      undefined,
      null,
      true,
      1.5,
      NaN,
      2n ** 70n,
      -7n,
      "\ud800",
      new Date(1_700_000_000_123),
      /a+/gi,
    ]],
  },
  {
    name: "collections",
    fn: joined,
    args: [new Map<unknown, unknown>([["k", new Set([1, "1"])]])],
  },
  {
    name: "views",
    fn: joined,
    args: [new Float64Array([1, -0]), new Uint8Array([1, 2]), new ArrayBuffer(3)],
  },
  { name: "an object", fn: joined, args: [{ z: 1, a: { "": [], 10: 0, 9: 0 } }] },
  { name: "an error", fn: joined, args: [new RangeError("far", { cause: "near" })] },
  { name: "a cycle", fn: joined, args: [cyclic] },
  { name: "a long string", fn: joined, args: ["x".repeat(100_000)] },
];

/** The key of a call. */
export function keyOf({ fn, args, options }: Call): string {
  const keyer = new Keyer(fn, { name: fn.name, code: "source", ignore: [], ...options });
  return keyer.key(args).hex;
}
