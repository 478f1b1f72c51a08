/** Calls that wait for themselves after an `await`, and calls that only look as if they did. */

import { blockSync } from "../../lib/function/block.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import type { MemoryCached } from "../../lib/function/cached_function.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, testOn } from "../harness.ts";
import { until } from "./_kinds.ts";

type Fn = (n: number) => Promise<number>;

const LOOSE = { freeVariables: "ignore" } as const;
const SELF_WAIT = /calls itself with the same arguments while it computes them/;

const stored = createCache({ store: memoryStore() });

/** Each way to cache, as a call with a name and the function. */
const WAYS: Readonly<Record<string, (name: string, fn: Fn) => Fn>> = {
  cache: (name, fn) => cache(fn, { ...LOOSE, name }),
  lruCache: (name, fn) => lruCache({ ...LOOSE, name, maxEntries: 5 }, fn),
  blockSync: (name, fn) => (n) => blockSync(name, n, fn, LOOSE),
  persistent: (name, fn) => stored.persistent(name, fn, LOOSE),
  block: (name, fn) => (n) => stored.block(name, n, fn, LOOSE),
};

const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** What a function does between its first `await` and its own call. */
const BETWEEN: Readonly<Record<string, (own: Fn, n: number) => Promise<number>>> = {
  "at once": (own, n) => own(n),
  "in a helper": async (own, n) => {
    const help = async () => {
      await turn();
      return await own(n);
    };
    return await help();
  },
  "within Promise.all": async (own, n) => {
    const [, result] = await Promise.all([Promise.resolve(), own(n)]);
    return result;
  },
  "awaited a moment later": async (own, n) => {
    const result = own(n);
    await Promise.resolve();
    return await result;
  },
  "in a chain of then": (own, n) => turn().then(() => own(n)).then((result) => result + 1),
  "in an asynchronous generator": async (own, n) => {
    async function* results() {
      await turn();
      yield await own(n);
    }
    for await (const result of results()) return result;
    return 0;
  },
  "under a hundred functions": (own, n) => {
    const down = async (depth: number): Promise<number> =>
      depth === 0 ? await turn().then(() => own(n)) : await down(depth - 1);
    return down(100);
  },
};

for (const [way, wrap] of Object.entries(WAYS)) {
  for (const [where, call] of Object.entries(BETWEEN)) {
    test(`${way}: its own call after an await, ${where}, gets a clear error`, async () => {
      const f = wrap(`f of ${way}, ${where}`, async (n) => {
        await turn();
        return await call(f, n);
      });
      for (let again = 0; again < 2; again++) await rejects(f(1), TypeError, SELF_WAIT);
    });
  }

  test(`${way}: two that call each other in a circle after an await get a clear error`, async () => {
    const f = wrap(`f in a circle of ${way}`, async (n) => {
      await turn();
      return await g(n);
    });
    const g = wrap(`g in a circle of ${way}`, async (n) => {
      await turn();
      return await f(n);
    });
    await rejects(f(1), TypeError, SELF_WAIT);
  });

  test(`${way}: two that were called apart and wait for each other after an await get a clear error`, async () => {
    const begun = new Set<string>();
    const around = (name: string, other: () => Fn): Fn =>
      wrap(`${name} apart of ${way}`, async (n) => {
        begun.add(name);
        do await turn(); while (begun.size < 2);
        return await other()(n);
      });
    const f = around("f", () => g);
    const g = around("g", () => f);
    const [first, second] = await Promise.allSettled([f(1), g(1)]);
    for (const { reason } of [first, second] as PromiseRejectedResult[]) {
      assert.instanceOf(reason, TypeError);
      assert.match(reason.message, SELF_WAIT);
    }
  });

  testOn(
    ["chromium", "firefox"],
    "elsewhere the call fails at once, when nobody awaits it yet",
    `${way}: its own call gets a clear error also where it is awaited only after something else`,
    async () => {
      const f = wrap(`f of ${way}, late`, async (n) => {
        await turn();
        const result = f(n);
        for (let i = 0; i < 5; i++) await turn();
        return await result;
      });
      await rejects(f(1), TypeError, SELF_WAIT);
    },
  );

  test(`${way}: a call that its function awaits may ask for the result and not wait for it`, async () => {
    const ready = Promise.withResolvers<void>();
    const results: number[] = [];
    const warmUp = async () => {
      await ready.promise;
      // The run waits for this function, and this function for nothing.
      void f(1).then((result) => results.push(result));
      await turn();
      await turn();
      return 1;
    };
    const warm = warmUp();
    const f = wrap(`f with a warm-up of ${way}`, async (n) => n + await warm);
    const first = f(1);
    ready.resolve();
    assert.equal(await first, 2);
    await until(() => results.length > 0);
    assert.deepEqual(results, [2]);
  });

  test(`${way}: calls that wait long for one of another's are joined`, async () => {
    const go = Promise.withResolvers<void>();
    let runs = 0;
    const slow = wrap(`slow of ${way}`, async (n) => {
      runs++;
      await go.promise;
      return n;
    });
    const outer = wrap(`outer of ${way}`, async (n) => {
      await turn();
      return 10 * n + await slow(1);
    });
    const calls = [slow(1), outer(1), outer(2), outer(1)];
    for (let i = 0; i < 20; i++) await turn();
    go.resolve();
    assert.deepEqual(await Promise.all(calls), [1, 11, 21, 11]);
    assert.equal(runs, 1);
  });
}

