// What the tests of marimo's caches show, in the idiom of JavaScript.

import { EncodeError } from "../../../lib/errors.ts";
import { cached } from "../../../lib/function/decorators/mod.ts";
import { cache } from "../../../lib/function/memory_cache.ts";
import {
  type AnyFunction,
  directory,
  type DirectoryInput,
  file,
  type FileInput,
} from "../../../lib/key/mod.ts";
import { fsStore } from "../../../lib/store/fs/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { sealedStore } from "../../../lib/store/sealed.ts";
import { tieredStore } from "../../../lib/store/tiered/mod.ts";
import { assert, rejects, test } from "../../harness.ts";
import { FakeStore } from "../_fake_store.ts";
import { fromText, Recorder } from "../_recorder.ts";
import { fresh, keysIn, testFiles, work } from "./_fresh.ts";

test("a recursive function goes through its own cache", () => {
  const deja = fresh();
  const fib: (n: number) => number = deja.cache((n: number) => n < 2 ? n : fib(n - 1) + fib(n - 2));
  assert.equal(fib(5), 5);
  assert.equal(fib(10), 55);
  assert.deepInclude(deja.stats(), { hits: 9, misses: 11 });
});

test("a bounded recursive function gives the same values", () => {
  const deja = fresh();
  const fib: (n: number) => number = deja.lru(
    { maxEntries: 2 },
    (n: number) => n < 2 ? n : fib(n - 1) + fib(n - 2),
  );
  assert.equal(fib(5), 5);
  assert.equal(fib(10), 55);
  assert.isAbove(deja.stats().evictions, 0);
});

for (
  const [before, after] of [["11 + 19", "5 + 3"], ['"hello"', '"world"'], ["0.5", "0.25"]] as const
) {
  test(`an edit of ${before} to ${after} is another key and gives the new result`, async () => {
    const deja = fresh();
    const [first, second] = [before, after].map((text) =>
      deja.persistent("edited", fromText<() => unknown>(`() => { return ${text} }`))
    );
    assert.equal(await first(), fromText(`() => ${before}`)());
    assert.equal(await second(), fromText(`() => ${after}`)());
    assert.notEqual(await first.key(), await second.key());
  });
}

test("comments, layout and how a closed-over value was computed leave the key alone", () => {
  const { cache } = fresh();
  const keyOf = (source: string, x: number) =>
    cache(fromText<(y: number) => number>(source), { name: "f", closure: () => ({ x }) }).key(7);
  const key = keyOf("(y) => { return x + y; }", 1);
  assert.equal(keyOf("(y) => {\n  // adds\n  return x  + y; /* that is all */\n}", 2 - 1), key);
  assert.notEqual(keyOf("(y) => { return x + y; }", 2), key);
});

test("an edit of a default is another key, given or not", async () => {
  const { persistent } = fresh();
  const version = (n: number) =>
    persistent("f", fromText<(name: string) => unknown[]>(`(name, v = ${n}) => [name, v]`));
  assert.deepEqual(await version(1)("test"), ["test", 1]);
  assert.deepEqual(await version(2)("test"), ["test", 2]);
  assert.deepEqual(await version(1)("test"), ["test", 1]);
});

const SIGNATURES: readonly [name: string, fn: AnyFunction, same: unknown[][], other: unknown[]][] =
  [
    ["a default", (x = 1) => x, [[], [1], [undefined]], [2]],
    ["a property with a default", ({ x = 1 }: { x?: number } = {}) => x, [[], [{}], [{ x: 1 }]], [{
      x: 2,
    }]],
    ["rest parameters", (x: number, ...more: number[]) => [x, more], [[1, 2, 3]], [1, 2]],
    ["a parameter that is not used", (_x: string) => 0, [["hello"]], ["world"]],
  ];

