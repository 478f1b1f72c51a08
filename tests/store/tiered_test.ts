import { DecodeError, StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/mod.ts";
import {
  type InvalidationChannel,
  type TieredEvent,
  tieredStore,
  type TieredStoreOptions,
} from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { localChannel } from "./_channel.ts";
import { flakyStore } from "./_flaky.ts";

const OLD = Uint8Array.of(1, 2, 3);
const NEW = Uint8Array.of(4, 5, 6, 7);
const START = 1_000_000;

function types(events: readonly TieredEvent[]): string[] {
  return events.map((event) => "index" in event ? `${event.type} ${event.index}` : event.type);
}

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys.sort();
}

test("tieredStore() copies what a slower tier has into the faster ones", async () => {
  const [first, second, third] = [memoryStore(), memoryStore(), memoryStore()];
  await using store = tieredStore([first, second, third]);
  await third.set("key", OLD);
  assert.deepEqual(await store.get("key"), OLD);
  await store.flush();
  assert.deepEqual(await first.get("key"), OLD);
  assert.deepEqual(await second.get("key"), OLD);
});

test("tieredStore() keeps the expiry of what it copies, and no copy outlives backfillTtl", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const [fast, slow] = [memoryStore(), memoryStore()];
    await using store = tieredStore([fast, slow], { backfillTtl: "10s" });
    await slow.set("short", OLD, { expires: START + 5000 });
    await slow.set("long", OLD);
    await store.get("short");
    await store.get("long");
    await store.flush();
    assert.deepEqual(await keysOf(fast), ["long", "short"]);
    advance(5000);
    assert.deepEqual(await keysOf(fast), ["long"]);
    advance(5000);
    assert.deepEqual(await keysOf(fast), []);
    assert.deepEqual(await store.get("long"), OLD);
  });
});

test("tieredStore() keeps a copy for a minute where the original does not tell its expiry", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const silent = flakyStore("silent", { expiry: false });
    const { get } = silent;
    silent.get = (key) => get(key);
    await silent.set("key", OLD, { expires: START + 3_600_000 });
    const fast = memoryStore();
    await using store = tieredStore([fast, silent]);
    assert.isFalse(store.supports.expiry);
    await store.get("key");
    await store.flush();
    advance(59_999);
    assert.isDefined(await fast.get("key"));
    advance(1);
    assert.isUndefined(await fast.get("key"));
  });
});

test("tieredStore() does not copy what is changed while it is looked up", async () => {
  const [fast, slow] = [memoryStore(), flakyStore("slow")];
  await using store = tieredStore([fast, slow]);
  for (const change of ["set", "delete"]) {
    await slow.set("key", OLD);
    const gate = Promise.withResolvers<void>();
    slow.hold = gate.promise;
    const asked = slow.calls.length;
    const reading = store.get("key");
    while (slow.calls.length === asked) await Promise.resolve();
    if (change === "set") await store.set("key", NEW);
    else await store.delete("key");
    slow.hold = undefined;
    gate.resolve();
    assert.deepEqual(await reading, OLD, "The look-up began before the change");
    await store.flush();
    assert.deepEqual(await store.get("key"), change === "set" ? NEW : undefined);
    await store.delete("key");
  }
});

test("tieredStore() leaves the same value in all tiers after concurrent sets", async () => {
  const [fast, slow] = [memoryStore(), flakyStore("slow")];
  await using store = tieredStore([fast, slow]);
  const { set } = slow;
  let turn = 0;
  slow.set = async (...args) => {
    // The earlier of two calls takes longer.
    for (let i = 0; i < 10 - turn++; i++) await Promise.resolve();
    await set(...args);
  };
  const values = Array.from({ length: 5 }, (_, i) => Uint8Array.of(i));
  await Promise.all(values.map((value) => store.set("key", value)));
  assert.deepEqual(await fast.get("key"), values[4]);
  assert.deepEqual(await slow.get("key"), values[4]);
});

test("tieredStore() leaves a failing tier alone, tells of it, and tries it again later", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const events: TieredEvent[] = [];
    const [fast, slow] = [flakyStore("fast"), memoryStore()];
    await using store = tieredStore([fast, slow], { onEvent: (event) => events.push(event) });
    await slow.set("key", OLD);
    fast.broken = true;
    assert.deepEqual(await store.get("key"), OLD);
    const asked = fast.calls.length;
    assert.deepEqual(await store.get("key"), OLD);
    assert.lengthOf(fast.calls, asked);
    assert.deepEqual(types(events), ["failure 0"]);
    assert.include(events[0], { tier: "fast", operation: "get", key: "key", retryIn: 1000 });
    advance(1000);
    await store.get("key");
    assert.include(events[1], { type: "failure", retryIn: 2000 });
    advance(1999);
    await store.get("key");
    assert.lengthOf(events, 2);
    advance(1);
    fast.broken = false;
    await store.get("key");
    assert.deepEqual(types(events), ["failure 0", "failure 0", "recovery 0"]);
    await store.flush();
    assert.deepEqual(await fast.get("key"), OLD);
  });
});

