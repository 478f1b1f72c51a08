import { createCache } from "../../../lib/function/create_cache.ts";
import type { PersistentOptions } from "../../../lib/function/options.ts";
import { PART_BYTES } from "../../../lib/function/streams/parts.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../../harness.ts";
import { reasonOf, until } from "../_kinds.ts";
import { Recorder } from "../_recorder.ts";

/** A cache with all that is heard of it, and the keys in its store. */
function setUp(store: Store = memoryStore()) {
  const recorder = new Recorder();
  const deja = createCache({ store, onEvent: recorder.onEvent, freeVariables: "ignore" });
  const keys = async () => (await Array.fromAsync(store.list())).map(({ key }) => key);
  const stored = async () => {
    await until(() => recorder.events.some(({ type }) => type === "store"));
    // A call that came at once would still join.
    await turn();
  };
  const refused = () => until(() => recorder.events.some(({ type }) => type === "not-stored"));
  return { recorder, deja, store, keys, stored, refused };
}

/** Streams that give a number of letters each, and say how far each was pulled. */
function letters(count: number, failAt = Infinity) {
  const pulled: number[] = [];
  const cancelled: unknown[] = [];
  const signals: (AbortSignal | undefined)[] = [];
  const fn = (text: string, signal?: AbortSignal) => {
    const run = pulled.push(0) - 1;
    signals.push(signal);
    return new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        const at = pulled[run]++;
        if (at === failAt) controller.error(new RangeError("the source"));
        else if (at === count) controller.close();
        else controller.enqueue(new TextEncoder().encode(text));
      },
      cancel: (reason) => void cancelled.push(reason),
    }, { highWaterMark: 0 });
  };
  return { fn, pulled, cancelled, signals };
}

/** Lets what was begun go on. */
const turn = () => new Promise<void>((resolve) => setTimeout(resolve));

/** Read by hand, since a `Response` of a browser has an error of its own for a stream that fails. */
async function text(stream: unknown): Promise<string> {
  const reader = (stream as ReadableStream<Uint8Array<ArrayBuffer>>).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    pieces.push(read.value);
  }
  return await new Blob(pieces).text();
}

test("a stream is stored while the first caller reads it, and replayed to the next", async () => {
  const { recorder, deja, stored } = setUp();
  const { fn, pulled } = letters(3);
  const f = deja.persistent("f", fn);
  assert.equal(await text(await f("a")), "aaa");
  await stored();
  for (let i = 0; i < 2; i++) assert.equal(await text(await f("a")), "aaa");
  assert.lengthOf(pulled, 1);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", "hit"]);
});

test("back-pressure reaches the source through the cache", async () => {
  const { deja } = setUp();
  const { fn, pulled } = letters(100);
  const reader = (await deja.persistent("f", fn)("a")).getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  for (let i = 0; i < 5; i++) await turn();
  assert.isAtMost(pulled[0], 4);
  await reader.cancel();
});

test("a second caller joins a stream in flight, and gets all of it", async () => {
  const { recorder, deja } = setUp();
  const { fn, pulled } = letters(4);
  const f = deja.persistent("f", fn);
  const first = (await f("a")).getReader();
  await first.read();
  assert.equal(await text(await f("a")), "aaaa");
  assert.include(recorder.take(), "join");
  let rest = 0;
  for (let next = await first.read(); !next.done; next = await first.read()) {
    rest += next.value.length;
  }
  assert.equal(rest, 3);
  assert.lengthOf(pulled, 1);
});

test("half a stream is never a hit: the next call begins anew", async () => {
  const { deja, keys, refused, recorder } = setUp();
  const { fn, pulled, cancelled } = letters(4);
  const f = deja.persistent("f", fn);
  const reader = (await f("a")).getReader();
  await reader.read();
  await reader.cancel("enough");
  await refused();
  assert.deepInclude(recorder.takeEvents().at(-1), { type: "not-stored", reason: "broke off" });
  assert.deepEqual(cancelled, ["enough"]);
  assert.isFalse(await f.has("a"));
  await turn();
  assert.deepEqual(await keys(), []);
  assert.equal(await text(await f("a")), "aaaa");
  assert.lengthOf(pulled, 2);
});

test("a source that fails fails its reader, and leaves nothing", async () => {
  const { deja, keys, refused } = setUp();
  const { fn } = letters(4, 2);
  const f = deja.persistent("f", fn);
  await rejects(text(await f("a")), RangeError, /the source/);
  await refused();
  assert.deepEqual(await keys(), []);
});

