// What the tests of joblib.Memory show, in the idiom of JavaScript.

import { stableHash } from "../../../lib/codec/mod.ts";
import { CacheMissError } from "../../../lib/errors.ts";
import { expiresAfter } from "../../../lib/function/expires_after.ts";
import { fsStore } from "../../../lib/store/fs/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../../harness.ts";
import { FakeStore } from "../_fake_store.ts";
import { fromText, Recorder, written } from "../_recorder.ts";
import { fresh, keysIn, testFiles, work } from "./_fresh.ts";

for (const compress of [false, true]) {
  test(`each distinct argument is computed once, with compress: ${compress}`, async () => {
    const calls: number[] = [];
    const f = fresh().persistent("f", (x: number) => {
      calls.push(x);
      return { text: "a".repeat(1000), x };
    }, { compress });
    for (const x of [0, 1, 2]) {
      for (const _ of [1, 2]) assert.deepEqual(await f(x), { text: "a".repeat(1000), x });
    }
    assert.deepEqual(calls, [0, 1, 2]);
    await f.clear();
    await f(1);
    assert.deepEqual(calls, [0, 1, 2, 1]);
  });
}

testFiles("a store whose folder is removed underneath starts again", async (folder, fs) => {
  await using store = await fsStore(`${folder}/cache`);
  let runs = 0;
  const f = fresh({ store }).persistent("f", (x: number) => {
    runs++;
    return x;
  });
  await f(1);
  fs.rmSync(`${folder}/cache`, { recursive: true });
  assert.equal(await f(1), 1);
  assert.equal(await f(1), 1);
  assert.equal(runs, 2);
});

test("a call without wrapping is a block: it is stored as well", async () => {
  const deja = fresh();
  let runs = 0;
  const sum = () =>
    deja.block("sum", { a: 1, b: 2 }, ({ a, b }) => {
      runs++;
      return a + b;
    });
  assert.deepEqual([await sum(), await sum(), runs], [3, 3, 1]);
});

test("named and missing arguments are one call, and the caller's object is left alone", () => {
  const deja = fresh();
  const plusOne = deja.cache(
    ({ a = 0, log = "" }: { a?: number; log?: string } = {}) => a + 1 + 0 * log.length,
    { ignore: ["log"] },
  );
  const given = { log: "said", a: 1 };
  assert.equal(plusOne(given), 2);
  assert.equal(plusOne({ a: 1 }), 2);
  assert.equal(plusOne({ a: 2 }), 3);
  assert.equal(plusOne(), 1);
  assert.equal(plusOne({ a: 0 }), 1);
  assert.deepInclude(plusOne.stats(), { hits: 2, misses: 3 });
  assert.deepEqual(given, { log: "said", a: 1 });
});

test("what is ignored does not count, and a wrong name is an error when wrapping", () => {
  const deja = fresh();
  const z = deja.cache((x: number, y = 1) => x + 0 * y, { ignore: ["y"] });
  z(0, 1);
  z(0, 1);
  z(0, 2);
  assert.equal(z.stats().misses, 1);
  const fn = (x: number) => x;
  assert.throws(() => deja.cache(fn, { ignore: ["bar"] }), TypeError, /ignore.*bar.*x/);
  assert.throws(() => deja.cache(fn, { ignore: "x" as never }), TypeError, /ignore/);
});

test("moving a function keeps its results, and an edit of its body is one recomputation", async () => {
  const deja = fresh();
  const load = (source: string) => deja.persistent("f", fromText<(x: number) => number>(source));
  const first = load("(x) => x + 1");
  assert.deepEqual([await first(1), await first(2), await first(1)], [2, 3, 2]);
  const moved = load("( // moved down\n\n\n(x) => x + 1)");
  assert.deepEqual([await moved(1), await moved(2)], [2, 3]);
  const edited = load("(x) => x + 10");
  assert.deepEqual([await edited(1), await edited(1)], [11, 11]);
  assert.deepEqual([first, moved, edited].map((f) => f.stats().misses), [2, 0, 1]);
  assert.equal(await first(1), 2);
  assert.equal(first.stats().misses, 2); // The results of the old body are still there.
});

test("a helper that is exchanged while the program runs changes the key", async () => {
  let combine = (a: number, b: number) => a + b;
  const f = fresh().persistent("f", (a: number, b: number) => combine(a, b), {
    closure: () => ({ combine }),
  });
  assert.equal(await f(1, 2), 3);
  combine = (a, b) => a * b;
  assert.equal(await f(1, 2), 2);
});