test("tieredStore() goes on without a tier that takes longer than its timeout", async () => {
  const events: TieredEvent[] = [];
  const [fast, slow] = [flakyStore("fast"), memoryStore()];
  await slow.set("key", OLD);
  const gate = Promise.withResolvers<void>();
  fast.hold = gate.promise;
  const onEvent = (event: TieredEvent) => events.push(event);
  await using store = tieredStore([fast, slow], { timeout: 1, onEvent });
  assert.deepEqual(await store.get("key"), OLD);
  assert.deepEqual(types(events), ["failure 0"]);
  assert.match((events[0] as { error: Error }).error.message, /fast store took longer over a get/);
  gate.resolve();
});

test("tieredStore() neither hands out nor forgets what a late change may have overwritten", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const [fast, slow] = [flakyStore("fast"), memoryStore()];
    const gate = Promise.withResolvers<void>();
    const { set } = fast;
    let late: Promise<void> | undefined;
    fast.set = (...args) => late = gate.promise.then(() => set(...args));
    await using store = tieredStore([fast, slow], { timeout: 1, onEvent: () => {} });
    await store.set("key", OLD);
    fast.set = set;
    advance(1000);
    await store.set("key", NEW);
    assert.deepEqual(await store.get("key"), NEW);
    const error = await rejects(store.delete("key"), StoreError);
    assert.match(error.message, /other processes may still see its entry/);
    gate.resolve();
    await late;
    assert.deepEqual(await fast.get("key"), OLD, "The late change came last");
    advance(60_000);
    assert.isUndefined(await store.get("key"));
    await store.flush();
    assert.isUndefined(await fast.get("key"));
  });
});

test("tieredStore() leaves a tier alone for retryAtMost at most, and not for longer when the clock is set back", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const waits: number[] = [];
    const [fast, slow] = [flakyStore("fast"), memoryStore()];
    await using store = tieredStore([fast, slow], {
      retryAfter: 100,
      retryAtMost: 300,
      onEvent: (event) => event.type === "failure" && waits.push(event.retryIn),
    });
    fast.broken = true;
    for (let i = 0; i < 4; i++) {
      await store.get("key");
      advance(300);
    }
    assert.deepEqual(waits, [100, 200, 300, 300]);
    advance(-1_000_000);
    await store.get("key");
    assert.lengthOf(waits, 5);
  });
});

test("tieredStore() hands out nothing from a tier that missed a change", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const [fast, slow] = [flakyStore("fast"), memoryStore()];
    await using store = tieredStore([fast, slow], { onEvent: () => {} });
    await store.set("key", OLD);
    await store.set("other", OLD);
    fast.broken = true;
    await store.set("key", NEW);
    assert.deepEqual(await store.get("key"), NEW);
    fast.broken = false;
    assert.deepEqual(await fast.get("key"), OLD);
    advance(1000);
    assert.deepEqual(await store.get("key"), NEW);
    const sizes = new Map<string, number>();
    for await (const { key, size } of store.list()) sizes.set(key, size);
    assert.deepEqual([...sizes].sort(), [["key", 4], ["other", 3]]);
    await store.flush();
    assert.notDeepEqual(await fast.get("key"), OLD);
    await store.get("key");
    await store.flush();
    assert.deepEqual(await fast.get("key"), NEW);
  });
});

test("tieredStore() rejects a delete that may leave an entry, and does not hand it out", async () => {
  const [fast, slow] = [memoryStore(), flakyStore("slow")];
  await using store = tieredStore([fast, slow], { onEvent: () => {} });
  await store.set("key", OLD);
  slow.broken = true;
  const error = await rejects(store.delete("key"), StoreError, /other processes may still see/);
  assert.instanceOf(error.cause, StoreError);
  slow.broken = false;
  assert.isUndefined(await store.get("key"));
  assert.isFalse(await store.delete("key"));
  assert.isUndefined(await slow.get("key"));
});

test("tieredStore() rejects where every tier fails, with the cause", async () => {
  const tiers = [flakyStore("fast"), flakyStore("slow")];
  await using store = tieredStore(tiers, { onEvent: () => {} });
  for (const tier of tiers) tier.broken = true;
  for (const act of [() => store.get("key"), () => store.set("key", OLD), () => keysOf(store)]) {
    const error = await rejects(act(), StoreError, /fast, slow/);
    assert.match(String(error.cause), /Broken/);
  }
});

