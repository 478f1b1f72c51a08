import type { PersistentCached } from "../../lib/function/cached_function.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { assert, rejects, test } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { Recorder } from "./_recorder.ts";

type Load = (id: string) => Promise<string>;

/** A persistent function whose runs the test ends, on a store that it can hold up. */
class Scene {
  readonly store = new FakeStore();
  readonly recorder = new Recorder();
  readonly load: PersistentCached<Load>;
  readonly #runs: PromiseWithResolvers<string>[] = [];
  readonly #started: PromiseWithResolvers<void>[] = [];

  constructor() {
    const deja = createCache({ store: this.store, onEvent: this.recorder.onEvent });
    let count = 0;
    this.load = deja.persistent("load", (_id: string) => {
      const at = count++;
      this.#at(at);
      this.#started[at].resolve();
      return this.#runs[at].promise;
    });
  }

  /** The run with this number, once it has started. */
  async run(at: number): Promise<PromiseWithResolvers<string>> {
    this.#at(at);
    await this.#started[at].promise;
    return this.#runs[at];
  }

  #at(at: number): void {
    while (this.#runs.length <= at) {
      this.#runs.push(Promise.withResolvers());
      this.#started.push(Promise.withResolvers());
    }
  }
}

test("refresh() computes again, and stores the result in place of the one before", async () => {
  const { load, recorder, store, ...rest } = parts(new Scene());
  const first = load("a");
  (await rest.run(0)).resolve("old");
  await first;
  const refreshed = load.refresh("a");
  (await rest.run(1)).resolve("new");
  assert.equal(await refreshed, "new");
  assert.equal(await load("a"), "new");
  assert.equal(store.entries.size, 1);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "hit"]);
});

test("refresh() that rejects keeps the old result", async () => {
  const { load, recorder, run } = parts(new Scene());
  const first = load("a");
  (await run(0)).resolve("old");
  await first;
  const refreshed = load.refresh("a");
  const broken = new Error("broken");
  (await run(1)).reject(broken);
  assert.strictEqual(await rejects(refreshed, Error), broken);
  assert.equal(await load("a"), "old");
  assert.equal(recorder.take().at(-1), "hit");
});

test("a call joins a refresh() under way", async () => {
  const { load, recorder, run } = parts(new Scene());
  const refreshed = load.refresh("a");
  const called = load("a");
  (await run(0)).resolve("new");
  assert.deepEqual(await Promise.all([refreshed, called]), ["new", "new"]);
  assert.include(recorder.take(), "join");
});

test("a call that ends after a refresh() does not store its older result over it", async () => {
  const { load, run } = parts(new Scene());
  const called = load("a");
  const first = await run(0);
  const refreshed = load.refresh("a");
  (await run(1)).resolve("new");
  await refreshed;
  first.resolve("old");
  assert.equal(await called, "old");
  assert.equal(await load.peek("a"), "new");
});

test("refresh() twice at once stores the result of the later one, whichever ends first", async () => {
  for (const order of [[0, 1], [1, 0]]) {
    const { load, run } = parts(new Scene());
    const results = ["first", "second"];
    const refreshed = [load.refresh("a"), load.refresh("a")];
    for (const at of order) {
      (await run(at)).resolve(results[at]);
      assert.equal(await refreshed[at], results[at]);
    }
    assert.equal(await load.peek("a"), "second");
  }
});

test("has() and peek() answer from the store, run nothing and tell of nothing", async () => {
  const { load, recorder, run, store } = parts(new Scene());
  assert.deepEqual([await load.has("a"), await load.peek("a")], [false, undefined]);
  const called = load("a");
  (await run(0)).resolve("value");
  await called;
  recorder.take();
  store.asked.length = 0;
  assert.deepEqual([await load.has("a"), await load.peek("a")], [true, "value"]);
  const key = `load/${await load.key("a")}`;
  assert.deepEqual(store.asked, [`get ${key}`, `get ${key}`]);
  assert.isEmpty(recorder.take());
});

test("delete() removes one result and says whether there was one", async () => {
  const { load, recorder, run, store } = parts(new Scene());
  for (const [at, id] of ["a", "b"].entries()) {
    const called = load(id);
    (await run(at)).resolve(id);
    await called;
  }
  assert.isTrue(await load.delete("a"));
  assert.isFalse(await load.delete("a"));
  assert.deepEqual([...store.entries.keys()], [`load/${await load.key("b")}`]);
  const again = load("a");
  (await run(2)).resolve("new");
  assert.equal(await again, "new");
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "miss", "store"]);
});

