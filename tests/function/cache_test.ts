import { createCache } from "../../lib/function/create_cache.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { fromText, Recorder } from "./_recorder.ts";

test("cache() keeps a synchronous function synchronous", () => {
  const { onEvent, take } = recorded();
  const half = cache((whole: number) => whole / 2, { onEvent });
  assert.equal(half(8), 4);
  assert.equal(half(8), 4);
  assert.equal(half(6), 3);
  assert.deepEqual(take(), ["miss", "store", "hit", "miss", "store"]);
});

test("cache() tells of each event with the name of the function and the key of the call", () => {
  const recorder = new Recorder();
  const half = cache((whole: number) => whole / 2, { name: "half", onEvent: recorder.onEvent });
  half(8);
  half(8);
  const { name, key } = { name: "half", key: half.key(8) };
  const [miss, store, hit, ...more] = recorder.takeEvents();
  assert.isEmpty(more);
  assert.deepEqual(miss, { type: "miss", name, key });
  assert.equal(store.type === "store" ? store.duration : -1, hit.type === "hit" ? hit.saved : -2);
  assert.deepInclude(store, { type: "store", name, key });
  assert.deepInclude(hit, { type: "hit", name, key });
});

test("cache() joins concurrent calls with equal arguments", async () => {
  const { onEvent, take } = recorded();
  const started: string[] = [];
  const release = Promise.withResolvers<void>();
  const load = cache(async (options: { page: string; size: number }) => {
    started.push(options.page);
    await release.promise;
    return { rows: options.size };
  }, { onEvent });
  const first = load({ page: "a", size: 1 });
  const second = load({ size: 1, page: "a" });
  const other = load({ page: "b", size: 2 });
  assert.deepEqual(take(), ["miss", "join", "miss"]);
  release.resolve();
  assert.strictEqual(await first, await second);
  assert.deepEqual(await other, { rows: 2 });
  assert.deepEqual(started, ["a", "b"]);
  assert.deepEqual(take(), ["store", "store"]);
  assert.strictEqual(await load({ page: "a", size: 1 }), await first);
  assert.deepEqual(take(), ["hit"]);
});

test("cache() passes a rejection on unchanged, to joined calls too, and does not keep it", async () => {
  const { onEvent, take } = recorded();
  const reasons = [new Error("first"), "second"];
  // deno-lint-ignore require-await -- the rejection is the point.
  const load = cache(async (_page: string) => {
    throw reasons.shift();
  }, { onEvent });
  const [expected] = reasons;
  const outcomes = await Promise.allSettled([load("a"), load("a")]);
  for (const outcome of outcomes) {
    assert.strictEqual(outcome.status === "rejected" && outcome.reason, expected);
  }
  assert.deepEqual(take(), ["miss", "join"]);
  assert.isFalse(load.has("a"));
  const [again] = await Promise.allSettled([load("a")]);
  assert.deepEqual(again, { status: "rejected", reason: "second" });
  assert.deepEqual(take(), ["miss"]);
  assert.equal(load.stats().errors, 2);
});

test("cache() passes what is thrown on unchanged and does not keep it", () => {
  const { onEvent, take } = recorded();
  const thrown = new RangeError("thrown on purpose");
  let broken = true;
  const parse = cache((text: string) => {
    if (broken) throw thrown;
    return text.length;
  }, { onEvent });
  for (let times = 0; times < 2; times++) {
    try {
      parse("abc");
      assert.fail("It must throw");
    } catch (error) {
      assert.strictEqual(error, thrown);
    }
  }
  broken = false;
  assert.equal(parse("abc"), 3);
  assert.deepEqual(take(), ["miss", "miss", "miss", "store"]);
  assert.deepInclude(parse.stats(), { errors: 2, entries: 1 });
});

test("cache() sees the calls that a function makes of itself", () => {
  const { onEvent, take } = recorded();
  const fib = cache(
    (n: number): bigint => n < 2 ? BigInt(n) : fib(n - 1) + fib(n - 2),
    { onEvent },
  );
  assert.equal(fib(90), 2880067194370816120n);
  const kinds = take();
  assert.equal(kinds.filter((kind) => kind === "miss").length, 91);
  assert.equal(kinds.filter((kind) => kind === "hit").length, 88);
});

