/** Results that are removed while calls are under way: nobody who calls later gets what was before. */

import { createCache } from "../../lib/function/create_cache.ts";
import type { PersistentOptions } from "../../lib/function/options.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, test, withFakeTime } from "../harness.ts";
import { reasonOf, until } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

/** A function whose runs end when they are told to, in the order in which they began. */
function setUp(options: PersistentOptions = {}, store: Store = memoryStore()) {
  const runs: PromiseWithResolvers<string>[] = [];
  const recorder = new Recorder();
  // Without leases, so that runs are not one after the other.
  const deja = createCache({
    store,
    onEvent: recorder.onEvent,
    freeVariables: "ignore",
    lease: false,
  });
  const f = deja.persistent("f", (_x: number): Promise<string> => {
    const run = Promise.withResolvers<string>();
    runs.push(run);
    return run.promise;
  }, options as PersistentOptions<(x: number) => Promise<string>>);
  const begun = (count: number) => until(() => runs.length === count);
  return { deja, f, runs, begun, recorder };
}

type Setting = ReturnType<typeof setUp>;

/** Ways to remove the result of the call. */
const REMOVALS: Readonly<Record<string, (setting: Setting) => Promise<unknown>>> = {
  "delete()": ({ f }) => f.delete(1),
  "clear()": ({ f }) => f.clear(),
  "clear({ tag })": ({ f }) => f.clear({ tag: "t", expired: true }),
  "clear({ where })": ({ f }) => f.clear({ expired: true, where: ({ args }) => args?.[0] === 1 }),
  "clear({ tag }) of the cache": ({ deja }) => deja.clear({ tag: "t", expired: true }),
  "clear() of the cache": ({ deja }) => deja.clear(),
  "invalidateTags()": ({ deja }) => deja.invalidateTags("t"),
};

for (const [how, remove] of Object.entries(REMOVALS)) {
  test(`${how}: a later call does not join what is computed behind a stale result`, async () => {
    await withFakeTime(1_000_000, async ({ advance }) => {
      const setting = setUp({ ttl: "1s", staleWhileRevalidate: "1h", tags: () => ["t"] });
      const { f, runs, begun } = setting;
      const first = f(1);
      await begun(1);
      runs[0].resolve("first");
      await first;
      advance(2000);
      assert.equal(await f(1), "first");
      await begun(2);
      await remove(setting);
      const later = f(1);
      await begun(3);
      runs[1].resolve("begun before the removal");
      runs[2].resolve("begun after it");
      assert.equal(await later, "begun after it");
      assert.equal(await f(1), "begun after it");
    });
  });

  test(`${how}: a later call does not join one that read while the result was removed`, async () => {
    const inner = memoryStore();
    const gates = { get: Promise.resolve(), delete: Promise.resolve() };
    const seen = { get: 0, delete: 0 };
    const store: Store = {
      ...inner,
      name: "gated",
      supports: { persistent: false },
      // Reads at once, and tells later.
      get: async (key) => {
        const bytes = await inner.get(key);
        if (key.startsWith("f/")) seen.get++;
        await gates.get;
        return bytes;
      },
      delete: async (key) => {
        seen.delete++;
        await gates.delete;
        return await inner.delete(key);
      },
      set: (key, bytes, options) => inner.set(key, bytes, { expires: options?.expires }),
      list: (prefix) => inner.list(prefix),
    };
    const setting = setUp({ tags: () => ["t"] }, store);
    const { f, runs, begun } = setting;
    const first = f(1);
    await begun(1);
    runs[0].resolve("first");
    await first;
    const [reading, removing] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    gates.delete = removing.promise;
    seen.delete = 0;
    const removed = remove(setting);
    await until(() => seen.delete > 0);
    gates.get = reading.promise;
    seen.get = 0;
    const meanwhile = f(1);
    await until(() => seen.get > 0);
    removing.resolve();
    await removed;
    const later = f(1);
    await until(() => seen.get > 1);
    reading.resolve();
    assert.equal(await meanwhile, "first", "it was called before the removal had ended");
    await begun(2);
    runs[1].resolve("second");
    assert.equal(await later, "second");
  });

  if (how === "invalidateTags()") continue;

  test(`${how}: what a refresh that failed had replaced is not stored`, async () => {
    const setting = setUp({ tags: () => ["t"] });
    const { f, runs, begun } = setting;
    const first = f(1);
    await begun(1);
    const refreshed = f.refresh(1);
    await begun(2);
    runs[1].reject(new RangeError("down"));
    await reasonOf(refreshed);
    await remove(setting);
    runs[0].resolve("begun before the removal");
    assert.equal(await first, "begun before the removal");
    assert.isFalse(await f.has(1));
  });

  test(`${how}: what no call joins since a tag was invalidated is not stored`, async () => {
    const setting = setUp({ tags: () => ["t"] });
    const { deja, f, runs, begun } = setting;
    const first = f(1);
    await begun(1);
    await deja.invalidateTags("another");
    await remove(setting);
    runs[0].resolve("begun before the removal");
    assert.equal(await first, "begun before the removal");
    assert.isFalse(await f.has(1));
  });

  test(`${how}: a result that it means is not stored once it is there`, async () => {
    const setting = setUp({ tags: () => ["t"] });
    const { f, runs, begun, recorder } = setting;
    const first = f(1);
    await begun(1);
    await remove(setting);
    const later = f(1);
    await begun(2);
    runs[0].resolve("begun before the removal");
    assert.equal(await first, "begun before the removal");
    assert.isFalse(await f.has(1));
    const [{ reason }] = recorder.takeEvents().filter((event) => event.type === "not-stored");
    assert.equal(reason, "invalidated");
    runs[1].resolve("begun after it");
    assert.equal(await later, "begun after it");
    assert.equal(await f.peek(1), "begun after it");
  });
}

test("clear(filter): a result under way that it does not mean is stored, and joined", async () => {
  const { deja, f, runs, begun } = setUp({ tags: ["u"] });
  const first = f(1);
  await begun(1);
  await f.clear({ tag: "t" });
  await deja.clear({ tag: "t" });
  const later = f(1);
  await f.clear({ kind: "error" });
  runs[0].resolve("of use");
  assert.deepEqual(await Promise.all([first, later]), ["of use", "of use"]);
  assert.equal(await f.peek(1), "of use");
});

test("clear(filter): a filter that throws drops what is under way, and an event names it", async () => {
  const { f, runs, begun, recorder } = setUp();
  const first = f(1);
  await begun(1);
  await f.clear({
    where: () => {
      throw new RangeError("down");
    },
  });
  runs[0].resolve("of use");
  assert.equal(await first, "of use");
  assert.isFalse(await f.has(1));
  const [{ option, error }] = recorder.takeEvents().filter((event) =>
    event.type === "option-error"
  );
  assert.equal(option, "where");
  assert.instanceOf(error, RangeError);
});
