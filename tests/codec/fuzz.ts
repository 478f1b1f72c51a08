/**
 * Fuzzing of `decode`: bytes that look like ours and are not, from a seed, so that whatever is
 * found can be found again.
 *
 * @module
 */

import { decode, encode, encodeCanonical } from "../../lib/codec/mod.ts";
import { DecodeError } from "../../lib/errors.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { CASES } from "./cases.ts";
import { held, isNative } from "./fuzz_value.ts";

/** Longest input: time is better spent on many short ones. */
const MAX_INPUT_BYTES = 2048;
/** Inputs that are kept for having led somewhere new. */
const MAX_KEPT = 500;
/** Bytes that a decoded value may hold on top of its share: what an empty one weighs. */
const ALLOWED_BYTES = 4096;
/** Bytes that a decoded value may hold for each byte of input. A record names its keys once. */
const ALLOWED_FACTOR = 300;
/** Time that a short input may take: far above the pauses of a busy machine. */
const ALLOWED_MS = 2000;

/** What a run of cases came to. */
export interface FuzzOutcome {
  /** Cases that decoded. */
  readonly values: number;
  /** Cases that were refused, each with a `DecodeError`. */
  readonly refusals: number;
  /** Different ways in which cases ended: messages of refusals, and kinds of values. */
  readonly endings: readonly string[];
  /** The longest that one case took, in milliseconds. */
  readonly slowestMs: number;
}

/** A case that did what it must not. */
export class FuzzFailure extends Error {
  /** Says what is wrong with the input. */
  constructor(what: string, seed: number, input: Uint8Array, options?: ErrorOptions) {
    super(`${what}; seed ${seed}, input ${toHex(input)}`, options);
  }
}

/** Gives integers from 0 to below `limit`. */
export type Random = (limit: number) => number;

/** A generator of random integers (mulberry32), the same everywhere for the same seed. */
export function randomFrom(seed: number): Random {
  let state = seed | 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) % limit;
  };
}

/** Bytes that open something, or that stand at a border. */
const TELLING_BYTES: readonly number[] = [
  ...Array.from({ length: 32 }, (_, i) => 0xc0 + i),
  ...[0, 1, 2, 3, 0x7f, 0x80, 0x81, 0x8f, 0x90, 0x91, 0x92, 0x93, 0x9f, 0xa0, 0xbf, 0xe0, 0xff],
];
/** Starts of extensions, composites and records. */
const TELLING_STARTS: readonly (readonly number[])[] = [
  ...Array.from({ length: 8 }, (_, type) => [0xd4, type]),
  ...Array.from({ length: 24 }, (_, kind) => [0x93, 0xd4, 1, kind]),
  ...[[0xd6, 4, 0, 0, 0], [0xd6, 0xff], [0xc7, 12, 0xff], [0x92, 0xff], [0xa9, 95, 95, 112]],
  [0xa9, ...new TextEncoder().encode("__proto__")],
  [0xab, ...new TextEncoder().encode("constructor")],
];
const TELLING_LENGTHS: readonly number[] = [0, 1, 0x7f, 0xff, 0xffff, 0x7fffffff, 0xffffffff];

/** Encoded values to start from: every value of the table that is not too long. */
const valid: readonly Uint8Array<ArrayBuffer>[] = CASES.flatMap((
  [, make],
) => [encode(make()), encode([make(), { a: make() }]), encodeCanonical(make())]).filter((
  { length },
) => length <= MAX_INPUT_BYTES);

function pick<T>(random: Random, from: readonly T[]): T {
  return from[random(from.length)];
}

/** Replaces `removed` bytes at `at`. */
function splice(bytes: Uint8Array, at: number, removed: number, added: ArrayLike<number>) {
  const result = new Uint8Array(bytes.length - removed + added.length);
  result.set(bytes.subarray(0, at));
  result.set(added, at);
  result.set(bytes.subarray(at + removed), at + added.length);
  return result;
}

type Mutation = (bytes: Uint8Array<ArrayBuffer>, random: Random) => Uint8Array<ArrayBuffer>;

/** What is done to valid bytes; each also copes with no bytes at all. */
const MUTATIONS: readonly Mutation[] = [
  function flipBit(bytes, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] ^= 1 << random(8);
    return bytes;
  },
  function swapHeader(bytes, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] = pick(random, TELLING_BYTES);
    return bytes;
  },
  function setByte(bytes, random) {
    if (bytes.length > 0) bytes[random(bytes.length)] = random(256);
    return bytes;
  },
  function editLength(bytes, random) {
    const width = pick(random, [1, 2, 4]);
    if (bytes.length < width) return bytes;
    const at = random(bytes.length - width + 1);
    const length = random(2) === 0 ? pick(random, TELLING_LENGTHS) : random(bytes.length * 2);
    for (let i = 0; i < width; i++) bytes[at + i] = length >>> (8 * (width - 1 - i));
    return bytes;
  },
  function truncate(bytes, random) {
    return bytes.slice(0, random(bytes.length + 1));
  },
  function insertStart(bytes, random) {
    return splice(bytes, random(bytes.length + 1), 0, pick(random, TELLING_STARTS));
  },
  function overwriteWithStart(bytes, random) {
    const start = pick(random, TELLING_STARTS);
    if (bytes.length < start.length) return bytes;
    bytes.set(start, random(bytes.length - start.length + 1));
    return bytes;
  },
  function removeRange(bytes, random) {
    const at = random(bytes.length + 1);
    return splice(bytes, at, random(Math.min(16, bytes.length - at) + 1), []);
  },
  function repeatRange(bytes, random) {
    const at = random(bytes.length + 1);
    return splice(bytes, at, 0, bytes.slice(at, at + random(32)));
  },
  function spliceWithOther(bytes, random) {
    const other = pick(random, valid);
    const from = random(other.length);
    const at = random(bytes.length + 1);
    const removed = random(2) === 0 ? 0 : random(bytes.length - at + 1);
    return splice(bytes, at, removed, other.subarray(from, from + 1 + random(64)));
  },
  function wrap(bytes, random) {
    return splice(bytes, 0, 0, new Array<number>(1 + random(40)).fill(pick(random, [0x91, 0x81])));
  },
];

