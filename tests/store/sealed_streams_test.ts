import { DecodeError, StoreError } from "../../lib/errors.ts";
import { join } from "../../lib/store/_streams.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import {
  type BrokenSealEvent,
  sealedStore,
  type SealedStoreOptions,
  type Store,
} from "../../lib/store/mod.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";

const SECRET = "only we know this secret";
const PIECE = 65_536;
const HEADER = 32;
const HOUR_MS = 3_600_000;

/** Bytes of which no two pieces are alike. */
function sample(size: number): Uint8Array<ArrayBuffer> {
  return Uint8Array.from({ length: size }, (_, i) => i ^ (i >> 8) ^ (i >> 16));
}

/** A stream of the same bytes in parts of a size that fits no piece. */
function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at += 50_001));
    },
  });
}

async function readStream(store: Store, key: string): Promise<Uint8Array | undefined> {
  const stream = await store.getStream!(key);
  return stream && await new Response(stream).bytes();
}

for (const encrypt of [false, true]) {
  const form = encrypt ? "sealed and encrypted" : "sealed";
  const added = encrypt ? 16 : 32;

  test(`sealedStore() reads whole what was ${form} as a stream, and the other way round`, async () => {
    const inner = memoryStore();
    const store = sealedStore(inner, { secret: SECRET, encrypt });
    for (const size of [0, 1, PIECE - 1, PIECE, PIECE + 1, 2 * PIECE, 3 * PIECE + 7]) {
      const bytes = sample(size);
      await store.setStream!("stream", streamOf(bytes));
      await store.set("whole", bytes);
      for (const key of ["stream", "whole"]) {
        assert.deepEqual(await store.get(key), bytes, `${key} of ${size}`);
        assert.deepEqual(await readStream(store, key), bytes, `stream of ${key} of ${size}`);
      }
      const sizes = await Array.fromAsync(store.list(), ({ size }) => size);
      assert.deepEqual(sizes, [size, size]);
      const pieces = Math.max(1, Math.ceil(size / PIECE));
      assert.equal((await inner.get("stream"))!.length, HEADER + size + pieces * added);
    }
  });

  test(`sealedStore() streams nothing on of ${form} pieces that were changed, cut, moved or swapped`, async () => {
    const events: BrokenSealEvent[] = [];
    const inner = memoryStore();
    const options = { secret: SECRET, encrypt, onEvent: (e: BrokenSealEvent) => events.push(e) };
    const store = sealedStore(inner, options);
    const bytes = sample(3 * PIECE + 100);
    await store.setStream!("key", streamOf(bytes));
    await store.set("other", bytes);
    const whole = (await inner.get("key"))!;
    const other = (await inner.get("other"))!;
    await store.setStream!("key", streamOf(bytes));
    const later = (await inner.get("key"))!;
    const from = (index: number) => HEADER + index * (PIECE + added);
    const piece = (index: number, entry = whole) => entry.subarray(from(index), from(index + 1));
    const header = whole.subarray(0, HEADER);
    const flipped = (at: number) => whole.map((byte, i) => i === at ? byte ^ 1 : byte);
    /** What was made of the entry, and how many pieces of it are still good. */
    const forgeries: Readonly<
      Record<string, readonly [parts: readonly Uint8Array[], good: number]>
    > = {
      "a byte of the header": [[flipped(20)], 0],
      "a byte of the first piece": [[flipped(from(0))], 0],
      "a byte of the third piece": [[flipped(from(2) + 5)], 2],
      "the last byte": [[flipped(whole.length - 1)], 3],
      "no last piece": [[whole.subarray(0, from(3))], 2],
      "cut in a piece": [[whole.subarray(0, from(2) + 10)], 2],
      "cut in the last piece": [[whole.subarray(0, whole.length - 1)], 3],
      "cut to less than a seal": [[whole.subarray(0, from(3) + 3)], 3],
      "only the header": [[header], 0],
      "bytes at its end": [[whole, Uint8Array.of(0)], 3],
      "its last piece twice": [[whole, piece(3)], 3],
      "two pieces the other way round": [[header, piece(0), piece(2), piece(1), piece(3)], 1],
      "a piece left out": [[header, piece(0), piece(2), piece(3)], 1],
      "a piece of another entry": [[header, piece(0), piece(1, other), piece(2), piece(3)], 1],
      "a piece of a later entry": [[header, piece(0), piece(1, later), piece(2), piece(3)], 1],
      "the header of a later entry": [[later.subarray(0, HEADER), whole.subarray(HEADER)], 0],
      "another entry": [[other], 0],
    };
    for (const [what, [parts, good]] of Object.entries(forgeries)) {
      events.length = 0;
      await inner.set("key", join(parts));
      assert.isUndefined(await store.get("key"), what);
      const stream = await store.getStream!("key");
      assert.equal(stream === undefined, good === 0, what);
      const read: Uint8Array[] = [];
      if (stream !== undefined) {
        const reading = (async () => {
          for await (const each of stream) read.push(each);
        })();
        const error = await rejects(reading, StoreError, /not handed out/);
        assert.instanceOf(error.cause, DecodeError);
      }
      const given = join(read);
      assert.isAtMost(given.length, good * PIECE, what);
      assert.deepEqual(given, bytes.subarray(0, given.length), what);
      assert.deepEqual(
        events.map(({ type, key }) => `${type} ${key}`),
        Array(2).fill("broken-seal key"),
      );
    }
    await inner.set("key", whole);
    assert.deepEqual(await readStream(store, "key"), bytes);
  });
}

