import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEntry } from "../../lib/function/entry.ts";
import { expiresAfter } from "../../lib/function/expires_after.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { KINDS, reasonOf, until } from "./_kinds.ts";

const START = 1_800_000_000_000;

for (const [kind, make] of Object.entries(KINDS)) {
  for (
    const [what, moment] of [
      ["a Date", new Date(START + 1000)],
      ["an instant", { epochMilliseconds: START + 1000 }],
    ] as const
  ) {
    test(`${kind}: a ttl that is ${what} holds until then, whenever the result was computed`, async () => {
      await withFakeTime(START, async (clock) => {
        const f = make((x: number) => x, { ttl: moment });
        await f.call(1);
        clock.advance(900);
        await f.call(2);
        clock.advance(99);
        assert.deepEqual([await f.has(1), await f.has(2)], [true, true]);
        clock.advance(1);
        assert.deepEqual([await f.has(1), await f.has(2)], [false, false]);
        f.recorder.take();
        assert.equal(await f.call(3), 3);
        assert.deepEqual(f.recorder.take(), ["miss", "not-stored"]);
      });
    });
  }

  test(`${kind}: ttl can be computed from the result and the arguments`, async () => {
    await withFakeTime(START, async (clock) => {
      const given: unknown[] = [];
      const f = make((x: number, _note = "none") => ({ seconds: x }), {
        ttl: (value, args) => {
          given.push(value, args[0]);
          return value.seconds === 0 ? 0 : value.seconds === 9 ? undefined : `${value.seconds}s`;
        },
      });
      for (const x of [0, 1, 2, 9]) await f.call(x);
      assert.deepEqual(given.slice(0, 4), [{ seconds: 0 }, 0, { seconds: 1 }, 1]);
      assert.isFalse(await f.has(0), "0 is not kept at all");
      clock.advance(1000);
      assert.deepEqual([await f.has(1), await f.has(2)], [false, true]);
      clock.advance(1e15);
      assert.isTrue(await f.has(9), "undefined is for ever");
    });
  });

  for (
    const [what, ttl] of [
      ["throws", () => {
        throw new RangeError("no time");
      }],
      ["gives no duration", () => "soon" as never],
    ] as const
  ) {
    test(`${kind}: a ttl that ${what} is named in an event, and nothing is kept`, async () => {
      const f = make((x: number) => x, { ttl });
      assert.equal(await f.call(1), 1);
      const events = f.recorder.takeEvents();
      assert.deepEqual(events.map(({ type }) => type), ["miss", "option-error", "not-stored"]);
      assert.deepInclude(events[1], { option: "ttl" });
      assert.deepInclude(events[2], { reason: "option failed" });
      assert.isFalse(await f.has(1));
    });
  }

  test(`${kind}: staleWhileRevalidate hands out the old result and computes a new one once`, async () => {
    await withFakeTime(START, async (clock) => {
      let runs = 0;
      const f = make((_id: string) => ++runs, { ttl: "1s", staleWhileRevalidate: "10s" });
      assert.equal(await f.call("a"), 1);
      clock.advance(1500);
      f.recorder.take();
      assert.deepEqual(await Promise.all([f.call("a"), f.call("a")]), [1, 1]);
      await until(() => f.recorder.events.some(({ type }) => type === "store"));
      assert.equal(runs, 2);
      const stale = f.recorder.takeEvents().find(({ type }) => type === "stale");
      assert.deepInclude(stale, { because: "revalidating", age: 500 });
      assert.equal(await f.call("a"), 2);
      assert.deepEqual(f.recorder.take(), ["hit"]);
      clock.advance(11_000);
      assert.equal(await f.call("a"), 3, "past the window it is a miss");
      const { staleHits, problems } = f.cached.stats();
      assert.isAtLeast(staleHits, 1);
      assert.equal(problems, 0);
    });
  });

  test(`${kind}: staleWhileRevalidate of an asynchronous function makes nobody wait`, async () => {
    await withFakeTime(START, async (clock) => {
      const runs: PromiseWithResolvers<string>[] = [];
      const f = make((_id: string) => {
        runs.push(Promise.withResolvers());
        return runs.at(-1)!.promise;
      }, { ttl: "1s", staleWhileRevalidate: "10s" });
      const first = f.call("a");
      await until(() => runs.length === 1);
      runs[0].resolve("old");
      assert.equal(await first, "old");
      clock.advance(1500);
      assert.equal(await f.call("a"), "old");
      await until(() => runs.length === 2);
      assert.equal(await f.call("a"), "old", "while the new one is still computed");
      assert.lengthOf(runs, 2);
      runs[1].resolve("new");
      await until(() => f.recorder.events.filter(({ type }) => type === "store").length === 2);
      assert.equal(await f.call("a"), "new");
    });
  });

  test(`${kind}: a revalidation that fails is an event, and the old result stays`, async () => {
    await withFakeTime(START, async (clock) => {
      const failure = new Error("no answer");
      let broken = false;
      const f = make((_id: string) => {
        if (broken) throw failure;
        return "old";
      }, { ttl: "1s", staleWhileRevalidate: "10s" });
      await f.call("a");
      broken = true;
      clock.advance(1500);
      assert.equal(await f.call("a"), "old");
      await until(() => f.recorder.events.some(({ type }) => type === "revalidate-error"));
      const event = f.recorder.takeEvents().find(({ type }) => type === "revalidate-error");
      assert.strictEqual((event as { error: unknown }).error, failure);
      assert.equal(await f.peek("a") ?? (await f.entries({ expired: true }))[0].value, "old");
    });
  });

  test(`${kind}: a revalidation keeps nothing under the key of arguments that were changed`, async () => {
    await withFakeTime(START, async (clock) => {
      const f = make((list: number[]) => list.reduce((sum, x) => sum + x, 0), {
        ttl: "1s",
        staleWhileRevalidate: "1h",
      });
      await f.call([1, 2]);
      clock.advance(1500);
      const list = [1, 2];
      const pending = f.call(list);
      list.push(100);
      await pending;
      for (let turn = 0; turn < 5; turn++) await new Promise((next) => setTimeout(next, 0));
      const key = await f.key([1, 2]);
      const kept = (await f.entries({ expired: true })).find((entry) => entry.key === key);
      assert.equal(kept?.value, 3);
    });
  });

  for (const how of ["throws", "rejects"] as const) {
    test(`${kind}: staleIfError hands out the old result where the function ${how}`, async () => {
      await withFakeTime(START, async (clock) => {
        const failure = new Error("no answer");
        let broken = false;
        const f = make((_id: string): unknown => {
          if (!broken) return how === "throws" ? "old" : Promise.resolve("old");
          if (how === "throws") throw failure;
          return Promise.reject(failure);
        }, { ttl: "1s", staleIfError: "10s" });
        await f.call("a");
        broken = true;
        clock.advance(1500);
        f.recorder.take();
        assert.equal(await f.call("a"), "old");
        const events = f.recorder.takeEvents();
        assert.deepEqual(events.map(({ type }) => type), ["expire", "miss", "stale"]);
        assert.deepInclude(events[2], { because: "error", error: failure, age: 500 });
        assert.equal(await f.call("a"), "old", "again, as long as it may");
        clock.advance(10_000);
        assert.strictEqual(await rejects(f.call("a"), Error, /no answer/), failure);
      });
    });
  }

  test(`${kind}: staleIfError computes a new result as soon as that works`, async () => {
    await withFakeTime(START, async (clock) => {
      let runs = 0;
      const f = make((_id: string) => ++runs, { ttl: "1s", staleIfError: "10s" });
      await f.call("a");
      clock.advance(1500);
      assert.equal(await f.call("a"), 2);
      assert.equal(await f.call("a"), 2);
    });
  });

  test(`${kind}: validate is asked for each answer, and its no is a miss`, async () => {
    await withFakeTime(START, async () => {
      const seen: CacheEntry[] = [];
      let verdict = true;
      const f = make((x: number) => [x], {
        version: 3,
        tags: ["t"],
        validate: (entry) => {
          seen.push(entry);
          return verdict;
        },
      });
      await f.call(7);
      assert.isEmpty(seen);
      assert.deepEqual(await f.call(7), [7]);
      const { duration, size, ...told } = seen[0];
      assert.deepEqual(told, {
        key: await f.key(7),
        name: "f",
        version: 3,
        args: [7],
        kind: "value",
        value: [7],
        error: undefined,
        created: START,
        expires: Infinity,
        tags: ["t"],
      });
      assert.isAtLeast(duration, 0);
      assert.isAtLeast(size, 0);
      verdict = false;
      f.recorder.take();
      assert.isFalse(await f.has(7), "what validate refuses is not there");
      assert.isUndefined(await f.peek(7));
      assert.deepEqual(await f.call(7), [7]);
      const [expire, ...rest] = f.recorder.takeEvents();
      assert.deepInclude(expire, { type: "expire", because: "validate" });
      assert.deepEqual(rest.map(({ type }) => type), ["miss", "store"]);
    });
  });

  test(`${kind}: a validate that throws is named in an event, and the function runs`, async () => {
    const failure = new Error("no verdict");
    const f = make((x: number) => x, {
      validate: () => {
        throw failure;
      },
    });
    await f.call(1);
    f.recorder.take();
    assert.equal(await f.call(1), 1);
    const events = f.recorder.takeEvents();
    assert.deepInclude(events[0], { type: "option-error", option: "validate", error: failure });
    assert.include(events.map(({ type }) => type), "miss");
  });

  test(`${kind}: a validate that throws or gives a promise counts as a no wherever it is asked`, async () => {
    const failure = new Error("no verdict");
    const answers: (() => boolean)[] = [
      () => {
        throw failure;
      },
      () => Promise.reject(failure) as never,
    ];
    for (const validate of answers) {
      const f = make((x: number) => x, { validate });
      await f.call(1);
      f.recorder.take();
      assert.isFalse(await f.has(1));
      assert.isUndefined(await f.peek(1));
      // deno-lint-ignore no-explicit-any -- either kind.
      const explanation = await (f.cached as any).explain(1);
      assert.equal(explanation.outcome, "invalid");
      const events = f.recorder.takeEvents();
      assert.lengthOf(events, 3, "each look tells of it");
      for (const event of events) {
        assert.deepInclude(event, { type: "option-error", option: "validate" });
      }
      assert.lengthOf(await f.entries(), 1, "what is kept is listed without asking");
      assert.equal((await f.cached.get({ key: await f.key(1) }))?.value, 1);
      assert.isEmpty(f.recorder.take());
    }
  });

  test(`${kind}: an errors.when that gives a promise is named in an event, and nothing is kept`, async () => {
    const f = make(() => {
      throw new RangeError("as asked");
    }, { errors: { when: () => Promise.resolve(true) as never } });
    await reasonOf(f.call());
    assert.deepInclude(f.recorder.takeEvents()[1], { type: "option-error", option: "errors.when" });
    assert.isFalse(await f.has());
  });

  test(`${kind}: expiresAfter() counts from when a result was computed`, async () => {
    await withFakeTime(START, async (clock) => {
      let runs = 0;
      const f = make((_id: string) => ++runs, { validate: expiresAfter("1m") });
      await f.call("a");
      clock.advance(59_999);
      assert.equal(await f.call("a"), 1);
      clock.advance(1);
      assert.equal(await f.call("a"), 2);
    });
  });

  test(`${kind}: refresh() replaces a result that is fresh`, async () => {
    let runs = 0;
    const f = make((_id: string) => ++runs, { ttl: "1h" });
    await f.call("a");
    assert.equal(await f.refresh("a"), 2);
    assert.equal(await f.call("a"), 2);
  });

  test(`${kind}: minDuration keeps only what was worth keeping`, async () => {
    const real = performance.now;
    let now = 0;
    performance.now = () => now;
    try {
      const f = make((took: number) => (now += took), { minDuration: "1s" });
      await f.call(999);
      const [, notStored] = f.recorder.takeEvents();
      assert.deepInclude(notStored, { type: "not-stored", reason: "too quick", error: undefined });
      await f.call(1000);
      assert.deepEqual(f.recorder.take(), ["miss", "store"]);
      assert.deepEqual([await f.has(999), await f.has(1000)], [false, true]);
      assert.equal(f.cached.stats().problems, 0, "it was asked for");
    } finally {
      performance.now = real;
    }
  });

  test(`${kind}: accept decides whether a result is kept`, async () => {
    const given: unknown[] = [];
    const f = make((x: number) => x * 2, {
      accept: (value, args) => {
        given.push([value, ...args]);
        return value > 5;
      },
    });
    assert.deepEqual([await f.call(1), await f.call(6)], [2, 12]);
    assert.deepEqual(given, [[2, 1], [12, 6]]);
    assert.deepEqual([await f.has(1), await f.has(6)], [false, true]);
    assert.deepEqual(f.recorder.take(), ["miss", "not-stored", "miss", "store"]);
  });

  for (
    const [what, accept] of [
      ["throws", () => {
        throw new Error("no verdict");
      }],
      ["is asynchronous", (() => Promise.resolve(true)) as never],
    ] as const
  ) {
    test(`${kind}: an accept that ${what} is named in an event, and nothing is kept`, async () => {
      const f = make((x: number) => x, { accept });
      assert.equal(await f.call(1), 1);
      const events = f.recorder.takeEvents();
      assert.deepInclude(events[1], { type: "option-error", option: "accept" });
      assert.isFalse(await f.has(1));
    });
  }
}