test("an abort of the last reader cancels the source, and the function hears of it", async () => {
  const { deja, refused } = setUp();
  const { fn, cancelled, signals } = letters(9);
  const f = deja.persistent("f", fn);
  const [one, two] = [new AbortController(), new AbortController()];
  const first = (await f("a", one.signal)).getReader();
  const second = (await f("a", two.signal)).getReader();
  await first.read();
  const reason = new Error("one");
  one.abort(reason);
  assert.strictEqual(await reasonOf(first.read()), reason);
  await second.read();
  assert.isEmpty(cancelled);
  assert.isFalse(signals[0]!.aborted);
  two.abort(new Error("two"));
  await refused();
  assert.lengthOf(cancelled, 1);
  assert.isTrue(signals[0]!.aborted);
});

test("a caller who gave up before its stream came does not hold it", async () => {
  const { deja, recorder, refused } = setUp();
  const { fn, cancelled } = letters(9);
  const begun = Promise.withResolvers<void>();
  const go = Promise.withResolvers<void>();
  const f = deja.persistent("f", async (id: string, signal?: AbortSignal) => {
    begun.resolve();
    await go.promise;
    return fn(id, signal);
  });
  const one = new AbortController();
  const calls = [f("a", one.signal), f("a")];
  await begun.promise;
  await until(() => recorder.events.some(({ type }) => type === "join"));
  one.abort(new Error("one"));
  await reasonOf(calls[0]);
  go.resolve();
  const reader = (await calls[1]).getReader();
  await reader.read();
  await reader.cancel("left");
  await refused();
  assert.deepEqual(cancelled, ["left"]);
});

test("asynchronous generators give their values again, also where values are odd", async () => {
  const { deja, stored } = setUp();
  let runs = 0;
  const f = deja.persistent("f", async function* (count: number) {
    runs++;
    for (let i = 0; i < count; i++) yield { i, big: BigInt(i), set: new Set([i]) };
    yield await Promise.resolve(undefined);
  });
  const first = await Array.fromAsync(await f(2));
  first[0]!.set.add(99);
  await stored();
  const again = await Array.fromAsync(await f(2));
  assert.deepEqual(again, [
    { i: 0, big: 0n, set: new Set([0]) },
    { i: 1, big: 1n, set: new Set([1]) },
    undefined,
  ]);
  assert.equal(runs, 1);
});

test("a generator that is given up before it began is over", async () => {
  const { deja, refused } = setUp();
  const f = deja.persistent("f", async function* () {
    yield await Promise.resolve(1);
  });
  await (await f()).return(undefined);
  await refused();
  assert.deepEqual(await Array.fromAsync(await f()), [1]);
});

test("a Response comes back with status, headers and body", async () => {
  const { deja, stored } = setUp();
  let runs = 0;
  const f = deja.persistent("f", (body: string) => {
    runs++;
    return new Response(body, { status: 203, headers: { "x-test": "1" } });
  });
  const first = await f("body");
  assert.equal(await first.text(), "body");
  await stored();
  const again = await f("body");
  assert.deepEqual([again.status, again.headers.get("x-test")], [203, "1"]);
  assert.equal(await again.text(), "body");
  assert.equal(runs, 1);
});

test("a Response that was fetched comes back with where it came from", async () => {
  const { deja, stored } = setUp();
  const fetched = (url: string, redirected: boolean) =>
    Object.defineProperties(new Response("body"), {
      url: { value: url },
      redirected: { value: redirected },
    });
  const f = deja.persistent("f", (url: string, redirected: boolean) => fetched(url, redirected));
  for (const [url, redirected] of [["https://example.com/a", true], ["", false]] as const) {
    for (let turn = 0; turn < 2; turn++) {
      const response = await f(url, redirected);
      assert.deepEqual([response.url, response.redirected], [url, redirected]);
      assert.equal(await response.text(), "body");
      await stored();
    }
  }
  assert.equal(f.stats().hits, 2);
});

test("a refreshed stream takes the place of the old one, whose parts go", async () => {
  const { deja, keys, stored, recorder } = setUp();
  let version = 0;
  const f = deja.persistent("f", (_id: string) => letters(3).fn(String(++version)));
  await text(await f("a"));
  await stored();
  recorder.take();
  assert.equal(await text(await f.refresh("a")), "222");
  await stored();
  await turn();
  assert.equal(await text(await f("a")), "222");
  assert.lengthOf(await keys(), 2, "one record and one part");
});

