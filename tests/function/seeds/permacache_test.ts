// What the tests of permacache show, in the idiom of JavaScript.

import { stableHash } from "../../../lib/codec/mod.ts";
import { withMode } from "../../../lib/function/mode.ts";
import { dropIf, dropIfEqual, OMIT } from "../../../lib/key/mod.ts";
import { CacheMissError } from "../../../lib/errors.ts";
import { copyStore, namespacedStore } from "../../../lib/store/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, rejects, test } from "../../harness.ts";
import { FakeStore } from "../_fake_store.ts";
import { Recorder } from "../_recorder.ts";
import { fresh, keysIn, testFiles } from "./_fresh.ts";

test("positions and defaults make one call, and other arguments another", async () => {
  const f = fresh().persistent("f", (x: number, y = 2, z = 3) => [x, y, z]);
  await f(1, 2, 3);
  await f(1, 2, 3);
  await f(1);
  assert.equal(f.stats().misses, 1);
  await f(3, 2, 1);
  assert.equal(f.stats().misses, 2);
});

test("a function goes by its name where its code is ignored, and no further", async () => {
  const deja = fresh();
  const named = (fn: (x: number) => number) => deja.persistent("path", fn, { code: "ignore" });
  assert.equal(await named((x) => x)(1), 1);
  assert.equal(await named((x) => x + 1)(1), 1); // What was asked for: edits keep the results.
  assert.equal(await deja.persistent("path", (x: number) => x + 1)(1), 2);
});

test("off neither reads nor writes, for a scope", async () => {
  const f = fresh().persistent("f", (x: number) => [x]);
  await f(1);
  await withMode("off", async (inMode) => {
    await inMode(() => f(1));
    await inMode(() => f(2));
  });
  assert.equal(f.stats().misses, 1);
  assert.isTrue(await f.has(1));
  assert.isFalse(await f.has(2));
});

test("offline answers what is stored, and computes nothing", async () => {
  let runs = 0;
  const f = fresh().persistent("f", (_x: number) => ++runs);
  await f(1);
  assert.equal(await withMode("offline", () => f(1)), 1);
  await rejects(withMode("offline", () => f(2)), CacheMissError, /offline/);
  assert.equal(runs, 1);
});

test("parameters are dropped where they have certain values, each by its own rule", () => {
  const f = fresh().cache((t: number, k = 2, v = 3) => [t, k, v], {
    key: { k: dropIf((k: number) => k === 2), v: dropIfEqual(10) },
  });
  assert.equal(f.key(2), f.key(2, 2, 3));
  assert.notEqual(f.key(2), f.key(2, 2, 10));
  assert.notEqual(f.key(2), f.key(2, 3));
  const without = fresh().cache((t: number) => [t], { name: "g", code: "ignore" });
  const withMore = fresh().cache((t: number, k = 2, v = 10) => [t, k, v], {
    name: "g",
    code: "ignore",
    key: { k: dropIfEqual(2), v: dropIfEqual(10) },
  });
  assert.equal(without.key(2), withMore.key(2));
  assert.notEqual(without.key(2), withMore.key(2, 2, 11));
});

test("a parameter is keyed on what a function makes of it, or on nothing", () => {
  const f = fresh().cache((x: number, log: string) => `${x}${log}`, {
    key: { x: (x: number) => x ** 2, log: () => OMIT },
  });
  assert.equal(f.key(2, "a"), f.key(-2, "b"));
  assert.notEqual(f.key(2, "a"), f.key(10, "a"));
});

test("a batch computes each missing element once, in order", async () => {
  let computed = 0;
  const f = fresh().persistent("f", (xs: number[]) => {
    computed += xs.length;
    return xs.map((x) => x * x);
  }, { batch: ["xs"] });
  assert.deepEqual(await f([1, 2, 3]), [1, 4, 9]);
  assert.equal(computed, 3);
  assert.deepEqual(await f([1, 5, 3, 1, 5]), [1, 25, 9, 1, 25]);
  assert.equal(computed, 4);
  await f(Array.from({ length: 10 }, (_, i) => 10 + i));
  assert.equal(computed, 14);
  assert.lengthOf(await Array.fromAsync(f.entries()), 14);
});