test("expiry: append keeps every generation, listed and readable by time", async () => {
  await withFakeTime(START, async (clock) => {
    let runs = 0;
    const deja = createCache({ store: memoryStore(), onEvent: () => {} });
    const f = deja.persistent("f", (_id: string) => ++runs, { ttl: "1s", expiry: "append" });
    for (let times = 0; times < 3; times++) {
      await f("a");
      clock.advance(2000);
    }
    await f("b");
    const key = await f.key("a");
    assert.equal((await f.get({ key, at: new Date(START + 100) }))?.value, 1);
    assert.equal((await f.get({ key, at: START + 3999 }))?.value, 2);
    assert.equal((await f.get({ key, at: { epochMilliseconds: START + 9000 } }))?.value, 3);
    assert.isUndefined(await f.get({ key, at: START - 1 }));
    const all = await Array.fromAsync(f.entries({ generations: "all", expired: true }));
    assert.sameMembers(all.map(({ value }) => value), [1, 2, 3, 4]);
    const latest = await Array.fromAsync(f.entries());
    assert.deepEqual(latest.map(({ value }) => value), [4]);
    assert.isTrue(await f.delete("b"));
    await f.delete("a");
    assert.isEmpty(await Array.fromAsync(f.entries({ generations: "all", expired: true })));
  });
});

