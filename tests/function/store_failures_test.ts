import { StoreError } from "../../lib/errors.ts";
import type { StoreErrorEvent } from "../../lib/function/events.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { defaultGroup } from "../../lib/function/group.ts";
import { settingsOf } from "../../lib/function/settings.ts";
import { wrapInStore } from "../../lib/function/persistent_cache.ts";
import { StoreHandle } from "../../lib/function/store_handle.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { FakeStore, type Interference } from "./_fake_store.ts";
import { Recorder, written } from "./_recorder.ts";

const FAILURE = new StoreError("The disk is full; free some space", {
  store: "fake",
  operation: "set",
});

/** A store operation that fails, in each way that it can. */
const WAYS: Readonly<Record<string, (failing: string) => Interference>> = {
  "rejects": (failing) => (operation) =>
    operation === failing ? Promise.reject(FAILURE) : undefined,
  "throws": (failing) => (operation) => {
    if (operation === failing) throw FAILURE;
  },
};

function make(store: Store) {
  const recorder = new Recorder();
  const deja = createCache({ store, onEvent: recorder.onEvent });
  return { recorder, double: deja.persistent("double", (x: number) => ({ doubled: x * 2 })) };
}

/** The one store-error among the events. */
function storeError(events: ReturnType<Recorder["takeEvents"]>): StoreErrorEvent {
  const [event, ...more] = events.filter((event) => event.type === "store-error");
  assert.isEmpty(more);
  return event;
}

for (const [way, interference] of Object.entries(WAYS)) {
  test(`a store whose get ${way} costs an event, and the function still works`, async () => {
    const store = new FakeStore();
    const { double, recorder } = make(store);
    store.interfere = interference("get");
    for (let times = 1; times <= 2; times++) {
      assert.deepEqual(await double(4), { doubled: 8 });
      const events = recorder.takeEvents();
      assert.deepEqual(events.map(({ type }) => type), ["store-error", "miss", "store"]);
      const event = storeError(events);
      assert.deepInclude(event, { name: "double", key: await double.key(4), operation: "get" });
      assert.strictEqual(event.error, FAILURE);
    }
    assert.deepInclude(double.stats(), { misses: 2, problems: 2, errors: 0 });
    store.interfere = () => {};
    assert.deepEqual(await double(4), { doubled: 8 });
    assert.deepEqual(recorder.take(), ["hit"]);
  });

  test(`a store whose set ${way} costs an event, and the function still works`, async () => {
    const store = new FakeStore();
    const { double, recorder } = make(store);
    store.interfere = interference("set");
    const [one, two] = await Promise.all([double(4), double(4)]);
    assert.deepEqual([one, two], [{ doubled: 8 }, { doubled: 8 }]);
    assert.notStrictEqual(one, two);
    const events = recorder.takeEvents();
    assert.sameMembers(events.map(({ type }) => type), ["miss", "join", "store-error"]);
    assert.deepInclude(storeError(events), { operation: "set", error: FAILURE });
    assert.deepEqual(await double.refresh(4), { doubled: 8 });
    assert.deepInclude(storeError(recorder.takeEvents()), { operation: "set" });
  });

  test(`has() and peek() on a store whose get ${way} find nothing, and tell of it`, async () => {
    const store = new FakeStore();
    const { double, recorder } = make(store);
    store.interfere = interference("get");
    assert.isFalse(await double.has(4));
    assert.isUndefined(await double.peek(4));
    assert.deepEqual(recorder.take(), ["store-error", "store-error"]);
  });

  test(`delete() and clear() reject where the store ${way}`, async () => {
    const store = new FakeStore();
    const { double, recorder } = make(store);
    await double(4);
    recorder.take();
    store.interfere = interference("delete");
    assert.strictEqual(await rejects(double.delete(4), StoreError), FAILURE);
    assert.strictEqual(await rejects(double.clear(), StoreError), FAILURE);
    store.interfere = interference("list");
    assert.strictEqual(await rejects(double.clear(), StoreError), FAILURE);
    store.interfere = () => {};
    assert.isTrue(await double.has(4));
    assert.isEmpty(recorder.take());
  });
}

test("a function that fails on a store that fails gives its own error", async () => {
  const store = new FakeStore();
  store.interfere = () => Promise.reject(FAILURE);
  const thrown = new RangeError("of the function");
  const f = createCache({ store, onEvent: () => {} }).persistent("f", () => {
    throw thrown;
  });
  assert.strictEqual(await rejects(f(), RangeError), thrown);
});

test("a store that gives something else than bytes costs an event", async () => {
  const store = new FakeStore();
  const { double, recorder } = make(store);
  for (const answer of [null, "a text", 5, {}]) {
    Reflect.set(store, "get", () => Promise.resolve(answer));
    assert.deepEqual(await double(4), { doubled: 8 });
    const [problem, ...rest] = recorder.take();
    assert.include(["store-error", "corrupt"], problem);
    assert.deepEqual(rest, ["miss", "store"]);
  }
});

