import { StoreError } from "../../lib/errors.ts";
import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { Place } from "../../lib/store/opfs/place.ts";
import { readRecords } from "../../lib/store/opfs/record.ts";
import { OpfsHandle } from "../../lib/store/opfs/store.ts";
import { openWriter, StreamWriter, type Writer } from "../../lib/store/opfs/writer.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../harness.ts";
import { sample, testOpfs } from "./_opfs.ts";

const KEY = "load users/3fa9";
const BYTES = Uint8Array.of(1, 2, 3);
const FIRST = "v1-0000000001";
const LARGE = 64 * 1024;

/** Opens a store with a writer of the test's own. */
async function openWith(path: string, writer: Writer): Promise<OpfsHandle> {
  return new OpfsHandle(await Place.open([path], () => Promise.resolve(writer)));
}

testOpfs("opfsStore() packs small entries into one file", async (path, layout) => {
  await using store = await opfsStore(path);
  await Promise.all(Array.from({ length: 100 }, (_, i) => store.set(`key ${i}`, sample(i))));
  assert.deepEqual(await layout.segments(), [FIRST]);
  assert.deepEqual(await layout.large(), []);
  assert.lengthOf(await layout.kinds(FIRST), 100);
});

testOpfs("opfsStore() keeps large entries in files, as long as they are", async (path, layout) => {
  {
    await using store = await opfsStore(path);
    await store.set("one", sample(LARGE));
    await store.set("two", sample(LARGE, 2));
    assert.lengthOf(await layout.large(), 2);
    await store.set("one", sample(LARGE - 1, 3));
    await store.set("two", sample(LARGE, 4));
    await store.set("three", sample(LARGE, 5));
    await store.delete("three");
    assert.deepEqual(await store.get("one"), sample(LARGE - 1, 3));
    assert.deepEqual(await store.get("two"), sample(LARGE, 4));
  }
  assert.lengthOf(await layout.large(), 1);
});

testOpfs("opfsStore() hands out bytes that are the caller's", async (path) => {
  await using store = await opfsStore(path);
  await store.set(KEY, BYTES);
  (await store.get(KEY))!.fill(0);
  assert.deepEqual(await store.get(KEY), BYTES);
});

testOpfs("opfsStore() cuts off what a writer that died left behind", async (path, layout) => {
  {
    await using store = await opfsStore(path);
    await store.set("old", BYTES);
  }
  const whole = await layout.read(FIRST);
  const torn = Uint8Array.from([...whole, ...whole.slice(0, -1), ...whole]);
  await layout.write("log", FIRST, torn);
  {
    await using store = await opfsStore(path);
    assert.deepEqual(await store.get("old"), BYTES);
    await store.delete("old");
    await store.set("new", BYTES);
    assert.isUndefined(await store.get("old"));
  }
  assert.deepEqual(await layout.kinds(FIRST), ["packed", "deletion", "packed"]);
  await using store = await opfsStore(path);
  assert.deepEqual(await Array.fromAsync(store.list()), [{
    key: "new",
    size: 3,
    expires: Infinity,
  }]);
});

testOpfs("opfsStore() misses what is damaged in the log, and writes on", async (path, layout) => {
  for (const indexed of [true, false]) {
    {
      await using store = await opfsStore(path);
      for (let i = 0; i < 40; i++) await store.set(`key ${i}`, sample(60_000, i));
    }
    const bytes = await layout.read(FIRST);
    const damaged = [...readRecords(bytes)].find(({ key }) => key === "key 15")!;
    bytes[damaged.end - 1] ^= 1;
    await layout.write("log", FIRST, bytes);
    if (!indexed) await layout.remove("v1-index");
    await using store = await opfsStore(path);
    assert.deepEqual(await store.get("key 0"), sample(60_000, 0));
    assert.isUndefined(await store.get("key 15"));
    assert.deepEqual(await store.get("key 16"), sample(60_000, 16));
    assert.deepEqual(await store.get("key 39"), sample(60_000, 39));
    await store.set("key 15", BYTES);
    assert.deepEqual(await store.get("key 15"), BYTES);
    await store[Symbol.asyncDispose]();
    const root = await navigator.storage.getDirectory();
    await root.removeEntry(path, { recursive: true });
  }
  await (await opfsStore(path))[Symbol.asyncDispose]();
});

testOpfs("opfsStore() takes a foreign file for an empty log", async (path, layout) => {
  await (await opfsStore(path))[Symbol.asyncDispose]();
  await layout.write("log", FIRST, new TextEncoder().encode("a text, put here by mistake"));
  await layout.write("log", "notes.txt", new TextEncoder().encode("another"));
  await using store = await opfsStore(path);
  assert.deepEqual(await Array.fromAsync(store.list()), []);
  await store.set(KEY, BYTES);
  assert.deepEqual(await store.get(KEY), BYTES);
});

