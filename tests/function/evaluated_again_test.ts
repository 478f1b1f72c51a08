import type { MemoryCached } from "../../lib/function/cached_function.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { MemoryContext } from "../../lib/function/memory_context.ts";
import { PlainEntry } from "../../lib/function/memory_entry.ts";
import { shareResults } from "../../lib/function/memory_shared.ts";
import { settingsOf } from "../../lib/function/settings.ts";
import { assert, test, testOn } from "../harness.ts";
import { until } from "./_kinds.ts";

/** Evaluates one definition after the other until one finds a result of those before it. */
async function untilTakenOver<A extends unknown[], T>(
  define: () => MemoryCached<(...args: A) => T>,
  ...args: A
): Promise<T[]> {
  const results: T[] = [];
  let isTakenOver = false;
  await until(() => {
    if (isTakenOver) return true;
    const evaluated = define();
    results.push(evaluated(...args));
    return isTakenOver = evaluated.stats().hits === 1;
  });
  return results;
}

test("cache() goes on with the results of an equal definition evaluated before", async () => {
  const results = await untilTakenOver(() => cache(() => Math.random()));
  assert.include(results.slice(0, -1), results.at(-1));
});

test("cache() goes on with such results from its first call with one primitive on", async () => {
  const results = await untilTakenOver(() => cache((_seed: number) => Math.random()), 1);
  assert.include(results.slice(0, -1), results.at(-1));
});

test("cache() takes objects over only where both definitions are given a name", async () => {
  const unnamed: object[] = [];
  const results = await untilTakenOver(() => {
    unnamed.push(cache(() => ({ unnamed: true }))());
    return cache(() => ({ named: true }), { name: "evaluated again" });
  });
  assert.include(results.slice(0, -1), results.at(-1));
  assert.equal(new Set(unnamed).size, unnamed.length);
});

test("cache() shares nothing between functions that the key does not tell apart", async () => {
  const functions = [(x: number) => x * 2, (x: number) => x * 3];
  let round = 0;
  await until(() => {
    const [twice, thrice] = functions.map((fn) => cache(fn, { code: "ignore" }));
    assert.deepEqual([twice(1), thrice(1)], [2, 3]);
    const [all, first] = [[], ["second"]].map((ignore) =>
      cache((first: number, second: number) => first + (second ?? 0), { ignore })
    );
    assert.deepEqual([first(1, 5), all(1, 5), all(1, 6)], [6, 6, 7]);
    return ++round >= 20;
  });
});

testOn(
  ["deno", "bun"],
  "a bundle has each module once",
  "cache() goes on with its results also where a hot reload evaluates the library again",
  async () => {
    // Not written out, since a bundler would look for a file of that name.
    const path = ["../../lib/function/memory_shared.ts", "again"].join("?");
    const again = await import(path) as { shareResults: typeof shareResults };
    assert.notStrictEqual(again.shareResults, shareResults);
    const fn = (x: number) => x + 2;
    const settings = settingsOf(fn, { name: "reloaded" });
    const place = new Error("Place");
    const [before, after] = [0, 1].map(() => new MemoryContext(fn as never, settings));
    before.entries.set(1, new PlainEntry(3, 0, 0));
    const seesAll = Promise.resolve(true);
    shareResults(before.keyer, settings, place, before.entries, seesAll);
    await seesAll;
    again.shareResults(after.keyer, settings, place, after.entries, seesAll);
    assert.equal(after.entries.peek(1)?.result, 3);
  },
);