test("clear() removes all results of the function and of no other", async () => {
  const store = new FakeStore();
  const deja = createCache({ store });
  const upper = (text: string) => text.toUpperCase();
  const names = ["a", "a/b", "a/b/c", "a ", "ab", "A", "b"];
  const cached = names.map((name) => deja.persistent(name, upper));
  for (const one of cached) await Promise.all([one("x"), one("y")]);
  const foreign = ["a/notes", "a/", `a/${"0".repeat(63)}`, `a/${"G".repeat(64)}`];
  for (const key of foreign) store.entries.set(key, Uint8Array.of(1));
  const before = [...store.entries.keys()];
  await cached[0].clear();
  const left = before.filter((key) => !/^a\/[0-9a-f]{64}$/.test(key));
  assert.lengthOf(left, before.length - 2);
  assert.deepEqual([...store.entries.keys()], left);
  assert.isFalse(await cached[0].has("x"));
  for (const other of cached.slice(1)) assert.isTrue(await other.has("x"));
});

test("clear() also removes the results of other versions of the function", async () => {
  const store = new FakeStore();
  const deja = createCache({ store });
  const [one, two] = [1, 2].map((version) => deja.persistent("f", (x: number) => x, { version }));
  await Promise.all([one(1), two(1)]);
  assert.equal(store.entries.size, 2);
  await two.clear();
  assert.equal(store.entries.size, 0);
});

const FORGET: Readonly<Record<string, (load: PersistentCached<Load>) => Promise<unknown>>> = {
  delete: (load) => load.delete("a"),
  clear: (load) => load.clear(),
};

for (const [verb, forget] of Object.entries(FORGET)) {
  test(`${verb}() while the function runs leaves nothing behind`, async () => {
    const { load, recorder, run, store } = parts(new Scene());
    const called = load("a");
    const first = await run(0);
    await forget(load);
    first.resolve("old");
    assert.equal(await called, "old");
    assert.equal(store.entries.size, 0);
    assert.deepEqual(recorder.take(), ["miss", "not-stored"]);
    const again = load("a");
    (await run(1)).resolve("new");
    assert.equal(await again, "new");
    assert.equal(await load("a"), "new");
  });

  test(`a call after ${verb}() does not join the one before it`, async () => {
    const { load, recorder, run } = parts(new Scene());
    const before = load("a");
    const first = await run(0);
    await forget(load);
    const after = load("a");
    const second = await run(1);
    second.resolve("new");
    assert.equal(await after, "new");
    first.resolve("old");
    assert.equal(await before, "old");
    assert.equal(await load("a"), "new");
    assert.deepEqual(recorder.take(), ["miss", "miss", "store", "not-stored", "hit"]);
  });

  test(`${verb}() while a call and a refresh() run leaves nothing of either behind`, async () => {
    const { load, run, store } = parts(new Scene());
    const called = load("a");
    const first = await run(0);
    const refreshed = load.refresh("a");
    const second = await run(1);
    await forget(load);
    first.resolve("old");
    second.resolve("new");
    assert.deepEqual(await Promise.all([called, refreshed]), ["old", "new"]);
    assert.equal(store.entries.size, 0);
  });

  test(`${verb}() while the result is being written leaves nothing behind`, async () => {
    const { load, run, store } = parts(new Scene());
    const writing = store.hold("set");
    const called = load("a");
    (await run(0)).resolve("old");
    await writing.reached;
    const forgotten = forget(load);
    // Every step of the removal that does not wait for the write is taken before it ends.
    for (let step = 0; step < 50; step++) await null;
    writing.release();
    assert.equal(await called, "old");
    await forgotten;
    assert.equal(store.entries.size, 0);
  });

  test(`${verb}() while the store is asked leaves nothing behind`, async () => {
    const { load, run, store } = parts(new Scene());
    const reading = store.hold("get");
    const called = load("a");
    await reading.reached;
    await forget(load);
    reading.release();
    (await run(0)).resolve("old");
    assert.equal(await called, "old");
    assert.equal(store.entries.size, 0);
  });
}

function parts(scene: Scene) {
  const { load, recorder, store } = scene;
  return { load, recorder, store, run: (at: number) => scene.run(at) };
}