test("a store that was closed costs events, and the function still works", async () => {
  const store = memoryStore();
  const { double, recorder } = make(store);
  await double(4);
  await store[Symbol.asyncDispose]();
  recorder.take();
  assert.deepEqual(await double(4), { doubled: 8 });
  assert.deepEqual(recorder.take(), ["store-error", "miss", "store-error", "store-error"]);
  await rejects(double.delete(4), StoreError);
});

test("a store that does not open costs events, and is tried again at the next call", async () => {
  const recorder = new Recorder();
  let opened = 0;
  let broken = true;
  const handle = new StoreHandle(() => {
    opened++;
    return broken ? Promise.reject(FAILURE) : memoryStore();
  });
  const double = (x: number) => x * 2;
  const settings = settingsOf(double, { onEvent: recorder.onEvent });
  const cached = wrapInStore(double, settings, handle, undefined, defaultGroup);
  assert.equal(await cached(4), 8);
  const events = recorder.takeEvents();
  assert.include(events.map(({ type }) => type), "miss");
  const failures = events.filter((event) => event.type === "store-error");
  assert.isNotEmpty(failures);
  for (const failure of failures) {
    assert.deepInclude(failure, { operation: "open", error: FAILURE });
  }
  assert.isFalse(await cached.has(4));
  assert.strictEqual(await rejects(cached.delete(4), StoreError), FAILURE);
  assert.strictEqual(await rejects(cached.clear(), StoreError), FAILURE);
  recorder.take();
  broken = false;
  const before = opened;
  await Promise.all([cached(4), cached(5), cached(6)]);
  assert.equal(opened, before + 1);
  assert.equal(await cached(4), 8);
  assert.equal(recorder.take().at(-1), "hit");
});

test("a store that opens by a throw costs events as well", async () => {
  const recorder = new Recorder();
  const handle = new StoreHandle(() => {
    throw FAILURE;
  });
  const double = (x: number) => x * 2;
  const settings = settingsOf(double, { onEvent: recorder.onEvent });
  assert.equal(await wrapInStore(double, settings, handle, undefined, defaultGroup)(4), 8);
  assert.include(recorder.take(), "store-error");
});

test("without a listener, each kind of problem is one warning of each function", async () => {
  const store = new FakeStore();
  const deja = createCache({ store });
  const [half, double] = [
    deja.persistent("half", (x: number) => x / 2),
    deja.persistent("double", (x: number) => x === 0 ? () => {} : x * 2),
  ];
  const lines = await written("warn", async () => {
    await half(1);
    store.interfere = WAYS.rejects("get");
    for (const x of [1, 2, 3]) await half(x);
    for (const x of [0, 1, 0]) await double(x);
    store.interfere = () => {};
    store.entries.set(`half/${await half.key(1)}`, Uint8Array.of(1));
    await half(1);
  });
  const said = lines.map((line) => line.join(" "));
  assert.lengthOf(said, 4);
  assert.match(said[0], /déjà: store-error in half, the function still works: The disk is full/);
  assert.match(said[1], /store-error in double/);
  assert.match(said[2], /not-stored in double.+Cannot encode a function/);
  assert.match(said[3], /corrupt in half.+fewer than the smallest record/);
  for (const line of said) assert.match(line, /said once; listen with onEvent/);
});

test("with a listener, nothing is written to the console", async () => {
  const store = new FakeStore();
  const { double, recorder } = make(store);
  store.interfere = WAYS.rejects("get");
  const lines = await written("warn", () => double(4));
  assert.isEmpty(lines);
  assert.deepEqual(recorder.take(), ["store-error", "miss", "store"]);
});

test("a store that never answers holds up only the calls that ask for the same", async () => {
  const store = new FakeStore();
  const { double, recorder } = make(store);
  const reading = store.hold("get");
  const held = double(4);
  await reading.reached;
  assert.deepEqual(await double(5), { doubled: 10 });
  reading.release();
  assert.deepEqual(await held, { doubled: 8 });
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store"]);
});

test("a call whose look-up failed after a long wait goes on without the store, the next one asks it", async () => {
  await withFakeTime(0, async ({ advance }) => {
    const store = new FakeStore();
    let wait = 1000;
    store.interfere = (operation) => {
      if (operation !== "get") return;
      advance(wait);
      return Promise.reject(new Error("Timed out"));
    };
    const events: string[] = [];
    const deja = createCache({ store, onEvent: ({ type }) => events.push(type) });
    const f = deja.persistent("f", (x: number) => x);
    assert.equal(await f(1), 1);
    assert.deepEqual(events.splice(0), ["store-error", "miss"]);
    assert.deepEqual(store.asked.splice(0), [`get f/${await f.key(1)}`]);
    wait = 999;
    assert.equal(await f(1), 1);
    assert.deepEqual(events, ["store-error", "miss", "store"]);
    assert.lengthOf(store.entries, 1);
  });
});