for (const result of [undefined, null, NaN, 0, "", false]) {
  test(`cache() takes a result of ${result === "" ? "an empty string" : result} for a hit`, () => {
    const { onEvent, take } = recorded();
    let runs = 0;
    const find = cache((_id: number) => (runs++, result), { onEvent });
    assert.deepEqual([find(1), find(1)], [result, result]);
    assert.equal(runs, 1);
    assert.isTrue(find.has(1));
    assert.deepEqual(take(), ["miss", "store", "hit"]);
  });
}

test("cache() keys on the arguments as they were before the function changed them", () => {
  const { onEvent, take } = recorded();
  const smallest = cache((list: number[]) => list.sort((a, b) => a - b).shift(), { onEvent });
  assert.equal(smallest([3, 1, 2]), 1);
  assert.equal(smallest([3, 1, 2]), 1);
  assert.equal(smallest([2, 3]), 2);
  assert.deepEqual(take(), ["miss", "store", "hit", "miss", "store"]);
});

test("cache() gives one result for the default, missing and undefined spellings of a call", () => {
  const { onEvent, take } = recorded();
  const page = cache(
    (path: string, size = 20, order: { by: string } = { by: "name" }) =>
      `${path} ${size} ${order.by}`,
    { onEvent },
  );
  page("a");
  page("a", 20);
  page("a", undefined);
  page("a", undefined, undefined);
  page("a", 20, { by: "name" });
  assert.deepEqual(take(), ["miss", "store", "hit", "hit", "hit", "hit"]);
  page("a", 21);
  page("a", 20, { by: "size" });
  assert.deepEqual(take(), ["miss", "store", "miss", "store"]);
});

test("cache() leaves ignored parameters out, also ones that have no byte form", () => {
  const { onEvent, take } = recorded();
  const render = cache(
    (text: string, renderLog: (line: string) => void, ..._renderNotes: unknown[]) => {
      renderLog(text);
      return text.length;
    },
    { ignore: ["renderLog", "_renderNotes"], onEvent },
  );
  render("abc", () => {}, 1);
  render("abc", (line) => void line.length, 2, Symbol("none"));
  assert.deepEqual(take(), ["miss", "store", "hit"]);
  render("abcd", () => {});
  assert.deepEqual(take(), ["miss", "store"]);
});

test("cache() refuses an argument without a byte form, and says how to go on", () => {
  const run = cache((text: string, runHooks: { done: unknown[] }) => [text, runHooks]);
  assert.throws(
    () => run("a", { done: [1, () => {}] }),
    Error,
    /runHooks\.done\[1\].+ignore: \["runHooks"\]/,
  );
});

test("caches in memory refuse generator functions, whose results can be read only once", () => {
  const deja = createCache({ store: memoryStore() });
  for (const fn of [function* () {}, async function* () {}, { *method() {} }.method]) {
    assert.throws(() => cache(fn), TypeError, /generator function/);
    assert.throws(() => lruCache({ maxEntries: 1 }, fn), TypeError, /generator function/);
    for (const wrap of [() => deja.cache(fn), () => deja.lru({ maxEntries: 1 }, fn)]) {
      assert.throws(wrap, TypeError, /generator function/);
    }
  }
});

test("cache() hands out a promise as it is", async () => {
  const made = Promise.resolve(1);
  const later = cache((_id: number) => made);
  assert.strictEqual(later(1), made);
  assert.strictEqual(later(1), made);
  await made;
});

test("cache() hands an object out by reference", () => {
  const list = cache((size: number) => Array.from({ length: size }, () => 0));
  list(2).push(1);
  assert.deepEqual(list(2), [0, 0, 1]);
});

test("cache() awaits a thenable that is no Promise", async () => {
  const { onEvent, take } = recorded();
  const load = cache((id: number): PromiseLike<number> => ({
    then: (...handlers) => Promise.reject(new Error(`no ${id}`)).then(...handlers),
  }), { onEvent });
  await rejects(load(1), Error, /no 1/);
  await rejects(load(1), Error, /no 1/);
  assert.deepEqual(take(), ["miss", "miss"]);
});

