import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";
import { runSuite } from "./_suite.ts";

const BYTES = Uint8Array.of(1, 2, 3);

await runSuite("memory", () => ({ store: memoryStore() }));
await runSuite("bounded memory", () => ({ store: memoryStore({ maxEntries: 20_000 }) }));

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