test("functions of one name, and functions without one, never give each other's results", async () => {
  const { cache, persistent } = fresh();
  const [a, b] = [
    cache(function f(x: number) {
      return x;
    }),
    cache(function f(x: number) {
      return -x;
    }),
  ];
  const lambdas = [cache((x: number) => x + 1), cache((x: number) => x + 2)];
  const stored = [persistent("f", (x: number) => x + 3), persistent("f", (x: number) => x + 4)];
  for (const _ of [1, 2]) {
    assert.deepEqual([a, b, ...lambdas].map((f) => f(1)), [1, -1, 2, 3]);
    assert.deepEqual([await stored[0](1), await stored[1](1)], [4, 5]);
  }
});

test("an argument that the function changes counts as it was at each call", () => {
  const f = fresh().cache((list: number[]) => list.push(0) - 1);
  const list: number[] = [];
  assert.equal(f(list), 0);
  assert.equal(f(list), 1);
  assert.equal(f([]), 0);
  assert.deepInclude(f.stats(), { hits: 1, misses: 2 });
});

test("a function that fails is run each time", async () => {
  for (const verb of ["cache", "persistent"] as const) {
    let runs = 0;
    const f = fresh()[verb](async () => {
      runs++;
      await null;
      throw new RangeError("no");
    }, { name: "f" });
    for (const _ of [1, 2, 3]) await rejects(f(), RangeError, /^no$/);
    assert.equal(runs, 3);
  }
});

test("results of undefined, null, false and NaN are results", async () => {
  for (const result of [undefined, null, false, NaN, 0, ""]) {
    let runs = 0;
    const f = fresh().persistent("f", () => (runs++, result), { closure: () => ({ result }) });
    for (const _ of [1, 2]) assert.deepEqual(await f(), result);
    assert.equal(runs, 1);
  }
});

test("a reference gives the result until it is dropped", async () => {
  const f = fresh().persistent("f", (x: number) => x + 3);
  const reference = await f.reference(2);
  assert.deepEqual(JSON.parse(JSON.stringify(reference)), { key: reference.key, name: "f" });
  assert.equal(reference.key, await f.key(2));
  assert.equal(await reference.get(), 5);
  await f.clear();
  await rejects(reference.get(), CacheMissError, /gone/);
  await f.clear();
  await f(2);
  assert.equal(await reference.get(), 5);
});

test("a damaged result is one warning and a newer result; a reference to it finds none", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    const store = new FakeStore();
    const f = fresh({ store }).persistent("damaged", (x: number) => x);
    const reference = await f.reference(1);
    const before = await f.get({ key: reference.key });
    advance(1000);
    const garbage = new TextEncoder().encode("garbage");
    store.entries.set(`damaged/${reference.key}`, garbage);
    const lines = await written("warn", async () => {
      assert.equal(await f(1), 1);
      assert.equal(await f(1), 1);
    });
    assert.lengthOf(lines, 1);
    assert.equal((await f.get({ key: reference.key }))!.created, before!.created + 1000);
    store.entries.set(`damaged/${reference.key}`, garbage);
    await rejects(reference.get(), CacheMissError);
  });
});

test("expiresAfter() lets what is kept already expire", async () => {
  for (const verb of ["cache", "persistent"] as const) {
    await withFakeTime(1_000_000, async ({ advance }) => {
      let runs = 0;
      const f = fresh()[verb](() => ++runs, { name: "f", validate: expiresAfter(300) });
      assert.deepEqual([await f(), await f()], [1, 1]);
      advance(500);
      assert.equal(await f(), 2);
      assert.equal(runs, 2);
    });
  }
});

test("only what took long is kept, by minDuration or by validate", async () => {
  for (
    const options of [
      { minDuration: 20 },
      { validate: ({ duration }: { duration: number }) => duration >= 20 },
    ]
  ) {
    const f = fresh().persistent("f", (ms: number) => work(ms), options);
    for (const ms of [0, 0, 25, 25]) await f(ms);
    assert.deepInclude(f.stats(), { hits: 1, misses: 3 });
  }
  assert.throws(() => fresh().cache(() => 0, { validate: 1 as never }), TypeError, /validate/);
});

