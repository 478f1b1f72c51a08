import { memoryStore } from "../../lib/store/memory.ts";
import { StoreError } from "../../lib/errors.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { runSuite } from "./_suite.ts";

const BYTES = Uint8Array.of(1, 2, 3);

await runSuite("memory", () => ({ store: memoryStore() }));
await runSuite("bounded memory", () => ({
  store: memoryStore({ maxEntries: 20_000, maxBytes: "128MiB" }),
}));

async function keysOf(store: ReturnType<typeof memoryStore>): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys.sort();
}

test("memoryStore() drops the entry left unused the longest beyond maxEntries", async () => {
  await using store = memoryStore({ maxEntries: 2 });
  await store.set("a", BYTES);
  await store.set("b", BYTES);
  await store.get("a");
  await store.set("c", BYTES);
  assert.deepEqual(await keysOf(store), ["a", "c"]);
});

test("memoryStore() does not count a listing as a use", async () => {
  await using store = memoryStore({ maxEntries: 2 });
  await store.set("a", BYTES);
  await store.set("b", BYTES);
  await keysOf(store);
  await store.set("c", BYTES);
  assert.deepEqual(await keysOf(store), ["b", "c"]);
});

test("memoryStore() keeps at most maxBytes, and drops what was left unused the longest", async () => {
  await using store = memoryStore({ maxBytes: "1KiB" });
  for (const key of ["a", "b", "c", "d"]) await store.set(key, new Uint8Array(256));
  await store.get("a");
  await store.set("e", new Uint8Array(257));
  assert.deepEqual(await keysOf(store), ["a", "d", "e"]);
  await store.set("a", new Uint8Array(0)); // leaves room for what comes
  await store.delete("d");
  for (const key of ["f", "g"]) await store.set(key, new Uint8Array(256));
  assert.deepEqual(await keysOf(store), ["a", "e", "f", "g"]);
});

test("memoryStore() counts no bytes of what expired or was overwritten", async () => {
  await withFakeTime(1000, async ({ advance }) => {
    await using store = memoryStore({ maxBytes: 100 });
    await store.set("short", new Uint8Array(60), { expires: 2000 });
    advance(1000);
    await keysOf(store);
    for (let i = 0; i < 5; i++) await store.set("a", new Uint8Array(50 - i));
    await store.set("b", new Uint8Array(50));
    assert.deepEqual(await keysOf(store), ["a", "b"]);
  });
});

test("memoryStore() refuses an entry above maxBytes and keeps the others", async () => {
  await using store = memoryStore({ maxBytes: 100 });
  assert.equal(store.supports.maxBytes, 100);
  await store.set("a", new Uint8Array(60));
  await rejects(store.set("a", new Uint8Array(101)), StoreError, /101 bytes.*maxBytes/);
  assert.lengthOf((await store.get("a"))!, 60);
});

test("memoryStore() ends entries after its ttl, or sooner where they say so", async () => {
  await withFakeTime(1000, async ({ advance }) => {
    await using store = memoryStore({ ttl: "1s" });
    await store.set("a", BYTES);
    await store.set("b", BYTES, { expires: 1500 });
    await store.set("c", BYTES, { expires: 9000 });
    advance(500);
    assert.deepEqual(await keysOf(store), ["a", "c"]);
    advance(500);
    assert.deepEqual(await keysOf(store), []);
  });
});

test("memoryStore() hands out the very bytes it was given with clone: false", async () => {
  await using store = memoryStore({ clone: false });
  await store.set("key", BYTES);
  assert.strictEqual(await store.get("key"), BYTES);
  await using copying = memoryStore();
  await copying.set("key", BYTES);
  assert.notStrictEqual(await copying.get("key"), BYTES);
});

test("memoryStore() refuses a maxBytes or a ttl that is none", () => {
  assert.throws(() => memoryStore({ maxBytes: 0 }), RangeError, /maxBytes must be more than 0/);
  assert.throws(() => memoryStore({ ttl: -1 }), RangeError, /ttl must be more than 0/);
  const wrong = "a lot" as unknown as number;
  assert.throws(() => memoryStore({ maxBytes: wrong }), TypeError, /maxBytes must be bytes/);
  assert.throws(() => memoryStore({ ttl: wrong }), TypeError, /ttl must be milliseconds/);
});

test("memoryStore() refuses a maxEntries that is no bound", () => {
  for (const maxEntries of [0, -1, 1.5, NaN]) {
    assert.throws(() => memoryStore({ maxEntries }), RangeError, /maxEntries must be a positive/);
  }
  memoryStore({ maxEntries: Infinity });
});

test("memoryStore() opened twice gives two places", async () => {
  await using first = memoryStore();
  await using second = memoryStore();
  await first.set("key", BYTES);
  assert.isUndefined(await second.get("key"));
});

test("memoryStore() does not wait for a source that never says that it has stopped", async () => {
  await using store = memoryStore();
  let isCancelled = false;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue("text"),
    cancel: () => {
      isCancelled = true;
      return new Promise(() => {});
    },
  });
  await rejects(store.setStream!("key", stream), TypeError, /received a string/);
  assert.isTrue(isCancelled);
});

test("memoryStore() goes on leasing when thousands of its leases have run out", async () => {
  await using store = memoryStore();
  const held = (await store.lease!("held", 3_600_000))!;
  for (let i = 0; i < 3000; i++) await store.lease!(`key ${i}`, 1e-9);
  assert.isTrue(await held.renew());
  assert.isUndefined(await store.lease!("held", 1000));
  const again = (await store.lease!("key 0", 1000))!;
  assert.isAbove(again.token, held.token);
});
