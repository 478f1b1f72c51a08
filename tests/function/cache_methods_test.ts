import { EncodeError } from "../../lib/errors.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

/** A function that gives each result when the test says so. */
function controlled<T>(recorder: Recorder) {
  const runs: PromiseWithResolvers<T>[] = [];
  const load = cache((_id: string): Promise<T> => {
    const run = Promise.withResolvers<T>();
    runs.push(run);
    return run.promise;
  }, { onEvent: recorder.onEvent });
  return { load, runs };
}

test("key() is 64 lower-case hexadecimal digits, equal for equal calls only", () => {
  const add = cache((a: number, b: number) => a + b);
  assert.match(add.key(1, 2), /^[0-9a-f]{64}$/);
  assert.equal(add.key(1, 2), add.key(1, 2));
  assert.notEqual(add.key(1, 2), add.key(2, 1));
  assert.equal(add.stats().entries, 0);
});

test("has() and peek() answer from what is kept, run nothing and tell of nothing", () => {
  const recorder = new Recorder();
  const square = cache((x: number) => x * x, { onEvent: recorder.onEvent });
  assert.isFalse(square.has(3));
  assert.isUndefined(square.peek(3));
  square(3);
  recorder.take();
  assert.isTrue(square.has(3));
  assert.equal(square.peek(3), 9);
  assert.isEmpty(recorder.take());
});

test("refresh() runs the function again and keeps the new result", () => {
  const recorder = new Recorder();
  let runs = 0;
  const next = cache((_id: string) => ++runs, { onEvent: recorder.onEvent });
  assert.equal(next("a"), 1);
  assert.equal(next.refresh("a"), 2);
  assert.equal(next("a"), 2);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "hit"]);
});

test("refresh() that throws keeps the old result", () => {
  const recorder = new Recorder();
  let broken = false;
  const read = cache((_id: string) => {
    if (broken) throw new Error("broken");
    return "old";
  }, { onEvent: recorder.onEvent });
  read("a");
  broken = true;
  assert.throws(() => read.refresh("a"), Error, "broken");
  assert.equal(read("a"), "old");
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "hit"]);
});

test("refresh() that rejects keeps the old result", async () => {
  const recorder = new Recorder();
  const { load, runs } = controlled<string>(recorder);
  const first = load("a");
  runs[0].resolve("old");
  await first;
  const refreshed = load.refresh("a");
  runs[1].reject(new Error("broken"));
  await rejects(refreshed, Error, /broken/);
  assert.equal(await load("a"), "old");
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "hit"]);
});

test("refresh() that rejects does not bring back a call that was rejected meanwhile", async () => {
  const recorder = new Recorder();
  const { load, runs } = controlled<string>(recorder);
  const called = load("a");
  const refreshed = load.refresh("a");
  runs[0].reject(new Error("first"));
  await rejects(called, Error, /first/);
  runs[1].reject(new Error("second"));
  await rejects(refreshed, Error, /second/);
  assert.isFalse(load.has("a"));
  const again = load("a");
  assert.equal(runs.length, 3);
  runs[2].resolve("new");
  assert.equal(await again, "new");
  assert.deepEqual(recorder.take(), ["miss", "miss", "miss", "store"]);
});

test("refresh() twice at once keeps the old result where both reject", async () => {
  for (const order of [[1, 2], [2, 1]]) {
    const { load, runs } = controlled<string>(new Recorder());
    const first = load("a");
    runs[0].resolve("old");
    await first;
    const refreshed = [load.refresh("a"), load.refresh("a")];
    for (const run of order) {
      runs[run].reject(new Error("broken"));
      await rejects(refreshed[run - 1], Error, /broken/);
    }
    assert.isTrue(load.has("a"));
    assert.equal(await load("a"), "old");
  }
});

test("refresh() that rejects does not bring back what was deleted meanwhile", async () => {
  const { load, runs } = controlled<string>(new Recorder());
  const first = load("a");
  runs[0].resolve("old");
  await first;
  const refreshed = load.refresh("a");
  load.delete("a");
  runs[1].reject(new Error("broken"));
  await rejects(refreshed, Error, /broken/);
  assert.isFalse(load.has("a"));
});

test("a call that ends after a refresh() does not take its place", async () => {
  const recorder = new Recorder();
  const { load, runs } = controlled<string>(recorder);
  const called = load("a");
  const refreshed = load.refresh("a");
  runs[1].resolve("new");
  await refreshed;
  runs[0].resolve("old");
  assert.equal(await called, "old");
  assert.equal(await load("a"), "new");
});

test("delete() forgets one result and says whether there was one", () => {
  const recorder = new Recorder();
  const square = cache((x: number) => x * x, { onEvent: recorder.onEvent });
  square(2);
  square(3);
  assert.isTrue(square.delete(2));
  assert.isFalse(square.delete(2));
  assert.deepEqual([square.has(2), square.has(3)], [false, true]);
  square(2);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "miss", "store"]);
});

test("clear() forgets all results and keeps the counts", () => {
  const square = cache((x: number) => x * x);
  square(2);
  square(2);
  square(3);
  square.clear();
  assert.deepEqual([square.has(2), square.has(3)], [false, false]);
  assert.deepInclude(square.stats(), { entries: 0, hits: 1, misses: 2 });
});

