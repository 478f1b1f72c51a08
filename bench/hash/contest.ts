/**
 * The part of the bench that runs in every runtime.
 *
 * @module
 */
import {
  blake3,
  blake3Hex,
  borrowWindow,
  configureHash,
  createHashPool,
  hashParallel,
  toHex,
  wasmBytes,
} from "../../lib/hash/mod.ts";
import { type Contender, RIVALS } from "../rivals/hash.ts";
import { race, time, type Timer } from "../shared/race.ts";

/** Lengths of input, in bytes. */
export const SIZES: readonly number[] = [
  0,
  16,
  64,
  256,
  1024,
  4096,
  64 * 1024,
  1024 * 1024,
  16 * 1024 * 1024,
];

/** Lengths of input for the other forms of a digest: short, since the form costs the same for all. */
export const FORM_SIZES: readonly number[] = [16, 64, 256, 1024];

/** The other forms of a digest: written into an array of the caller's, and hexadecimal text. */
export const FORMS = ["into", "hex"] as const;

/** What a runtime measured. Times are in nanoseconds. */
export interface Figures {
  /** Compiling and instantiating the SIMD core for the first time. */
  readonly compile: number;
  /** The best time for one hash: by contender, and then by size. */
  readonly times: Readonly<Record<string, readonly number[]>>;
  /** The same for the other forms, by contender that has the form, and then by size. */
  readonly forms: Readonly<
    Record<typeof FORMS[number], Readonly<Record<string, readonly number[]>>>
  >;
  /** A new array of 32 bytes, which every digest in an array of its own needs. */
  readonly array: number;
  /** Why a contender is missing. */
  readonly missing: Readonly<Record<string, string>>;
  /** Hashing 64 bytes in a borrowed window with a key, in place of an array. */
  readonly window: number;
  /** Hashing 256 MiB: on this thread, and by workers, of which there are so many. */
  readonly parallel: {
    readonly alone: number;
    readonly workers: number;
    readonly count: number;
  } | undefined;
}

const LARGE_BYTES = 256 * 1024 * 1024;

const OURS: Contender = {
  hash: blake3,
  into: (bytes, into) => blake3(bytes, { into }),
  hex: blake3Hex,
};

/** Everything that hashes here: our own, and the rivals that load. */
async function contenders(missing: Record<string, string>): Promise<Map<string, Contender>> {
  const found = new Map([["déjà", OURS]]);
  for (const [name, load] of Object.entries(RIVALS)) {
    try {
      found.set(name, await load());
    } catch (error) {
      missing[name] = String(error).split("\n")[0];
    }
  }
  return found;
}

/** Input without a pattern that a hash could profit from. */
function sample(size: number): Uint8Array {
  return Uint8Array.from({ length: size }, (_, index) => index * 7919 >>> 5);
}

/** What a contender does for one input and form, as a function that gives a digest. */
function bodyOf(
  { hash, into, hex }: Contender,
  form: "hash" | typeof FORMS[number],
  input: Uint8Array,
): (() => Uint8Array | string) | undefined {
  if (form === "hash") return () => hash(input);
  if (form === "hex") return () => hex(input);
  if (into === undefined) return undefined;
  const digest = new Uint8Array(32);
  return () => {
    into(input, digest);
    return digest;
  };
}

/** Races for one form, at each size, and adds the best times to `times`. */
async function raceOn(
  all: ReadonlyMap<string, Contender>,
  form: "hash" | typeof FORMS[number],
  sizes: readonly number[],
  times: Record<string, number[]>,
): Promise<void> {
  for (const size of sizes) {
    const input = sample(size);
    const expected = blake3Hex(input);
    const timers = new Map<string, Timer>();
    for (const [name, contender] of all) {
      const body = bodyOf(contender, form, input);
      if (body === undefined) continue;
      const digest = body();
      if ((typeof digest === "string" ? digest : toHex(digest)) !== expected) {
        throw new Error(`${name} gives a wrong digest`);
      }
      timers.set(name, (count) => time(body, count));
    }
    for (const [name, best] of await race(timers)) (times[name] ??= []).push(best);
  }
}

/** The best of some times for a promise. */
async function bestOf(rounds: number, body: () => unknown): Promise<number> {
  let best = Infinity;
  for (let round = 0; round < rounds; round++) {
    const start = performance.now();
    await body();
    best = Math.min(best, (performance.now() - start) * 1e6);
  }
  return best;
}

/** Measures what workers gain. */
async function parallel(): Promise<Figures["parallel"]> {
  if (typeof Worker === "undefined") return undefined;
  using pool = createHashPool();
  const input = new Uint8Array(LARGE_BYTES).fill(1);
  await hashParallel(input, { pool });
  return {
    alone: await bestOf(5, () => blake3(input)),
    workers: await bestOf(5, () => hashParallel(input, { pool })),
    count: pool.size,
  };
}

/** Runs all races. */
export async function contest(): Promise<Figures> {
  const compile = time(
    () => new WebAssembly.Instance(new WebAssembly.Module(wasmBytes("simd"))),
    1,
  );
  const missing: Record<string, string> = {};
  const all = await contenders(missing);
  const times: Record<string, number[]> = {};
  await raceOn(all, "hash", SIZES, times);
  const forms: Record<typeof FORMS[number], Record<string, number[]>> = { into: {}, hex: {} };
  for (const form of FORMS) await raceOn(all, form, FORM_SIZES, forms[form]);
  for (const backend of ["wasm", "js"] as const) {
    configureHash({ backend });
    await raceOn(new Map([[`déjà ${backend}`, OURS]]), "hash", SIZES, times);
  }
  configureHash();
  const source = new Uint8Array(32);
  const copy: Timer = (count) => time(() => source.slice(), count);
  const [array] = (await race(new Map([["array", copy]]))).values();
  using loan = borrowWindow()!;
  const key = new Uint8Array(32);
  const window = await bestOf(50, () => time(() => loan.hash(64, key), 20_000)) / 20_000;
  return { compile, times, forms, array, missing, window, parallel: await parallel() };
}
