/**
 * The function layer against other caches of functions, and against its own stores.
 *
 * @module
 */
import { fsStore } from "../../lib/store/fs/mod.ts";
import type { Store } from "../../lib/store/store.ts";
import { cache, createCache, lruCache, memoryStore } from "../../mod.ts";
import { MEMOIZERS, ocached } from "../rivals/function.ts";
import { race, time, timeAwaited, type Timer } from "../shared/race.ts";

/** The row of a call with a number and an object. */
export const DEEP_HIT = "hit: number, 5 fields";

const OURS = "déjà";
/** What the functions here read is constant, and the parser is not to run in the background. */
const freeVariables = "ignore";
/** Arguments that take turns in the rows with more than one. */
const MANY = 100;
const FIB = 35;
const FIB_VALUE = 9227465;
/** Calls that must leave the heap as it was. */
const HEAP_CALLS = 1_000_000;

/** What a runtime measured. Times are in nanoseconds. */
export interface Figures {
  /** Hits in memory, by row and then by contender. */
  readonly hits: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** `fib(35)` on a fresh cache, by row and then by contender. */
  readonly fib: Readonly<Record<string, Readonly<Record<string, number>>>>;
  /** A hit through the function layer, and a bare `get` of the same record, by store. */
  readonly stores: Readonly<Record<string, { readonly hit: number; readonly get: number }>>;
  /** By how many bytes the heap grew over a million calls, by kind of call. */
  readonly heap: Readonly<Record<string, number>>;
}

interface Runtime {
  readonly gc?: () => void;
  readonly Bun?: { gc(force: boolean): number };
  readonly process?: {
    memoryUsage(): { readonly heapUsed: number };
    getBuiltinModule(name: string): unknown;
  };
  readonly performance: { readonly memory?: { readonly usedJSHeapSize: number } };
}

const runtime = globalThis as unknown as Runtime;

/** Runs the races whose names contain one of `wanted`; all of them where that is empty. */
export async function contest(wanted: readonly string[] = []): Promise<Figures> {
  const numbers = Array.from({ length: MANY }, (_, i) => i);
  return {
    hits: await racesOf(wanted, {
      "hit: one number": () => raceMemoizers([7], 1),
      "hit: one string": () => raceMemoizers(["a text as an argument"], 1),
      [`hit: ${MANY} numbers in turn`]: () => raceMemoizers(numbers, MANY),
      "hit: one number, lru": () => raceMemoizers([7], 1, true),
      [`hit: ${MANY} numbers, lru`]: () => raceMemoizers(numbers, MANY, true),
      [DEEP_HIT]: raceDeep,
    }),
    fib: await racesOf(wanted, {
      "fib: calls only": () => raceFib(false),
      "fib: with wrapping": () => raceFib(true),
    }),
    stores: isWanted(wanted, "stores") ? await raceStores() : {},
    heap: isWanted(wanted, "heap") ? await heapGrowth() : {},
  };
}

function isWanted(wanted: readonly string[], name: string): boolean {
  return wanted.length === 0 || wanted.some((part) => name.includes(part));
}

async function racesOf(
  wanted: readonly string[],
  races: Readonly<Record<string, () => Promise<Record<string, number>>>>,
): Promise<Record<string, Record<string, number>>> {
  const rows: Record<string, Record<string, number>> = {};
  for (const [name, run] of Object.entries(races)) {
    if (isWanted(wanted, name)) rows[name] = await run();
  }
  return rows;
}

/** Hits on one primitive; each is added up, so that none of them can be left out. */
async function raceMemoizers(
  args: readonly unknown[],
  maxEntries: number,
  isBounded = false,
): Promise<Record<string, number>> {
  const measure = (arg: unknown) => String(arg).length;
  type Measure = typeof measure;
  const makers = {
    [OURS]: (fn: Measure) =>
      isBounded ? lruCache({ maxEntries, freeVariables }, fn) : cache(fn, { freeVariables }),
    ...Object.fromEntries(
      Object.entries(MEMOIZERS).map(([name, make]) => [
        name,
        (fn: Measure) => make(fn, maxEntries),
      ]),
    ),
  };
  const timers = Object.entries(makers).map(([name, make]): [string, Timer] => {
    const call = make((arg) => measure(arg));
    const expected = args.reduce((sum: number, arg) => sum + call(arg), 0);
    return [name, hitTimer(call, args, expected)];
  });
  return Object.fromEntries(await race(new Map(timers)));
}

/** Calls with the arguments in turn, and checks that the results are right. */
function hitTimer(
  call: (arg: unknown) => number,
  args: readonly unknown[],
  expected: number,
): Timer {
  let sum = 0;
  let i = 0;
  const hit = () => {
    sum += call(args[i]);
    if (++i === args.length) i = 0;
  };
  return (count) => {
    sum = 0;
    i = 0;
    const turns = Math.ceil(count / args.length) * args.length;
    const nanoseconds = time(hit, turns);
    if (sum * args.length !== expected * turns) throw new Error(`Expected ${expected} a turn`);
    return nanoseconds;
  };
}

