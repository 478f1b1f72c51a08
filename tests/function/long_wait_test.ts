/** Calls that wait long for an equal one, where nothing can tell whether they wait for themselves. */

import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../lib/function/events.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, runtime, test, testOn } from "../harness.ts";
import { until } from "./_kinds.ts";

const follows = runtime === "deno" || runtime === "bun";

/** Runs `body` with timers of ten seconds in its own hands: each that is set and not cleared. */
async function withLongTimers(body: (timers: Map<unknown, () => void>) => Promise<void>) {
  const { setTimeout, clearTimeout } = globalThis;
  const timers = new Map<unknown, () => void>();
  globalThis.setTimeout = ((run: () => void, delay?: number, ...rest: unknown[]) => {
    if (delay !== 10_000) return setTimeout(run, delay, ...rest);
    const timer = {};
    timers.set(timer, run);
    return timer;
  }) as never;
  globalThis.clearTimeout = ((timer: never) => {
    if (!timers.delete(timer)) clearTimeout(timer);
  }) as never;
  try {
    await body(timers);
  } finally {
    Object.assign(globalThis, { setTimeout, clearTimeout });
  }
}

/** A function that waits to be let go, in memory and in a store. */
function setUp(kind: string, timeout?: number) {
  const waits: CacheEvent[] = [];
  const joined = Promise.withResolvers<void>();
  const go = Promise.withResolvers<number>();
  const deja = createCache({
    store: memoryStore(),
    freeVariables: "ignore",
    onEvent: (event) => {
      if (event.type === "join") joined.resolve();
      if (event.type === "long-wait") waits.push(event);
    },
    ...timeout === undefined ? {} : { timeout },
  });
  const run = (_x: number) => go.promise;
  const f = kind === "memory" ? deja.cache(run, { name: "f" }) : deja.persistent("f", run);
  return { f, go, waits, joined: joined.promise };
}

for (const kind of ["memory", "store"]) {
  testOn(
    ["chromium", "firefox"],
    "what can follow asynchronous code tells such a call by itself",
    `${kind}: a call that waits long for an equal one is told of, once for each function`,
    async () => {
      await withLongTimers(async (timers) => {
        const { f, go, waits, joined } = setUp(kind);
        const calls = [f(1), f(1), f(1)];
        await joined;
        await until(() => timers.size > 0);
        assert.equal(timers.size, 1, "one timer for all who wait");
        for (const run of timers.values()) run();
        assert.equal(waits.length, 1);
        const [{ name, ...told }] = waits;
        assert.equal(name, "f");
        assert.deepInclude(told, { type: "long-wait", waited: 10_000, remedy: 'timeout: "1m"' });
        calls.push(f(1));
        go.resolve(5);
        assert.deepEqual(await Promise.all(calls), [5, 5, 5, 5]);
        assert.equal(waits.length, 1);
      });
    },
  );

  test(`${kind}: no timer stays behind a call that joins${follows ? ", nor is one set" : ""}`, async () => {
    await withLongTimers(async (timers) => {
      const { f, go, waits, joined } = setUp(kind);
      const calls = [f(1), f(1)];
      await joined;
      if (follows) assert.equal(timers.size, 0);
      go.resolve(5);
      assert.deepEqual(await Promise.all(calls), [5, 5]);
      await new Promise((resolve) => setTimeout(resolve));
      assert.equal(timers.size, 0);
      assert.isEmpty(waits);
    });
  });

  test(`${kind}: a function with timeout needs nobody to tell of its waits`, async () => {
    await withLongTimers(async (timers) => {
      const { f, go, joined } = setUp(kind, 60_000);
      const calls = [f(1), f(1)];
      await joined;
      assert.equal(timers.size, 0);
      go.resolve(5);
      assert.deepEqual(await Promise.all(calls), [5, 5]);
    });
  });
}