test("parallel arrays count pair by pair, and must be of one length", async () => {
  let computed = 0;
  const f = fresh().persistent("f", (xs: number[], names: string[]) => {
    computed += xs.length;
    return xs.map((x, i) => names[i].repeat(x));
  }, { batch: ["xs", "names"] });
  assert.deepEqual(await f([1, 2, 3], [..."abc"]), ["a", "bb", "ccc"]);
  // The pairs of 1 and a, and of 3 and c, are there.
  assert.deepEqual(await f([1, 5, 3, 1, 5], [..."abcde"]), ["a", "bbbbb", "ccc", "d", "eeeee"]);
  assert.equal(computed, 6);
  await rejects(f([1, 2, 3], [..."abcd"]), RangeError, /3.*4/);
});

testFiles("a function that writes a file is not run for another path", async (folder, fs) => {
  let runs = 0;
  const f = fresh().persistent("f", (x: number, out: string) => {
    runs++;
    fs.writeFileSync(out, String(2 * x));
    return x;
  }, { outFiles: ["out"] });
  const text = (name: string) => fs.readFileSync(`${folder}/${name}`, "utf8");
  assert.equal(await f(123, `${folder}/abc`), 123);
  assert.equal(await f(123, `${folder}/def`), 123);
  assert.deepEqual([text("abc"), text("def"), runs], ["246", "246", 1]);
  // Another spelling of a path is no other call.
  await f(123, `${folder}/./abc`);
  assert.equal(runs, 1);
  // Outputs that were edited or removed by hand are made again from the store.
  fs.writeFileSync(`${folder}/def`, "by hand");
  await f(123, `${folder}/ghi`);
  assert.equal(text("ghi"), "246");
  for (const name of ["abc", "def", "ghi"]) fs.rmSync(`${folder}/${name}`);
  await f(123, `${folder}/def`);
  assert.deepEqual([text("def"), runs], ["246", 1]);
  // A path that another call writes to next does not matter either.
  await f(5, `${folder}/def`);
  assert.deepEqual([text("def"), runs], ["10", 2]);
  await f(123, `${folder}/jkl`);
  await f(123, `${folder}/def`);
  assert.deepEqual([text("jkl"), text("def"), runs], ["246", "246", 2]);
});

testFiles("one damaged output of two makes the function run again", async (folder, fs) => {
  const store = new FakeStore();
  const recorder = new Recorder();
  const f = fresh({ store, onEvent: recorder.onEvent }).persistent(
    "f",
    (x: number, low: string, high: string) => {
      fs.writeFileSync(low, `low ${x}`);
      fs.writeFileSync(high, `high ${x}`);
    },
    { outFiles: ["low", "high"] },
  );
  const call = (n: number) => f(1, `${folder}/low${n}`, `${folder}/high${n}`);
  await call(1);
  await call(2);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
  const parts = [...store.entries.keys()].filter((key) => /\/[0-9a-f]{64}\./.test(key));
  assert.isNotEmpty(parts);
  store.entries.set(parts[0], Uint8Array.of(1, 2, 3));
  await call(3);
  assert.deepEqual(recorder.take(), ["corrupt", "miss", "store"]);
  await call(4);
  assert.deepEqual(recorder.take(), ["hit"]);
  for (const name of ["low", "high"]) {
    assert.equal(fs.readFileSync(`${folder}/${name}4`, "utf8"), `${name} 1`);
  }
});

test("any mixture of calls gives what the function gives", async () => {
  const deja = fresh();
  const square = (x: number) => ({ x: x * x });
  const f = deja.persistent("f", square);
  let seed = 1;
  const random = (n: number) => (seed = seed * 48271 % 2147483647) % n;
  for (let i = 0; i < 100; i++) {
    const x = random(20);
    const act = random(4);
    if (act === 0) await f.delete(x);
    else if (act === 1) assert.include([undefined, x * x], (await f.peek(x))?.x);
    else assert.deepEqual(await f(x), square(x));
  }
});

