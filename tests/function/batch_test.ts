import { createCache } from "../../lib/function/create_cache.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";
import { CacheMissError } from "../../lib/errors.ts";
import { withMode } from "../../lib/function/mode.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { PersistentOptions } from "../../lib/function/options.ts";
import { assert, rejects, test } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { reasonOf, until } from "./_kinds.ts";

/** A cached function of arrays, and what it was called with. */
function batched<F extends AnyFunction>(fn: F, options: PersistentOptions<F>) {
  const store = memoryStore();
  const deja = createCache({ store, freeVariables: "ignore" });
  return { f: deja.persistent("batched", fn, options), store, deja };
}

test("a batch computes only what is missing, without repeats, and gives all in order", async () => {
  const calls: number[][] = [];
  const { f } = batched((xs: number[]) => {
    calls.push(xs);
    return xs.map((x) => x * x);
  }, { batch: ["xs"] });
  assert.deepEqual(await f([1, 2, 3]), [1, 4, 9]);
  assert.deepEqual(await f([1, 5, 3, 1, 5]), [1, 25, 9, 1, 25]);
  assert.deepEqual(await f([5, 3]), [25, 9]);
  assert.deepEqual(await f([]), []);
  assert.deepEqual(calls, [[1, 2, 3], [5]]);
});

test("a batch hands on what is missing in order, whatever a store finds out first", async () => {
  const store = new FakeStore();
  const calls: number[][] = [];
  const f = createCache({ store, freeVariables: "ignore" }).persistent("f", (xs: number[]) => {
    calls.push(xs);
    return xs;
  }, { batch: ["xs"] });
  const held = store.hold("get"); // the look for the first
  const results = f([1, 2, 3]);
  await held.reached;
  await until(() => store.asked.filter((asked) => asked.startsWith("get ")).length === 3);
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setTimeout(resolve));
  held.release();
  assert.deepEqual(await results, [1, 2, 3]);
  assert.deepEqual(calls, [[1, 2, 3]]);
});

test("parallel arrays belong together element by element", async () => {
  const calls: unknown[] = [];
  const { f } = batched(async (xs: number[], names: string[], scale = 2) => {
    await null;
    calls.push([xs, names]);
    return xs.map((x, i) => `${names[i]}${x * scale}`);
  }, { batch: ["xs", "names"] });
  assert.deepEqual(await f([1, 2], ["a", "b"]), ["a2", "b4"]);
  assert.deepEqual(await f([2, 1, 1], ["b", "b", "a"], 2), ["b4", "b2", "a2"]);
  assert.deepEqual(await f([1], ["a"], 3), ["a3"]);
  assert.deepEqual(calls, [[[1, 2], ["a", "b"]], [[1], ["b"]], [[1], ["a"]]]);
});

test("arrays of unequal length are refused, and arguments that are no arrays", async () => {
  const { f } = batched((xs: number[], ys: number[]) => xs.map((x, i) => x + ys[i]), {
    batch: ["xs", "ys"],
  });
  await rejects(f([1, 2, 3], [1, 2, 3, 4]), RangeError, /xs with 3, ys with 4 elements/);
  await rejects(f([1], 5 as never), TypeError, /takes an array as ys, received number/);
});

test("a batch must give one result for each element", async () => {
  for (const wrong of [[1], "ab", undefined]) {
    const { f } = batched((_xs: number[]) => wrong as number[], { batch: ["_xs"] });
    await rejects(f([1, 2]), TypeError, /one result for each of 2 elements, got/);
  }
});

test("what fails is not stored, and what was stored before stays", async () => {
  let fails = false;
  const { f } = batched((xs: number[]) => {
    if (fails) throw new RangeError("down");
    return xs;
  }, { batch: ["xs"] });
  await f([1]);
  fails = true;
  await rejects(f([1, 2]), RangeError, /down/);
  assert.deepEqual(await f([1]), [1]);
  fails = false;
  assert.deepEqual(await f([2, 1]), [2, 1]);
});

test("batches at the same time compute each element once, whatever their order", async () => {
  const calls: number[] = [];
  const { f } = batched(async (xs: number[]) => {
    await new Promise((resolve) => setTimeout(resolve));
    calls.push(...xs);
    return xs.map((x) => -x);
  }, { batch: ["xs"] });
  const answers = await Promise.all([f([1, 2, 3]), f([3, 2, 1]), f([4, 1]), f([2, 4])]);
  assert.deepEqual(answers, [[-1, -2, -3], [-3, -2, -1], [-4, -1], [-2, -4]]);
  assert.sameMembers(calls, [1, 2, 3, 4]);
});

test("the methods of a batch are about all elements of a call", async () => {
  const { f } = batched((xs: string[]) => xs.map((x) => x.length), { batch: ["xs"] });
  await f(["a", "bb"]);
  assert.isTrue(await f.has(["a", "bb"]));
  assert.isFalse(await f.has(["a", "ccc"]));
  assert.deepEqual(await f.peek(["bb", "a"]), [2, 1]);
  assert.isUndefined(await f.peek(["a", "ccc"]));
  assert.equal((await f.explain(["a", "ccc"])).outcome, "miss");
  assert.equal((await f.explain(["a"])).outcome, "hit");
  assert.match(await f.key(["a"]), /^[0-9a-f]{64}$/);
  await rejects(f.key(["a", "b"]), TypeError, /a key for each element/);
  assert.deepEqual(await f.refresh(["a"]), [1]);
  assert.isTrue(await f.delete(["a", "ccc"]));
  assert.isFalse(await f.has(["a"]));
  assert.lengthOf(await Array.fromAsync(f.entries()), 1);
});

