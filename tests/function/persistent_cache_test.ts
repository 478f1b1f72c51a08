import { EncodeError } from "../../lib/errors.ts";
import type { PersistentCached } from "../../lib/function/cached_function.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheOptions } from "../../lib/function/options.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { Recorder, written } from "./_recorder.ts";

/** A cached function named `f` on a store of its own, and what is heard of it. */
function make<F extends AnyFunction>(
  fn: F,
  options: CacheOptions = {},
  store: Store = memoryStore(),
): { f: PersistentCached<F>; recorder: Recorder; store: Store } {
  const recorder = new Recorder();
  const deja = createCache({ store, onEvent: recorder.onEvent });
  return { f: deja.persistent("f", fn, options), recorder, store };
}

async function keysIn(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ key }) => key).sort();
}

test("persistentCache() makes a synchronous function return a Promise", async () => {
  const { f, recorder } = make((x: number) => x / 2);
  const promise = f(8);
  assert.instanceOf(promise, Promise);
  assert.equal(await promise, 4);
  assert.equal(await f(8), 4);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});

test("persistentCache() tells of each event with the name of the function and the key", async () => {
  const { f, recorder } = make((x: number) => x / 2);
  await f(8);
  await f(8);
  const base = { name: "f", key: await f.key(8) };
  const [miss, store, hit, ...more] = recorder.takeEvents();
  assert.isEmpty(more);
  assert.deepEqual(miss, { type: "miss", ...base });
  const { duration, size } = store as { duration: number; size: number };
  const kind = "value";
  assert.deepEqual(store, { type: "store", ...base, kind, duration, size });
  assert.deepEqual(hit, { type: "hit", ...base, kind, saved: duration });
  assert.deepEqual(f.stats(), {
    hits: 1,
    misses: 1,
    joins: 0,
    staleHits: 0,
    errors: 0,
    evictions: 0,
    problems: 0,
    bytesRead: size,
    bytesWritten: size,
    timeSaved: duration,
  });
});

test("persistentCache() finds what another wrapper of the same function stored", async () => {
  const store = memoryStore();
  const [one, two] = [1, 2].map(() => make((x: number) => x + 1, {}, store));
  assert.deepEqual([await one.f(1), await two.f(1)], [2, 2]);
  assert.deepEqual(one.recorder.take(), ["miss", "store"]);
  assert.deepEqual(two.recorder.take(), ["hit"]);
});

for (const result of [undefined, null, NaN, -0, 0n, "", false]) {
  const shown = Object.is(result, -0) ? "-0" : `${typeof result} ${result}`;
  test(`persistentCache() takes a result of ${shown} for a hit`, async () => {
    const { f, recorder } = make((_id: number) => result);
    assert.isTrue(Object.is(await f(1), result));
    assert.isTrue(Object.is(await f(1), result));
    assert.isTrue(await f.has(1));
    assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
  });
}

test("persistentCache() joins concurrent calls with equal arguments", async () => {
  const release = Promise.withResolvers<void>();
  let runs = 0;
  const { f, recorder } = make(async (_query: object) => {
    await release.promise;
    return ++runs;
  });
  const calls = [f({ a: 1, b: 2 }), f({ b: 2, a: 1 }), f({ a: 1, b: 2 })];
  release.resolve();
  assert.deepEqual(await Promise.all(calls), [1, 1, 1]);
  assert.sameMembers(recorder.take(), ["miss", "join", "join", "store"]);
  assert.equal(await f({ a: 1, b: 2 }), 1);
  assert.deepEqual(recorder.take(), ["hit"]);
});

test("persistentCache() joins a look-up as well, so that the store is asked once", async () => {
  const store = new FakeStore();
  const { f, recorder } = make((x: number) => [x], {}, store);
  await f(1);
  store.asked.length = 0;
  recorder.take();
  const [one, two] = await Promise.all([f(1), f(1)]);
  assert.deepEqual([one, two], [[1], [1]]);
  assert.notStrictEqual(one, two);
  assert.deepEqual(store.asked, [`get f/${await f.key(1)}`]);
  assert.sameMembers(recorder.take(), ["hit", "join"]);
});