test("an argument of any length is a key of one length, and a record tells short ones", async () => {
  const deja = fresh();
  const f = deja.persistent("f", (text: string) => text.length);
  for (const length of [100, 100_000]) {
    await f("k".repeat(length));
    const entry = await f.get({ key: await f.key("k".repeat(length)) });
    assert.deepEqual(entry!.args, length === 100 ? ["k".repeat(100)] : undefined);
  }
  for (const key of await keysIn(deja.store)) assert.lengthOf(key, "f/".length + 64);
});

test("a result without a byte form leaves no entry and no residue", async () => {
  const deja = fresh();
  const f = deja.persistent("f", (value: unknown) => [value, () => value], { onEvent: () => {} });
  assert.equal((await f("a"))[0], "a");
  assert.isEmpty(await keysIn(deja.store));
});

test("two who write at once lose nothing of each other", async () => {
  const store = memoryStore();
  const writers = ["a", "b"].map((name) => fresh({ store }).persistent(name, (x: number) => [x]));
  await Promise.all(Array.from({ length: 50 }, (_, x) => writers.map((f) => f(x))).flat());
  assert.lengthOf(await keysIn(store), 100);
  for (const f of writers) assert.deepInclude(f.stats(), { misses: 50, problems: 0 });
});

class X {
  constructor(readonly a: number) {}
}
class Y {
  constructor(readonly a: number) {}
}

test("an entry of a class that was renamed since is read as the new one", async () => {
  const store = memoryStore();
  const encode = ({ a }: X | Y) => a;
  const before = fresh({ store }).persistent("f", (a: number): X | Y => new X(a), {
    code: "ignore",
    classes: { "a.X": { class: X, encode, decode: (a: number) => new X(a) } },
  });
  assert.instanceOf(await before(1), X);
  const after = fresh({ store }).persistent("f", (a: number): X | Y => new Y(a), {
    code: "ignore",
    classes: {
      "b.Y": { class: Y, encode, decode: (a: number) => new Y(a), aliases: ["a.X"] },
    },
  });
  assert.deepEqual(await after(1), new Y(1));
  assert.instanceOf(await after(1), Y);
  assert.deepInclude(after.stats(), { hits: 2, misses: 0 });
});

test("what is exported from one place is a hit where it is imported, and nowhere else", async () => {
  const [mine, theirs] = [memoryStore(), memoryStore()];
  const on = (store: typeof mine) => fresh({ store }).persistent("f", (x: number) => [x]);
  await on(mine)(1);
  const { copied } = await copyStore(mine, namespacedStore(theirs, "g"));
  assert.equal(copied, 1);
  assert.isTrue(await on(namespacedStore(theirs, "g") as typeof mine).has(1));
  assert.isFalse(await on(namespacedStore(theirs, "h") as typeof mine).has(1));
});

test("entries can be counted, those of a batch one by one", async () => {
  const deja = fresh();
  const f = deja.persistent("f", (x: number) => x);
  const batch = deja.persistent("batch", (xs: number[]) => xs, { batch: ["xs"] });
  const count = async (entries: AsyncIterable<unknown>) => (await Array.fromAsync(entries)).length;
  assert.equal(await count(f.entries()), 0);
  for (const x of [1, 2, 3, 3]) await f(x);
  await batch([1, 2, 3]);
  assert.equal(await count(f.entries()), 3);
  assert.equal(await count(batch.entries()), 3);
  assert.equal(await count(deja.entries()), 6);
});

test("the hash sees the type, the shape and the order of what is in an array", () => {
  const hashes = [
    new Float64Array(4),
    new BigInt64Array(4),
    new Float64Array(8),
    [new Float64Array(2), new Float64Array(2)],
    [[1, 2], [3, 4]],
    [[1, 3], [2, 4]],
    [1, 2, 3, 4],
    { columns: ["a", "b"] },
    { columns: ["b", "a"] },
  ].map((value) => stableHash(value));
  assert.lengthOf(new Set(hashes), hashes.length);
});
