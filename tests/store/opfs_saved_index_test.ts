import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { Index } from "../../lib/store/opfs/index.ts";
import { Kind } from "../../lib/store/opfs/record.ts";
import { decodeIndex, encodeIndex, type LogState } from "../../lib/store/opfs/saved_index.ts";
import { assert, test } from "../harness.ts";
import { type Layout, sample, testOpfs } from "./_opfs.ts";

const INDEX = "v1-index";
const FIRST = "v1-0000000001";
const COUNT = 40;
const SIZE = 1000;

/** Fills a store so far that closing it saves an index. */
async function fill(path: string, seed = 0): Promise<void> {
  await using store = await opfsStore(path);
  await Promise.all(
    Array.from({ length: COUNT }, (_, i) => store.set(`key ${i}`, sample(SIZE, i + seed))),
  );
}

/** Fails unless a store has what `fill` puts there, but for what `changed` says. */
async function checkFilled(
  path: string,
  changed: Readonly<Record<string, Uint8Array<ArrayBuffer> | undefined>> = {},
): Promise<void> {
  await using store = await opfsStore(path);
  const filled = Array.from({ length: COUNT }, (_, i) => [`key ${i}`, sample(SIZE, i)]);
  const expected = { ...Object.fromEntries(filled), ...changed };
  for (const [key, bytes] of Object.entries(expected)) {
    assert.deepEqual(await store.get(key), bytes, key);
  }
  const listed = (await Array.fromAsync(store.list())).map(({ key }) => key).sort();
  const keys = Object.keys(expected).filter((key) => expected[key] !== undefined);
  assert.deepEqual(listed, keys.sort());
}

/** Counts the bytes that are read of files while `body` runs. */
async function bytesRead(body: () => Promise<void>): Promise<number> {
  const { arrayBuffer } = Blob.prototype;
  let count = 0;
  Blob.prototype.arrayBuffer = async function (): Promise<ArrayBuffer> {
    const bytes = await arrayBuffer.call(this);
    count += bytes.byteLength;
    return bytes;
  };
  try {
    await body();
    return count;
  } finally {
    Blob.prototype.arrayBuffer = arrayBuffer;
  }
}

function state(): LogState {
  const index = new Index();
  const payload = new TextEncoder().encode("holder");
  const rest = { number: 0, payload };
  index.apply({ ...rest, kind: Kind.packed, key: "\ufeff\0\u00e9", expires: 5.5 }, 1, 0, 50);
  index.apply({ ...rest, kind: Kind.packed, key: "old", expires: -Infinity }, 1, 50, 40);
  index.apply({ ...rest, kind: Kind.filed, key: "big", expires: Infinity, number: 1e9 }, 2, 7, 80);
  index.apply({ ...rest, kind: Kind.lease, key: "big", expires: 1e300, number: 9 }, 2, 87, 80);
  return { index, lengths: new Map([[1, 90], [2, 167]]), tail: { segment: 2, at: 167 } };
}

test("a saved index comes back as it was", async () => {
  const before = state();
  const after = (await decodeIndex(await encodeIndex(before)))!;
  assert.deepEqual(after.index.entries, before.index.entries);
  assert.deepEqual(after.index.leases, before.index.leases);
  assert.equal(after.index.token, 9);
  assert.deepEqual(after.lengths, before.lengths);
  assert.deepEqual(after.tail, before.tail);
});

test("an index that is cut or damaged anywhere is none", async () => {
  const bytes = await encodeIndex(state());
  for (let at = 0; at < bytes.length; at++) {
    assert.isUndefined(await decodeIndex(bytes.slice(0, at)), `cut at ${at}`);
    const flipped = bytes.slice();
    flipped[at] ^= 1;
    assert.isUndefined(await decodeIndex(flipped), `flipped at ${at}`);
  }
});

testOpfs("opfsStore() opens by its index, and reads little of the log", async (path, layout) => {
  await fill(path);
  const { length } = await layout.read(INDEX);
  const opened = await bytesRead(async () => {
    const store = await opfsStore(path);
    assert.lengthOf(await Array.fromAsync(store.list()), COUNT);
    await store[Symbol.asyncDispose]();
  });
  assert.equal(opened, length);
  await checkFilled(path);
});

testOpfs("opfsStore() saves no index of a log that is quickly read", async (path, layout) => {
  {
    await using store = await opfsStore(path);
    await store.set("key", sample(SIZE));
  }
  assert.isFalse(await layout.has(INDEX));
});