test("tieredStore() takes a damaged entry for missing, and the tier for sound", async () => {
  const events: TieredEvent[] = [];
  const [fast, slow] = [flakyStore("fast"), memoryStore()];
  const { get } = fast;
  fast.get = async (key) => {
    if (key !== "damaged") return await get(key);
    const cause = new DecodeError("Cut", { offset: 3 });
    throw new StoreError("Damaged", { store: "fast", operation: "get", cause });
  };
  await using store = tieredStore([fast, slow], { onEvent: (event) => events.push(event) });
  await slow.set("damaged", NEW);
  await fast.set("sound", OLD);
  assert.deepEqual(await store.get("damaged"), NEW);
  assert.deepEqual(await store.get("sound"), OLD);
  assert.deepEqual(types(events), ["corrupt 0"]);
});

test("tieredStore() passes on a signal, and takes it for no failure", async () => {
  const events: TieredEvent[] = [];
  const slow = flakyStore("slow");
  await using store = tieredStore([slow], { onEvent: (event) => events.push(event) });
  const controller = new AbortController();
  const gate = Promise.withResolvers<void>();
  slow.get = async (_, options) => {
    await gate.promise;
    options?.signal?.throwIfAborted();
    return undefined;
  };
  const reading = store.get("key", { signal: controller.signal });
  controller.abort(new SyntaxError("Enough"));
  gate.resolve();
  await rejects(reading, SyntaxError, /Enough/);
  assert.isEmpty(events);
});

test("tieredStore() writes what is larger than a tier takes to the others, and drops the old entry", async () => {
  const [fast, slow] = [memoryStore({ maxBytes: 3 }), memoryStore()];
  await using store = tieredStore([fast, slow]);
  await store.set("key", OLD);
  await store.set("key", NEW);
  assert.isUndefined(await fast.get("key"));
  assert.deepEqual(await store.get("key"), NEW);
  await store.flush();
  assert.isUndefined(await fast.get("key"));
  await using small = tieredStore([memoryStore({ maxBytes: 1 }), memoryStore({ maxBytes: 3 })]);
  assert.equal(small.supports.maxBytes, 3);
  await small.set("key", OLD);
  await rejects(small.set("key", NEW), StoreError, /its tiers take 3 bytes at most/);
  assert.deepEqual(await small.get("key"), OLD, "What no tier takes costs no tier its entry");
});

test('tieredStore() with write: "behind" is done when the fastest tier is', async () => {
  const [fast, slow] = [memoryStore({ maxEntries: 1 }), flakyStore("slow")];
  const gate = Promise.withResolvers<void>();
  const { set } = slow;
  slow.set = async (...args) => {
    await gate.promise;
    await set(...args);
  };
  await using store = tieredStore([fast, slow], { write: "behind" });
  await store.set("key", OLD);
  await store.set("other", NEW); // pushes the first out of the fast tier
  assert.isUndefined(await slow.get("key"));
  assert.deepEqual(await store.get("key"), OLD);
  assert.deepEqual(await keysOf(store), ["key", "other"]);
  gate.resolve();
  await store.flush();
  assert.deepEqual(await slow.get("key"), OLD);
  assert.deepEqual(await slow.get("other"), NEW);
});

test('tieredStore() with write: "behind" writes the newest of several values, and none that was deleted', async () => {
  const [fast, slow] = [memoryStore(), flakyStore("slow")];
  await using store = tieredStore([fast, slow], { write: "behind", onEvent: () => {} });
  slow.broken = true;
  await store.set("key", OLD);
  await store.set("gone", OLD);
  await store.flush();
  slow.broken = false;
  await store.set("key", NEW);
  await store.delete("gone");
  await withFakeTime(Date.now() + 5000, () => store.flush());
  assert.deepEqual(await slow.get("key"), NEW);
  assert.isUndefined(await slow.get("gone"));
});

test('tieredStore() with write: "behind" keeps what cannot be written, and tells what is lost', async () => {
  await withFakeTime(START, async ({ advance }) => {
    const events: TieredEvent[] = [];
    const [fast, slow] = [memoryStore({ maxEntries: 1 }), flakyStore("slow")];
    const store = tieredStore([fast, slow], {
      write: "behind",
      onEvent: (event) => events.push(event),
    });
    slow.broken = true;
    await store.set("a", OLD);
    await store.set("b", NEW);
    await store.flush();
    assert.deepEqual(await store.get("a"), OLD);
    slow.broken = false;
    advance(1000);
    await store.flush();
    assert.deepEqual(await slow.get("a"), OLD);
    slow.broken = true;
    await store.set("c", OLD);
    await store[Symbol.asyncDispose]();
    assert.includeMembers(types(events), ["failure 1", "recovery 1", "lost"]);
    assert.deepInclude(events, { type: "lost", key: "c" });
  });
});

