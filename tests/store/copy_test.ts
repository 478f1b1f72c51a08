import { StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { type CopyProgress, copyStore, type Store } from "../../lib/store/mod.ts";
import { assert, rejects, test } from "../harness.ts";
import { flakyStore } from "./_flaky.ts";

const LATER = Date.now() + 3_600_000;

async function contents(store: Store): Promise<Map<string, [bytes: string, expires: number]>> {
  const found = new Map<string, [string, number]>();
  for await (const { key } of store.list()) {
    let expires = NaN;
    const bytes = await store.get(key, { onEntry: (about) => expires = about.expires });
    found.set(key, [String(bytes), expires]);
  }
  return new Map([...found].sort());
}

async function filled(): Promise<Store> {
  const store = memoryStore();
  for (let i = 0; i < 50; i++) {
    const options = i % 3 === 0 ? { expires: LATER + i } : {};
    await store.set(`name ${i % 2}/${i}`, new Uint8Array(i).fill(i), options);
  }
  return store;
}

test("copyStore() copies every entry bit for bit, with its expiry", async () => {
  const [from, to] = [await filled(), memoryStore()];
  await to.set("own", new Uint8Array(1));
  await to.set("name 0/0", new Uint8Array(9));
  const result = await copyStore(from, to);
  assert.deepEqual(result, { copied: 50, skipped: 0, bytes: 1225, failures: [] });
  const there = await contents(to);
  assert.isTrue(there.delete("own"));
  assert.deepEqual(there, await contents(from));
});

test("copyStore() copies what prefix and filter let through, and tells how far it is", async () => {
  const [from, to] = [await filled(), memoryStore()];
  const steps: CopyProgress[] = [];
  const { copied } = await copyStore(from, to, {
    prefix: "name 1/",
    filter: ({ size }) => size > 25,
    concurrency: 3,
    onProgress: (progress) => steps.push(progress),
  });
  const keys = [...(await contents(to)).keys()];
  assert.equal(copied, 12);
  assert.isTrue(keys.every((key) => key.startsWith("name 1/") && Number(key.slice(7)) > 25));
  assert.deepEqual(steps.map(({ key }) => key).sort(), keys.sort());
  assert.deepEqual(steps.map((step) => step.copied), keys.map((_, i) => i + 1));
});

test("copyStore() streams large entries where both stores stream", async () => {
  const [from, to] = [memoryStore(), memoryStore()];
  const large = new Uint8Array(0x800001).fill(7);
  large[0x800000] = 9;
  await from.set("large", large, { expires: LATER });
  const gets: string[] = [];
  const { get } = from;
  from.get = (key, options) => {
    gets.push(key);
    return get.call(from, key, options);
  };
  assert.deepEqual(await copyStore(from, to), {
    copied: 1,
    skipped: 0,
    bytes: 0x800001,
    failures: [],
  });
  assert.isEmpty(gets);
  let expires: number | undefined;
  const there = (await to.get("large", { onEntry: (about) => expires = about.expires }))!;
  assert.lengthOf(there, large.length);
  assert.equal(there[0x800000], 9);
  assert.equal(expires, LATER);
  const again = await copyStore(from, to, { resume: true });
  assert.deepEqual([again.copied, again.skipped], [0, 1]);
  there[5] = 0;
  await to.set("large", there, { expires: LATER });
  assert.equal((await copyStore(from, to, { resume: true })).copied, 1);
});

test("copyStore() with resume leaves alone what is equal, and nothing else", async () => {
  const [from, to] = [await filled(), memoryStore()];
  await copyStore(from, to);
  await to.delete("name 0/10");
  await to.set("name 1/11", new Uint8Array(11)); // other bytes
  await to.set("name 0/12", new Uint8Array(12).fill(12)); // without its expiry
  const { copied, skipped } = await copyStore(from, to, { resume: true });
  assert.deepEqual([copied, skipped], [3, 47]);
  assert.deepEqual(await contents(to), await contents(from));
});

test("copyStore() reports an entry that fails, and copies the others", async () => {
  const [from, to] = [await filled(), memoryStore({ maxBytes: 0x1000 })];
  await from.set("large", new Uint8Array(0x1001));
  const { copied, failures } = await copyStore(from, to);
  assert.equal(copied, 50);
  assert.deepEqual(failures.map(({ key }) => key), ["large"]);
  assert.instanceOf(failures[0].error, StoreError);
});

test("copyStore() rejects where there are entries and none can be copied", async () => {
  const [from, to] = [await filled(), flakyStore("target")];
  to.broken = true;
  const error = await rejects(
    copyStore(from, to),
    StoreError,
    /Cannot copy anything.*50 of 50 entries failed, "name .*Broken.*see the cause/,
  );
  const { errors } = error.cause as AggregateError;
  assert.lengthOf(errors, 50);
  assert.deepInclude(errors[0], { code: "STORE", store: "target" });
});

test("copyStore() of nothing, and of what is there already, is no failure", async () => {
  const [from, to] = [memoryStore(), memoryStore({ maxBytes: 10 })];
  assert.deepInclude(await copyStore(from, to), { copied: 0, skipped: 0 });
  await from.set("small", new Uint8Array(5));
  await copyStore(from, to);
  await from.set("large", new Uint8Array(11));
  const { skipped, failures } = await copyStore(from, to, { resume: true });
  assert.deepEqual([skipped, failures.length], [1, 1]);
});

test("copyStore() refuses a target that can only be read, and asks neither store", async () => {
  const [from, to] = [flakyStore("source"), flakyStore("target", { readOnly: true })];
  await rejects(copyStore(from, to), TypeError, /The target store can only be read/);
  assert.isEmpty([...from.calls, ...to.calls]);
});

test("copyStore() awaits a filter that gives a Promise", async () => {
  const [from, to] = [await filled(), memoryStore()];
  const filter = ({ size }: { size: number }) => Promise.resolve(size > 25);
  assert.equal((await copyStore(from, to, { filter })).copied, 24);
  const failing = () => Promise.reject(new SyntaxError("The list of names is gone"));
  await rejects(copyStore(from, to, { filter: failing }), SyntaxError, /names is gone/);
});

test("copyStore() stops when too many entries fail", async () => {
  const [from, to] = [await filled(), flakyStore("target")];
  to.broken = true;
  const error = await rejects(
    copyStore(from, to, { maxFailures: 5, concurrency: 2 }),
    StoreError,
    /5 entries failed, "name .* the last/,
  );
  assert.match(String(error.cause), /Broken/);
  assert.isAtMost(to.calls.length, 6);
});

test("copyStore() rejects where the source cannot be listed", async () => {
  const from = flakyStore("source");
  from.broken = true;
  await rejects(copyStore(from, memoryStore()), StoreError, /Broken/);
});

test("copyStore() is given up with the signal's reason", async () => {
  const [from, to] = [await filled(), memoryStore()];
  const controller = new AbortController();
  const { signal } = controller;
  const onProgress = ({ copied }: CopyProgress) => {
    if (copied === 5) controller.abort(new SyntaxError("Enough"));
  };
  await rejects(copyStore(from, to, { signal, onProgress }), SyntaxError, /Enough/);
  assert.isBelow((await contents(to)).size, 50);
  await rejects(copyStore(from, to, { signal }), SyntaxError, /Enough/);
  await copyStore(from, to, { resume: true });
  assert.deepEqual(await contents(to), await contents(from));
});

test("copyStore() does not lose expiries without being told to", async () => {
  const from = flakyStore("silent", { expiry: false });
  await from.set("key", new Uint8Array(3), { expires: LATER });
  const to = memoryStore();
  await rejects(copyStore(from, to), TypeError, /does not tell when.*expiry: "drop"/);
  await copyStore(from, to, { expiry: "drop" });
  assert.deepEqual([...(await contents(to)).values()], [["0,0,0", Infinity]]);
});

test("copyStore() refuses options that make no sense", async () => {
  const [from, to] = [memoryStore(), memoryStore()];
  for (const count of [0, -1, 1.5, NaN]) {
    await rejects(copyStore(from, to, { concurrency: count }), RangeError, /concurrency must/);
    await rejects(copyStore(from, to, { maxFailures: count }), RangeError, /maxFailures must/);
  }
  const expiry = "lose" as "drop";
  await rejects(copyStore(from, to, { expiry }), TypeError, /expiry must be/);
});

test("copyStore() is given up while it waits for a filter", async () => {
  const controller = new AbortController();
  const filter = () => {
    controller.abort(new SyntaxError("Enough"));
    return new Promise<boolean>(() => {});
  };
  const { signal } = controller;
  await rejects(
    copyStore(await filled(), memoryStore(), { signal, filter }),
    SyntaxError,
    /Enough/,
  );
});

test("copyStore() ends the listing when it is given up", async () => {
  const inner = await filled();
  const controller = new AbortController();
  let ended = false;
  const from: Store = {
    ...inner,
    name: "from",
    supports: inner.supports,
    get: (key, options) => inner.get(key, options),
    list: async function* () {
      try {
        yield* inner.list();
      } finally {
        ended = true;
      }
    },
  };
  const onProgress = () => controller.abort(new SyntaxError("Enough"));
  const { signal } = controller;
  await rejects(copyStore(from, memoryStore(), { signal, onProgress }), SyntaxError, /Enough/);
  assert.isTrue(ended);
});

test("copyStore() lets go of a stream that the target does not begin to read", async () => {
  const inner = memoryStore();
  await inner.set("large", new Uint8Array(0x800001));
  const cancelled = Promise.withResolvers<unknown>();
  const from: Store = {
    ...inner,
    name: "from",
    supports: inner.supports,
    list: () => inner.list(),
    getStream: () => Promise.resolve(new ReadableStream({ cancel: cancelled.resolve })),
  };
  const to = memoryStore();
  await to[Symbol.asyncDispose]();
  await rejects(copyStore(from, to), StoreError, /"large" first \("Cannot set: .*closed/);
  assert.instanceOf(await cancelled.promise, StoreError);
});
