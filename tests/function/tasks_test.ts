/** Calls that wait for themselves, as Firefox finds them: by the priorities of tasks. */

import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, testOn } from "../harness.ts";

type Fn = (n: number) => Promise<number>;

/** What of the page is used. */
interface Host {
  readonly scheduler: {
    postTask<T>(body: () => T, options: { priority: string }): Promise<Awaited<T>>;
    yield(): Promise<void>;
  };
}

const { scheduler } = globalThis as unknown as Host;

const LOOSE = { freeVariables: "ignore" } as const;
const SELF_WAIT = /calls itself with the same arguments while it computes them/;

const stored = createCache({ store: memoryStore() });

/** Each way to cache, as a call with a name and the function. */
const WAYS: Readonly<Record<string, (name: string, fn: Fn) => Fn>> = {
  memory: (name, fn) => cache(fn, { ...LOOSE, name }),
  store: (name, fn) => stored.persistent(name, fn, LOOSE),
};

const turn = (ms = 0) => new Promise<void>((resolve) => setTimeout(resolve, ms));

/** Long enough for every place to be found. */
const aWhile = () => turn(500);

function testHere(name: string, body: () => Promise<void>): void {
  testOn(["firefox"], "runs have a task of their own in Firefox and its kin alone", name, body);
}

for (const [way, wrap] of Object.entries(WAYS)) {
  testHere(`${way}: the one of many runs that waits for itself is found`, async () => {
    const go = Promise.withResolvers<void>();
    const f = wrap(`one of many of ${way}`, async (n) => {
      await turn();
      if (n === 13) return await f(n);
      await go.promise;
      return n === 14 ? await f(20) : n;
    });
    const calls = Array.from({ length: 37 }, (_, n) => f(n));
    await rejects(calls[13], TypeError, SELF_WAIT);
    go.resolve();
    const results = await Promise.all(calls.toSpliced(13, 1));
    assert.deepEqual(
      results,
      Array.from({ length: 37 }, (_, n) => n === 14 ? 20 : n).toSpliced(13, 1),
    );
  });

  testHere(
    `${way}: a call from a task of the page's own joins, whatever its priority`,
    async () => {
      const go = Promise.withResolvers<void>();
      const f = wrap(`called from tasks of ${way}`, async (n) => {
        await go.promise;
        return n;
      });
      const first = f(1);
      await turn();
      const joined = ["background", "user-visible", "user-blocking"].map((priority) =>
        scheduler.postTask(async () => {
          await turn();
          return await f(1);
        }, { priority })
      );
      await aWhile();
      go.resolve();
      assert.deepEqual(await Promise.all([first, ...joined]), [1, 1, 1, 1]);
    },
  );

  testHere(`${way}: what a run wakes up may wait for it`, async () => {
    const begun = Promise.withResolvers<void>();
    const go = Promise.withResolvers<void>();
    const f = wrap(`waking of ${way}`, async (n) => {
      await turn();
      begun.resolve();
      await go.promise;
      return n;
    });
    const woken = begun.promise.then(() => f(1));
    const first = f(1);
    await aWhile();
    go.resolve();
    assert.deepEqual(await Promise.all([first, woken]), [1, 1]);
  });

  testHere(`${way}: a run may yield to others, and is found afterwards`, async () => {
    const f = wrap(`yielding of ${way}`, async (n) => {
      await scheduler.yield();
      return await f(n);
    });
    await rejects(f(1), TypeError, SELF_WAIT);
  });
}

testHere("memory: all who wait for a call that waits for itself get the error", async () => {
  const f: Fn = cache(async (n) => {
    await turn();
    return await f(n);
  }, { ...LOOSE, name: "waited for by many" });
  for (const outcome of await Promise.allSettled([f(1), f(1), turn().then(() => f(1))])) {
    assert.instanceOf((outcome as PromiseRejectedResult).reason, TypeError);
  }
});