for (
  const [verb, forget] of Object.entries<(f: ReturnType<typeof controlled>["load"]) => unknown>({
    delete: (load) => load.delete("a"),
    clear: (load) => load.clear(),
  })
) {
  test(`${verb}() during a pending promise keeps nothing of it`, async () => {
    const recorder = new Recorder();
    const { load, runs } = controlled<unknown>(recorder);
    const pending = load("a");
    assert.isTrue(load.has("a"));
    forget(load);
    assert.isFalse(load.has("a"));
    runs[0].resolve("old");
    assert.equal(await pending, "old");
    assert.isFalse(load.has("a"));
    assert.deepEqual(recorder.take(), ["miss"], "nothing was stored, so nothing may say so");
    const again = load("a");
    runs[1].resolve("new");
    assert.equal(await again, "new");
    assert.equal(await load("a"), "new");
    assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
  });

  test(`${verb}() during a pending promise is no matter when that is rejected`, async () => {
    const recorder = new Recorder();
    const { load, runs } = controlled<unknown>(recorder);
    const pending = load("a");
    forget(load);
    const again = load("a");
    runs[0].reject(new Error("broken"));
    await rejects(pending, Error, /broken/);
    runs[1].resolve("new");
    assert.equal(await again, "new");
    assert.equal(await load("a"), "new");
    assert.deepEqual(recorder.take(), ["miss", "miss", "store", "hit"]);
  });
}

test("ttl lets a result expire, and the call computes it again", async () => {
  const recorder = new Recorder();
  await withFakeTime(1_000_000, (clock) => {
    let runs = 0;
    const next = cache((_id: string) => ++runs, { ttl: "90s", onEvent: recorder.onEvent });
    assert.equal(next("a"), 1);
    clock.advance(89_999);
    assert.equal(next("a"), 1);
    assert.isTrue(next.has("a"));
    clock.advance(1);
    assert.isFalse(next.has("a"));
    assert.isUndefined(next.peek("a"));
    assert.equal(next("a"), 2);
    clock.advance(90_000);
    assert.isFalse(next.delete("a"));
  });
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", "expire", "miss", "store"]);
});

test("ttl counts from when a promise settles", async () => {
  const recorder = new Recorder();
  await withFakeTime(1_000_000, async (clock) => {
    const runs: PromiseWithResolvers<number>[] = [];
    const load = cache((_id: string) => {
      runs.push(Promise.withResolvers());
      return runs.at(-1)!.promise;
    }, { ttl: 1000, onEvent: recorder.onEvent });
    const pending = load("a");
    clock.advance(5000);
    assert.strictEqual(load("a"), pending);
    runs[0].resolve(1);
    await pending;
    clock.advance(999);
    assert.equal(await load("a"), 1);
    clock.advance(1);
    assert.notStrictEqual(load("a"), pending);
  });
  assert.deepEqual(recorder.take(), ["miss", "join", "store", "hit", "expire", "miss"]);
});

test("stats() counts calls by how they were answered, and is plain data", async () => {
  await withFakeTime(0, async (clock) => {
    const load = cache(async (id: string) => {
      await null;
      if (id === "bad") throw new Error("bad");
      return id;
    }, { ttl: 1000 });
    await Promise.all([load("a"), load("a"), load("b")]);
    await load("a");
    await Promise.allSettled([load("bad")]);
    clock.advance(1000);
    await load("a");
    const { timeSaved, ...counts } = load.stats();
    assert.deepEqual(counts, {
      hits: 1,
      misses: 4,
      joins: 1,
      staleHits: 0,
      errors: 1,
      evictions: 0,
      problems: 0,
      bytesRead: 0,
      bytesWritten: 0,
      entries: 2,
      bytes: 0,
    });
    assert.isAtLeast(timeSaved, 0);
    assert.deepEqual(JSON.parse(JSON.stringify(load.stats())), load.stats());
  });
});

test("methods may be taken off, replaced, and asked for through a proxy", () => {
  const square = cache((x: number) => x * x);
  const { has, stats } = square;
  square(2);
  assert.isTrue(has(2));
  assert.equal(stats().misses, 1);
  assert.strictEqual(square.has, has);
  const proxied = new Proxy(square, {});
  assert.equal(proxied(2), 4);
  assert.isTrue(proxied.has(2));
  assert.equal(proxied.wrapped, square.wrapped);
  square.has = () => false;
  assert.isFalse(square.has(2));
  assert.isTrue(cache((x: number) => x).peek(1) === undefined, "another has its own");
});

test("the error of a value that is nested too deeply has its path, and a message of few words", () => {
  const f = cache((_value: unknown) => 1);
  let value: unknown = 1;
  for (let i = 0; i < 50_000; i++) value = { inner: value };
  let error: EncodeError | undefined;
  try {
    f(value);
  } catch (thrown) {
    error = thrown as EncodeError;
  }
  assert.instanceOf(error, EncodeError);
  assert.isAbove(error!.path.length, 10_000);
  assert.isBelow(error!.message.length, 600);
  assert.match(
    error!.message,
    /^Cannot encode an Object at _value\.inner\.inner.* \.\.\. .*inner: it is/,
  );
});
