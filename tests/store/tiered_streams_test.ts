import { StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/mod.ts";
import { type TieredEvent, tieredStore } from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";

const MIB = 1024 * 1024;
const PIECE = 64 * 1024;
const NEW = Uint8Array.of(4, 5, 6, 7);
const START = 1_000_000;

/** Bytes of which no two pieces are alike. */
function sample(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i ^ (i >> 8) ^ (i >> 16));
}

/** A store in memory that claims to keep its entries elsewhere, as a folder would. */
function folderLike(changes: Partial<Store> = {}): Store {
  const inner = memoryStore();
  return {
    name: "folder",
    supports: { ...inner.supports, persistent: true },
    get: (key, options) => inner.get(key, options),
    set: (key, bytes, options) => inner.set(key, bytes, options),
    delete: (key, options) => inner.delete(key, options),
    list: (prefix, options) => inner.list(prefix, options),
    getStream: (key, options) => inner.getStream!(key, options),
    setStream: (key, stream, options) => inner.setStream!(key, stream, options),
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
    ...changes,
  };
}

async function readAll(stream: ReadableStream<Uint8Array>): Promise<Uint8Array> {
  return await new Response(stream as ReadableStream<Uint8Array<ArrayBuffer>>).bytes();
}

/** Reads some pieces, and gives the reader back. */
async function readSome(stream: ReadableStream<Uint8Array>, pieces: number) {
  const reader = stream.getReader();
  for (let i = 0; i < pieces; i++) await reader.read();
  return reader;
}

test("tieredStore() copies a stream into the faster tiers while it is read", async () => {
  const [first, second, slow] = [folderLike(), folderLike(), memoryStore()];
  await using store = tieredStore([first, second, slow]);
  const bytes = sample(3 * MIB + 5);
  await slow.set("key", bytes);
  const stream = await store.getStream!("key");
  for await (const piece of stream!) {
    assert.isUndefined(await first.get("key"), "Not before it is whole");
    piece.fill(0); // The reader's own.
  }
  await store.flush();
  assert.deepEqual(await first.get("key"), bytes);
  assert.deepEqual(await second.get("key"), bytes);
});

test("tieredStore() keeps the expiry of a stream that it copies, and no copy outlives backfillTtl", async () => {
  await withFakeTime(START, async ({ advance }) => {
    const [fast, slow] = [folderLike(), memoryStore()];
    await using store = tieredStore([fast, slow], { backfillTtl: "10s" });
    await slow.set("short", sample(100), { expires: START + 5000 });
    await slow.set("long", sample(100));
    const told: number[] = [];
    for (const key of ["short", "long"]) {
      const onEntry = ({ expires }: { expires: number }) => void told.push(expires);
      await readAll((await store.getStream!(key, { onEntry }))!);
    }
    await store.flush();
    assert.deepEqual(told, [START + 5000, Infinity]);
    advance(4999);
    assert.isDefined(await fast.get("short"));
    advance(1);
    assert.isUndefined(await fast.get("short"));
    assert.isDefined(await fast.get("long"));
    advance(5000);
    assert.isUndefined(await fast.get("long"));
  });
});

test("tieredStore() leaves nothing of a stream that is cancelled or that fails", async () => {
  const failure = new StoreError("Broken", { store: "slow", operation: "get" });
  for (const end of ["cancel", "fail"]) {
    let cancelled: unknown;
    let pieces = 0;
    const slow = folderLike({
      getStream: () =>
        Promise.resolve(
          new ReadableStream({
            pull(controller) {
              if (end === "fail" && pieces === 3) controller.error(failure);
              else controller.enqueue(sample(PIECE));
              pieces++;
            },
            cancel: (reason) => void (cancelled = reason),
          }),
        ),
    });
    let outcome: Promise<unknown> | undefined;
    const target = memoryStore();
    const fast = folderLike({
      get: (key) => target.get(key),
      setStream: async (key, stream) => {
        outcome = target.setStream!(key, stream).then(() => "written", () => "given up");
        if (await outcome === "given up") throw new Error("The stream failed");
      },
      getStream: () => Promise.resolve(undefined),
    });
    const events: TieredEvent[] = [];
    await using store = tieredStore([fast, slow], { onEvent: (event) => events.push(event) });
    const reader = await readSome((await store.getStream!("key"))!, 2);
    if (end === "cancel") await reader.cancel("enough");
    else {
      await reader.read();
      assert.strictEqual(await rejects(reader.read(), StoreError), failure);
    }
    assert.equal(await outcome, "given up");
    await store.flush();
    assert.isUndefined(await target.get("key"));
    assert.equal(cancelled, end === "cancel" ? "enough" : undefined);
    assert.isEmpty(events, "That says nothing against the tier");
  }
});

