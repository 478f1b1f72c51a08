import type { MemoryCached } from "../../lib/function/cached_function.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { assert, test } from "../harness.ts";
import { until } from "./_kinds.ts";

/** Evaluates one definition after the other until one finds a result of those before it. */
async function untilTakenOver<T>(define: () => MemoryCached<() => T>): Promise<T[]> {
  const results: T[] = [];
  let isTakenOver = false;
  await until(() => {
    if (isTakenOver) return true;
    const evaluated = define();
    results.push(evaluated());
    return isTakenOver = evaluated.stats().hits === 1;
  });
  return results;
}

test("cache() goes on with the results of an equal definition evaluated before", async () => {
  const results = await untilTakenOver(() => cache(() => Math.random()));
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