testOpfs("opfsStore() saves its index while it is written to", async (path, layout) => {
  await using store = await opfsStore(path);
  for (let i = 0; i < 10; i++) await store.set(`key ${i}`, sample(60_000, i));
  // The last call may be over before the index of those before it is saved.
  await store.delete("none");
  assert.isTrue(await layout.has(INDEX));
});

testOpfs("opfsStore() saves its index when it is left alone", async (path, layout) => {
  await using store = await opfsStore(path);
  await store.set("key", sample(20_000));
  while (!await layout.has(INDEX)) await new Promise((resolve) => setTimeout(resolve));
  assert.deepEqual(await store.get("key"), sample(20_000));
});

testOpfs("opfsStore() keeps the moments of expiry in its index", async (path) => {
  const expires = Date.now() + 3_600_000;
  await fill(path);
  {
    await using store = await opfsStore(path);
    await store.set("short", sample(20_000), { expires });
  }
  await using store = await opfsStore(path);
  const listed = await Array.fromAsync(store.list());
  assert.equal(listed.find(({ key }) => key === "short")!.expires, expires);
  assert.equal(listed.find(({ key }) => key === "key 0")!.expires, Infinity);
  let told: number | undefined;
  await store.get("short", { onEntry: ({ expires }) => void (told = expires) });
  assert.equal(told, expires);
});

const DAMAGES: Readonly<Record<string, (layout: Layout) => Promise<void>>> = {
  "is missing": (layout) => layout.remove(INDEX),
  "is torn": async (layout) => {
    const bytes = await layout.read(INDEX);
    await layout.write("log", INDEX, bytes.slice(0, bytes.length >> 1));
  },
  "is empty": (layout) => layout.write("log", INDEX, new Uint8Array()),
  "is something else": (layout) => layout.write("log", INDEX, sample(5000)),
};

for (const [damage, act] of Object.entries(DAMAGES)) {
  testOpfs(`opfsStore() reads the log where its index ${damage}`, async (path, layout) => {
    await fill(path);
    await act(layout);
    await checkFilled(path);
    {
      await using store = await opfsStore(path);
      await store.set("key 3", sample(SIZE, 99));
    }
    await checkFilled(path, { "key 3": sample(SIZE, 99) });
  });
}

testOpfs("opfsStore() follows what was written behind its index", async (path, layout) => {
  await fill(path);
  const index = await layout.read(INDEX);
  {
    await using store = await opfsStore(path);
    await store.set("key 3", sample(SIZE, 99));
    await store.delete("key 4");
    for (let i = 0; i < 30; i++) await store.set("new", sample(60_000, i));
  }
  await layout.write("log", INDEX, index);
  await checkFilled(path, {
    "key 3": sample(SIZE, 99),
    "key 4": undefined,
    "new": sample(60_000, 29),
  });
});

testOpfs("opfsStore() reads the log where its index is of a time before it was cleaned", async (
  path,
  layout,
) => {
  await fill(path);
  const index = await layout.read(INDEX);
  {
    await using store = await opfsStore(path);
    await store.delete("key 4");
    for (let i = 0; i < 100; i++) await store.set("new", sample(60_000, i));
  }
  assert.notInclude(await layout.segments(), FIRST);
  await layout.write("log", INDEX, index);
  await checkFilled(path, { "key 4": undefined, "new": sample(60_000, 99) });
});

testOpfs("opfsStore() drops an index that knows more than the log", async (path, layout) => {
  await fill(path);
  const index = await layout.read(INDEX);
  const log = await layout.read(FIRST);
  // As when a machine crashed that had written only some of it.
  await layout.write("log", FIRST, log.slice(0, log.length >> 1));
  const store = await opfsStore(path);
  assert.deepEqual(await store.get("key 0"), sample(SIZE, 0));
  assert.isUndefined(await store.get(`key ${COUNT - 1}`));
  await store.set("new", sample(SIZE, 7));
  assert.isFalse(await layout.has(INDEX), "it would be wrong once the log is as long again");
  for (let i = 0; i < COUNT; i++) await store.set(`other ${i}`, sample(SIZE, i));
  await store[Symbol.asyncDispose]();
  assert.notDeepEqual(await layout.read(INDEX), index);
  await using second = await opfsStore(path);
  assert.deepEqual(await second.get("new"), sample(SIZE, 7));
  assert.deepEqual(await second.get(`other ${COUNT - 1}`), sample(SIZE, COUNT - 1));
  assert.isUndefined(await second.get(`key ${COUNT - 1}`));
});

testOpfs("opfsStore() reads an entry together with its neighbours", async (path, layout) => {
  await fill(path);
  const { length } = await layout.read(INDEX);
  const read = await bytesRead(() => checkFilled(path));
  assert.equal(read, length + (await layout.read(FIRST)).length);
});
