import { LruMap } from "../lib/lru.ts";
import { assert, test } from "./harness.ts";

test("LruMap evicts the entry left unused the longest", () => {
  const evicted: [string, number][] = [];
  const map = new LruMap<string, number>({
    maxEntries: 2,
    onEvict: (key, value) => evicted.push([key, value]),
  });
  assert.isUndefined(map.set("a", 1));
  assert.isUndefined(map.set("b", 2));
  assert.equal(map.get("a"), 1);
  assert.deepEqual(map.set("c", 3), ["b", 2]);
  assert.deepEqual([...map], [["a", 1], ["c", 3]]);
  assert.deepEqual(evicted, [["b", 2]]);
  assert.equal(map.size, 2);
});

test("LruMap counts get() and set() as uses, and peek(), has() and iteration as none", () => {
  const map = new LruMap<string, number>({ maxEntries: 3 });
  for (const [i, key] of ["a", "b", "c"].entries()) map.set(key, i);
  assert.equal(map.peek("a"), 0);
  assert.isTrue(map.has("a"));
  assert.deepEqual([...map].map(([key]) => key), ["a", "b", "c"]);
  map.get("b");
  map.set("a", 9);
  assert.deepEqual([...map], [["c", 2], ["b", 1], ["a", 9]]);
});

test("LruMap keeps an undefined value apart from no entry", () => {
  const map = new LruMap<string, undefined>();
  map.set("a", undefined);
  assert.isTrue(map.has("a"));
  assert.isFalse(map.has("b"));
  assert.equal(map.size, 1);
});

test("LruMap neither evicts nor calls back on delete() and clear()", () => {
  const map = new LruMap<string, number>({
    maxEntries: 2,
    onEvict: () => assert.fail("Not an eviction"),
  });
  map.set("a", 1);
  map.set("b", 2);
  assert.isTrue(map.delete("a"));
  assert.isFalse(map.delete("a"));
  map.set("c", 3);
  map.clear();
  assert.equal(map.size, 0);
  assert.deepEqual([...map], []);
  assert.isUndefined(map.evict());
  map.set("d", 4);
  assert.deepEqual([...map], [["d", 4]]);
});

test("LruMap can be changed while it is iterated over", () => {
  const map = new LruMap<number, number>();
  for (let i = 0; i < 5; i++) map.set(i, i);
  const seen: number[] = [];
  for (const [key] of map) {
    seen.push(key);
    map.get(key);
    map.delete(key + 1);
  }
  assert.deepEqual(seen, [0, 1, 2, 3, 4]);
});

test("LruMap holds as a plain list of uses does, over 5000 random steps", () => {
  let state = 1;
  const random = (below: number) => (state = state * 48271 % 0x7fffffff) % below;
  const map = new LruMap<number, number>({ maxEntries: 8 });
  let model: [number, number][] = [];
  for (let step = 0; step < 5000; step++) {
    const key = random(12);
    const found = model.find(([known]) => known === key);
    const act = random(4);
    if (act === 0) {
      assert.equal(map.get(key), found?.[1]);
      if (found) model = [...model.filter((entry) => entry !== found), found];
    } else if (act === 1) {
      assert.equal(map.delete(key), found !== undefined);
      model = model.filter((entry) => entry !== found);
    } else {
      const evicted = map.set(key, step);
      model = [...model.filter((entry) => entry !== found), [key, step]];
      assert.deepEqual(evicted, model.length > 8 ? model.shift() : undefined);
    }
    assert.deepEqual([...map], model);
  }
});

test("LruMap refuses a maxEntries that is no bound", () => {
  for (const maxEntries of [0, -1, 1.5, NaN, -Infinity, "5" as unknown as number]) {
    assert.throws(() => new LruMap({ maxEntries }), RangeError, /maxEntries must be a positive/);
  }
  assert.equal(new LruMap().maxEntries, Infinity);
  assert.equal(new LruMap({ maxEntries: 1 }).maxEntries, 1);
});
