import { createCache, invalidateTags } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { until } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

/** The two kinds on one cache, so that its tags can be invalidated. */
const VERBS = ["cache", "persistent"] as const;

// deno-lint-ignore no-explicit-any -- both kinds at once.
function make(verb: typeof VERBS[number], fn: (...args: any[]) => unknown, options: object) {
  const recorder = new Recorder();
  const deja = createCache({ store: memoryStore(), onEvent: recorder.onEvent });
  const named = { name: "f", ...options };
  const f = verb === "cache" ? deja.cache(fn, named) : deja.persistent(fn, named);
  // deno-lint-ignore no-explicit-any -- as above.
  return { deja, recorder, f: f as any };
}

for (const verb of VERBS) {
  test(`invalidateTags() drops results of ${verb}() by a fixed tag`, async () => {
    const { deja, f } = make(verb, (x: number) => x, { tags: ["all", "odd/one?"] });
    await f(1);
    await deja.invalidateTags("other");
    assert.isTrue(await f.has(1));
    await deja.invalidateTags("odd/one?");
    assert.isFalse(await f.has(1));
    assert.equal(await f(1), 1);
    assert.isTrue(await f.has(1), "what is computed later counts");
  });

  test(`invalidateTags() drops results of ${verb}() by tags of the call and of the value`, async () => {
    const { deja, f } = make(verb, (id: number) => ({ owner: id % 2 }), {
      tags: (value: { owner: number }, [id]: [number]) => [`id:${id}`, `owner:${value.owner}`],
    });
    for (const id of [1, 2, 3]) await f(id);
    await deja.invalidateTags("id:2");
    assert.deepEqual(await Promise.all([1, 2, 3].map((id) => f.has(id))), [true, false, true]);
    await deja.invalidateTags("owner:1", "unknown");
    assert.deepEqual(await Promise.all([1, 2, 3].map((id) => f.has(id))), [false, false, false]);
  });

  for (
    const [what, tags] of [
      ["fixed", ["t"]],
      ["computed", () => ["t"]],
    ] as const
  ) {
    test(`what ${verb}() computed before its ${what} tag was invalidated is not kept after`, async () => {
      const runs: PromiseWithResolvers<string>[] = [];
      const { deja, f } = make(verb, () => {
        runs.push(Promise.withResolvers());
        return runs.at(-1)!.promise;
      }, { tags });
      const pending = f();
      await until(() => runs.length === 1);
      await deja.invalidateTags("t");
      runs[0].resolve("old");
      assert.equal(await pending, "old");
      await until(() => true);
      assert.isFalse(await f.has());
    });

    test(`a call of ${verb}() after its ${what} tag was invalidated joins none from before`, async () => {
      const runs: PromiseWithResolvers<string>[] = [];
      const { deja, f } = make(verb, () => {
        runs.push(Promise.withResolvers());
        return runs.at(-1)!.promise;
      }, { tags });
      const before = f();
      await until(() => runs.length === 1);
      await deja.invalidateTags("t");
      const after = f();
      // On a store with leases, the later one waits until the former has given its lease back.
      runs[0].resolve("old");
      assert.equal(await before, "old");
      await until(() => runs.length === 2);
      runs[1].resolve("new");
      assert.equal(await after, "new");
      assert.equal(await f(), "new");
    });
  }

  test(`${verb}(): tags that throw or are none are named in an event, and nothing is kept`, async () => {
    for (
      const tags of [() => [5], () => "t", () => {
        throw new Error("no tags");
      }]
    ) {
      const { f, recorder } = make(verb, () => 1, { tags });
      assert.equal(await f(), 1);
      assert.deepInclude(recorder.takeEvents()[1], { type: "option-error", option: "tags" });
      assert.isFalse(await f.has());
    }
  });

  test(`clear() of a cache drops what ${verb}() keeps and what is still computed`, async () => {
    const runs: PromiseWithResolvers<string>[] = [];
    const { deja, f } = make(verb, (_id: number) => {
      runs.push(Promise.withResolvers());
      return runs.at(-1)!.promise;
    }, {});
    const kept = f(1);
    await until(() => runs.length === 1);
    runs[0].resolve("kept");
    await kept;
    const pending = f(2);
    await until(() => runs.length === 2);
    await deja.clear();
    runs[1].resolve("old");
    await pending;
    await until(() => true);
    assert.deepEqual([await f.has(1), await f.has(2)], [false, false]);
  });
}

test("invalidateTags() of the module reaches functions that are cached without a cache", async () => {
  const f = cache((x: number) => x, { tags: ["module"] });
  f(1);
  await invalidateTags("module");
  assert.isFalse(f.has(1));
});

test("a hit on a tagged result asks the store for one entry", async () => {
  const store = new FakeStore();
  const f = createCache({ store, onEvent: () => {} }).persistent("f", (x: number) => x, {
    tags: ["a", "b"],
  });
  await f(1);
  const sets = store.asked.filter((asked) => asked.startsWith("set"));
  assert.lengthOf(sets, 3);
  assert.equal(sets[2], `set f/${await f.key(1)}`, "the marks come first");
  store.asked.length = 0;
  await f(1);
  assert.deepEqual(store.asked, [`get f/${await f.key(1)}`]);
});

