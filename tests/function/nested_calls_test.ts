import { CacheTimeoutError } from "../../lib/errors.ts";
import { block, blockSync } from "../../lib/function/block.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, runtime, test, testOn } from "../harness.ts";
import { until } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

function setUp() {
  const recorder = new Recorder();
  const store = memoryStore();
  const deja = createCache({ store, onEvent: recorder.onEvent, freeVariables: "ignore" });
  return { recorder, deja };
}

const LOOSE = { freeVariables: "ignore" } as const;
const BY_RECURSION = /f calls itself with the same arguments while it computes them/;

test("a cached function may call itself with other arguments, and others", async () => {
  const { deja } = setUp();
  const fib = deja.persistent(
    "fib",
    async (n: number): Promise<number> => n < 2 ? n : await fib(n - 1) + await fib(n - 2),
  );
  const twice = deja.persistent("twice", async (n: number) => 2 * await fib(n));
  assert.equal(await twice(20), 13530);
  assert.equal(fib.stats().misses, 21);
});

test("a function that calls itself with its own arguments gets a clear error", async () => {
  const { deja } = setUp();
  const f = deja.persistent("f", async (n: number): Promise<number> => await f(n));
  await rejects(f(1), TypeError, BY_RECURSION);
  await rejects(f(1), TypeError, BY_RECURSION);
});

test("so does one that refreshes its own call, which would wait for its own lease", async () => {
  const { deja } = setUp();
  const f = deja.persistent("f", async (n: number): Promise<number> => await f.refresh(n));
  await rejects(f(1), TypeError, BY_RECURSION);
});

test("so do functions that call each other in a circle", async () => {
  const { deja } = setUp();
  const f = deja.persistent("f", async (n: number): Promise<number> => await g(n));
  const g = deja.persistent("g", async (n: number): Promise<number> => await f(n));
  await rejects(f(1), TypeError, BY_RECURSION);
});

test("so do two that were called apart and wait for each other", async () => {
  const { deja } = setUp();
  const begun: string[] = [];
  const both = () => until(() => begun.length === 2);
  const around = (name: "f" | "g", other: () => (n: number) => Promise<number>) =>
    deja.persistent(name, (n: number): Promise<number> => {
      begun.push(name);
      // In a browser a call is known to come from within another up to the first await.
      return runtime === "deno" || runtime === "bun" ? both().then(() => other()(n)) : other()(n);
    });
  const f = around("f", () => g);
  const g = around("g", () => f);
  const results = await Promise.allSettled([f(1), g(1)]);
  assert.include(results.map(({ status }) => status), "rejected");
});

testOn(
  ["deno", "bun", "chromium"],
  "Firefox follows no code past an await of what is settled",
  "an own call is found after an await too",
  async () => {
    const { deja } = setUp();
    const f = deja.persistent("f", async (n: number): Promise<number> => {
      await Promise.resolve();
      await new Promise((resolve) => setTimeout(resolve));
      return await f(n);
    });
    await rejects(f(1), TypeError, BY_RECURSION);
  },
);

test("an equal call from elsewhere joins, also while another waits for the same", async () => {
  const { deja, recorder } = setUp();
  const go = Promise.withResolvers<void>();
  const slow = deja.persistent("slow", async (n: number) => {
    await go.promise;
    return n;
  });
  const outer = deja.persistent("outer", async (n: number) => await slow(n) + 1);
  const calls = [outer(1), slow(1), outer(1)];
  await until(() => recorder.events.filter(({ type }) => type === "join").length === 2);
  go.resolve();
  assert.deepEqual(await Promise.all(calls), [2, 1, 2]);
  assert.equal(slow.stats().misses, 1);
});

test("blocks nest, in each other and in cached functions, with one run for each", async () => {
  const { deja } = setUp();
  let runs = 0;
  const f = deja.persistent(
    "f",
    async (n: number) =>
      await deja.block("outer", n, async (n) =>
        await deja.block("inner", { n }, ({ n }) => {
          runs++;
          return n * 2;
        }) + 1),
  );
  for (let i = 0; i < 2; i++) assert.equal(await f(1), 3);
  assert.equal(await f.refresh(1), 3);
  assert.equal(runs, 1);
});

test("a block counts by its name, its inputs and its code, with the options of functions", async () => {
  const { deja, recorder } = setUp();
  let runs = 0;
  const run = (n: number) => deja.block("b", { n }, ({ n }) => ++runs + n * 0, { tags: ["t"] });
  assert.deepEqual([await run(1), await run(1), await run(2)], [1, 1, 2]);
  assert.equal(await deja.block("c", { n: 1 }, ({ n }) => ++runs + n * 0, { tags: ["t"] }), 3);
  assert.equal(await deja.block("b", { n: 1 }, ({ n }) => ++runs - n * 0, { tags: ["t"] }), 4);
  assert.equal(await deja.invalidateTags("t"), 4);
  assert.equal(await run(1), 5);
  assert.notInclude(recorder.take(), "store-error");
});

test("equal blocks at the same time run once, and errors reach all", async () => {
  const { deja } = setUp();
  let runs = 0;
  const run = () =>
    deja.block("b", 1, () => {
      runs++;
      return Promise.reject(new RangeError("no"));
    });
  for (const result of await Promise.allSettled([run(), run()])) {
    assert.equal(result.status, "rejected");
  }
  assert.equal(runs, 1);
});