testOpfs("opfsStore() cleans a log that is garbage for more than half", async (path, layout) => {
  const size = 60_000;
  {
    await using store = await opfsStore(path);
    await store.set("kept", sample(size));
    await store.set("short", sample(size), { expires: Date.now() + 1 });
    await store.set("gone", sample(size));
    await store.delete("gone");
    for (let i = 0; i < 100; i++) await store.set("key", sample(size, i));
  }
  const segments = await layout.segments();
  assert.isBelow(segments.length, 4);
  assert.notInclude(segments, FIRST);
  await using store = await opfsStore(path);
  assert.deepEqual(await store.get("kept"), sample(size));
  assert.deepEqual(await store.get("key"), sample(size, 99));
  assert.isUndefined(await store.get("gone"));
  assert.lengthOf(await Array.fromAsync(store.list()), 2);
});

testOpfs("opfsStore() keeps leases and their numbers when it cleans", async (path, layout) => {
  await using store = await opfsStore(path);
  const lease = (await store.lease("key", 3_600_000))!;
  for (let i = 0; i < 100; i++) await store.set("key", sample(60_000, i));
  assert.notInclude(await layout.segments(), FIRST);
  assert.isUndefined(await store.lease("key", 1000));
  assert.isTrue(await lease.renew());
  await lease[Symbol.asyncDispose]();
  const next = (await store.lease("key", 1000))!;
  assert.isAbove(next.token, lease.token);
});

testOpfs("opfsStore() removes what has expired when it lists", async (path, layout) => {
  await using store = await opfsStore(path);
  await withFakeTime(Date.now(), async (clock) => {
    await store.set(KEY, BYTES, { expires: Date.now() + 1000 });
    await store.set("large", sample(LARGE), { expires: Date.now() + 1000 });
    clock.advance(1000);
    assert.deepEqual(await Array.fromAsync(store.list()), []);
  });
  await store[Symbol.asyncDispose]();
  assert.deepEqual((await layout.kinds(FIRST)).slice(2), ["deletion", "deletion"]);
  assert.deepEqual(await layout.large(), []);
});

testOpfs("opfsStore() sweeps files that no entry names", async (path, layout) => {
  await (await opfsStore(path))[Symbol.asyncDispose]();
  await layout.write("large", crypto.randomUUID(), sample(LARGE));
  const store = await opfsStore(path);
  await store.set("large", sample(LARGE));
  await store[Symbol.asyncDispose]();
  assert.lengthOf(await layout.large(), 1);
  await using second = await opfsStore(path);
  assert.deepEqual(await second.get("large"), sample(LARGE));
});

testOpfs("opfsStore() says of a lost file that the entry is to be set", async (path, layout) => {
  await using store = await opfsStore(path);
  await store.set(KEY, sample(LARGE));
  const [name] = await layout.large();
  await layout.write("large", name, sample(LARGE - 1));
  await rejects(store.get(KEY), StoreError, /gone or cut; set or delete it$/);
  await (await layout.folder("large")).removeEntry(name);
  await rejects(store.get(KEY), StoreError, /gone or cut; set or delete it$/);
  await rejects(store.getStream(KEY), StoreError, /gone or cut/);
  await store.set(KEY, BYTES);
  assert.deepEqual(await store.get(KEY), BYTES);
});

testOpfs("opfsStore() starts again when its folder is removed", async (path) => {
  await using store = await openWith(path, new StreamWriter());
  await store.set(KEY, BYTES);
  await store.set("large", sample(LARGE));
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(path, { recursive: true });
  await store.set("new", BYTES);
  assert.deepEqual(await store.get("new"), BYTES);
  assert.isUndefined(await store.get(KEY));
  assert.isUndefined(await store.get("large"));
  await store.set("large", sample(LARGE));
  assert.deepEqual(await store.get("large"), sample(LARGE));
});

testOpfs("opfsStore() leaves the entries whole where the disk is full", async (path, layout) => {
  const writer = await openWriter();
  const refuse = () => Promise.reject(new DOMException("Full", "QuotaExceededError"));
  let full = false;
  await using store = await openWith(path, {
    append: (piece) => full && piece.bytes.length > 100 ? refuse() : writer.append(piece),
    part: (piece) => full && piece.at > 0 ? refuse() : writer.part(piece),
    replace: (piece) => full ? refuse() : writer.replace(piece),
    finish: (name) => writer.finish(name),
    release: () => writer.release(),
    close: () => writer.close(),
  });
  await store.set(KEY, BYTES);
  await store.set("large", sample(LARGE));
  full = true;
  const [one, two, three] = await Promise.allSettled([
    store.set("other", sample(100)),
    store.set(KEY, sample(200)),
    store.delete("large"),
  ]);
  for (const { reason } of [one, two] as PromiseRejectedResult[]) {
    assert.instanceOf(reason, StoreError);
    assert.match(reason.message, /storage for this site is full; prune the cache$/);
  }
  assert.deepEqual(three, { status: "fulfilled", value: true });
  await rejects(store.set("large", sample(LARGE)), StoreError, /is full; prune/);
  full = false;
  assert.deepEqual(await Array.fromAsync(store.list()), [{ key: KEY, size: 3, expires: Infinity }]);
  assert.deepEqual(await store.get(KEY), BYTES);
  await store.set("other", sample(100));
  await store[Symbol.asyncDispose]();
  assert.deepEqual(await layout.large(), []);
});