test("tieredStore() gives a stream on at the reader's pace, whatever a faster tier does", async () => {
  const hangs = new Promise<never>(() => {});
  const fails = () => Promise.reject(new StoreError("Full", { store: "fast", operation: "set" }));
  for (const setStream of [() => hangs, fails]) {
    const events: TieredEvent[] = [];
    const slow = memoryStore();
    const bytes = sample(12 * MIB);
    await slow.set("key", bytes);
    const target = folderLike({ setStream });
    const store = tieredStore([target, slow], { onEvent: (event) => events.push(event) });
    assert.deepEqual(await readAll((await store.getStream!("key"))!), bytes);
    await store.flush();
    assert.isUndefined(await target.get("key"));
    assert.lengthOf(events, setStream === fails ? 1 : 0);
    // What goes wrong with one copy is no reason not to try the next.
    await store[Symbol.asyncDispose]();
  }
});

test("tieredStore() gives up a copy of a stream that lags more than 8 MiB behind", async () => {
  const slow = memoryStore();
  await slow.set("key", sample(12 * MIB));
  let stream: ReadableStream<Uint8Array> | undefined;
  const gate = Promise.withResolvers<void>();
  const fast = folderLike({
    setStream: async (_, given) => {
      stream = given;
      await gate.promise;
    },
  });
  await using store = tieredStore([fast, slow]);
  const half = await readSome((await store.getStream!("key"))!, 7 * MIB / PIECE);
  assert.isFalse(await isBroken(stream!));
  for (let i = 0; i < 2 * MIB / PIECE; i++) await half.read();
  assert.isTrue(await isBroken(stream!));
  while (!(await half.read()).done);
  gate.resolve();
});

/** Whether a stream that nobody reads has failed. */
async function isBroken(stream: ReadableStream<Uint8Array>): Promise<boolean> {
  const reader = stream.getReader();
  const closed = reader.closed.then(() => false, () => true);
  const pending = Promise.resolve().then(() => Promise.resolve()).then(() => false);
  const broken = await Promise.race([closed, pending]);
  reader.releaseLock();
  return broken;
}

test("tieredStore() asks a slower tier for no more of a stream than is read", async () => {
  let pulled = 0;
  const slow = folderLike({
    getStream: () =>
      Promise.resolve(
        new ReadableStream({
          pull: (controller) => controller.enqueue(sample(++pulled)),
        }, { highWaterMark: 0 }),
      ),
  });
  await using store = tieredStore([folderLike({ getStream: none, get: none }), slow]);
  const reader = await readSome((await store.getStream!("key"))!, 3);
  await store.flush();
  assert.equal(pulled, 3);
  await reader.cancel();
});

const none = () => Promise.resolve(undefined);

test("tieredStore() does not copy a stream into a tier whose entry changes meanwhile", async () => {
  for (const change of ["set", "delete"]) {
    const [fast, slow] = [folderLike(), memoryStore()];
    await using store = tieredStore([fast, slow]);
    await slow.set("key", sample(MIB));
    const reader = await readSome((await store.getStream!("key"))!, 2);
    if (change === "set") await store.set("key", NEW);
    else await store.delete("key");
    while (!(await reader.read()).done);
    await store.flush();
    assert.deepEqual(await fast.get("key"), change === "set" ? NEW : undefined);
    assert.deepEqual(await store.get("key"), change === "set" ? NEW : undefined);
  }
});

test("tieredStore() does not hold up a set by a stream that nobody reads on", async () => {
  const [fast, slow] = [folderLike(), memoryStore()];
  await using store = tieredStore([fast, slow]);
  await slow.set("key", sample(MIB));
  const reader = await readSome((await store.getStream!("key"))!, 2);
  await store.set("key", NEW);
  assert.deepEqual(await fast.get("key"), NEW);
  await reader.cancel();
});

test("tieredStore() copies streams of up to 1 MiB into tiers in memory, and into those without streams", async () => {
  const plain = () => {
    const { getStream: _, setStream: __, ...store } = folderLike();
    return { ...store, supports: { ...store.supports, streams: false } };
  };
  for (const fast of [memoryStore(), plain(), memoryStore({ maxBytes: MIB })]) {
    const slow = folderLike();
    await using store = tieredStore([fast, slow]);
    await slow.set("small", sample(MIB));
    await slow.set("large", sample(MIB + 1));
    for (const key of ["small", "large"]) await readAll((await store.getStream!(key))!);
    await store.flush();
    assert.deepEqual(await fast.get("small"), sample(MIB));
    assert.isUndefined(await fast.get("large"));
  }
});

