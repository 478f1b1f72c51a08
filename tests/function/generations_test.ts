import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEntry, StoredEntryFilter } from "../../lib/function/entry.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../harness.ts";
import { until } from "./_kinds.ts";

const START = 1_800_000_000_000;

/** Results 1, 2 and 3 of one call, a second apart, with tags, and 4 of another. */
async function setUp(advance: (ms: number) => void, streams = false) {
  const store = memoryStore();
  let runs = 0;
  let stores = 0;
  const deja = createCache({ store, onEvent: ({ type }) => void (type === "store" && stores++) });
  const settled = async (result: unknown) => {
    if (result instanceof Response) await result.text();
    await until(() => stores === runs);
  };
  const f = deja.persistent("f", (_id: string): unknown => {
    const run = ++runs;
    return streams ? new Response(String(run)) : run;
  }, { expiry: "append", freeVariables: "ignore", tags: (_, [id]) => [id, "all"] });
  for (let times = 0; times < 3; times++) {
    await settled(await f.refresh("a"));
    advance(1000);
  }
  await settled(await f("b"));
  const listed = () => Array.fromAsync(f.entries({ generations: "all" }));
  const moments = async () =>
    (await listed()).map(({ created }) => (created - START) / 1000).sort();
  const keys = async () => (await Array.fromAsync(store.list())).map(({ key }) => key);
  return { deja, f, moments, keys };
}

const at = (second: number) => (entry: CacheEntry) => entry.created === START + second * 1000;

for (const whose of ["a function", "a cache"]) {
  test(`clear() of ${whose} removes of all generations just what a filter means`, async () => {
    await withFakeTime(START, async ({ advance }) => {
      const { deja, f, moments } = await setUp(advance);
      const clear = (filter: StoredEntryFilter) => (whose === "a cache" ? deja : f).clear(filter);
      assert.deepEqual(await moments(), [0, 1, 2, 3]);
      await clear({ generations: "all", where: at(1) });
      assert.deepEqual(await moments(), [0, 2, 3]);
      assert.equal(await f.peek("a"), 3);
      await clear({ generations: "all", where: at(2) });
      assert.deepEqual(await moments(), [0, 3], "the latest alone goes too");
      assert.isFalse(await f.has("a"));
      assert.equal((await f.get({ args: ["a"], at: START + 5000 }))?.value, 1);
      await clear({ where: at(0) });
      assert.deepEqual(await moments(), [0, 3], "an older one is not meant unless it says all");
      await clear({ generations: "all", tag: "a" });
      assert.deepEqual(await moments(), [3]);
    });
  });

  test(`clear() of ${whose} removes the latest of a call with those before it`, async () => {
    await withFakeTime(START, async ({ advance }) => {
      const { deja, f, moments } = await setUp(advance);
      await (whose === "a cache" ? deja : f).clear({ where: at(2) });
      assert.deepEqual(await moments(), [3]);
    });
  });
}

test("clear() of all generations leaves the streams of the others, and no mark of a tag", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const { f, moments, keys } = await setUp(advance, true);
    await f.clear({ generations: "all", where: at(1) });
    assert.deepEqual(await moments(), [0, 2, 3]);
    assert.lengthOf((await keys()).filter((key) => /[0-9a-f]\.[0-9a-z]+-/.test(key)), 3);
    assert.equal(await (await f("a") as Response).text(), "3");
    await f.clear({ generations: "all" });
    assert.isEmpty(await keys());
  });
});

test("invalidateTags() drops generations that are long past their time", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const deja = createCache({ store: memoryStore(), onEvent: () => {} });
    const f = deja.persistent("f", (id: string) => id, {
      expiry: "append",
      ttl: "1s",
      tags: (id) => [id],
    });
    await f("a");
    advance(3_600_000);
    const listed = () => Array.fromAsync(f.entries({ generations: "all", expired: true }));
    assert.lengthOf(await listed(), 1);
    assert.equal(await deja.invalidateTags("a"), 1);
    assert.isEmpty(await listed());
  });
});