testOpfs("opfsStore() writes by streams where no worker is allowed", async (path, layout) => {
  const { Worker } = globalThis;
  globalThis.Worker = class {
    constructor() {
      throw new DOMException("The policy forbids it", "SecurityError");
    }
  } as unknown as typeof Worker;
  try {
    await using store = await opfsStore(path);
    for (let i = 0; i < 3; i++) await store.set("key", sample(10, i));
    await store.set("large", sample(LARGE));
    await store.setStream("streamed", new Blob([sample(3 * LARGE)]).stream());
    assert.deepEqual(await store.get("key"), sample(10, 2));
  } finally {
    globalThis.Worker = Worker;
  }
  assert.lengthOf(await layout.kinds(FIRST), 5);
  await using store = await opfsStore(path);
  assert.deepEqual(await store.get("large"), sample(LARGE));
  assert.deepEqual(await store.get("streamed"), sample(3 * LARGE));
});

testOpfs("opfsStore() finishes what was asked of it before it closes", async (path) => {
  {
    await using store = await opfsStore(path);
    void store.set("small", BYTES);
    void store.set("large", sample(LARGE));
  }
  await using store = await opfsStore(path);
  assert.deepEqual(await store.get("small"), BYTES);
  assert.deepEqual(await store.get("large"), sample(LARGE));
});

testOpfs("opfsStore() tells how much there is, and whether it will stay", async (path) => {
  await using store = await opfsStore(path);
  await store.set("large", sample(LARGE));
  const { usage, quota } = await store.estimate();
  assert.isAtLeast(usage, LARGE);
  assert.isAbove(quota, usage);
  const { persist } = StorageManager.prototype;
  for (const answer of [true, false]) {
    // The real one may ask the user.
    StorageManager.prototype.persist = () => Promise.resolve(answer);
    assert.equal(
      await store.persist().finally(() => StorageManager.prototype.persist = persist),
      answer,
    );
  }
  await store[Symbol.asyncDispose]();
  await rejects(store.persist(), StoreError, /is closed/);
  await rejects(store.estimate(), StoreError, /is closed/);
});

testOpfs("opfsStore() says when the browser refuses storage", async (path) => {
  await (await opfsStore(path))[Symbol.asyncDispose]();
  const { getDirectory } = StorageManager.prototype;
  StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException("Private", "SecurityError"));
  try {
    await rejects(opfsStore(path), StoreError, /refuses storage here, as in a private window/);
  } finally {
    StorageManager.prototype.getDirectory = getDirectory;
  }
  await using store = await opfsStore(path);
  await store.set(KEY, BYTES);
});

testOpfs("opfsStore() says when the browser cannot replace files as a whole", async (path) => {
  await (await opfsStore(path))[Symbol.asyncDispose]();
  const { createWritable } = FileSystemFileHandle.prototype;
  Reflect.deleteProperty(FileSystemFileHandle.prototype, "createWritable");
  try {
    await rejects(opfsStore(path), StoreError, /cannot replace files as a whole; update it/);
  } finally {
    FileSystemFileHandle.prototype.createWritable = createWritable;
  }
});

testOn(["deno", "bun"], "has OPFS", "opfsStore() says what to use on Deno and Bun", async () => {
  const error = await rejects(opfsStore(), StoreError, /on Deno and Bun use fsStore\(\)/);
  assert.equal(error.operation, "open");
});

test("opfsStore() refuses a path that names no folder", async () => {
  for (const path of ["", "/", "a/", "/a", "a//b", ".", "a/../b"]) {
    await rejects(opfsStore(path), TypeError, /names of folders/);
  }
  await rejects(opfsStore(5 as unknown as string), TypeError, /names of folders/);
});

testOpfs("opfsStore() lets go of a large stream that it cannot begin to write", async (path) => {
  const refusal = new DOMException("Refused", "NotAllowedError");
  const place = await Place.open([path], () => Promise.reject(refusal));
  const store = new OpfsHandle(place);
  const cancelled = Promise.withResolvers<void>();
  const source = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(sample(LARGE)),
    cancel: () => cancelled.resolve(),
  });
  await rejects(store.setStream(KEY, source), StoreError);
  await cancelled.promise;
});

testOpfs(
  "opfsStore() gives back a lease that it took after the call was given up",
  async (path) => {
    await using store = await opfsStore(path);
    const turn = () => new Promise((resolve) => setTimeout(resolve));
    for (let turns = 0; turns < 8; turns++) {
      const controller = new AbortController();
      const key = `key ${turns}`;
      const given = store.lease(key, 3_600_000, { signal: controller.signal }).catch(() =>
        undefined
      );
      for (let i = 0; i < turns; i++) await turn();
      controller.abort();
      await (await given)?.[Symbol.asyncDispose]();
      let lease = await store.lease(key, 1000);
      for (let tries = 0; lease === undefined && tries < 1000; tries++) {
        await turn();
        lease = await store.lease(key, 1000);
      }
      assert.isDefined(lease);
    }
  },
);
