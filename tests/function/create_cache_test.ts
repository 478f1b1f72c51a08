import { createCache, type CreateCacheOptions } from "../../lib/function/create_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

const double = (x: number) => x * 2;

test("createCache() gives its defaults to every verb", async () => {
  const recorder = new Recorder();
  await withFakeTime(0, async (clock) => {
    const deja = createCache({
      store: memoryStore(),
      ttl: "1s",
      version: 7,
      onEvent: recorder.onEvent,
    });
    const verbs = [
      deja.cache(double),
      deja.lru({ maxEntries: 5 }, double),
      deja.persistent("double", double),
    ];
    const plain = createCache({ store: memoryStore(), onEvent: recorder.onEvent });
    for (const cached of verbs) {
      assert.equal(await cached(2), 4);
      assert.equal(await cached(2), 4);
      assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
      clock.advance(1000);
      assert.isFalse(await cached.has(2));
      assert.notEqual(await cached.key(2), plain.cache(double).key(2));
    }
  });
});

test("createCache() lets a function have its own in place of the defaults", async () => {
  const [shared, own] = [new Recorder(), new Recorder()];
  await withFakeTime(0, async (clock) => {
    const deja = createCache({ store: memoryStore(), ttl: "1s", onEvent: shared.onEvent });
    const options = { ttl: "1h", version: 8, onEvent: own.onEvent } as const;
    const verbs = [
      deja.cache(double, options),
      deja.lru({ maxEntries: 5, ...options }, double),
      deja.persistent("double", double, options),
    ];
    for (const cached of verbs) {
      await cached(2);
      clock.advance(60_000);
      assert.isTrue(await cached.has(2));
      assert.deepEqual(own.take(), ["miss", "store"]);
    }
    assert.isEmpty(shared.take());
  });
});

test("createCache() keeps a default where a function's option is undefined", async () => {
  const recorder = new Recorder();
  await withFakeTime(0, async (clock) => {
    const deja = createCache({ store: memoryStore(), ttl: "1s", onEvent: recorder.onEvent });
    const silent = { ttl: undefined, onEvent: undefined } as unknown as { ttl: number };
    for (const cached of [deja.cache(double, silent), deja.persistent("double", double, silent)]) {
      await cached(2);
      assert.deepEqual(recorder.take(), ["miss", "store"]);
      clock.advance(1000);
      assert.isFalse(await cached.has(2));
    }
  });
});

test("createCache() finds the results of another handle on the same store", async () => {
  const recorder = new Recorder();
  const store = memoryStore();
  const [one, two] = [1, 2].map(() => createCache({ store, onEvent: recorder.onEvent }));
  assert.equal(await one.persistent("double", double)(4), 8);
  assert.equal(await two.persistent("double", double)(4), 8);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});

test("createCache() joins the calls of another handle on the same store", async () => {
  const recorder = new Recorder();
  const store = memoryStore();
  const release = Promise.withResolvers<void>();
  const slow = async (x: number) => {
    await release.promise;
    return x;
  };
  const [one, two] = [1, 2].map(() =>
    createCache({ store, onEvent: recorder.onEvent }).persistent("slow", slow)
  );
  const calls = [one(1), two(1)];
  release.resolve();
  assert.deepEqual(await Promise.all(calls), [1, 1]);
  assert.sameMembers(recorder.take(), ["miss", "join", "store"]);
});

test("createCache() on another store finds nothing of the first", async () => {
  const recorder = new Recorder();
  for (const store of [memoryStore(), memoryStore()]) {
    await createCache({ store, onEvent: recorder.onEvent }).persistent("double", double)(4);
  }
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store"]);
});

test("createCache() keeps namespaces apart on one store", async () => {
  const recorder = new Recorder();
  const store = memoryStore();
  const [none, etl, web] = [{}, { namespace: "etl" }, { namespace: "web" }].map((options) =>
    createCache({ store, onEvent: recorder.onEvent, ...options }).persistent("double", double)
  );
  for (const cached of [none, etl, web]) assert.equal(await cached(4), 8);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "miss", "store"]);
  await etl.clear();
  assert.deepEqual(
    await Promise.all([none.has(4), etl.has(4), web.has(4)]),
    [true, false, true],
  );
  assert.isTrue(await web.delete(4));
  assert.isTrue(await none.has(4));
});

test("createCache() tells a namespace from the start of a name", async () => {
  const store = memoryStore();
  const inside = createCache({ store, namespace: "etl" }).persistent("double", double);
  const named = createCache({ store }).persistent("etl/double", double);
  const disguised = createCache({ store }).persistent("ns.etl/double", double);
  await Promise.all([inside(1), named(1), disguised(1)]);
  await Promise.all([named.clear(), disguised.clear()]);
  assert.isTrue(await inside.has(1));
  assert.isFalse(await named.has(1));
});

test("createCache() puts the namespace and the name in front of the key in the store", async () => {
  const store = memoryStore();
  const cached = createCache({ store, namespace: "etl" }).persistent("double", double);
  await cached(4);
  const keys = (await Array.fromAsync(store.list())).map(({ key }) => key);
  assert.deepEqual(keys, [`ns.etl/double/${await cached.key(4)}`]);
});

test("createCache() leaves its store open and its own to close", async () => {
  const store = memoryStore();
  await createCache({ store }).persistent("double", double)(4);
  assert.lengthOf(await Array.fromAsync(store.list()), 1);
  await store[Symbol.asyncDispose]();
});

test("createCache() counts the length of a namespace to that of a name", () => {
  const { persistent } = createCache({ store: memoryStore(), namespace: "n".repeat(500) });
  persistent("m".repeat(350), double);
  assert.throws(() => persistent("m".repeat(351), double), RangeError, /received 851/);
});

const BAD: Readonly<Record<string, [options: unknown, type: typeof TypeError, message: RegExp]>> = {
  "null": [null, TypeError, /options of createCache must be an object, received null/],
  "an array": [[], TypeError, /options of createCache must be an object, received an array/],
  "an unknown option": [{ stor: 1 }, TypeError, /Unknown option "stor".+did you mean "store"\?/],
  "an option of a function": [{ closure: double }, TypeError, /Unknown option "closure"/],
  "a store that is not open": [
    { store: Promise.resolve(memoryStore()) },
    TypeError,
    /"store" of createCache must be an open Store, such as await fsStore\(path\) or memoryStore\(\)/,
  ],
  "a store that is a path": [{ store: ".deja" }, TypeError, /open Store.+received ".deja"/],
  "a Map as a store": [{ store: new Map() }, TypeError, /open Store.+received an object/],
  "an empty namespace": [{ namespace: "" }, TypeError, /"namespace".+non-empty string/],
  "a namespace with a slash": [{ namespace: "a/b" }, TypeError, /"namespace".+without a slash/],
  "a namespace that is a number": [{ namespace: 5 }, TypeError, /"namespace".+received 5/],
  "a wrong version": [{ version: null }, TypeError, /"version" of createCache/],
  "a wrong listener": [{ onEvent: "log" }, TypeError, /"onEvent" of createCache.+a function/],
  "a ttl in words": [{ ttl: "soon" }, TypeError, /ttl must be milliseconds.+received "soon"/],
  "a negative ttl": [{ ttl: -1 }, RangeError, /ttl must be more than 0, received -1/],
};

for (const [what, [options, type, message]] of Object.entries(BAD)) {
  test(`createCache() refuses ${what}`, () => {
    assert.throws(() => createCache(options as CreateCacheOptions), type, message);
  });
}