test("tieredStore() gives up the copies of streams when it is closed", async () => {
  const target = memoryStore();
  const [fast, slow] = [
    folderLike({ setStream: (key, stream) => target.setStream!(key, stream) }),
    memoryStore(),
  ];
  const store = tieredStore([fast, slow]);
  await slow.set("key", sample(MIB));
  const reader = await readSome((await store.getStream!("key"))!, 2);
  await store[Symbol.asyncDispose]();
  while (!(await reader.read()).done);
  assert.isUndefined(await target.get("key"));
});

test("tieredStore() lets go of a stream that comes when nobody waits for it any more", async () => {
  const late = Promise.withResolvers<ReadableStream<Uint8Array<ArrayBuffer>>>();
  const cancelled = Promise.withResolvers<void>();
  const slow = folderLike({ getStream: () => late.promise });
  await using store = tieredStore([memoryStore(), slow], { timeout: 1, onEvent: () => {} });
  assert.isUndefined(await store.getStream!("key"));
  late.resolve(new ReadableStream({ cancel: () => cancelled.resolve() }));
  await cancelled.promise;
});

test("tieredStore() does not blame a tier for a stream that fails with a StoreError of its own", async () => {
  const events: TieredEvent[] = [];
  await using store = tieredStore([memoryStore()], { onEvent: (event) => void events.push(event) });
  await store.set("other", NEW);
  const gone = new StoreError("Gone", { store: "source", operation: "get" });
  const source = new ReadableStream({ pull: (controller) => controller.error(gone) });
  await rejects(store.setStream!("key", source), StoreError, /^Gone$/);
  assert.deepEqual(await store.get("other"), NEW);
  assert.deepEqual(events, []);
});

for (const sizes of [[200, 100], [100, 200]]) {
  test(`tieredStore() with tiers of ${sizes.join(" and ")} bytes takes streams of 200, and blames none for 201`, async () => {
    const events: TieredEvent[] = [];
    const tiers = sizes.map((maxBytes) => memoryStore({ maxBytes }));
    await using store = tieredStore(tiers, { onEvent: (event) => void events.push(event) });
    const stream = (size: number) => new Blob([sample(size)]).stream();
    await store.setStream!("key", stream(200));
    assert.deepEqual(await store.get("key"), sample(200));
    await rejects(store.setStream!("key", stream(201)), StoreError, /its tiers take 200 bytes at/);
    assert.deepEqual(await store.get("key"), sample(200));
    assert.deepEqual(events, []);
  });
}

test("tieredStore() gives a setStream up that waits for an earlier change, and writes nothing then", async () => {
  const [begun, held] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const inner = memoryStore();
  const slow = folderLike({
    get: (key) => inner.get(key),
    set: async (key, bytes) => {
      begun.resolve();
      await held.promise;
      await inner.set(key, bytes);
    },
    setStream: (key, stream, options) => inner.setStream!(key, stream, options),
  });
  await using store = tieredStore([slow]);
  const earlier = store.set("key", NEW);
  await begun.promise;
  const cancelled = Promise.withResolvers<unknown>();
  const source = new ReadableStream({ cancel: cancelled.resolve });
  const controller = new AbortController();
  const given = store.setStream!("key", source, { signal: controller.signal });
  controller.abort(new SyntaxError("Enough"));
  await rejects(given, SyntaxError, /Enough/);
  assert.instanceOf(await cancelled.promise, SyntaxError);
  held.resolve();
  await earlier;
  await store.flush();
  assert.deepEqual(await store.get("key"), NEW);
});

test("tieredStore() ends a setStream whose stream stands still when it is closed", async () => {
  const begun = Promise.withResolvers<void>();
  const cancelled = Promise.withResolvers<void>();
  const source = new ReadableStream({
    pull: () => begun.resolve(),
    cancel: () => cancelled.resolve(),
  });
  const store = tieredStore([memoryStore(), memoryStore()]);
  const given = rejects(store.setStream!("key", source), StoreError, /was closed meanwhile/);
  await begun.promise;
  await store[Symbol.asyncDispose]();
  await given;
  await cancelled.promise;
});
