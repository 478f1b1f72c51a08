import { lruCache } from "../../lib/function/memory_cache.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

function squares(maxEntries: number, recorder: Recorder) {
  return lruCache({ maxEntries, onEvent: recorder.onEvent }, (x: number) => x * x);
}

test("lruCache() evicts the result left unused the longest, and tells of it", () => {
  const recorder = new Recorder();
  const square = squares(2, recorder);
  square(1);
  square(2);
  recorder.take();
  square(3);
  const events = recorder.takeEvents();
  assert.sameMembers(events.map(({ type }) => type), ["miss", "store", "evict"]);
  assert.equal(events.find(({ type }) => type === "evict")!.key, square.key(1));
  assert.deepEqual([1, 2, 3].map((x) => square.has(x)), [false, true, true]);
  assert.deepInclude(square.stats(), { entries: 2, evictions: 1 });
});

test("lruCache() counts a hit as a use", () => {
  const square = squares(2, new Recorder());
  square(1);
  square(2);
  square(1);
  square(3);
  assert.deepEqual([1, 2, 3].map((x) => square.has(x)), [true, false, true]);
});

test("lruCache() does not count has() and peek() as a use", () => {
  const square = squares(2, new Recorder());
  square(1);
  square(2);
  assert.equal(square.peek(1), 1);
  assert.isTrue(square.has(1));
  square(3);
  assert.deepEqual([1, 2, 3].map((x) => square.has(x)), [false, true, true]);
});

test("lruCache() evicts nothing for a result that takes the place of its own", () => {
  const recorder = new Recorder();
  const square = squares(2, recorder);
  square(1);
  square(2);
  square.refresh(1);
  square(3);
  assert.deepEqual([1, 2, 3].map((x) => square.has(x)), [true, false, true]);
  assert.equal(recorder.take().filter((kind) => kind === "evict").length, 1);
});

test("lruCache() has room again after delete(), clear() and an expiry", async () => {
  const recorder = new Recorder();
  await withFakeTime(0, (clock) => {
    const square = lruCache(
      { maxEntries: 2, ttl: 1000, onEvent: recorder.onEvent },
      (x: number) => x * x,
    );
    square(1);
    square(2);
    square.delete(1);
    square(3);
    square.clear();
    square(4);
    square(5);
    clock.advance(1000);
    square(4);
    assert.isTrue(square.has(4));
  });
  assert.notInclude(recorder.take(), "evict");
});

test("lruCache() with one entry holds the last result", () => {
  const recorder = new Recorder();
  const square = squares(1, recorder);
  [1, 1, 2, 1].forEach((x) => square(x));
  const kinds = recorder.take();
  assert.deepEqual(
    kinds.filter((kind) => kind === "hit" || kind === "miss"),
    ["miss", "hit", "miss", "miss"],
  );
  assert.equal(square.stats().entries, 1);
});

test("lruCache() hands a pending promise on when it was evicted, and keeps nothing of it", async () => {
  const recorder = new Recorder();
  const runs: PromiseWithResolvers<string>[] = [];
  const load = lruCache({ maxEntries: 1, onEvent: recorder.onEvent }, (_id: string) => {
    runs.push(Promise.withResolvers());
    return runs.at(-1)!.promise;
  });
  const [first, second] = [load("a"), load("b")];
  runs[0].resolve("A");
  assert.equal(await first, "A");
  assert.isFalse(load.has("a"));
  runs[1].reject(new Error("broken"));
  await rejects(second, Error, /broken/);
  assert.equal(load.stats().entries, 0);
  assert.deepEqual(recorder.take(), ["miss", "miss", "evict"]);
});

test("lruCache() lets a recursive function through with fewer entries than it is deep", () => {
  const sum = lruCache({ maxEntries: 3 }, (n: number): number => n === 0 ? 0 : n + sum(n - 1));
  assert.equal(sum(50), 1275);
  assert.equal(sum.stats().entries, 3);
});

test("lruCache(options) makes a wrapper, with a bound for each function", () => {
  const small = lruCache({ maxEntries: 1 });
  const [double, triple] = [small((x: number) => x * 2), small((x: number) => x * 3)];
  assert.deepEqual([double(1), triple(1), double(1)], [2, 3, 2]);
  assert.deepEqual([double.has(1), triple.has(1)], [true, true]);
});

for (const maxEntries of [0, -1, 1.5, NaN, Infinity, "10", null, 2 ** 53]) {
  test(`lruCache() refuses the ${typeof maxEntries} ${maxEntries} as maxEntries`, () => {
    const options = { maxEntries } as { maxEntries: number };
    const expected = /^Option "maxEntries" of lruCache must be a positive integer, received /;
    assert.throws(() => lruCache(options, (x: number) => x), TypeError, expected);
    assert.throws(() => lruCache(options), TypeError, expected);
  });
}

test("lruCache() needs maxEntries, and a function where there is a second argument", () => {
  const none = {} as { maxEntries: number };
  assert.throws(
    () => lruCache(none, (x: number) => x),
    TypeError,
    /lruCache needs the option "maxEntries" or "maxBytes", such as lruCache\(\{ maxEntries: 128 \}, fn\)/,
  );
  assert.throws(
    () => lruCache({ maxEntries: 1 }, undefined as unknown as () => void),
    TypeError,
    /lruCache takes a function, received undefined/,
  );
});
