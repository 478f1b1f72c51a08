import { createCache } from "../../lib/function/create_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";

const NOTHING = { expired: 0, damaged: 0, orphans: 0, evicted: 0, bytes: 0 };

test("prune() removes damaged records and what is past its time, and keeps the rest", async () => {
  const store = new FakeStore();
  const deja = createCache({ store, onEvent: () => {} });
  const f = deja.persistent("f", (x: number) => x, {
    ttl: (value: number) => value === 1 ? 1 : "1d",
  });
  const real = Date.now;
  await f(2);
  await f(3);
  Date.now = () => real() - 60_000;
  try {
    await f(1);
  } finally {
    Date.now = real;
  }
  store.entries.set(`f/${await f.key(3)}`, Uint8Array.of(1, 2, 3));
  const report = await deja.prune();
  assert.deepInclude(report, { expired: 1, damaged: 1, orphans: 0, evicted: 0 });
  assert.deepEqual([...store.entries.keys()], [`f/${await f.key(2)}`]);
});

for (const option of ["staleIfError", "staleWhileRevalidate"] as const) {
  test(`prune() keeps what ${option} may still hand out`, async () => {
    await withFakeTime(1_000_000, async (clock) => {
      const store = new FakeStore();
      const deja = createCache({ store });
      const f = deja.persistent("f", (x: number) => x, { ttl: "1s", [option]: "1m" });
      await f(1);
      clock.advance(59_000);
      assert.deepEqual(await deja.prune(), NOTHING);
      assert.deepEqual(await f.prune(), NOTHING);
      assert.equal(store.entries.size, 1);
      clock.advance(2_000);
      assert.deepInclude(await deja.prune(), { expired: 1 });
      assert.equal(store.entries.size, 0);
    });
  });

  test(`prune() keeps what ${option} of a function that is not in use may hand out`, async () => {
    await withFakeTime(1_000_000, async (clock) => {
      const store = memoryStore();
      const f = createCache({ store }).persistent("f", (x: number) => x, {
        ttl: "1s",
        [option]: "1m",
      });
      await f(1);
      clock.advance(59_000);
      const elsewhere = createCache({ store });
      assert.deepEqual(await elsewhere.prune(), NOTHING);
      assert.lengthOf(await Array.fromAsync(store.list()), 1);
    });
  });
}

test("prune() removes expired generations, and keeps the others", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const store = memoryStore();
    const deja = createCache({ store });
    const f = deja.persistent("f", (x: number) => x, { ttl: "10s", expiry: "append" });
    for (let turn = 0; turn < 3; turn++) {
      await f.refresh(1);
      clock.advance(4_000);
    }
    assert.deepInclude(await deja.prune(), { expired: 1, damaged: 0 });
    const all = await Array.fromAsync(f.entries({ generations: "all", expired: true }));
    assert.deepEqual(all.map(({ created }) => created).sort(), [1_004_000, 1_008_000]);
    clock.advance(100_000);
    assert.deepInclude(await deja.prune(), { expired: 2 });
    assert.isEmpty(await Array.fromAsync(store.list()));
  });
});

test("prune({ maxEntries }) removes what was stored first, of a function or of a cache", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const deja = createCache({ store: memoryStore() });
    const one = deja.persistent("one", (x: number) => x);
    const two = deja.persistent("two", (x: number) => x);
    for (let x = 0; x < 4; x++) {
      await one(x);
      await two(x);
      clock.advance(1000);
    }
    const left = async (f: typeof one) =>
      (await Array.fromAsync(f.entries())).map(({ value }) => value).sort();
    assert.deepInclude(await one.prune({ maxEntries: 2 }), { evicted: 2 });
    assert.deepEqual([await left(one), await left(two)], [[2, 3], [0, 1, 2, 3]]);
    assert.deepInclude(await deja.prune({ maxEntries: 3 }), { evicted: 3, expired: 0 });
    assert.deepEqual([...await left(one), ...await left(two)].sort(), [2, 3, 3]);
  });
});

test("prune({ maxAge }) removes what was computed longer ago", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const deja = createCache({ store: memoryStore() });
    const f = deja.persistent("f", (x: number) => x, { tags: ["t"] });
    for (let x = 0; x < 4; x++) {
      await f(x);
      clock.advance(60_000);
    }
    assert.deepInclude(await deja.prune({ maxAge: "2m" }), { evicted: 2 });
    assert.deepEqual(await Promise.all([0, 1, 2, 3].map((x) => f.has(x))), [
      false,
      false,
      true,
      true,
    ]);
    assert.equal(await deja.invalidateTags("t"), 2);
  });
});

test("prune({ maxBytes }) counts the parts of streams, and removes them", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const store = new FakeStore();
    const deja = createCache({ store, freeVariables: "ignore" });
    const f = deja.persistent("f", (size: number) => new Blob([new Uint8Array(size)]).stream());
    const sizes = () => [...store.entries.values()].map(({ length }) => length);
    for (const size of [5000, 3000, 4000]) {
      await new Response(await f(size) as ReadableStream).bytes();
      while (store.entries.size % 2 !== 0) await new Promise((resolve) => setTimeout(resolve));
      clock.advance(1000);
    }
    const before = sizes().reduce((a, b) => a + b);
    const { evicted, orphans, bytes } = await deja.prune({ maxBytes: 9000 });
    const after = sizes().reduce((a, b) => a + b);
    assert.deepEqual({ evicted, orphans, bytes }, {
      evicted: 1,
      orphans: 1,
      bytes: before - after,
    });
    assert.isAtMost(after, 9000);
    assert.sameMembers(sizes().filter((size) => size >= 3000), [3000, 4000]);
  });
});

test("prune() removes marks of tags that belong to no result, once they are old", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const store = new FakeStore();
    const deja = createCache({ store });
    const f = deja.persistent("f", (x: number) => x, { tags: ["t"] });
    await f(1);
    await f(2);
    store.entries.delete(`f/${await f.key(1)}`);
    assert.deepEqual(await deja.prune(), NOTHING, "its record may be on its way");
    clock.advance(2 * 86_400_000);
    assert.deepInclude(await deja.prune(), { orphans: 1, expired: 0 });
    assert.lengthOf([...store.entries.keys()], 2);
    assert.equal(await deja.invalidateTags("t"), 1);
  });
});

test("prune() refuses options that are wrong, by their names", async () => {
  const deja = createCache({ store: memoryStore() });
  const f = deja.persistent("f", (x: number) => x);
  for (const each of [deja, f]) {
    const prune = each.prune as (options: unknown) => Promise<unknown>;
    await rejects(prune({ maxAge: -1 }), RangeError, /maxAge/);
    await rejects(prune({ maxEntries: 0 }), TypeError, /"maxEntries" of prune must be/);
    await rejects(prune({ maxBytes: "lots" }), TypeError, /maxBytes/);
    await rejects(prune({ maxEntrys: 1 }), TypeError, /did you mean "maxEntries"/);
  }
});