test('sealedStore() with verify: "strict" rejects a stream whose beginning is not sealed', async () => {
  const inner = memoryStore();
  const store = sealedStore(inner, { secret: SECRET, verify: "strict" });
  for (const foreign of [new Uint8Array(), new Uint8Array(100), sample(200_000)]) {
    await inner.set("key", foreign);
    const error = await rejects(store.getStream!("key"), StoreError, /not handed out/);
    assert.instanceOf(error.cause, DecodeError);
  }
  assert.isUndefined(await store.getStream!("missing"));
});

test("sealedStore() lets a stream expire when it was set to, whatever the store says", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    const inner = memoryStore();
    const store = sealedStore(inner, { secret: SECRET });
    const expires = 1_000_000 + HOUR_MS;
    await store.setStream!("key", streamOf(sample(100)), { expires });
    await inner.set("key", (await inner.get("key"))!); // set anew, without expiry
    let told: number | undefined;
    const stream = await store.getStream!("key", { onEntry: (about) => told = about.expires });
    await stream!.cancel();
    assert.equal(told, expires);
    advance(HOUR_MS);
    assert.isUndefined(await store.getStream!("key"));
    assert.isDefined(await inner.get("key"));
  });
});

test("sealedStore() tells the source of a stream that it stores no more of, and that of one it reads", async () => {
  const refusal = new StoreError("Full", { store: "full", operation: "set" });
  const told: unknown[] = [];
  const source = () =>
    new ReadableStream<Uint8Array<ArrayBuffer>>({
      pull: (controller) => controller.enqueue(sample(PIECE)),
      cancel: (reason) => void told.push(reason),
    });
  const inner: Store = {
    ...memoryStore(),
    name: "full",
    supports: { persistent: false, streams: true },
    setStream: async (_, stream) => {
      await stream.cancel(refusal);
      throw refusal;
    },
    getStream: () => Promise.resolve(source()),
  };
  const store = sealedStore(inner, { secret: SECRET, onEvent: () => {} });
  await rejects(store.setStream!("key", source()), StoreError, /Full/);
  assert.lengthOf(told, 1);
  assert.isUndefined(await store.getStream!("key"), "What it gives is not sealed");
  assert.lengthOf(told, 2);
});

test("sealedStore() lets go of a stream at once, though its source is silent", async () => {
  const inner = memoryStore();
  const [whole, cancelled] = [sample(3 * PIECE), Promise.withResolvers<void>()];
  const silent: Store = {
    ...inner,
    name: "silent",
    supports: { persistent: false, streams: true },
    set: (key, bytes) => inner.set(key, bytes),
    getStream: async (key) => {
      const start = (await inner.get(key))!.subarray(0, 5 * PIECE / 2);
      return new ReadableStream({
        start: (controller) => controller.enqueue(start),
        cancel: () => cancelled.resolve(),
      });
    },
  };
  const store = sealedStore(silent, { secret: SECRET });
  await store.set("key", whole);
  const reader = (await store.getStream!("key"))!.getReader();
  assert.deepEqual((await reader.read()).value, whole.subarray(0, PIECE));
  await reader.cancel();
  await cancelled.promise;
});

test("sealedStore() streams where the store does, and nowhere else", () => {
  const options: SealedStoreOptions = { secret: SECRET };
  assert.isTrue(sealedStore(memoryStore(), options).supports.streams);
  const { getStream: _, setStream: __, ...plain } = memoryStore() as Store;
  const store = sealedStore({ ...plain, supports: { persistent: false } } as Store, options);
  assert.isUndefined(store.supports.streams);
  assert.isUndefined(store.getStream);
  assert.isUndefined(store.setStream);
});