test("a block that waits for itself gets a clear error", async () => {
  const { deja } = setUp();
  const run = async (): Promise<number> => await deja.block("f", 1, run);
  await rejects(run(), TypeError, BY_RECURSION);
});

/** The ways to cache in memory, each as a call with the function and its name. */
const IN_MEMORY = {
  cache: (name: string, fn: (n: number) => Promise<number>) => cache(fn, { ...LOOSE, name }),
  lruCache: (name: string, fn: (n: number) => Promise<number>) =>
    lruCache({ ...LOOSE, name, maxEntries: 5 }, fn),
  blockSync: (name: string, fn: (n: number) => Promise<number>) => (n: number) =>
    blockSync(name, n, fn, LOOSE),
};

for (const [verb, wrap] of Object.entries(IN_MEMORY)) {
  test(`an async function in ${verb}() that calls itself with its own arguments gets a clear error`, async () => {
    const name = `f of ${verb} at once`;
    const f: (n: number) => Promise<number> = wrap(name, async (n) => await f(n));
    for (let turn = 0; turn < 2; turn++) {
      await rejects(f(1), TypeError, /calls itself with the same arguments while it computes them/);
    }
  });

  test(`an async function in ${verb}() may call itself with other arguments, and be joined`, async () => {
    const name = `fib of ${verb}`;
    const fib: (n: number) => Promise<number> = wrap(
      name,
      async (n) =>
        n < 2 ? n : (await Promise.all([fib(n - 1), fib(n - 2)])).reduce((a, b) => a + b),
    );
    assert.deepEqual(await Promise.all([fib(4), fib(4), fib(3)]), [3, 3, 2]);
  });
}

test("timeout ends a call that waits for itself, where nothing else can tell", async () => {
  const { deja } = setUp();
  const options = { ...LOOSE, timeout: 100 };
  // Browsers do not follow code into the callback of a timer.
  const expected = runtime === "deno" || runtime === "bun" ? TypeError : CacheTimeoutError;
  const later = (n: number, own: (n: number) => Promise<number>) =>
    new Promise<number>((resolve, reject) =>
      setTimeout(async () => {
        try {
          resolve(await own(n));
        } catch (error) {
          reject(error);
        }
      })
    );
  const stored = deja.persistent("f", async (n: number): Promise<number> => {
    return await later(n, stored);
  }, options);
  const kept: (n: number) => Promise<number> = cache(async (n: number) => {
    return await later(n, kept);
  }, options);
  for (const f of [stored, kept]) {
    for (let turn = 0; turn < 2; turn++) await rejects(f(1), expected);
  }
});

testOn(
  ["deno", "bun"],
  "browsers cannot tell what code runs for after an await",
  "a function that is not async and gives a promise gets the same error",
  async () => {
    const f: (n: number) => Promise<number> = cache(
      (n: number) => Promise.resolve().then(() => f(n)),
      { ...LOOSE, name: "f" },
    );
    for (const n of [1, 1, 2]) await rejects(f(n), TypeError, BY_RECURSION);
  },
);

test("blockSync() gives its result at once, and nests", () => {
  let runs = 0;
  const run = (n: number) =>
    blockSync("sync outer", n, (n) =>
      blockSync("sync inner", n, (n) => {
        runs++;
        return n + 1;
      }, { freeVariables: "ignore" }) * 2, { freeVariables: "ignore" });
  assert.deepEqual([run(1), run(1), run(2)], [4, 4, 6]);
  assert.equal(runs, 2);
});

test("a block needs a name and a body", async () => {
  await rejects(block("", 1, () => 1), TypeError, /needs a name/);
  await rejects(block("b", 1, 5 as never), TypeError, /takes a function/);
  assert.throws(() => blockSync("b", 1, 5 as never), TypeError, /takes a function/);
});

test("functions in memory and in a store call each other", async () => {
  const { deja } = setUp();
  const inner = cache((n: number) => n + 1, { freeVariables: "ignore" });
  const middle = deja.persistent("middle", (n: number) => inner(n) * 2);
  const outer = cache(async (n: number) => await middle(n) + 1, { freeVariables: "ignore" });
  for (let i = 0; i < 2; i++) assert.equal(await outer(1), 5);
});

test("map() of a cached function goes on where it stopped", async () => {
  const { deja } = setUp();
  let broken = true;
  const runs: number[] = [];
  const f = deja.persistent("f", (n: number) => {
    runs.push(n);
    if (broken && n === 3) throw new RangeError("three");
    return n * 2;
  });
  const inputs = [0, 1, 2, 3, 4, 5];
  await rejects(f.map(inputs, { concurrency: 1 }), RangeError, /three/);
  assert.deepEqual(runs.splice(0), [0, 1, 2, 3]);
  broken = false;
  assert.deepEqual(await f.map(inputs, { concurrency: 1 }), [0, 2, 4, 6, 8, 10]);
  assert.deepEqual(runs, [3, 4, 5]);
});

test("map() computes equal inputs once, and tells of progress for each", async () => {
  const { deja } = setUp();
  const f = deja.persistent("f", (n: number) => n * 2);
  const done: number[] = [];
  const results = await f.map([1, 1, 2, 1], { onProgress: (progress) => done.push(progress.done) });
  assert.deepEqual(results, [2, 2, 4, 2]);
  assert.deepEqual(done, [1, 2, 3, 4]);
  assert.equal(f.stats().misses, 2);
});