/** Hits on two arguments, of which one is an object that is new at each call. */
async function raceDeep(): Promise<Record<string, number>> {
  const area = (id: number, { width, height }: Box) => id + width * height;
  const ours = cache(area);
  const theirs = ocached(area);
  return Object.fromEntries(
    await race(
      new Map<string, Timer>([
        [OURS, (count) => time(() => ours(7, box()), count)],
        ["ocache", (count) => timeAwaited(() => theirs(7, box()), count)],
      ]),
    ),
  );
}

type Box = ReturnType<typeof box>;

function box() {
  return { width: 1920, height: 1080, format: "png", quality: 0.8, progressive: true };
}

type Fib = (n: number) => number;

/** Recursive calls on caches that are made for one call each. */
async function raceFib(countsWrapping: boolean): Promise<Record<string, number>> {
  const makers: Record<string, (fn: Fib) => Fib> = {
    [OURS]: (fn) => cache(fn, { freeVariables }),
    ...Object.fromEntries(
      Object.entries(MEMOIZERS).map(([name, make]) => [
        name,
        (fn: Fib) => make<[number], number>(fn, FIB + 1),
      ]),
    ),
  };
  const timers = Object.entries(makers).map(([name, wrap]): [string, Timer] => {
    const make = () => {
      const fib: Fib = wrap((n) => n < 2 ? n : fib(n - 1) + fib(n - 2));
      return fib;
    };
    if (make()(FIB) !== FIB_VALUE) throw new Error(`${name} computes another fib(${FIB})`);
    if (countsWrapping) return [name, (count) => time(() => make()(FIB), count)];
    return [name, (count) => {
      const made = Array.from({ length: count }, make);
      let i = 0;
      return time(() => made[i++](FIB), count);
    }];
  });
  return Object.fromEntries(await race(new Map(timers)));
}

/** The stores that the runtime has, each open until the next is asked for. */
async function* stores(): AsyncGenerator<[name: string, store: Store]> {
  yield ["memory", memoryStore()];
  if (runtime.process === undefined) return;
  const fs = runtime.process.getBuiltinModule("node:fs") as typeof import("node:fs");
  const { tmpdir } = runtime.process.getBuiltinModule("node:os") as typeof import("node:os");
  const folder = fs.mkdtempSync(`${tmpdir()}/deja-function-`);
  try {
    await using store = await fsStore(folder);
    yield ["fs", store];
  } finally {
    fs.rmSync(folder, { recursive: true });
  }
}

async function raceStores(): Promise<Record<string, { hit: number; get: number }>> {
  const figures: Record<string, { hit: number; get: number }> = {};
  for await (const [name, store] of stores()) {
    const area = createCache({ store }).persistent("area", (id: number, size: Box) => ({
      id,
      area: size.width * size.height,
    }));
    await area(7, box());
    const key = `area/${await area.key(7, box())}`;
    if (await store.get(key) === undefined) throw new Error(`Expected an entry ${key}`);
    const times = await race(
      new Map<string, Timer>([
        ["hit", (count) => timeAwaited(() => area(7, box()), count)],
        ["get", (count) => timeAwaited(() => store.get(key), count)],
      ]),
    );
    if (area.stats().misses !== 1) throw new Error("Expected hits only");
    figures[name] = { hit: times.get("hit")!, get: times.get("get")! };
  }
  return figures;
}

/** What stays on the heap after a million calls, where the collector can be called. */
async function heapGrowth(): Promise<Record<string, number>> {
  if (usedHeap() === undefined) return {};
  const square = cache((n: number) => n * n);
  const recent = lruCache({ maxEntries: MANY }, (n: number) => n * n);
  const deep = cache((id: number, size: Box) => id * size.width);
  const stored = createCache({ store: memoryStore() }).persistent("square", (n: number) => n * n);
  const kinds: Record<string, (i: number) => unknown> = {
    "hits": (i) => square(i % MANY),
    "misses of an lru cache": (i) => recent(i),
    "deep hits": (i) => deep(i % MANY, box()),
    "hits in a store": (i) => stored(i % MANY),
  };
  const growth: Record<string, number> = {};
  for (const [name, call] of Object.entries(kinds)) {
    await callMany(call, HEAP_CALLS / 10); // Compiled, and with all entries.
    const before = usedHeap()!;
    await callMany(call, HEAP_CALLS);
    growth[name] = usedHeap()! - before;
  }
  return growth;
}

async function callMany(call: (i: number) => unknown, count: number): Promise<void> {
  for (let i = 0; i < count; i++) {
    const result = call(i);
    if (result instanceof Promise) await result;
  }
}

/** Bytes in use after a collection; `undefined` where there is no way to make one. */
function usedHeap(): number | undefined {
  if (runtime.Bun !== undefined) runtime.Bun.gc(true);
  else if (runtime.gc !== undefined) { for (let i = 0; i < 3; i++) runtime.gc(); }
  else return undefined;
  return runtime.process?.memoryUsage().heapUsed ?? runtime.performance.memory?.usedJSHeapSize;
}