test("expiry: append keeps two generations of the same millisecond apart", async () => {
  await withFakeTime(START, async () => {
    let runs = 0;
    const deja = createCache({ store: memoryStore() });
    const f = deja.persistent("f", (_id: string) => ++runs, { expiry: "append" });
    await f("a");
    for (let times = 0; times < 3; times++) await f.refresh("a");
    const all = await Array.fromAsync(f.entries({ generations: "all" }));
    assert.sameMembers(all.map(({ value }) => value), [1, 2, 3, 4]);
  });
});

test("cache() drops what is past its time, also where no call asks for it again", async () => {
  await withFakeTime(START, (clock) => {
    const f = cache((x: number) => x, { ttl: "1m", staleIfError: "1m" });
    const callAll = (from: number) => {
      for (let x = from; x < from + 1000; x++) f(x);
    };
    callAll(0);
    clock.advance(119_999);
    callAll(1000);
    assert.equal(f.stats().entries, 2000);
    clock.advance(1);
    for (let from = 2000; from < 20_000; from += 1000) {
      callAll(from);
      clock.advance(120_000);
    }
    assert.isBelow(f.stats().entries, 5000);
    assert.isTrue(f(19_999) === 19_999);
  });
});

test("cache() takes no part in generations, and says so", () => {
  assert.throws(
    () => cache((x: number) => x, { expiry: "append" } as never),
    TypeError,
    /Unknown option "expiry"/,
  );
});
