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

/** Time that one measurement takes, so that the clock's grain does not show. */
const BATCH_NS = 2_000_000;
/** Time that a contender gets for one size. */
const BUDGET_NS = 300_000_000;
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

/** Nanoseconds that a function takes, as the mean over `count` calls. */
function time(body: () => unknown, count: number): number {
  const start = performance.now();
  for (let i = 0; i < count; i++) body();
  return (performance.now() - start) * 1e6 / count;
}

/**
 * The best time of each contender for one input. The contenders take turns, so that whatever else
 * the machine does slows all of them; the best of many turns is the one it slowed least.
 */
function race(hashes: Map<string, Hash>, input: Uint8Array): Map<string, number> {
  const expected = toHex(blake3(input));
  const turns = Array.from(hashes, ([name, hash]) => {
    if (toHex(hash(input)) !== expected) throw new Error(`${name} gives a wrong digest`);
    const body = () => hash(input);
    let count = 1;
    let estimate = 0;
    // Doubling copes with a clock as coarse as a page's; the best of three, with pauses.
    const look = () => estimate = Math.min(...[1, 2, 3].map(() => time(body, count)));
    for (let pass = 0; pass < 3; pass++) while (look() * count < BATCH_NS) count *= 2;
    const rounds = Math.max(3, Math.min(150, Math.round(BUDGET_NS / (count * estimate))));
    return { name, body, count, rounds, best: Infinity };
  });
  const most = Math.max(...turns.map(({ rounds }) => rounds));
  for (let round = 0; round < most; round++) {
    for (const turn of turns) {
      if (round < turn.rounds) turn.best = Math.min(turn.best, time(turn.body, turn.count));
    }
  }
  return new Map(turns.map(({ name, best }) => [name, best]));
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
    for (const [name, best] of race(hashes, input)) (times[name] ??= []).push(best);
  }
  for (const backend of ["wasm", "js"] as const) {
    configureHash({ backend });
    const name = `déjà ${backend}`;
    for (const size of SIZES) {
      (times[name] ??= []).push(race(new Map([[name, blake3]]), new Uint8Array(size)).get(name)!);
    }
  }
  configureHash();
  using loan = borrowWindow()!;
  const key = new Uint8Array(32);
  const window = await bestOf(50, () => time(() => loan.hash(64, key), 20_000)) / 20_000;
  return { compile, times, missing, window, parallel: await parallel() };
}