function randomBytes(random: Random): Uint8Array<ArrayBuffer> {
  const isHeaderRich = random(2) === 0;
  return Uint8Array.from(
    { length: random(64) },
    () => isHeaderRich ? pick(random, TELLING_BYTES) : random(256),
  );
}

/** One input: random bytes, or valid ones after some mutations. */
function input(random: Random, kept: readonly Uint8Array<ArrayBuffer>[]): Uint8Array<ArrayBuffer> {
  if (random(10) === 0) return randomBytes(random);
  const from = kept.length > 0 && random(3) === 0 ? kept : valid;
  let bytes = pick(random, from).slice();
  for (let count = 1 + random(4); count > 0; count--) {
    bytes = pick(random, MUTATIONS)(bytes, random);
  }
  return bytes.length > MAX_INPUT_BYTES ? bytes.slice(0, MAX_INPUT_BYTES) : bytes;
}

/** The prototypes that decoding could touch, and how they were before it. */
const PROTOTYPES: readonly object[] = [
  ...[Object, Array, Map, Set, Date, RegExp, Error, Function, ArrayBuffer, Uint8Array, String],
].flatMap((native) => [native.prototype, native]);
const untouched = PROTOTYPES.map((prototype) => Reflect.ownKeys(prototype).length);

function checkPrototypes(seed: number, bytes: Uint8Array): void {
  PROTOTYPES.forEach((prototype, index) => {
    if (Reflect.ownKeys(prototype).length === untouched[index]) return;
    throw new FuzzFailure("decode() touched a prototype", seed, bytes);
  });
}

/** Tries one input, and says how it ended. */
function attempt(bytes: Uint8Array, seed: number, again: boolean): { ending: string; ok: boolean } {
  let value: unknown;
  try {
    value = decode(bytes);
  } catch (error) {
    const isOurs = error instanceof DecodeError && Number.isInteger(error.offset) &&
      error.offset >= 0 && error.offset <= bytes.length;
    if (!isOurs) {
      throw new FuzzFailure(`decode() threw ${String(error)}`, seed, bytes, { cause: error });
    }
    return { ending: error.message.replaceAll(/"[^]*"|0x[0-9a-f]+|\d+/g, "#"), ok: false };
  }
  if (!isNative(value)) throw new FuzzFailure("A value has a foreign prototype", seed, bytes);
  const holds = held(value);
  if (holds > ALLOWED_BYTES + ALLOWED_FACTOR * bytes.length) {
    throw new FuzzFailure(`${bytes.length} bytes became a value of ${holds}`, seed, bytes);
  }
  if (again) {
    try {
      const written = encode(value);
      if (toHex(encode(decode(written))) !== toHex(written)) throw new Error("the bytes differ");
    } catch (error) {
      throw new FuzzFailure(`The value cannot be stored again: ${error}`, seed, bytes, {
        cause: error,
      });
    }
  }
  return { ending: Object.prototype.toString.call(value), ok: true };
}

/**
 * Decodes `cases` inputs made from `seed`.
 *
 * @throws {FuzzFailure} If an input leads to anything but a value or a `DecodeError`, takes far too
 *   long, makes a value far larger than itself or one that cannot be stored again, or touches a
 *   prototype.
 */
export function fuzz(seed: number, cases: number): FuzzOutcome {
  const random = randomFrom(seed);
  const kept: Uint8Array<ArrayBuffer>[] = [];
  const endings = new Set<string>();
  let values = 0;
  let slowestMs = 0;
  for (let i = 0; i < cases; i++) {
    const bytes = input(random, kept);
    const start = performance.now();
    const { ending, ok } = attempt(bytes, seed, i % 8 === 0);
    const took = performance.now() - start;
    slowestMs = Math.max(slowestMs, took);
    if (took > ALLOWED_MS) throw new FuzzFailure(`decode() took ${took} ms`, seed, bytes);
    if (ok) values++;
    if (i % 100 === 0) checkPrototypes(seed, bytes);
    // What came through, or failed in a new way, is a good place to go on from.
    const isNew = !endings.has(ending);
    endings.add(ending);
    if (isNew || (ok && random(20) === 0)) kept[random(MAX_KEPT) % (kept.length + 1)] = bytes;
  }
  checkPrototypes(seed, new Uint8Array());
  return { values, refusals: cases - values, endings: [...endings], slowestMs };
}
