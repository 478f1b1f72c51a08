import { CacheMissError } from "../../lib/errors.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../harness.ts";
import { until } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

test("an asynchronous function rejects where it may not run", async () => {
  const load = cache(async (id: string) => await Promise.resolve(id), { mode: "offline" });
  await rejects(load("a"), CacheMissError);
  await rejects(load.refresh("a"), CacheMissError);
});

test("cache() in refresh mode computes each call with one primitive argument", () => {
  let runs = 0;
  const count = cache((_id: string) => ++runs, { mode: "refresh" });
  assert.deepEqual([count("a"), count("a")], [1, 2]);
});

test("a computed ttl of 0 keeps nothing, not even as a stale result", async () => {
  await withFakeTime(0, () => {
    let runs = 0;
    const count = cache((_id: string) => ++runs, { ttl: () => 0, staleWhileRevalidate: "1h" });
    assert.deepEqual([count("a"), count("a")], [1, 2]);
  });
});

test("lruCache() does not let a result that is too large drive out the others", () => {
  const recorder = new Recorder();
  const fill = lruCache(
    { maxBytes: 1000, onEvent: recorder.onEvent },
    (size: number) => "x".repeat(size),
  );
  fill(10);
  fill(5000);
  assert.deepEqual([fill.has(10), fill.has(5000)], [true, false]);
  const events = recorder.takeEvents();
  assert.deepInclude(events.at(-1), { type: "not-stored", reason: "too large" });
  assert.notInclude(events.map(({ type }) => type), "evict");
});

test("a clone that throws is named in an event, and the function runs", () => {
  const recorder = new Recorder();
  let broken = false;
  let runs = 0;
  const list = cache((id: number) => [id, ++runs], {
    clone: (value) => {
      if (broken) throw new Error("broken");
      return [...value];
    },
    onEvent: recorder.onEvent,
  });
  list(1);
  recorder.take();
  broken = true;
  assert.deepEqual(list(1), [1, 2]);
  const events = recorder.takeEvents();
  assert.deepInclude(events[0], { type: "option-error", option: "clone" });
  broken = false;
  assert.deepEqual(list(1), [1, 1]);
});

test("entries() of a memory cache with clone are not what the first caller may change", () => {
  const list = cache((id: number) => [id], { clone: true });
  list(1).push(2);
  assert.deepEqual(list.entries()[0].value, [1]);
});

test("entries() and get() give the old result while a refresh() runs", async () => {
  const runs: PromiseWithResolvers<string>[] = [];
  const load = cache((_id: string) => {
    runs.push(Promise.withResolvers());
    return runs.at(-1)!.promise;
  });
  const first = load("a");
  runs[0].resolve("old");
  await first;
  const refreshed = load.refresh("a");
  assert.equal(load.entries()[0].value, "old");
  assert.equal(load.get({ key: load.key("a") })?.value, "old");
  runs[1].resolve("new");
  await refreshed;
  assert.equal(load.get({ key: load.key("a") })?.value, "new");
});

test("clear() with a filter drops what is computed meanwhile, also where the filter throws", async () => {
  const recorder = new Recorder();
  const runs: PromiseWithResolvers<number>[] = [];
  const load = cache((_id: string) => {
    runs.push(Promise.withResolvers());
    return runs.at(-1)!.promise;
  }, { onEvent: recorder.onEvent });
  const [low, high, odd] = [load("low"), load("high"), load("odd")];
  load.clear({
    where: ({ value }) => {
      if (value === 3) throw new Error("odd");
      return (value as number) < 2;
    },
  });
  runs.forEach(({ resolve }, at) => resolve(at + 1));
  assert.deepEqual(await Promise.all([low, high, odd]), [1, 2, 3]);
  assert.deepEqual(["low", "high", "odd"].map((id) => load.has(id)), [false, true, false]);
  const kinds = recorder.take().filter((kind) => kind === "option-error" || kind === "not-stored");
  assert.deepEqual(kinds, ["not-stored", "option-error", "not-stored"]);
});

test("a timeout longer than timers can be does not end a run at once", async () => {
  const release = Promise.withResolvers<string>();
  const load = cache((_id: string) => release.promise, { timeout: "60d" });
  const loaded = load("a");
  let turns = 0;
  await until(() => ++turns >= 10);
  release.resolve("value");
  assert.equal(await loaded, "value");
});

testOn(
  ["deno", "bun", "chromium"],
  "Firefox follows no code past an await of what is settled",
  "an asynchronous cache() that waits for itself gets a clear error",
  async () => {
    const load = cache(async (id: string): Promise<string> => {
      await Promise.resolve();
      return await load(id);
    }, { freeVariables: "ignore" });
    await rejects(load("a"), TypeError, /calls itself with the same arguments/);
  },
);