test('tieredStore() with write: "behind" writes all that waits when it is closed', async () => {
  const slow = flakyStore("slow");
  const store = tieredStore([memoryStore(), slow], { write: "behind", maxBehind: 3 });
  const sets = Array.from({ length: 20 }, (_, i) => store.set(`key ${i}`, Uint8Array.of(i)));
  await Promise.all(sets);
  await store[Symbol.asyncDispose]();
  assert.lengthOf(slow.calls.filter((call) => call.startsWith("set ")), 20);
});

test("tieredStore() reads through to a read-only tier and does not write to it", async () => {
  const served = flakyStore("served", { readOnly: true });
  await served.set("key", OLD);
  const asked = served.calls.length;
  await using store = tieredStore([memoryStore(), served]);
  assert.isUndefined(store.supports.readOnly);
  assert.deepEqual(await store.get("key"), OLD);
  await store.set("other", NEW);
  assert.isEmpty(served.calls.slice(asked).filter((call) => call.startsWith("set")));
  await rejects(store.delete("key"), StoreError, /served tier has it and is read-only/);
  assert.isTrue(await store.delete("other"));
  await using only = tieredStore([served]);
  assert.isTrue(only.supports.readOnly);
  await rejects(only.set("key", NEW), StoreError, /read-only/);
});

test("tieredStore() drops from memory what another handle changes", async () => {
  const shared = flakyStore("shared", { persistent: true });
  const invalidation = localChannel();
  const [first, second] = [memoryStore(), memoryStore()];
  await using one = tieredStore([first, shared], { invalidation });
  await using two = tieredStore([second, shared], { invalidation });
  await one.set("key", OLD);
  assert.deepEqual(await two.get("key"), OLD);
  await two.flush();
  await one.set("key", NEW);
  assert.isUndefined(await second.get("key"));
  assert.deepEqual(await two.get("key"), NEW);
  await two.delete("key");
  assert.isUndefined(await first.get("key"));
  assert.isUndefined(await one.get("key"));
});

test("tieredStore() takes no notice of foreign messages on the channel", async () => {
  const invalidation = localChannel();
  const fast = memoryStore();
  await using store = tieredStore([fast, memoryStore()], { invalidation });
  await store.set("key", OLD);
  for (const message of ["", "null", "{", "[]", '{"key":"key"}', '{"deja":2,"key":"key"}']) {
    invalidation.publish(message);
  }
  invalidation.publish(invalidation.messages[0]); // its own
  assert.deepEqual(await fast.get("key"), OLD);
  invalidation.publish('{"deja":1,"from":"another","key":"key"}');
  assert.isUndefined(await fast.get("key"));
});

test("tieredStore() goes on without a channel that fails, and tells of it", async () => {
  const events: TieredEvent[] = [];
  const invalidation: InvalidationChannel = {
    publish: () => Promise.reject(new Error("Not connected")),
    subscribe: () => Promise.reject(new Error("Not connected")),
  };
  await using store = tieredStore([memoryStore(), memoryStore()], {
    invalidation,
    onEvent: (event) => events.push(event),
  });
  await store.set("key", OLD);
  assert.deepEqual(await store.get("key"), OLD);
  assert.deepEqual(types(events), ["invalidation", "invalidation"]);
});

test("tieredStore() tells other handles of changes by BroadcastChannel", async () => {
  const shared = flakyStore("shared", { persistent: true });
  const second = memoryStore();
  const invalidation = `deja test ${crypto.randomUUID()}`;
  await using one = tieredStore([memoryStore(), shared], { invalidation });
  await using two = tieredStore([second, shared], { invalidation });
  await one.set("key", OLD);
  await two.get("key");
  await two.flush();
  await one.set("key", NEW);
  while (await second.get("key") !== undefined) {
    await new Promise((resolve) => setTimeout(resolve, 1));
  }
  assert.deepEqual(await two.get("key"), NEW);
});

test("tieredStore() says so where there is no BroadcastChannel", () => {
  const real = globalThis.BroadcastChannel;
  const host = globalThis as { BroadcastChannel?: unknown };
  try {
    host.BroadcastChannel = undefined;
    const open = () => tieredStore([memoryStore()], { invalidation: "name" });
    assert.throws(open, TypeError, /has no BroadcastChannel/);
  } finally {
    host.BroadcastChannel = real;
  }
});