for (const how of ["delete", "clear", "clear all"] as const) {
  test(`${how}() of a stored stream removes its parts`, async () => {
    const { deja, keys, stored } = setUp();
    const f = deja.persistent("f", letters(3).fn);
    await text(await f("a"));
    await stored();
    assert.lengthOf(await keys(), 2);
    if (how === "delete") await f.delete("a");
    else await (how === "clear" ? f : deja).clear();
    assert.deepEqual(await keys(), []);
  });

  test(`${how}() while a stream is in flight lets its readers end, and stores nothing`, async () => {
    const { deja, keys, refused } = setUp();
    const pieces = 5;
    const f = deja.persistent("f", (_id: string) => {
      let given = 0;
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (given++ === pieces) controller.close();
          else controller.enqueue(new Uint8Array(PART_BYTES).fill(given));
        },
      }, { highWaterMark: 0 });
    });
    const ahead = (await f("a")).getReader();
    const behind = await f("a");
    for (let i = 0; i < 3; i++) await ahead.read();
    if (how === "delete") await f.delete("a");
    else await (how === "clear" ? f : deja).clear();
    while (!(await ahead.read()).done);
    await refused();
    assert.equal((await new Response(behind).bytes()).length, pieces * PART_BYTES);
    for (let i = 0; i < 20 && (await keys()).length > 0; i++) await turn();
    assert.deepEqual(await keys(), []);
    assert.isFalse(await f.has("a"));
  });
}

test("prune() removes expired streams with their parts, and parts of no record", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const entries = memoryStore();
    // As on a store that leaves expired entries to its readers.
    const lazy: Store = new Proxy(entries, {
      get: (target, property) => {
        if (property === "set") {
          return (key: string, bytes: Uint8Array, { lease }: { lease?: never } = {}) =>
            target.set(key, bytes, { lease });
        }
        const member = Reflect.get(target, property);
        return typeof member === "function" ? member.bind(target) : member;
      },
    });
    const { deja, keys, stored } = setUp(lazy);
    const f = deja.persistent("f", letters(2).fn, { ttl: "1s" });
    const kept = deja.persistent("kept", letters(2).fn);
    await text(await f("a"));
    await stored();
    await text(await kept("a"));
    await turn();
    const part = (await keys()).find((key) => key.startsWith("kept/") && key.includes("."))!;
    await entries.set(part.replace(/\.[0-9a-z]+-/, ".1-"), new Uint8Array(1));
    clock.advance(2000);
    assert.deepInclude(await deja.prune(), { expired: 1, damaged: 0, orphans: 2 });
    assert.lengthOf(await keys(), 2);
    assert.equal(await text(await kept("a")), "aa");
  });
});

test("prune() leaves the parts of a stream in flight", async () => {
  const { deja, stored } = setUp();
  let given = 0;
  const f = deja.persistent("f", () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull(controller) {
        if (given++ === 3) controller.close();
        else controller.enqueue(new Uint8Array(PART_BYTES));
      },
    }, { highWaterMark: 0 }));
  const reader = (await f()).getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  assert.deepInclude(await deja.prune(), { expired: 0, damaged: 0, orphans: 0 });
  while (!(await reader.read()).done);
  await stored();
  assert.equal((await new Response(await f()).bytes()).length, 3 * PART_BYTES);
});

test("a stale stream is handed out while a new one is read and stored behind it", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const { deja, recorder, stored } = setUp();
    let version = 0;
    const options: PersistentOptions = { ttl: "1s", staleWhileRevalidate: "1h" };
    const f = deja.persistent("f", (_id: string) => letters(3).fn(String(++version)), options);
    await text(await f("a"));
    await stored();
    clock.advance(2000);
    recorder.take();
    assert.equal(await text(await f("a")), "111");
    await stored();
    assert.equal(await text(await f("a")), "222");
    assert.equal(version, 2);
  });
});

test("reference() stores a stream without taking it", async () => {
  const { deja, recorder } = setUp();
  const f = deja.persistent("f", letters(3).fn);
  const reference = await f.reference("a");
  await until(() => recorder.events.some(({ type }) => type === "store"));
  assert.equal(await text(await reference.get()), "aaa");
});

test("a stream that was quicker than minDuration in all is not stored", async () => {
  const { deja, refused, recorder } = setUp();
  const f = deja.persistent("f", letters(3).fn, { minDuration: "1h" });
  assert.equal(await text(await f("a")), "aaa");
  await refused();
  assert.deepInclude(recorder.takeEvents().at(-1), { type: "not-stored", reason: "too quick" });
});

testOn(
  ["bun"],
  "only Bun lets a program collect garbage without a flag",
  "a stored stream that was opened and dropped unread does not hold its parts",
  async () => {
    const { deja, keys, stored } = setUp();
    const f = deja.persistent(
      "f",
      () => new Response(new Blob([new Uint8Array(2 * PART_BYTES)])),
    );
    await (await f()).arrayBuffer();
    await stored();
    assert.equal((await f()).status, 200);
    assert.lengthOf(await keys(), 3);
    await f.delete();
    const { Bun } = globalThis as unknown as { Bun: { gc(force: boolean): void } };
    for (let i = 0; i < 200 && (await keys()).length > 0; i++) {
      Bun.gc(true);
      await turn();
    }
    assert.deepEqual(await keys(), []);
  },
);