test("invalidateTags() removes a result whose write was under way", async () => {
  const store = new FakeStore();
  const deja = createCache({ store, onEvent: () => {} });
  const f = deja.persistent("f", (x: number) => x, { tags: ["t"] });
  const { reached, release } = store.hold("set");
  const called = f(1);
  await reached;
  const invalidated = deja.invalidateTags("t");
  // Long enough for a removal that does not wait for the write.
  await new Promise((resolve) => setTimeout(resolve, 0));
  release();
  assert.equal(await called, 1);
  await invalidated;
  assert.isFalse(await f.has(1));
});

test("invalidateTags() of one namespace leaves another alone", async () => {
  const store = memoryStore();
  const [one, two] = ["one", "two"].map((namespace) => {
    const deja = createCache({ store, namespace, tags: ["t"] });
    return { deja, f: deja.persistent("f", (x: number) => x) };
  });
  await one.f(1);
  await two.f(1);
  assert.equal(await one.deja.invalidateTags("t"), 1);
  assert.deepEqual([await one.f.has(1), await two.f.has(1)], [false, true]);
});

test("with() completes the defaults, and shares the store and the whole", async () => {
  const deja = createCache({ store: memoryStore(), version: 1 });
  const tagged = deja.with({ tags: ["t"] });
  const [plain, f] = [
    deja.persistent("plain", (x: number) => x),
    tagged.persistent("f", (x: number) => x),
  ];
  await plain(1);
  await f(1);
  const entries = await Array.fromAsync(deja.entries());
  assert.sameDeepMembers(entries.map(({ name, version, tags }) => ({ name, version, tags })), [
    { name: "plain", version: 1, tags: [] },
    { name: "f", version: 1, tags: ["t"] },
  ]);
  assert.equal(deja.stats().misses, 2);
  await tagged.clear();
  assert.isEmpty(await Array.fromAsync(deja.entries()));
});

test("a function named as the marks of tags are is no mark", async () => {
  const deja = createCache({ store: memoryStore() });
  const f = deja.persistent("tag/f", (x: number) => x, { tags: ["t"] });
  await f(1);
  assert.isTrue(await f.has(1));
  assert.lengthOf(await Array.fromAsync(f.entries()), 1);
  await deja.invalidateTags("t");
  assert.isFalse(await f.has(1));
});

test("invalidateTags() leaves neither parts nor older generations nor marks behind", async () => {
  const store = new FakeStore();
  const deja = createCache({ store, onEvent: () => {}, freeVariables: "ignore" });
  const options = { expiry: "append", tags: ["a", "b"] } as const;
  const numbers = deja.persistent("numbers", (x: number) => x, options);
  const streams = deja.persistent("streams", (text: string) => new Blob([text]).stream(), options);
  await numbers(1);
  await numbers.refresh(1);
  for (let turn = 0; turn < 2; turn++) {
    await new Response(await streams.refresh("x") as ReadableStream).text();
    await until(() => (store.entries.size >= (turn === 0 ? 8 : 10)));
  }
  assert.isAbove([...store.entries.keys()].filter((key) => key.includes("@")).length, 1);
  assert.equal(await deja.invalidateTags("a"), 2);
  assert.deepEqual([...store.entries.keys()], []);
});

test("invalidateTags() drops older generations with the tag where the latest has another", async () => {
  await withFakeTime(1000, async (clock) => {
    const deja = createCache({ store: new FakeStore(), onEvent: () => {} });
    let count = 0;
    const f = deja.persistent("f", () => ++count, {
      expiry: "append",
      tags: (value: number) => [`t${value}`],
      freeVariables: "ignore",
    });
    await f();
    clock.advance(10);
    await f.refresh();
    assert.equal(await deja.invalidateTags("t1"), 1);
    const all = await Array.fromAsync(f.entries({ generations: "all" }));
    assert.deepEqual(all.map(({ value }) => value), [2]);
    assert.equal(await deja.invalidateTags("t2"), 1);
    assert.isFalse(await f.has());
  });
});

for (const how of ["delete", "clear", "clear of the cache"]) {
  test(`${how} takes the marks of tags along`, async () => {
    const store = new FakeStore();
    const deja = createCache({ store, onEvent: () => {} });
    const f = deja.persistent("f", (x: number) => x, { tags: ["t"] });
    const other = createCache({ store, namespace: "other" })
      .persistent("f", (x: number) => x, { tags: ["t"] });
    await f(1);
    await other(1);
    if (how === "delete") await f.delete(1);
    else await (how === "clear" ? f : deja).clear();
    assert.lengthOf([...store.entries.keys()], 2, "what is another's stays");
    assert.isTrue(await other.has(1));
  });
}