test("has() looks and runs nothing: whether a call would be answered", async () => {
  for (const verb of ["cache", "persistent"] as const) {
    let isValid = true;
    const f = fresh()[verb]((x: number) => x + 3, { name: "f", validate: () => isValid });
    assert.isFalse(await f.has(2));
    assert.equal(await f(2), 5);
    assert.isTrue(await f.has(2));
    isValid = false;
    assert.isFalse(await f.has(2), verb);
    isValid = true;
    assert.isTrue(await f.has(2));
    const off = fresh({ mode: "off" })[verb]((x: number) => x, { name: "f" });
    await off(1);
    assert.isFalse(await off.has(1));
  }
});

testFiles("prune() keeps what was used last, within limits of every kind", async (root, fs) => {
  await using store = await fsStore(root);
  const f = fresh({ store }).persistent("f", (x: number) => new Uint8Array(1000).fill(x));
  const names = await Promise.all(Array.from({ length: 10 }, (_, x) => f.key(x)));
  const left = async () => (await keysIn(store)).map((key) => names.indexOf(key.slice(2))).sort();
  /** Makes everything older by ten minutes. */
  const age = () => {
    for (const file of fs.readdirSync(root, { recursive: true, withFileTypes: true })) {
      if (!file.isFile()) continue;
      const path = `${file.parentPath}/${file.name}`;
      const used = fs.statSync(path).mtimeMs / 1000 - 600;
      fs.utimesSync(path, used, used);
    }
  };
  for (const x of names.keys()) {
    await f(x);
    age();
  }
  await f(0); // Used again: no longer the oldest.
  age();
  await store.prune();
  assert.lengthOf(await left(), 10);
  await store.prune({ maxBytes: 3900 });
  assert.deepEqual(await left(), [0, 8, 9]);
  await store.prune({ maxEntries: 2 });
  assert.deepEqual(await left(), [0, 9]);
  await f(9);
  await store.prune({ maxAge: "5m" });
  assert.deepEqual(await left(), [9]);
  await rejects(store.prune({ maxAge: -1 }), RangeError, /maxAge/);
  await rejects(store.prune({ maxBytes: "lots" as never }), TypeError, /maxBytes/);
});

test("the hash tells apart what differs, and nothing else", () => {
  const values: unknown[] = [
    ...[1, 1n, "1", true, 1.5, 0, -0, false, null, undefined, "", NaN, Infinity],
    ...[[], {}, [1], ["1"], [[1]], [1, undefined], { a: 1 }, { a: [1] }],
    ...[new Map(), new Set(), new Set([1]), new Map([[1, 1]]), new Date(0), new Date(1)],
    ...[new Uint8Array(8), new Uint8Array(7), new Float64Array(1), /a/, /a/g, new Error("a")],
  ];
  const hashes = values.map((value) => stableHash(value));
  assert.lengthOf(new Set(hashes), values.length);
  for (const [i, value] of values.entries()) assert.equal(stableHash(value), hashes[i]);
  assert.equal(stableHash({ b: 2, a: 1 }), stableHash({ a: 1, b: 2 }));
  const shared = [1];
  assert.equal(stableHash([shared, shared]), stableHash([[1], [1]]));
  const text = "text";
  assert.equal(stableHash([text, text]), stableHash([text, "te" + "xt"]));
});

test("a cached function that is cached again, or on another store, goes by its original", async () => {
  const [a, b] = [memoryStore(), memoryStore()];
  const first = fresh({ store: a }).persistent("f", (x: number) => x);
  const second = fresh({ store: b }).persistent("f", first.wrapped);
  assert.equal(await first(1), await second(1));
  assert.deepEqual(await keysIn(a), await keysIn(b));
});

test("events tell of every step, with the name and how long it took", async () => {
  const recorder = new Recorder();
  const f = fresh({ onEvent: recorder.onEvent }).persistent("slow", () => work(5));
  await f();
  await f();
  const [miss, stored, hit] = recorder.takeEvents();
  assert.deepEqual([miss.type, stored.type, hit.type], ["miss", "store", "hit"]);
  assert.isAtLeast((stored as { duration: number }).duration, 4);
  assert.equal((hit as { saved: number }).saved, (stored as { duration: number }).duration);
  for (const { name } of [miss, stored, hit]) assert.equal(name, "slow");
});