test("persistentCache() gives every caller a value of its own", async () => {
  const { f } = make(async (size: number) => {
    await null;
    return { list: Array.from({ length: size }, () => 0), made: new Map([["at", new Date(0)]]) };
  });
  const expected = { list: [0, 0], made: new Map([["at", new Date(0)]]) };
  const values = await Promise.all([f(2), f(2), f(2)]);
  for (const value of [...values, await f(2), (await f.peek(2))!]) {
    assert.deepEqual(value, expected);
    value.list.push(1);
    value.made.get("at")!.setTime(5);
    value.made.set("more", new Date(1));
  }
  assert.deepEqual(await f(2), expected);
});

test("persistentCache() keys on the arguments as they were when it was called", async () => {
  const { f, recorder } = make(async (list: number[]) => {
    await null;
    return list.sort((a, b) => a - b).shift();
  });
  assert.equal(await f([3, 1, 2]), 1);
  assert.equal(await f([3, 1, 2]), 1);
  const argument = [7, 8];
  const pending = f(argument);
  assert.equal(await pending, 7);
  assert.isTrue(await f.has([7, 8]));
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", "miss", "store"]);
});

test("an argument changed by the caller while the store is asked stores nothing wrong", async () => {
  const { f } = make((list: number[]) => list.reduce((sum, x) => sum + x, 0));
  const list = [1, 2];
  const pending = f(list);
  list.push(3);
  await pending;
  assert.equal(await f([1, 2]), 3);
  assert.equal(await f([1, 2, 3]), 6);
});

test("a call that joined one whose argument was then changed gets the value of its own", async () => {
  const { f } = make((list: number[]) => list.reduce((sum, x) => sum + x, 0));
  const list = [1, 2];
  const changed = f(list);
  const joined = f([1, 2]);
  list.push(3);
  assert.deepEqual(await Promise.all([changed, joined]), [6, 3]);
});

test("a closed-over value changed while the store is asked stores nothing wrong", async () => {
  let rate = 2;
  const { f } = make((x: number) => x * rate, { closure: () => ({ rate }) });
  const pending = f(10);
  rate = 3;
  await pending;
  assert.equal(await f(10), 30);
  rate = 2;
  assert.equal(await f(10), 20);
});

for (const how of ["rejects", "throws"] as const) {
  test(`persistentCache() passes on unchanged what the function ${how}, and stores nothing`, async () => {
    const reasons: unknown[] = [new RangeError("on purpose"), "a text", undefined];
    let run = 0;
    const { f, recorder, store } = make((_id: number): Promise<never> => {
      if (how === "throws") throw reasons[run];
      return Promise.reject(reasons[run]);
    });
    for (run = 0; run < reasons.length; run++) {
      for (const outcome of await Promise.allSettled([f(1), f(1)])) {
        assert.equal(outcome.status, "rejected");
        assert.strictEqual((outcome as PromiseRejectedResult).reason, reasons[run]);
      }
      assert.sameMembers(recorder.take(), ["miss", "join"]);
    }
    assert.equal(f.stats().errors, 3);
    assert.isFalse(await f.has(1));
    assert.isEmpty(await keysIn(store));
  });
}

test("persistentCache() hands on a result without a byte form, and stores nothing of it", async () => {
  const { f, recorder, store } = make((x: number) => ({ list: [x, () => x] }));
  const value = await f(5);
  assert.equal((value.list[1] as () => number)(), 5);
  const [miss, notStored, ...more] = recorder.takeEvents();
  assert.isEmpty(more);
  assert.equal(miss.type, "miss");
  assert.equal(notStored.type, "not-stored");
  const { error } = notStored as { error: unknown };
  assert.instanceOf(error, EncodeError);
  assert.equal((error as EncodeError).path, ".list[1]");
  assert.isEmpty(await keysIn(store));
  await f(5);
  assert.deepEqual(recorder.take(), ["miss", "not-stored"]);
  assert.equal(f.stats().problems, 2);
});

test("persistentCache() stores what a generator gives, and iterates over it again", async () => {
  const { f, recorder } = make(function* (to: number) {
    for (let at = 0; at < to; at++) yield at;
  });
  assert.deepEqual([...await f(3)], [0, 1, 2]);
  assert.deepEqual([...await f(3)], [0, 1, 2]);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});

test("persistentCache() rejects an argument without a byte form, with the path to it", async () => {
  let runs = 0;
  const { f, recorder } = make((_page: string, ..._hooks: unknown[]) => ++runs);
  const bad = { done: [() => {}] };
  for (const promise of [f("a", 1, bad), f.key("a", 1, bad), f.has("a", 1, bad)]) {
    const error = await rejects(promise, EncodeError, /leave the parameter out with ignore/);
    assert.equal(error.path, "_hooks[1].done[0]");
  }
  for (const promise of [f.peek("a", bad), f.refresh("a", bad), f.delete("a", bad)]) {
    await rejects(promise, EncodeError, /_hooks\[0\]/);
  }
  assert.equal(runs, 0);
  assert.isEmpty(recorder.take());
});