for (const [name, fn, same, other] of SIGNATURES) {
  test(`all spellings of a call are one entry, and another call is not: ${name}`, () => {
    const f = fresh().cache(fn, { name: "f" });
    const keyOf = (args: unknown[]) => f.key(...args as never[]);
    assert.lengthOf(new Set(same.map(keyOf)), 1);
    assert.notEqual(keyOf(other), keyOf(same[0]));
  });
}

test("a closed-over variable that is changed or assigned counts as it is at each call", () => {
  let list = [1, 2, 3];
  const g = fresh().cache(() => list.length, { name: "g", closure: () => ({ list }) });
  assert.equal(g(), 3);
  list.push(4);
  assert.equal(g(), 4);
  list = [1, 2];
  assert.equal(g(), 2);
});

test("functions of one name and source that close over different values never share", async () => {
  const { cache, persistent } = fresh();
  const make = (c: number) => ({
    unseen: cache(function inner() {
      return c;
    }),
    seen: persistent("inner", () => c, { closure: () => ({ c }) }),
  });
  const [two, one] = [make(2), make(1)];
  assert.deepEqual([two.unseen(), one.unseen(), two.unseen()], [2, 1, 2]);
  assert.deepEqual([await two.seen(), await one.seen()], [2, 1]);
  assert.deepInclude(one.seen.stats(), { hits: 0, misses: 1 });
});

test("five equal calls at once run the function once, and are no hits", async () => {
  for (const verb of ["cache", "persistent"] as const) {
    let runs = 0;
    const f = fresh()[verb](async (x: number) => {
      runs++;
      await null;
      return x * 2;
    }, { name: "f" });
    const results = await Promise.all(Array.from({ length: 5 }, () => f(42)));
    assert.deepEqual(results, [84, 84, 84, 84, 84]);
    assert.equal(runs, 1);
    assert.deepInclude(f.stats(), { hits: 0, misses: 1, joins: 4 });
  }
});

test("stats() counts calls, and the time that hits saved", () => {
  const f = fresh().cache((x: number) => {
    work(5);
    return x;
  });
  f(1);
  assert.equal(f.stats().timeSaved, 0);
  f(1);
  const { timeSaved } = f.stats();
  assert.isAbove(timeSaved, 0);
  f(2);
  f(2);
  assert.isAbove(f.stats().timeSaved, timeSaved);
  assert.deepInclude(f.stats(), { hits: 2, misses: 2, entries: 2 });
  f.clear();
  assert.deepInclude(f.stats(), { hits: 2, misses: 2, entries: 0 });
});

class Adder {
  constructor(readonly base: number) {}

  @cached({ attributes: ["base"], freeVariables: "ignore" })
  add(x: number): number {
    addings++;
    return this.base + x;
  }
}
let addings = 0;

test("objects with equal attributes share an entry of a method, others do not", () => {
  assert.equal(new Adder(0).add(2), 2);
  assert.equal(new Adder(1).add(2), 3);
  assert.equal(new Adder(0).add(2), 2);
  assert.equal(addings, 2);
});

test("a wrapper below the cache counts with what it was made of, one above does not", () => {
  const { cache } = fresh();
  const times = (n: number, fn: (x: number) => number) => (x: number) => n * fn(x);
  const fn = (x: number) => x + 1;
  const below = (n: number) =>
    cache(times(n, fn), { name: "below", closure: () => ({ n, fn }) }).key(1);
  assert.equal(below(2), below(2));
  assert.notEqual(below(2), below(3));
  const inner = cache(fn);
  assert.equal(times(2, inner)(1), 4);
  assert.equal(times(3, inner)(1), 6);
  assert.deepInclude(inner.stats(), { hits: 1, misses: 1 });
});

test("the version of a dependency can be a part of the key", () => {
  const { cache } = fresh();
  const on = (dependency: string) =>
    cache((x: number) => x, { name: "f", version: `1 on ${dependency}` });
  assert.equal(on("0.0.0").key(1), on("0.0.0").key(1));
  assert.notEqual(on("0.0.0").key(1), on("0.0.1").key(1));
});