test("a promise that is awaited is the same for all who ask from elsewhere, as React's use needs", async () => {
  const go = Promise.withResolvers<void>();
  const f = cache(async (n: number) => (await go.promise, n), { ...LOOSE, name: "used" });
  const first = f(1);
  assert.strictEqual(f(1), first);
  await turn();
  assert.strictEqual(f(1), first);
  go.resolve();
  assert.equal(await first, 1);
  assert.strictEqual(f(1), first);
});

test("a function that fails fails alike, whether it is marked or not", async () => {
  const failure = new RangeError("no");
  const f = cache(async () => {
    await turn();
    throw failure;
  }, { ...LOOSE, name: "failing" });
  const [a, b] = await Promise.allSettled([f(), f()]) as PromiseRejectedResult[];
  assert.strictEqual(a.reason, failure);
  assert.strictEqual(b.reason, failure);
});

/** What asks for a result in another way than a call, within the run that computes it. */
const ASKING: Readonly<Record<string, (f: MemoryCached<Fn>, n: number) => unknown>> = {
  "refresh()": (f, n) => f.refresh(n),
  "get() of a reference": (f, n) => f.reference(n).get(),
  "map()": (f, n) => f.map([n]),
};

for (const [how, ask] of Object.entries(ASKING)) {
  for (const kind of ["memory", "store"]) {
    testOn(
      ["deno", "bun"],
      "in browsers only a call that joins another is found after an await",
      `${kind}: ${how} of its own call after an await gets a clear error`,
      async () => {
        const name = `f that asks by ${how}`;
        const fn = async (n: number): Promise<number> => {
          await turn();
          return await ask(f, n) as number;
        };
        const f = (kind === "memory"
          ? cache(fn, { ...LOOSE, name })
          : stored.persistent(name, async (n: number) => {
            await turn();
            const { get } = how.startsWith("get") ? await (f as never as Asked).reference(n) : {};
            return await (get?.() ?? ask(f, n)) as number;
          }, LOOSE)) as MemoryCached<Fn>;
        await rejects(f(1), TypeError, SELF_WAIT);
      },
    );
  }
}

/** A function on a store, as it is asked above. */
interface Asked {
  reference(n: number): Promise<{ get(): Promise<number> }>;
}

testOn(
  ["deno", "bun"],
  "in browsers only a call that joins another is found after an await",
  "peek() of its own call finds nothing yet, and waits for nothing",
  async () => {
    const f: MemoryCached<Fn> = cache(async (n) => {
      await turn();
      return await f.peek(n) ?? n;
    }, { ...LOOSE, name: "peeking" });
    assert.equal(await f(1), 1);
    assert.equal(await f.peek(1), 1);
  },
);

testOn(
  ["deno", "bun", "firefox"],
  "the stacks of Chromium do not show who reads a stream",
  "a generator that reads its own stream gets a clear error",
  async () => {
    const f = stored.persistent(
      "reads itself",
      async function* (n: number): AsyncGenerator<number> {
        yield n;
        for await (const value of await f(n)) yield value + 1;
      },
      LOOSE,
    );
    const read = async () => await Array.fromAsync(await f(1));
    await rejects(read(), TypeError, SELF_WAIT);
  },
);

test("a generator may read the stream of another call of its own function", async () => {
  const f = stored.persistent("counts down", async function* (n: number): AsyncGenerator<number> {
    yield n;
    if (n > 0) { for await (const value of await f(n - 1)) yield value; }
  }, LOOSE);
  assert.deepEqual(await Array.fromAsync(await f(3)), [3, 2, 1, 0]);
  assert.deepEqual(await Array.fromAsync(await f(2)), [2, 1, 0]);
});