test("refresh() and reference() of a batch heed the mode", async () => {
  let runs = 0;
  const { f } = batched((xs: string[]) => {
    runs++;
    return xs.map(() => runs);
  }, { batch: ["xs"] });
  await f(["a"]);
  await rejects(withMode("offline", () => f.refresh(["a"])), CacheMissError);
  await rejects(withMode("offline", () => f.reference(["b"])), CacheMissError);
  assert.equal(runs, 1);
  assert.deepEqual(await withMode("read-only", () => f.refresh(["a", "b"])), [2, 2]);
  assert.deepEqual(await withMode("off", () => f.refresh(["a"])), [3]);
  assert.deepEqual(await f.peek(["a"]), [1]);
  assert.isFalse(await f.has(["b"]));
});

/** A function of arrays whose runs end when the test says so, or are aborted. */
function heldBatches() {
  const runs: { ids: number[]; signal: AbortSignal; finish: () => void }[] = [];
  const fn = async (ids: number[], { signal }: { signal: AbortSignal }) => {
    const held = Promise.withResolvers<void>();
    signal.addEventListener("abort", () => held.reject(signal.reason));
    runs.push({ ids, signal, finish: held.resolve });
    await held.promise;
    return ids.map((id) => id * 10);
  };
  return { runs, ...batched(fn, { batch: ["ids"] }) };
}

test("the abort of a caller of a batch does not cancel the elements that others wait for", async () => {
  const { runs, f } = heldBatches();
  const [one, two] = [new AbortController(), new AbortController()];
  const first = f([1, 2], { signal: one.signal });
  await until(() => runs.length === 1);
  const second = f([2, 3], { signal: two.signal });
  await until(() => runs.length === 2);
  const reason = new Error("one gave up");
  one.abort(reason);
  assert.strictEqual(await reasonOf(first), reason);
  assert.isFalse(runs[0].signal.aborted);
  for (const { finish } of runs) finish();
  assert.deepEqual(await second, [20, 30]);
  assert.deepEqual(runs.map(({ ids }) => ids), [[1, 2], [3]]);
});

test("the abort of the last caller of a batch aborts its run, and one before it runs nothing", async () => {
  const { runs, f } = heldBatches();
  const controller = new AbortController();
  const call = f([1, 2], { signal: controller.signal });
  await until(() => runs.length === 1);
  const reason = new Error("gave up");
  controller.abort(reason);
  assert.strictEqual(await reasonOf(call), reason);
  assert.isTrue(runs[0].signal.aborted);
  assert.strictEqual(await reasonOf(f([3], { signal: AbortSignal.abort(reason) })), reason);
  assert.lengthOf(runs, 1);
  const again = f([1], { signal: new AbortController().signal });
  await until(() => runs.length === 2);
  runs[1].finish();
  assert.deepEqual(await again, [10]);
});

test("a call of no elements is a hit without a key, also for explain()", async () => {
  const { f } = batched((xs: string[]) => xs.map((x) => x.length), { batch: ["xs"] });
  assert.deepEqual(await f([]), []);
  assert.isTrue(await f.has([]));
  const { outcome, key, changed, message } = await f.explain([]);
  assert.deepEqual([outcome, key, changed], ["hit", "", []]);
  assert.match(message, /no elements/);
});

test("stats() of a batch count elements", async () => {
  const { f } = batched((xs: number[]) => xs, { batch: ["xs"] });
  await f([1, 2]);
  await f([2, 3]);
  const { hits, misses } = f.stats();
  assert.deepEqual({ hits, misses }, { hits: 1, misses: 3 });
});

test("in offline mode a batch gives what is stored, and nothing else", async () => {
  const { f, deja } = batched((xs: number[]) => xs, { batch: ["xs"] });
  await f([1]);
  const offline = deja.with({ mode: "offline" }).persistent("batched", f.wrapped, {
    batch: ["xs"],
  });
  assert.deepEqual(await offline([1]), [1]);
  await rejects(offline([1, 2]), Error, /offline/);
});

test("batch must name parameters, and excludes outFiles", () => {
  const fn = (xs: number[], out: string) => [xs, out];
  assert.throws(
    () => batched(fn, { batch: ["ys"] }),
    TypeError,
    /batch names "ys", .*no parameter/,
  );
  assert.throws(
    () => batched(fn, { batch: ["xs"], outFiles: ["out"] }),
    TypeError,
    /outFiles and batch exclude each other/,
  );
});

test("map() of a batch calls it with an array each, and keeps element by element", async () => {
  const calls: number[][] = [];
  const { f } = batched((xs: number[]) => {
    calls.push(xs);
    return xs.map((x) => x * 2);
  }, { batch: ["xs"] });
  assert.deepEqual(await f.map([[1, 2], [2, 3]], { concurrency: 1 }), [[2, 4], [4, 6]]);
  assert.deepEqual(calls, [[1, 2], [3]]);
  assert.isTrue(await f.has([1, 2, 3]));
});

test("reference() of a batch is that of one element", async () => {
  const { f } = batched((xs: (number | number[])[]) => xs.map((x) => String(x)), { batch: ["xs"] });
  const reference = await f.reference([[1, 2]]);
  assert.equal(reference.key, await f.key([[1, 2]]));
  assert.deepEqual(await reference.get(), ["1,2"]);
  await rejects(f.reference([1, 2]), TypeError, /has a key for each element/);
  assert.deepEqual(await f([[1, 2]]), ["1,2"], "what it stores is nothing else's");
});