test("a closed-over set counts by what is in it", () => {
  const { cache } = fresh();
  const over = (set: Set<string>) => cache(() => 0, { name: "f", closure: () => ({ set }) }).key();
  assert.equal(over(new Set(["a", "b"])), over(new Set(["a", "b"])));
  assert.notEqual(over(new Set(["a", "b"])), over(new Set(["a", "c"])));
});

test("whatever stands in place of a record is a miss, never a crash", async () => {
  const store = new FakeStore();
  const recorder = new Recorder();
  const f = fresh({ store, onEvent: recorder.onEvent }).persistent("f", (x: number) => x * 2);
  const text = new TextEncoder();
  for (const garbage of ["", "{", "null", "\0\0\0\0", "x".repeat(1000)]) {
    store.entries.set(`f/${await f.key(21)}`, text.encode(garbage));
    assert.equal(await f(21), 42);
    assert.deepEqual(recorder.take(), ["corrupt", "miss", "store"]);
  }
});

test("a result that cannot be stored does not lose the others", async () => {
  const recorder = new Recorder();
  const f = fresh({ onEvent: recorder.onEvent }).persistent(
    "f",
    (x: number): unknown => x === 2 ? () => x : x,
  );
  const results = await f.map([1, 2, 3], { concurrency: 1 });
  assert.equal((results[1] as () => number)(), 2);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "not-stored", "miss", "store"]);
  assert.deepEqual([await f.has(1), await f.has(2), await f.has(3)], [true, false, true]);
});

test("a result found behind is copied to the front, and a tier that throws is passed over", async () => {
  const [front, back, broken] = [memoryStore(), memoryStore(), new FakeStore()];
  broken.interfere = () => Promise.reject(new Error("down"));
  const calls: number[] = [];
  const on = (store: ReturnType<typeof tieredStore>) =>
    fresh({ store }).persistent("f", (x: number) => {
      calls.push(x);
      return -x;
    });
  await on(tieredStore([back]))(1);
  await using store = tieredStore([broken, front, back], { onEvent: () => {} });
  assert.equal(await on(store)(1), -1);
  assert.deepEqual(await keysIn(front), await keysIn(back));
  assert.equal(await on(store)(2), -2);
  assert.deepEqual(calls, [1, 2]);
  assert.throws(() => tieredStore([]), RangeError);
});

for (const [verify, told] of [["on", []], ["strict", ["corrupt"]]] as const) {
  test(`what was sealed by another or tampered with is never read, verify: ${verify}`, async () => {
    const inner = memoryStore();
    const events: string[] = [];
    const onEvent = ({ type }: { type: string }) => void events.push(type);
    const sealedWith = (byte: number) =>
      fresh({
        store: sealedStore(inner, { secret: new Uint8Array(32).fill(byte), verify, onEvent }),
        onEvent,
      }).persistent("f", (x: number) => x * 2);
    // A store with leases is asked once more before the function runs, and tells once more.
    const take = () => [...new Set(events.splice(0))];
    const anew = ["broken-seal", ...told, "miss", "store"];
    const ours = sealedWith(1);
    assert.equal(await ours(21), 42);
    assert.equal(await ours(21), 42);
    assert.deepEqual(take(), ["miss", "store", "hit"]);

    assert.equal(await sealedWith(2)(21), 42);
    assert.deepEqual(take(), anew);
    assert.equal(await ours(21), 42);
    assert.deepEqual(take(), anew);

    const [key] = await keysIn(inner);
    const bytes = (await inner.get(key))!;
    bytes[bytes.length - 1] ^= 1;
    await inner.set(key, bytes);
    assert.equal(await ours(21), 42);
    assert.deepEqual(take(), anew);
  });
}