test("persistentCache() refuses a call as a method of a function that reads this", async () => {
  const { f } = make(function (this: { rate: number }, x: number) {
    return this.rate * x;
  });
  await rejects({ rate: 2, f }.f(3), TypeError, /a call of f as a method: it reads this/);
  const tools = { double: make((x: number) => x * 2).f };
  assert.equal(await tools.double(3), 6);
});

test("persistentCache() keeps the name, the length and the original of a function", () => {
  const original = function areaOfDisc(_radius: number, _digits = 2) {};
  const { f } = make(original);
  assert.deepEqual([f.name, f.length], [original.name, 1]);
  assert.strictEqual(f.wrapped, original);
});

test("ttl lets a stored result expire", async () => {
  const { f, recorder, store } = make((x: number) => [x], { ttl: "1m" });
  await withFakeTime(1_000_000, async (clock) => {
    await f(1);
    clock.advance(59_999);
    await f(1);
    assert.isTrue(await f.has(1));
    assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
    clock.advance(1);
    assert.isFalse(await f.has(1));
    assert.isUndefined(await f.peek(1));
    assert.isFalse(await f.delete(1));
    assert.isEmpty(await keysIn(store));
    await f(1);
    assert.deepEqual(recorder.take().slice(-2), ["miss", "store"]);
    await f(1);
    assert.deepEqual(recorder.take(), ["hit"]);
    clock.advance(60_000);
    await f(1);
    assert.deepEqual(recorder.take(), ["expire", "miss", "store"], "the store still had it");
    clock.advance(120_000);
    assert.isEmpty(await keysIn(store), "kept no longer past its time than it counted");
    await f(1);
    assert.deepEqual(recorder.take(), ["miss", "store"]);
  });
});

test("a record past its time that the store still gives is an expire event, then a miss", async () => {
  const { f, recorder } = make((x: number) => [x], { ttl: "1m" }, new FakeStore());
  await withFakeTime(1_000_000, async (clock) => {
    await f(1);
    clock.advance(60_000);
    assert.isFalse(await f.has(1));
    assert.isUndefined(await f.peek(1));
    assert.deepEqual(recorder.take(), ["miss", "store"]);
    assert.deepEqual(await f(1), [1]);
    assert.deepEqual(recorder.take(), ["expire", "miss", "store"]);
    await f(1);
    assert.deepEqual(recorder.take(), ["hit"]);
  });
});

test("ttl of a stored result counts from when it was computed", async () => {
  const release = Promise.withResolvers<void>();
  const { f } = make((_id: number) => release.promise, { ttl: 1000 });
  await withFakeTime(0, async (clock) => {
    const pending = f(1);
    clock.advance(5000);
    release.resolve();
    await pending;
    clock.advance(999);
    assert.isTrue(await f.has(1));
    clock.advance(1);
    assert.isFalse(await f.has(1));
  });
});

test("a result without ttl never expires", async () => {
  const { f, recorder } = make((x: number) => x);
  await withFakeTime(0, async (clock) => {
    await f(1);
    clock.advance(1e15);
    await f(1);
  });
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});

test("a listener that throws harms no call", async () => {
  const thrown = new Error("listener");
  const onEvent = () => {
    throw thrown;
  };
  const { f } = make((x: number) => x + 1, { onEvent });
  const lines = await written("error", async () => {
    assert.deepEqual([await f(1), await f(1)], [2, 2]);
  });
  assert.lengthOf(lines, 3);
  assert.match(String(lines[0][0]), /onEvent of f threw on a miss event/);
  assert.strictEqual(lines[0][1], thrown);
  assert.deepInclude(f.stats(), { hits: 1, misses: 1 });
});

test("an asynchronous listener that rejects harms no call", async () => {
  const thrown = new Error("listener");
  // Handled here, so that the test fails by its assertion where the library leaves it unhandled.
  const rejected = Promise.reject(thrown);
  rejected.catch(() => {});
  const { f } = make((x: number) => x + 1, { onEvent: () => rejected });
  const lines = await written("error", async () => {
    assert.equal(await f(1), 2);
    await rejected.catch(() => {});
  });
  assert.strictEqual(lines[0]?.[1], thrown);
});