test("cache() rejects where the then of a result throws, and keeps nothing", async () => {
  const odd = {
    then: () => {
      throw new Error("no promise");
    },
  };
  const f = cache((_id: number) => odd);
  await rejects(Promise.resolve(f(1)), Error, /no promise/);
  assert.isFalse(f.has(1));
});

test("cache() keeps the name and the length of the function", () => {
  const named = function areaOfRing(_outer: number, _inner: number, _digits = 2) {};
  assert.equal(cache(named).name, named.name);
  assert.equal(cache(named).length, 2);
  assert.strictEqual(cache(named).wrapped, named);
});

test("cache() refuses a call as a method of a function that reads this", () => {
  const { onEvent, take } = recorded();
  const rates = {
    rate: 2,
    times: cache(function (this: { rate: number }, x: number) {
      return this.rate * x;
    }, { name: "times", onEvent }),
  };
  assert.throws(() => rates.times(3), TypeError, /call of times as a method: it reads this/);
  assert.isEmpty(take());
  const viaMethod = { base: 1, add: cache(fromText("({ add(x) { return this.base + x } }).add")) };
  assert.throws(() => viaMethod.add(3), TypeError, /reads this/);
});

test("cache() has one result for a number, whatever the function is called on or not", () => {
  let runs = 0;
  const tools = {
    triple: cache((x: number) => {
      runs++;
      return 3 * x;
    }),
  };
  const { triple } = tools;
  for (const call of [() => tools.triple(2), () => triple(2), () => triple.call(null, 2)]) {
    assert.deepEqual([call(), call(), call()], [6, 6, 6]);
  }
  assert.equal(runs, 1);
  const { hits, misses } = triple.stats();
  assert.deepEqual({ hits, misses }, { hits: 8, misses: 1 });
});

test("cache() calls a function that reads this on nothing where it is called on nothing", () => {
  const seen: unknown[] = [];
  const note = cache(function (this: unknown, x: number) {
    seen.push(this);
    return x;
  });
  assert.deepEqual([note(1), note(2)], [1, 2]);
  assert.deepEqual(seen, [undefined, undefined]);
});

test("cache() lets a function that does not read this be called as a method", () => {
  const { onEvent, take } = recorded();
  const tools = {
    double: cache((x: number) => x * 2, { onEvent }),
    triple: cache(function (x: { this: number }) {
      return x.this * 3;
    }, { onEvent }),
  };
  assert.equal(tools.double(2), 4);
  assert.equal((0, tools.double)(2), 4);
  assert.equal(tools.triple({ this: 2 }), 6);
  assert.deepEqual(take(), ["miss", "store", "hit", "miss", "store"]);
});

test("cache() caches a cached function, each with its own results", () => {
  const [inner, outer] = [new Recorder(), new Recorder()];
  const once = cache((x: number, times = 2) => x * times, { onEvent: inner.onEvent });
  const twice = cache(once, { onEvent: outer.onEvent });
  assert.notEqual(twice.key(1), once.key(1));
  assert.equal(twice.key(1), twice.key(1, 2), "the parameters are those of the original");
  assert.equal(twice(1), 2);
  assert.equal(twice(1), 2);
  assert.deepEqual([inner.take(), outer.take()], [["miss", "store"], ["miss", "store", "hit"]]);
  assert.strictEqual(twice.wrapped, once);
});

test("cache(options) makes a wrapper that can be used again", () => {
  const { onEvent, take } = recorded();
  const told = cache({ onEvent });
  const [double, triple] = [told((x: number) => x * 2), told((x: number) => x * 3)];
  assert.deepEqual([double(2), triple(2), double(2)], [4, 6, 4]);
  assert.deepEqual(take(), ["miss", "store", "miss", "store", "hit"]);
});

/** A recorder as two functions, for tests that have one. */
function recorded(): { onEvent: Recorder["onEvent"]; take: () => string[] } {
  const recorder = new Recorder();
  return { onEvent: recorder.onEvent, take: () => recorder.take() };
}