testFiles("a name that looks like a path leads nowhere outside the store", async (folder, fs) => {
  await using store = await fsStore(`${folder}/inside/cache`);
  for (const name of ["../etc/passwd", "/etc/passwd", "foo/../../../bar", ".."]) {
    const f = fresh({ store }).persistent(name, (x: number) => x);
    assert.equal(await f(1), 1);
    assert.isTrue(await f.has(1));
  }
  assert.deepEqual(fs.readdirSync(folder), ["inside"]);
  assert.deepEqual(fs.readdirSync(`${folder}/inside`), ["cache"]);
});

test("equal bytes of different types are different arguments", () => {
  const { key } = fresh().cache((x: unknown) => x);
  const bytes = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8);
  const { buffer } = bytes;
  const views = [
    bytes,
    buffer,
    new Uint8ClampedArray(buffer),
    new Float64Array(buffer),
    new BigInt64Array(buffer),
    new DataView(buffer),
    [...bytes],
  ];
  assert.lengthOf(new Set(views.map((view) => key(view))), views.length);
  assert.notEqual(key(new Float64Array(2)), key(new BigInt64Array(2)));
});

test("an argument that cannot be a key is named, and the function does not run", async () => {
  let runs = 0;
  const f = fresh().persistent("f", (_input: { socket: unknown }) => ++runs);
  const error = await rejects(f({ socket: Symbol() }), EncodeError, /input.*socket/);
  assert.match(error.message, /ignore/);
  assert.equal(runs, 0);
});

test("a block stands anywhere; its name, its inputs and its code are its key", async () => {
  const deja = fresh();
  let runs = 0;
  const total = async (name: string, rows: number[]) => {
    const sum = await deja.block(name, { rows }, ({ rows }) => {
      runs++;
      return rows.reduce((a, b) => a + b);
    });
    return await deja.block(`${name}, twice`, sum, (sum) => 2 * sum);
  };
  for (const _ of [1, 2]) assert.equal(await total("total", [1, 2]), 6);
  assert.equal(runs, 1);
  await total("total", [1, 3]);
  assert.equal(runs, 2);
  await total("total of v2", [1, 2]);
  assert.equal(runs, 3);
  await deja.block("total", { rows: [1, 2] }, ({ rows }) => rows.length);
  assert.equal(runs, 3);
});

test("evaluating a definition again keeps what is kept, and an edit starts fresh", async () => {
  const sources = [
    ["function cell(x) { return x + ' of a cell' }", 1],
    ["function cell(x) {\n  return x + ' of a cell';\n}", 2],
    ["function cell(x) { return x + ' of another cell' }", 2],
  ] as const;
  const cells = [];
  // A definition stands where it stood before, and so all are made in one place.
  for (const [source, argument] of sources) {
    const cell = cache(fromText<(x: number) => string>(source));
    // What it reads is looked at behind the calls; the first result comes before that.
    cell(argument);
    cells.push(cell);
  }
  const [, again, edited] = cells;
  while (!again.has(1)) await new Promise((resolve) => setTimeout(resolve));
  assert.equal(again(1), "1 of a cell");
  assert.equal(again.stats().misses, 1);
  assert.isFalse(edited.has(1));
});

testFiles(
  "files and folders count by what is in them when they are asked for",
  async (folder, fs) => {
    fs.mkdirSync(`${folder}/data`);
    fs.writeFileSync(`${folder}/data/a`, "one");
    let runs = 0;
    const { persistent } = fresh();
    const size = persistent("size", ({ path }: FileInput) => (runs++, fs.statSync(path).size));
    const names = persistent("names", ({ path }: DirectoryInput) => (runs++, fs.readdirSync(path)));
    const both = async () => [
      await size(file(`${folder}/data/a`)),
      await names(directory(`${folder}/data`)),
    ];
    for (const _ of [1, 2]) assert.deepEqual(await both(), [3, ["a"]]);
    assert.equal(runs, 2);
    fs.writeFileSync(`${folder}/data/a`, "three");
    assert.deepEqual(await both(), [5, ["a"]]);
    assert.equal(runs, 4);
  },
);