test("append keeps the streams of older generations", async () => {
  await withFakeTime(1_000_000, async (clock) => {
    const { deja, recorder, stored, keys } = setUp();
    let version = 0;
    const f = deja.persistent("f", (_id: string) => letters(1).fn(String(++version)), {
      expiry: "append",
    });
    await text(await f("a"));
    await stored();
    recorder.take();
    clock.advance(1000);
    await text(await f.refresh("a"));
    await stored();
    assert.lengthOf((await keys()).filter((key) => key.includes(".")), 2);
    await f.delete("a");
    assert.deepEqual(await keys(), []);
  });
});

for (const [which, at] of [["first", 0], ["middle", 1], ["last", 3]] as const) {
  test(`a stream whose ${which} part was evicted is a miss before the first byte goes out`, async () => {
    const { deja, store, keys, stored, recorder } = setUp();
    let runs = 0;
    const f = deja.persistent("f", () => {
      runs++;
      let given = 0;
      return new ReadableStream<Uint8Array<ArrayBuffer>>({
        pull(controller) {
          if (given === 4) controller.close();
          else controller.enqueue(new Uint8Array(PART_BYTES).fill(++given));
        },
      }, { highWaterMark: 0 });
    });
    const read = async () => (await new Response(await f()).bytes()).length;
    assert.equal(await read(), 4 * PART_BYTES);
    await stored();
    assert.isTrue(await store.delete((await keys()).find((key) => key.endsWith(`.${at}`))!));
    recorder.take();
    assert.equal(await read(), 4 * PART_BYTES);
    assert.equal(runs, 2);
    await stored();
    assert.deepEqual(recorder.take().slice(0, 2), ["corrupt", "miss"]);
    assert.equal(await read(), 4 * PART_BYTES);
    assert.equal(runs, 2);
  });
}

test("a stream whose parts are gone is computed again, with an event", async () => {
  const { deja, store, keys, stored, recorder } = setUp();
  const f = deja.persistent("f", letters(3).fn);
  await text(await f("a"));
  await stored();
  await store.delete((await keys()).find((key) => key.includes("."))!);
  recorder.take();
  assert.equal(await text(await f("a")), "aaa");
  assert.deepEqual(recorder.take().slice(0, 2), ["corrupt", "miss"]);
});

/** A memory store whose records, but not its parts, are written when the test says so. */
function gated(gate: Promise<void>): Store {
  const store = memoryStore();
  return new Proxy(store, {
    get: (target, property) => {
      if (property === "set") {
        return async (...args: Parameters<Store["set"]>) => {
          if (!args[0].includes(".")) await gate;
          await target.set(...args);
        };
      }
      const member = Reflect.get(target, property);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}

const ENDING: readonly (readonly [what: string, make: () => unknown])[] = [
  ["stream", () => letters(3).fn("a")],
  ["generator", async function* () {
    yield await Promise.resolve(1);
  }],
  ["response", () => new Response("abc")],
  ["response without a body", () => new Response(null, { status: 204 })],
];

for (const [what, make] of ENDING) {
  test(`who has read a ${what} to its end finds it stored, though the program ends there`, async () => {
    const gate = Promise.withResolvers<void>();
    const { deja, recorder } = setUp(gated(gate.promise));
    const f = deja.persistent("f", make, { code: "ignore" });
    const read = async () => {
      const result = await f();
      if (result instanceof Response) await result.text();
      else for await (const _ of result as AsyncIterable<unknown>);
    };
    let isOver = false;
    const reading = read().then(() => isOver = true);
    for (let i = 0; i < 20; i++) await turn();
    assert.isFalse(isOver);
    gate.resolve();
    await reading;
    assert.include(recorder.take(), "store");
  });
}

test("readers who share a stream all hear of its end, or may give up, while it is stored", async () => {
  const gate = Promise.withResolvers<void>();
  const { deja, recorder } = setUp(gated(gate.promise));
  const { fn, cancelled } = letters(3);
  const f = deja.persistent("f", fn);
  const abort = new AbortController();
  const impatient = await f("a", abort.signal);
  const results = [await f("a"), await f("a")];
  const texts = results.map(text);
  const given = reasonOf(text(impatient));
  for (let i = 0; i < 20; i++) await turn();
  const reason = new Error("enough");
  abort.abort(reason);
  assert.strictEqual(await given, reason);
  gate.resolve();
  assert.deepEqual(await Promise.all(texts), ["aaa", "aaa"]);
  assert.include(recorder.take(), "store");
  assert.isEmpty(cancelled);
});

test("a record that cannot be written costs an event, and the stream has its end", async () => {
  const { promise, reject } = Promise.withResolvers<void>();
  const { deja, recorder } = setUp(gated(promise));
  const reading = text(await deja.persistent("f", letters(3).fn)("a"));
  reject(new Error("No space"));
  assert.equal(await reading, "aaa");
  assert.include(recorder.take(), "store-error");
});
