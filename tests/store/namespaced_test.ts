import { DecodeError, StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { namespacedStore, type Store } from "../../lib/store/mod.ts";
import { assert, rejects, test } from "../harness.ts";
import { flakyStore } from "./_flaky.ts";

const BYTES = Uint8Array.of(1, 2, 3);

async function keysOf(store: Store, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

test("namespacedStore() keeps names apart, and readable in the store", async () => {
  await using store = memoryStore();
  const [one, two] = [namespacedStore(store, "one"), namespacedStore(store, "two")];
  await one.set("name/key", BYTES);
  await two.set("name/key", BYTES.subarray(1));
  await store.set("one", BYTES);
  assert.deepEqual(await keysOf(store), ["one", "one/name/key", "two/name/key"]);
  assert.deepEqual(await keysOf(one), ["name/key"]);
  assert.deepEqual(await two.get("name/key"), BYTES.subarray(1));
  assert.isTrue(await one.delete("name/key"));
  assert.isDefined(await two.get("name/key"));
});

test("namespacedStore() keeps keys apart from those that it makes itself", async () => {
  await using store = memoryStore();
  const part = namespacedStore(store, "part");
  const long = "x".repeat(1024);
  await part.set(long, BYTES);
  const [inner] = await keysOf(store);
  assert.match(inner, /^part\/~L\/[0-9a-f]{64}$/);
  const posing = inner.slice("part/".length);
  assert.isUndefined(await part.get(posing));
  await part.set(posing, BYTES.subarray(2));
  await part.set("~", BYTES);
  assert.deepEqual(await part.get(long), BYTES);
  assert.deepEqual(await keysOf(part), [long, "~", posing].sort());
  assert.deepEqual(await keysOf(part, "~"), ["~", posing].sort());
  assert.deepEqual(await keysOf(part, "xx"), [long]);
});

test("namespacedStore() streams under a key that is too long for the store", async () => {
  await using store = memoryStore();
  const part = namespacedStore(store, "part");
  const long = "é".repeat(1024);
  const bytes = new Uint8Array(200_000).map((_, i) => i);
  await part.setStream!(long, new Blob([bytes]).stream());
  assert.deepEqual(await part.get(long), bytes);
  const stream = await part.getStream!(long);
  assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()), bytes);
});

test("namespacedStore() of a part is a part of the part", async () => {
  await using store = memoryStore();
  const inner = namespacedStore(namespacedStore(store, "a"), "b");
  await inner.set("key", BYTES);
  assert.deepEqual(await keysOf(store), ["a/b/key"]);
});

test("namespacedStore() leaves the store open when it is closed", async () => {
  await using store = memoryStore();
  const part = namespacedStore(store, "part");
  await part.set("key", BYTES);
  await part[Symbol.asyncDispose]();
  await rejects(part.get("key"), StoreError, /memory \(part\) store is closed/);
  assert.isDefined(await store.get("part/key"));
});

test("namespacedStore() can do what the store can, and refuses the lease of another", async () => {
  const plain = namespacedStore(flakyStore("plain"), "part");
  assert.isUndefined(plain.lease);
  assert.isUndefined(plain.getStream);
  await using store = memoryStore();
  const [one, two] = [namespacedStore(store, "one"), namespacedStore(store, "two")];
  const lease = (await one.lease!("key", 60_000))!;
  assert.isDefined(await two.lease!("key", 60_000));
  await one.set("key", BYTES, { lease });
  await rejects(two.set("key", BYTES, { lease }), StoreError, /no longer held/);
});

test("namespacedStore() refuses a name that is none", () => {
  const store = memoryStore();
  for (const name of ["", "a/b", "/", "x".repeat(257)]) {
    assert.throws(() => namespacedStore(store, name), RangeError, /1 to 256 code units/);
  }
  assert.throws(() => namespacedStore(store, "\ud800"), TypeError, /well-formed/);
  assert.throws(() => namespacedStore(store, 5 as unknown as string), TypeError, /a string/);
});

test("namespacedStore() lists the others where an entry under a long key is damaged", async () => {
  await using inner = memoryStore();
  const damage = new StoreError("Damaged", {
    store: "inner",
    operation: "get",
    cause: new DecodeError("Cut", { offset: 0 }),
  });
  const store: Store = {
    name: "inner",
    supports: inner.supports,
    get: (key) => key.includes("~L") ? Promise.reject(damage) : inner.get(key),
    set: (key, bytes) => inner.set(key, bytes),
    delete: (key) => inner.delete(key),
    list: (prefix) => inner.list(prefix),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const part = namespacedStore(store, "part");
  await part.set("x".repeat(1024), BYTES);
  await part.set("short", BYTES);
  assert.deepEqual(await keysOf(part), ["short"]);
});

test("namespacedStore() lists a large entry under a long key without reading all of it", async () => {
  await using inner = memoryStore();
  const size = 2_000_000;
  let read = 0;
  let streamsLeft = 0;
  let breaks = false;
  const store = new Proxy(inner, {
    get: (_, name) => {
      if (name === "get") {
        return async (...args: Parameters<Store["get"]>) => {
          const bytes = await inner.get(...args);
          read += bytes?.length ?? 0;
          return bytes;
        };
      }
      if (name === "getStream") {
        return async (...args: Parameters<Store["get"]>) => {
          const reader = (await inner.getStream!(...args))!.getReader();
          streamsLeft++;
          return new ReadableStream({
            pull: async (controller) => {
              if (breaks) throw new StoreError("Gone", { store: "inner", operation: "get" });
              const { value } = await reader.read();
              read += value!.length;
              controller.enqueue(value);
            },
            cancel: () => void streamsLeft--,
          });
        };
      }
      const member = Reflect.get(inner, name);
      return typeof member === "function" ? member.bind(inner) : member;
    },
  });
  const part = namespacedStore(store, "part");
  const long = "é".repeat(1024);
  await part.set(long, new Uint8Array(size));
  await part.set("long", new Uint8Array(size));
  const listed = async () =>
    (await Array.fromAsync(part.list(), ({ key, size }) => ({ key, size })))
      .sort((a, b) => a.key.length - b.key.length);
  const expected = [{ key: "long", size }, { key: long, size }];
  assert.deepEqual(await listed(), expected);
  assert.isBelow(read, size / 4);
  assert.equal(streamsLeft, 0);
  // Such as where it is overwritten while it is read.
  breaks = true;
  assert.deepEqual(await listed(), expected);
});
