import { CacheMissError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { type CacheMode, withMode } from "../../lib/function/mode.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, runtime, test, testOn, withFakeTime } from "../harness.ts";
import { type EitherCached, KINDS, until } from "./_kinds.ts";

/** What the calls f(1), f(1), f(2) give where only 1 is kept, in a mode. */
const EXPECTED: Readonly<Record<CacheMode, { values: unknown[]; kept: boolean }>> = {
  "read-write": { values: [1, 1, 2], kept: true },
  "read-only": { values: [1, 1, 2], kept: false },
  "refresh": { values: [2, 3, 4], kept: true },
  "offline": { values: [1, 1, CacheMissError], kept: false },
  "off": { values: [2, 3, 4], kept: false },
};

async function outcomes(call: (id: number) => Promise<unknown>): Promise<unknown[]> {
  const values: unknown[] = [];
  for (const id of [1, 1, 2]) {
    values.push(await call(id).catch((error: Error) => error.constructor));
  }
  return values;
}

for (const [kind, make] of Object.entries(KINDS)) {
  for (const [mode, { values, kept }] of Object.entries(EXPECTED)) {
    test(`${kind}: withMode("${mode}") holds for the calls in it, and for no others`, async () => {
      let runs = 0;
      const f: EitherCached = make((_id: number) => ++runs);
      await f.call(1);
      assert.deepEqual(
        await outcomes((id) => withMode(mode as CacheMode, () => f.call(id))),
        values,
      );
      assert.equal(await f.has(2), kept);
    });

    test(`${kind}: the mode "${mode}" as an option is the same`, async () => {
      let runs = 0;
      const f = make((_id: number) => ++runs, { mode: mode as CacheMode });
      await withMode("read-write", () => f.call(1));
      assert.deepEqual(await outcomes((id) => f.call(id)), values);
      assert.equal(await f.has(2), kept);
    });
  }

  test(`${kind}: refresh() heeds the mode`, async () => {
    for (const asOption of [false, true]) {
      for (const mode of Object.keys(EXPECTED) as CacheMode[]) {
        let runs = 0;
        const f = make((_id: number) => ++runs, asOption ? { mode } : {});
        const refresh = () =>
          asOption ? f.refresh(1) : withMode(mode, () => f.refresh(1)) as Promise<unknown>;
        await withMode("read-write", () => f.call(1));
        if (mode === "offline") await rejects(refresh(), CacheMissError);
        else assert.equal(await refresh(), 2, mode);
        const isKept = mode === "read-write" || mode === "refresh";
        assert.equal(await f.peek(1), isKept ? 2 : 1, mode);
      }
    }
  });

  test(`${kind}: map() and reference() heed the mode that they are called in`, async () => {
    let runs = 0;
    const f = make((_id: number) => ++runs);
    const { cached } = f;
    // Deno runs the next test in the context of what is first imported in a scope.
    await cached.map([]);
    await rejects(withMode("offline", () => cached.map([1])), CacheMissError);
    // What is thrown at once is a rejection here.
    const refer = async () => await withMode("offline", () => cached.reference(1));
    await rejects(refer(), CacheMissError);
    assert.equal(runs, 0);
    assert.deepEqual(await withMode("read-only", () => cached.map([1, 2])), [1, 2]);
    assert.isFalse(await f.has(1));
  });

  test(`${kind}: refresh() that may keep nothing leaves alone what is computed meanwhile`, async () => {
    const runs: PromiseWithResolvers<string>[] = [];
    const f = make(async (_id: number) => {
      runs.push(Promise.withResolvers());
      return await runs.at(-1)!.promise;
    });
    const kept = f.call(1);
    await until(() => runs.length === 1);
    const refreshed = withMode("read-only", () => f.refresh(1));
    await until(() => runs.length === 2);
    runs[1].resolve("refreshed");
    assert.equal(await refreshed, "refreshed");
    runs[0].resolve("kept");
    assert.equal(await kept, "kept");
    assert.equal(await f.peek(1), "kept");
  });

  test(`${kind}: each run and each hit counts once in every mode, also without a listener`, async () => {
    for (const mode of ["read-write", "read-only", "refresh"] as const) {
      const f = make((x: number) => x, { mode, onEvent: undefined as never });
      await f.call(1);
      await f.call(2);
      assert.deepInclude(f.cached.stats(), { misses: 2, hits: 0 }, mode);
    }
  });

  test(`${kind}: a miss in offline mode names the key and runs nothing`, async () => {
    let runs = 0;
    const f = make((_id: number) => ++runs, { mode: "offline" });
    const error = await rejects(f.call(1), CacheMissError, /f\b.+call it in another/);
    assert.equal(error.code, "MISS");
    assert.equal(error.key, await f.key(1));
    assert.equal(runs, 0);
  });

  test(`${kind}: in offline or read-only mode a stale result is handed out and none computed`, async () => {
    await withFakeTime(0, async (clock) => {
      let runs = 0;
      const f = make((_id: string) => ++runs, { ttl: 1000, staleWhileRevalidate: 1000 });
      await f.call("a");
      clock.advance(1500);
      f.recorder.take();
      for (const mode of ["offline", "read-only"] as const) {
        assert.equal(await withMode(mode, () => f.call("a")), 1);
      }
      let turns = 0;
      await until(() => ++turns >= 10);
      assert.equal(runs, 1);
      const events = f.recorder.takeEvents();
      assert.lengthOf(events, 2);
      for (const event of events) assert.deepInclude(event, { type: "stale", because: "mode" });
    });
  });

  test(`${kind}: offline mode hands out what staleIfError would, and says that it is the mode`, async () => {
    await withFakeTime(0, async (clock) => {
      const f = make((x: number) => x / 2, { ttl: 1000, staleIfError: 1000 });
      await f.call(4);
      clock.advance(1500);
      f.recorder.take();
      assert.equal(await withMode("offline", () => f.call(4)), 2);
      const stale = f.recorder.takeEvents().at(-1)!;
      assert.deepInclude(stale, { type: "stale", because: "mode", age: 500 });
      assert.notProperty(stale, "error");
      clock.advance(1000);
      await rejects(withMode("offline", () => f.call(4)), CacheMissError);
    });
  });
}

test("withMode() gives its body a way back into the mode", async () => {
  let runs = 0;
  const f = cache((_id: number) => ++runs);
  f(1);
  await withMode("refresh", async (inMode) => {
    await Promise.resolve();
    assert.equal(inMode(() => f(1)), 2);
  });
  assert.equal(f(1), 2);
});

testOn(
  ["deno", "bun"],
  "browsers have nothing that follows asynchronous code",
  "withMode() holds behind an await",
  async () => {
    let runs = 0;
    const f = cache((_id: number) => ++runs);
    f(1);
    const [inside, outside] = await Promise.all([
      withMode("refresh", async () => {
        await Promise.resolve();
        await new Promise((resolve) => setTimeout(resolve, 0));
        return f(1);
      }),
      Promise.resolve().then(() => f(1)),
    ]);
    assert.equal(outside, 1, "another chain of promises is not in the scope");
    assert.equal(inside, 2);
  },
);

test("withMode() holds for what an asynchronous function calls at once", async () => {
  let runs = 0;
  const inner = cache((_id: number) => ++runs);
  const outer = cache(async (id: number) => await Promise.resolve(inner(id)), {
    freeVariables: "ignore",
  });
  inner(1);
  assert.equal(await withMode("refresh", () => outer(1)), 2);
});

test("withMode() may stand in another, and ends when its body throws", () => {
  let runs = 0;
  const f = cache((_id: number) => ++runs);
  f(1);
  withMode("refresh", () => {
    assert.equal(withMode("read-only", () => f(1)), 1);
    assert.equal(f(1), 2);
  });
  assert.throws(() =>
    withMode("off", () => {
      throw new Error("body");
    }), /body/);
  assert.equal(f(1), 2);
});

test("withMode() refuses what is no mode and what is no function", () => {
  assert.throws(() => withMode("of" as never, () => {}), TypeError, /must be one of read-write/);
  assert.throws(() => withMode("off", 5 as never), TypeError, /takes a function/);
  assert.throws(() => cache((x: number) => x, { mode: "of" as never }), TypeError, /"mode".+"off"/);
});

test("a mode given to createCache() holds for its functions, and a function's own is stronger", async () => {
  let runs = 0;
  const deja = createCache({ store: memoryStore(), mode: "off" });
  const [off, on] = [
    deja.persistent("off", () => ++runs),
    deja.persistent("on", () => ++runs, { mode: "read-write" }),
  ];
  assert.deepEqual([await off(), await off(), await on(), await on()], [1, 2, 3, 3]);
});

testOn(
  ["bun"],
  "needs an environment that a test may change",
  "DEJA_MODE is stronger than an option, and a wrong one is an error that names it",
  () => {
    const { env } = (globalThis as unknown as { process: { env: Record<string, string> } }).process;
    const before = env.DEJA_MODE;
    try {
      env.DEJA_MODE = "off";
      let runs = 0;
      const f = cache(() => ++runs, { mode: "read-write" });
      assert.deepEqual([f(), f()], [1, 2]);
      env.DEJA_MODE = "of";
      assert.throws(() => cache(() => 1), TypeError, /DEJA_MODE must be one of/);
    } finally {
      if (before === undefined) delete env.DEJA_MODE;
      else env.DEJA_MODE = before;
    }
    assert.equal(runtime, "bun");
  },
);
