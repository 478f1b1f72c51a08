import { CacheMissError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { KINDS, reasonOf } from "./_kinds.ts";
import { fromText, Recorder } from "./_recorder.ts";

const START = 1_800_000_000_000;

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: an entry gives all that is known of a result`, async () => {
    await withFakeTime(START, async () => {
      const f = make((x: number, scale = 2) => ({ area: x * scale }), {
        ttl: "1m",
        version: "v2",
        tags: ["t"],
      });
      await f.call(3);
      const [entry, ...more] = await f.entries();
      assert.isEmpty(more);
      const { duration, size, ...told } = entry;
      assert.deepEqual(told, {
        key: await f.key(3),
        name: "f",
        version: "v2",
        args: [3, 2],
        kind: "value",
        value: { area: 6 },
        error: undefined,
        created: START,
        expires: START + 60_000,
        tags: ["t"],
      });
      assert.isAtLeast(duration, 0);
      if (kind !== "cache()") assert.isAbove(size, 0);
    });
  });

  test(`${kind}: a list of arguments is looked up as the call with them is`, async () => {
    const f = make((x: unknown, y: unknown = 2) => [x, y]);
    const cyclic: unknown[] = [];
    cyclic.push(cyclic, 1);
    // deno-lint-ignore no-sparse-arrays
    for (const args of [cyclic, [, 5], Object.assign([7, 8], { more: true })]) {
      await f.call(...args as [unknown]);
      const entry = await f.cached.get({ args: args as [unknown] });
      assert.strictEqual(entry?.key, await f.key(...args as [unknown]));
    }
  });

  test(`${kind}: entries can be filtered by kind, tag, age and a function`, async () => {
    await withFakeTime(START, async (clock) => {
      const f = make((x: number) => {
        if (x > 8) throw new Error("large");
        return x;
      }, {
        ttl: "1s",
        staleIfError: "1h",
        errors: true,
        tags: (_, [x]) => [x as number % 2 ? "odd" : "even"],
      });
      await f.call(1);
      await f.call(2);
      clock.advance(1500);
      await f.call(3);
      await reasonOf(f.call(9));
      const values = async (filter: object) =>
        (await f.entries(filter)).map(({ args }) => args![0]).sort();
      assert.deepEqual(await values({}), [3, 9]);
      assert.deepEqual(await values({ expired: true }), [1, 2, 3, 9]);
      assert.deepEqual(await values({ kind: "error" }), [9]);
      assert.deepEqual(await values({ tag: "odd", expired: true }), [1, 3, 9]);
      assert.deepEqual(await values({ where: ({ value }: { value: unknown }) => value === 3 }), [
        3,
      ]);
    });
  });

  test(`${kind}: get() finds an entry by its key, and undefined for any other`, async () => {
    const f = make((x: number) => x * 2);
    await f.call(21);
    // deno-lint-ignore no-explicit-any -- both kinds at once.
    const { get } = f.cached as any;
    assert.equal((await get({ key: await f.key(21) })).value, 42);
    assert.isUndefined(await get({ key: "0".repeat(64) }));
    assert.deepEqual(f.recorder.take(), ["miss", "store"], "looking tells of nothing");
  });

  test(`${kind}: reference() computes once, holds no payload, and says when the result is gone`, async () => {
    let runs = 0;
    const f = make((x: number) => {
      runs++;
      return [x];
    });
    // deno-lint-ignore no-explicit-any -- both kinds at once.
    const reference = await (f.cached as any).reference(5);
    assert.equal(runs, 1);
    assert.deepEqual({ key: reference.key, name: reference.name }, {
      key: await f.key(5),
      name: "f",
    });
    assert.deepEqual(await reference.get(), [5]);
    assert.isFalse(JSON.stringify(reference).includes("[5]"));
    await f.clear();
    await f.clear();
    const gone = (async () => await reference.get())();
    assert.equal((await rejects(gone, CacheMissError)).key, reference.key);
    assert.equal(runs, 1);
  });

  test(`${kind}: explain() says hit, stale, expired, invalid or miss`, async () => {
    await withFakeTime(START, async (clock) => {
      let valid = true;
      const f = make((x: number) => x, {
        ttl: "1s",
        staleWhileRevalidate: "1s",
        staleIfError: "1h",
        validate: () => valid,
      });
      const outcome = async () => (await f.cached.explain(1)).outcome;
      assert.equal(await outcome(), "miss");
      await f.call(1);
      assert.equal(await outcome(), "hit");
      valid = false;
      assert.equal(await outcome(), "invalid");
      valid = true;
      clock.advance(1500);
      assert.equal(await outcome(), "stale");
      clock.advance(1000);
      assert.equal(await outcome(), "expired");
    });
  });

  test(`${kind}: explain() names the argument that changed since the nearest entry`, async () => {
    const f = make((amount: number, options: { digits: number }, note: string) =>
      `${amount} ${options.digits} ${note}`
    );
    await f.call(1, { digits: 2 }, "a");
    await f.call(9, { digits: 9 }, "z");
    const { outcome, nearest, changed, message, key, entry } = await f.cached.explain(
      1,
      { digits: 3 },
      "a",
    );
    assert.deepEqual({ outcome, changed, entry }, {
      outcome: "miss",
      changed: ["argument options"],
      entry: undefined,
    });
    assert.deepEqual(nearest?.args, [1, { digits: 2 }, "a"]);
    assert.equal(key, await f.key(1, { digits: 3 }, "a"));
    assert.match(message, /f: nothing is kept for this call.+argument options changed/);
  });

  test(`${kind}: explain() names the argument that changed, also where key maps one`, async () => {
    const f = make((user: { id: number }, n: number) => user.id + n, {
      key: { user: (user: { id: number }) => user.id },
    });
    await f.call({ id: 7 }, 3);
    assert.deepEqual((await f.entries())[0].args, [7, 3]);
    const changed = async (id: number, n: number) => (await f.cached.explain({ id }, n)).changed;
    assert.deepEqual(await changed(7, 4), ["argument n"]);
    assert.deepEqual(await changed(8, 3), ["argument user"]);
    assert.deepEqual(await changed(8, 4), ["argument user", "argument n"]);
  });

  test(`${kind}: entries show what a key inside an argument, or of all of them, gives`, async () => {
    const inside = make((o: { a: number; b: number }) => o.a, {
      key: { "o.a": (a: number) => a % 10 },
    });
    await inside.call({ a: 12, b: 1 });
    assert.deepEqual((await inside.entries())[0].args, [{ a: 2, b: 1 }]);
    const all = make((a: number, b = 2) => a + b, { key: (a: number, b: number) => `${a}-${b}` });
    await all.call(1);
    assert.isTrue(await all.has(1, 2), "a function as key gets the defaults");
    assert.deepEqual((await all.entries())[0].args, ["1-2"]);
    assert.deepEqual((await all.cached.explain(2)).changed, ["key"]);
  });

  test(`${kind}: explain() names what changed within a destructured argument`, async () => {
    const f = make(({ width, height = 2 }: { width: number; height?: number }) => width * height);
    await f.call({ width: 1 });
    const { changed } = await f.cached.explain({ width: 1, height: 3 });
    assert.deepEqual(changed, ["argument height"]);
  });

  test(`${kind}: explain() says expired with a ttl alone, and later that what expires is forgotten`, async () => {
    await withFakeTime(START, async (clock) => {
      const f = make((x: number) => x, { ttl: "1h" });
      await f.call(1);
      clock.advance(3_600_000);
      assert.equal((await f.cached.explain(1)).outcome, "expired");
      clock.advance(599_999);
      assert.equal((await f.cached.explain(1)).outcome, "expired");
      clock.advance(1);
      const { outcome, message } = await f.cached.explain(1);
      if (kind === "cache()") assert.equal(outcome, "expired", "memory lets go when it is called");
      else {assert.match(
          message,
          /nothing is kept for any call \(what expires is forgotten\)$/,
        );}
      assert.notMatch((await make((x: number) => x).cached.explain(1)).message, /expire/);
    });
  });

  test(`${kind}: reference() gives nothing past its time`, async () => {
    await withFakeTime(START, async (clock) => {
      const f = make((x: number) => x, { ttl: "1s", staleIfError: "1h" });
      // deno-lint-ignore no-explicit-any -- both kinds at once.
      const reference = await (f.cached as any).reference(1);
      clock.advance(999);
      assert.equal(await reference.get(), 1);
      clock.advance(1);
      await rejects((async () => await reference.get())(), CacheMissError);
    });
  });

  test(`${kind}: explain() names the closed-over value that changed`, async () => {
    let rate = 2;
    const fees = { base: 1 };
    const f = make((x: number) => x * rate + fees.base, { closure: () => ({ rate, fees }) });
    await f.call(1);
    rate = 3;
    assert.deepEqual((await f.cached.explain(1)).changed, ["closure.rate"]);
  });
}

test("explain() of a stored function names the code and the version, over processes", async () => {
  const store = memoryStore();
  const make = (source: string, version: number) =>
    createCache({ store, onEvent: () => {} }).persistent("f", fromText(source), { version });
  await make("(x) => x + 1", 1)(5);
  assert.deepEqual((await make("(x) => x + 2", 1).explain(5)).changed, ["code"]);
  assert.deepEqual((await make("(x) => x + 1", 2).explain(5)).changed, ["version"]);
  assert.equal((await make("(x) => x + 1", 1).explain(5)).outcome, "hit");
  assert.equal((await make("( x )=>x+1 /* as above */", 1).explain(5)).outcome, "hit");
});

test("explain() of a stored function says that its record is damaged", async () => {
  const store = new FakeStore();
  const f = createCache({ store, onEvent: () => {} }).persistent("f", (x: number) => x);
  await f(1);
  store.entries.set(`f/${await f.key(1)}`, Uint8Array.of(1, 2, 3));
  assert.equal((await f.explain(1)).outcome, "damaged");
});

test("stats() of a stored function counts the bytes that were read and written", async () => {
  const f = createCache({ store: memoryStore() }).persistent("f", (x: number) => "x".repeat(x));
  await f(1000);
  const { bytesWritten, bytesRead } = f.stats();
  assert.isAbove(bytesWritten, 1000);
  assert.equal(bytesRead, 0);
  await f(1000);
  assert.equal(f.stats().bytesRead, bytesWritten);
});

test("lruCache() keeps within maxBytes, and counts what it holds", () => {
  const recorder = new Recorder();
  const text = lruCache(
    { maxBytes: "1kB", name: "text", onEvent: recorder.onEvent },
    (length: number) => "x".repeat(length),
  );
  text(400);
  text(500);
  assert.isAtLeast(text.stats().bytes, 900);
  text(450);
  assert.deepEqual([text.has(400), text.has(500), text.has(450)], [false, true, true]);
  assert.equal(text.stats().evictions, 1);
  assert.isAtMost(text.stats().bytes, 1000);
  assert.equal(text(5000).length, 5000, "what alone is too large still reaches the caller");
  assert.isFalse(text.has(5000));
  text.clear();
  assert.equal(text.stats().bytes, 0);
});

test("clone gives each caller a copy, of what is awaited too", async () => {
  const sync = cache((size: number) => ({ list: Array.from({ length: size }, () => 0) }), {
    clone: true,
  });
  sync(1).list.push(5);
  sync(1).list.push(6);
  assert.deepEqual(sync(1), { list: [0] });
  const later = cache(async (size: number) => {
    await Promise.resolve();
    return new Map([["list", [size]]]);
  }, { clone: true });
  const [one, two] = await Promise.all([later(1), later(1)]);
  one.get("list")!.push(5);
  two.get("list")!.push(6);
  assert.deepEqual(await later(1), new Map([["list", [1]]]));
  // What the first of them changes at once, the others have not.
  const change = async () => {
    const list = (await later(2)).get("list")!;
    list.push(9);
    return list;
  };
  assert.deepEqual(await Promise.all([change(), change(), later(2)]), [
    [2, 9],
    [2, 9],
    new Map([["list", [2]]]),
  ]);
  (await later.peek(1))!.get("list")!.push(7);
  assert.deepEqual(await later(1), new Map([["list", [1]]]));
});

test("clone can be a function of the caller's own", () => {
  class Box {
    constructor(public size: number) {}
  }
  const box = cache((size: number) => new Box(size), { clone: ({ size }) => new Box(size) });
  box(1).size = 5;
  assert.deepEqual(box(1), new Box(1));
  assert.notStrictEqual(box(1), box(1));
});

test("cache() does not keep what can be read only once, and hands it on", async () => {
  const recorder = new Recorder();
  const respond = cache((text: string) => new Response(text), { onEvent: recorder.onEvent });
  assert.equal(await respond("a").text(), "a");
  assert.equal(await respond("a").text(), "a");
  assert.deepEqual(recorder.take(), ["miss", "not-stored", "miss", "not-stored"]);
});

test("cache() runs a lazy thenable once for all that await it", async () => {
  let queries = 0;
  const query = cache((_sql: string): PromiseLike<number> => ({
    then: (...handlers) => Promise.resolve(++queries).then(...handlers),
  }));
  assert.deepEqual(await Promise.all([query("a"), query("a")]), [1, 1]);
  assert.equal(await query("a"), 1);
  assert.equal(queries, 1);
});

test("reference() of a stored result decodes nothing until it is asked for it", async () => {
  const recorder = new Recorder();
  let decoded = 0;
  const f = createCache({ store: memoryStore(), onEvent: recorder.onEvent }).persistent(
    "f",
    (x: number) => ({ x }),
    {
      ttl: "1h",
      serializer: {
        encode: (value) => new TextEncoder().encode(JSON.stringify(value)),
        decode: (bytes) => {
          decoded++;
          return JSON.parse(new TextDecoder().decode(bytes));
        },
      },
    },
  );
  await f(1);
  decoded = 0;
  recorder.take();
  const reference = await f.reference(1);
  assert.equal(decoded, 0);
  assert.deepEqual(recorder.take(), ["hit"]);
  assert.deepEqual(await reference.get(), { x: 1 });
  assert.equal(decoded, 1);
  assert.deepEqual(await (await f.reference(2)).get(), { x: 2 }, "a miss runs the function");
});

test("reference() of a result in memory copies nothing until it is asked for it", () => {
  let copied = 0;
  const f = cache((x: number) => ({ x }), {
    clone: (value) => {
      copied++;
      return { ...value };
    },
  });
  f(1);
  const before = copied;
  const reference = f.reference(1);
  assert.equal(copied, before);
  assert.equal(f.stats().hits, 1);
  assert.deepEqual(reference.get(), { x: 1 });
  assert.equal(copied, before + 1);
});