test("tieredStore() refuses tiers and options that make no sense", () => {
  assert.throws(() => tieredStore([]), RangeError, /one store at least/);
  assert.throws(() => tieredStore(memoryStore() as unknown as Store[]), TypeError, /an array/);
  const readOnly = flakyStore("served", { readOnly: true });
  assert.throws(() => tieredStore([readOnly, memoryStore()]), RangeError, /put it last/);
  const stores = [memoryStore()];
  for (
    const [options, type, message] of [
      [{ write: "later" }, TypeError, /"all" or "behind"/],
      [{ maxBehind: 0 }, RangeError, /positive integer/],
      [{ backfillTtl: "soon" }, TypeError, /backfillTtl must be/],
      [{ retryAfter: 0 }, RangeError, /retryAfter must be more/],
      [{ retryAtMost: -1 }, RangeError, /retryAtMost must be more/],
      [{ invalidation: {} }, TypeError, /publish and subscribe/],
    ] as const
  ) {
    assert.throws(
      () => tieredStore(stores, options as unknown as TieredStoreOptions),
      type,
      message,
    );
  }
});

test("tieredStore() takes leases and streams from the next tier where the slowest fails", async () => {
  const events: TieredEvent[] = [];
  const works = memoryStore();
  const fails = () => Promise.reject(new StoreError("Broken", { store: "slow", operation: "set" }));
  let asked = 0;
  const slow: Store = {
    ...flakyStore("slow", { lease: true, streams: true }),
    lease: () => {
      asked++;
      return fails();
    },
    set: fails,
    setStream: fails,
  };
  const onEvent = (event: TieredEvent) => events.push(event);
  await using store = tieredStore([works, slow], { onEvent });
  {
    await using lease = await store.lease!("key", 60_000);
    assert.isUndefined(await store.lease!("key", 60_000), "Held");
    assert.equal(asked, 1, "The slow tier rests");
    await store.set("key", OLD, { lease });
  }
  assert.deepEqual(await works.get("key"), OLD);
  await store.setStream!("streamed", new Blob([NEW]).stream());
  assert.deepEqual(await store.get("streamed"), NEW);
  // It drops its entry for the one that was streamed.
  assert.deepEqual(types(events), ["failure 1", "recovery 1"]);
});

test("tieredStore() goes on without a lease of a tier that hangs, and gives it back", async () => {
  const gate = Promise.withResolvers<void>();
  const returned = Promise.withResolvers<void>();
  const slow: Store = {
    ...flakyStore("slow", { lease: true }),
    lease: async (key) => {
      await gate.promise;
      const dispose = () => Promise.resolve(returned.resolve());
      return { key, token: 1, renew: () => Promise.resolve(true), [Symbol.asyncDispose]: dispose };
    },
  };
  await using store = tieredStore([slow], { timeout: 1, onEvent: () => {} });
  await rejects(store.lease!("key", 60_000), StoreError, /all its tiers fail/);
  gate.resolve();
  await returned.promise;
});

test("tieredStore() counts neither a lost lease nor a broken stream as a failure of a tier", async () => {
  const events: TieredEvent[] = [];
  const onEvent = (event: TieredEvent) => events.push(event);
  await using store = tieredStore([memoryStore()], { onEvent });
  const lease = await store.lease!("key", 60_000);
  await lease![Symbol.asyncDispose]();
  await rejects(store.set("key", OLD, { lease }), StoreError);
  const broken = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.error(new RangeError("Broken")),
  });
  await rejects(store.setStream!("key", broken), RangeError, /Broken/);
  assert.isEmpty(events);
});

test("tieredStore() says in its manifest what its tiers can do together", async () => {
  const memory = memoryStore();
  const place = flakyStore("place", { persistent: true, lease: true });
  const name = (stores: Store[], options = {}) => tieredStore(stores, options).supports;
  assert.isFalse(name([memory, place]).persistent);
  assert.isTrue(name([place, place]).persistent);
  assert.isTrue(name([memory, place], { invalidation: localChannel() }).persistent);
  assert.isFalse(name([place, place], { write: "behind" }).persistent);
  assert.isTrue(name([memory, place]).lease);
  assert.isTrue(name([memory, place]).streams);
  assert.isFalse(name([place]).streams);
  await using leasing = tieredStore([flakyStore("plain")]);
  assert.isFalse(leasing.supports.lease);
  await rejects(leasing.lease!("key", 1000), StoreError, /none of its tiers leases/);
});
