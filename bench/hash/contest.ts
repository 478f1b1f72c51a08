/**
 * The part of the bench that runs in every runtime.
 *
 * @module
 */
import {
  blake3,
  borrowWindow,
  configureHash,
  createHashPool,
  hashParallel,
  toHex,
  wasmBytes,
} from "../../lib/hash/mod.ts";
import { type Hash, RIVALS } from "../rivals/hash.ts";
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

/** What a runtime measured. Times are in nanoseconds. */
export interface Figures {
  /** Compiling and instantiating the SIMD core for the first time. */
  readonly compile: number;
  /** The best time for one hash: by contender, and then by size. */
  readonly times: Readonly<Record<string, readonly number[]>>;
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

/** Everything that hashes here: our backends, and the rivals that load. */
async function contenders(missing: Record<string, string>): Promise<Map<string, Hash>> {
  const hashes = new Map<string, Hash>([["déjà", blake3]]);
  for (const [name, load] of Object.entries(RIVALS)) {
    try {
      hashes.set(name, await load());
    } catch (error) {
      missing[name] = String(error).split("\n")[0];
    }
  }
  return hashes;
}

/** The best time of each contender for one input. */
function raceOn(hashes: Map<string, Hash>, input: Uint8Array): Promise<Map<string, number>> {
  const expected = toHex(blake3(input));
  const timers = new Map<string, Timer>();
  for (const [name, hash] of hashes) {
    if (toHex(hash(input)) !== expected) throw new Error(`${name} gives a wrong digest`);
    const body = () => hash(input);
    timers.set(name, (count) => time(body, count));
  }
  return race(timers);
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
  const hashes = await contenders(missing);
  const times: Record<string, number[]> = {};
  for (const size of SIZES) {
    const input = Uint8Array.from({ length: size }, (_, index) => index * 7919 >>> 5);
    for (const [name, best] of await raceOn(hashes, input)) (times[name] ??= []).push(best);
  }
  for (const backend of ["wasm", "js"] as const) {
    configureHash({ backend });
    const name = `déjà ${backend}`;
    for (const size of SIZES) {
      const alone = await raceOn(new Map([[name, blake3]]), new Uint8Array(size));
      (times[name] ??= []).push(alone.get(name)!);
    }
  }
  configureHash();
  using loan = borrowWindow()!;
  const key = new Uint8Array(32);
  const window = await bestOf(50, () => time(() => loan.hash(64, key), 20_000)) / 20_000;
  return { compile, times, missing, window, parallel: await parallel() };
}
