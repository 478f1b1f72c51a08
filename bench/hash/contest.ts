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
import { currentCore } from "../../lib/hash/backend.ts";
import { ROWS } from "../../lib/hash/core.ts";
import { type Contender, RIVALS } from "../rivals/hash.ts";
import { askDriver } from "../shared/driver.ts";
import { race, time, timeAwaited, type Timer } from "../shared/race.ts";

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

/** The builds of `b3sum` to race against: as it comes, and its Rust alone, which knows no AVX-512. */
export const NATIVES = ["b3sum", "b3sum with AVX2"] as const;

/** What a runtime measured. Times are in nanoseconds. */
export interface Figures {
  /** Compiling and instantiating the SIMD core: for the first time, and the best of some times. */
  readonly compile: { readonly first: number; readonly best: number };
  /** The best time for one hash: by contender, and then by size. */
  readonly times: Readonly<Record<string, readonly number[]>>;
  /** The same for the other forms, by contender that has the form, and then by size. */
  readonly forms: Readonly<
    Record<typeof FORMS[number], Readonly<Record<string, readonly number[]>>>
  >;
  /** A new array of 32 bytes, which every digest in an array of its own needs. */
  readonly array: number;
  /** The kernel for one chain of blocks that our core went on with. */
  readonly path: number;
  /** Why a contender is missing. */
  readonly missing: Readonly<Record<string, string>>;
  /** Hashing 64 bytes in a borrowed window with a key, in place of an array. */
  readonly window: number;
  /**
   * Against each build of `b3sum` in turns: hashing 16 MiB once, and some times over in one process.
   */
  readonly natives: Readonly<Record<string, { readonly once: Duel; readonly steady: Duel }>>;
  /** Hashing a large input by this thread and workers, of which there are so many. */
  readonly parallel: {
    /** Against this thread alone: with a pool at hand, and with one of its own. */
    readonly pool: Duel;
    readonly own: Duel;
    /** Two processes of `b3sum` at once against one after the other: what two cores give here. */
    readonly native: Duel | undefined;
    readonly count: number;
  } | undefined;
}

/** Two that took turns; a ratio is the time of the rival in units of ours. */
export interface Duel {
  /** The best time of each, in nanoseconds. */
  readonly ours: number;
  readonly rival: number;
  /** The median of the ratios of one turn each. */
  readonly median: number;
}

const LARGE_BYTES = 256 * 1024 * 1024;
/** How often the races are run: a moment in which the machine was busy then decides no row. */
const PASSES = 2;
/** Whoever takes so many times as long as the fastest decides no row either, and runs once. */
const FAR_BEHIND = 10;

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

/** Races for one form, at each size, and keeps the best times in `times`. */
async function raceOn(
  all: ReadonlyMap<string, Contender>,
  form: "hash" | typeof FORMS[number],
  sizes: readonly number[],
  times: Record<string, number[]>,
): Promise<void> {
  for (const [row, size] of sizes.entries()) {
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
      if (!isFarBehind(name, row, times)) timers.set(name, (count) => time(body, count));
    }
    for (const [name, best] of await race(timers)) {
      const column = times[name] ??= [];
      column[row] = Math.min(best, column[row] ?? Infinity);
    }
  }
}

/** Whether the race for a row is decided already, without a contender. */
function isFarBehind(
  name: string,
  row: number,
  times: Readonly<Record<string, readonly number[]>>,
): boolean {
  const fastest = Math.min(...Object.values(times).map((column) => column[row] ?? Infinity));
  return (times[name]?.[row] ?? 0) > FAR_BEHIND * fastest;
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

/** Lets two take turns. Each gives the time of a turn; nobody to race against gives no duel. */
async function duel(
  rounds: number,
  ours: () => Promise<number>,
  rival: () => Promise<number | undefined>,
): Promise<Duel | undefined> {
  const [mine, theirs]: number[][] = [[], []];
  for (let round = 0; round < rounds; round++) {
    const time = await rival();
    if (time === undefined) return undefined;
    theirs.push(time);
    mine.push(await ours());
  }
  const ratios = theirs.map((time, round) => time / mine[round]).sort((a, b) => a - b);
  return { ours: Math.min(...mine), rival: Math.min(...theirs), median: ratios[rounds >> 1] };
}

/** Races against `b3sum`. */
async function againstNatives(): Promise<Figures["natives"]> {
  const input = sample(SIZES[SIZES.length - 1]);
  const found: Record<string, Figures["natives"][string]> = {};
  for (const name of NATIVES) {
    const against = (rounds: number, copies: number) =>
      duel(
        rounds,
        () => Promise.resolve(time(() => blake3(input), copies) * copies),
        () => askDriver(name, copies, 1),
      );
    const once = await against(100, 1);
    const steady = await against(12, 8);
    if (once !== undefined && steady !== undefined) found[name] = { once, steady };
  }
  return found;
}

/** Measures what workers gain. */
async function parallel(): Promise<Figures["parallel"]> {
  if (typeof Worker === "undefined") return undefined;
  using pool = createHashPool();
  const input = new Uint8Array(LARGE_BYTES).fill(1);
  await hashParallel(input, { pool });
  const alone = () => Promise.resolve(time(() => blake3(input), 1));
  const against = async (options?: { pool: typeof pool }) =>
    (await duel(10, () => timeAwaited(() => hashParallel(input, options), 1), alone))!;
  const copies = LARGE_BYTES / SIZES[SIZES.length - 1];
  const one = async () => {
    const time = await askDriver("b3sum", copies, 1);
    return time && 2 * time;
  };
  return {
    pool: await against({ pool }),
    own: await against(),
    native: await duel(8, async () => await askDriver("b3sum", copies, 2) ?? NaN, one),
    count: pool.size,
  };
}

/** Compiles modules of which no two are equal, so that no engine takes one from a cache. */
function compileTimes(): Figures["compile"] {
  const core = wasmBytes("simd");
  const once = (index: number) => {
    // A section that means nothing, with a name and no content.
    const name = new TextEncoder().encode(String(index).padStart(4));
    const module = new Uint8Array([...core, 0, 5, 4, ...name]);
    return time(() => new WebAssembly.Instance(new WebAssembly.Module(module)), 1);
  };
  const first = once(0);
  return { first, best: Math.min(...Array.from({ length: 50 }, (_, i) => once(i + 1))) };
}

/** Runs all races. */
export async function contest(): Promise<Figures> {
  const compile = compileTimes();
  const missing: Record<string, string> = {};
  const all = await contenders(missing);
  const times: Record<string, number[]> = {};
  const forms: Record<typeof FORMS[number], Record<string, number[]>> = { into: {}, hex: {} };
  let path = ROWS;
  for (let pass = 0; pass < PASSES; pass++) {
    await raceOn(all, "hash", SIZES, times);
    path = currentCore().path!.value;
    for (const form of FORMS) await raceOn(all, form, FORM_SIZES, forms[form]);
    for (const backend of ["wasm", "js"] as const) {
      configureHash({ backend });
      await raceOn(new Map([[`déjà ${backend}`, OURS]]), "hash", SIZES, times);
    }
    configureHash();
  }
  const source = new Uint8Array(32);
  const copy: Timer = (count) => time(() => new Uint8Array(source), count);
  const [array] = (await race(new Map([["array", copy]]))).values();
  using loan = borrowWindow()!;
  const key = new Uint8Array(32);
  const window = await bestOf(50, () => time(() => loan.hash(64, key), 20_000)) / 20_000;
  return {
    compile,
    times,
    forms,
    array,
    path,
    missing,
    window,
    natives: await againstNatives(),
    parallel: await parallel(),
  };
}
