import { StoreError } from "../../lib/errors.ts";
import { type DenoKv, denoKvStore, type DenoKvStoreOptions } from "../../lib/store/deno_kv/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import { assert, rejects, runScript, testOn, withFakeTime, withTempFolder } from "../harness.ts";
import { absentServer, type RawConnection, startRawServer } from "../servers/http.ts";
import { checkFunctionOver } from "./_function.ts";

const BYTES = Uint8Array.of(1, 2, 3);
const LONG = new Uint8Array(1_000_000).fill(7);
/** Where the entry `key` stands. */
const HEAD = ["deja", 1, "entry", "key"];
const HOUR_MS = 3_600_000;

function test(name: string, body: () => Promise<void>): void {
  testOn(["deno"], "needs Deno KV", name, body);
}

/** Runs `body` with a store in memory and the database itself. */
async function withKv(body: (kv: Deno.Kv, store: Store) => Promise<void>): Promise<void> {
  const kv = await Deno.openKv(":memory:");
  try {
    await using store = await denoKvStore(kv);
    await body(kv, store);
  } finally {
    kv.close();
  }
}

async function keysIn(kv: Deno.Kv, ...prefix: Deno.KvKeyPart[]): Promise<Deno.KvKey[]> {
  const entries = await Array.fromAsync(kv.list({ prefix: ["deja", 1, ...prefix] }));
  return entries.map(({ key }) => key);
}

test("denoKvStore() keeps 65,520 bytes in one value, and divides one more", () =>
  withKv(async (kv, store) => {
    await store.set("a/b", new Uint8Array(65_520));
    assert.deepEqual(await keysIn(kv), [["deja", 1, "entry", "a", "b"]]);
    await store.set("a/b", new Uint8Array(65_521));
    assert.lengthOf(await keysIn(kv, "chunk"), 1);
    assert.lengthOf(await keysIn(kv, "entry"), 1);
  }));

test("denoKvStore() leaves no chunk behind when it overwrites or deletes", () =>
  withKv(async (kv, store) => {
    await store.set("key", LONG);
    assert.lengthOf(await keysIn(kv, "chunk"), Math.ceil(LONG.length / 65_536));
    await store.set("key", LONG.subarray(1));
    assert.lengthOf(await keysIn(kv, "chunk"), Math.ceil(LONG.length / 65_536));
    await store.set("key", BYTES);
    assert.deepEqual(await keysIn(kv), [["deja", 1, "entry", "key"]]);
    await store.set("key", LONG);
    assert.isTrue(await store.delete("key"));
    assert.deepEqual(await keysIn(kv), []);
  }));

test("denoKvStore() removes what has expired, and its chunks, when it lists", () =>
  withKv(async (kv, store) => {
    await withFakeTime(Date.now(), async ({ advance }) => {
      await store.set("key", LONG, { expires: Date.now() + 1000 });
      advance(1000);
      assert.deepEqual(await Array.fromAsync(store.list()), []);
      assert.deepEqual(await keysIn(kv), []);
    });
  }));

test("denoKvStore() sweeps the chunks of a writer that was killed, an hour later", () =>
  withTempFolder(async (folder) => {
    const path = `${folder}/database`;
    const [mark, writer] = [`${folder}/mark`, import.meta.resolve("./fixtures/deno_kv_writer.ts")];
    await using store = await denoKvStore(path);
    await store.set("key", BYTES);
    const controller = new AbortController();
    const killed = runScript(writer, [path, mark], { signal: controller.signal });
    const isOver = killed.then(() => true);
    while (!await Deno.stat(mark).then(() => true, () => false)) {
      const ended = await Promise.race([isOver, new Promise((end) => setTimeout(end, 10))]);
      if (ended === true) throw new Error((await killed).stderr);
    }
    controller.abort();
    assert.equal((await killed).code, -1);
    using kv = await Deno.openKv(path);
    assert.isAbove((await keysIn(kv, "chunk")).length, 50);
    assert.deepEqual(await store.get("key"), BYTES);
    assert.deepEqual(await Array.fromAsync(store.list()), [{
      key: "key",
      size: 3,
      expires: Infinity,
    }]);
    await withFakeTime(Date.now(), async ({ advance }) => {
      await using early = await denoKvStore(path);
      await Array.fromAsync(early.list());
      assert.isAbove((await keysIn(kv, "chunk")).length, 50);
      advance(HOUR_MS);
      await using late = await denoKvStore(path);
      await Array.fromAsync(late.list());
    });
    assert.deepEqual(await keysIn(kv), [["deja", 1, "entry", "key"]]);
    assert.deepEqual(await store.get("key"), BYTES);
  }));

/** Leaves chunks as a writer does that died so long ago. */
async function leave(kv: Deno.Kv, generation: string, chunks: number, age: number): Promise<void> {
  for (let i = 0; i < chunks; i++) {
    await kv.set(["deja", 1, "chunk", generation, i], new Uint8Array(10));
  }
  await kv.set(["deja", 1, "loose", generation], { time: Date.now() - age, chunks });
}

test("denoKvStore() sweeps in the background of its first write, and leaves what is young", () =>
  withKv(async (kv, store) => {
    await leave(kv, "old", 30, HOUR_MS);
    await leave(kv, "future", 2, -2 * HOUR_MS);
    await leave(kv, "young", 3, HOUR_MS / 2);
    await store.get("key");
    assert.lengthOf(await keysIn(kv, "loose"), 3);
    await store.set("key", BYTES);
    while ((await keysIn(kv, "loose")).length > 1) await turns(1);
    assert.lengthOf(await keysIn(kv, "chunk"), 3);
    assert.deepEqual(await keysIn(kv, "loose"), [["deja", 1, "loose", "young"]]);
  }));

test("denoKvStore() sweeps on writes once in ten minutes, whatever the number of handles", () =>
  withKv(async (kv, store) => {
    const sweep = async () => {
      await using other = await denoKvStore(kv);
      await other.set("key", BYTES);
      while ((await keysIn(kv)).length > 2) await turns(1); // The entry, and when it was swept.
    };
    await leave(kv, "first", 1, HOUR_MS);
    await sweep();
    await leave(kv, "second", 1, HOUR_MS);
    await store.set("key", BYTES);
    await turns(20);
    assert.lengthOf(await keysIn(kv, "chunk"), 1);
    await withFakeTime(Date.now() + 600_000, sweep);
  }));

test("denoKvStore() stops sweeping when it is closed, and the next handle goes on", () =>
  withKv(async (kv) => {
    for (let i = 0; i < 5; i++) await leave(kv, `old ${i}`, 2, HOUR_MS);
    const store = await denoKvStore(kv);
    await store.set("key", BYTES);
    await store[Symbol.asyncDispose]();
    const left = await keysIn(kv);
    await turns(20);
    assert.deepEqual(await keysIn(kv), left, "Nothing goes on behind the back of who closed it");
    await using other = await denoKvStore(kv);
    await Array.fromAsync(other.list());
    assert.isEmpty(await keysIn(kv, "chunk"));
    assert.isEmpty(await keysIn(kv, "loose"));
  }));

/** Lets what runs in the background get somewhere. */
async function turns(count: number): Promise<void> {
  for (let i = 0; i < count; i++) await new Promise((turn) => setTimeout(turn));
}

test("denoKvStore() fails a write that paused for so long that it was swept", () =>
  withKv(async (kv, store) => {
    await store.set("key", BYTES);
    let pieces = 0;
    const stream = new ReadableStream<Uint8Array>({
      async pull(controller) {
        if (++pieces === 40) {
          await withFakeTime(Date.now() + HOUR_MS, async () => {
            await using other = await denoKvStore(kv);
            await Array.fromAsync(other.list());
          });
        }
        if (pieces > 60) controller.close();
        else controller.enqueue(new Uint8Array(65_536));
      },
    });
    await rejects(store.setStream!("key", stream), StoreError, /paused for so long/);
    assert.deepEqual(await store.get("key"), BYTES);
    assert.deepEqual(await keysIn(kv), [["deja", 1, "entry", "key"]]);
  }));

test("denoKvStore() leaves nothing of a write that was given up midway", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = await denoKvStore(kv);
  const controller = new AbortController();
  let pieces = 0;
  const stream = new ReadableStream<Uint8Array>({
    pull(source) {
      if (++pieces === 40) controller.abort(new SyntaxError("No longer wanted"));
      source.enqueue(new Uint8Array(65_536));
    },
  });
  await rejects(store.setStream!("key", stream, { signal: controller.signal }), SyntaxError);
  await store[Symbol.asyncDispose]();
  assert.deepEqual(await keysIn(kv), []);
  kv.close();
});

/** What may happen to an entry of many chunks, and what reading it says then. */
const DAMAGES: readonly (readonly [(kv: Deno.Kv) => Promise<unknown>, RegExp])[] = [
  [(kv) => kv.set(HEAD, "hello"), /the value is not a cache entry; set or delete it/],
  [(kv) => kv.set(HEAD, new Uint8Array(5)), /the value is not a cache entry/],
  [(kv) => kv.set(HEAD, new Uint8Array(50)), /the value is not a cache entry/],
  [(kv) => patch(kv, HEAD, 4, 2), /the value is a cache entry of an unknown version/],
  [(kv) => patch(kv, HEAD, 14, 0xff, 0xff), /the expiry in the value is no moment/],
  [(kv) => patch(kv, HEAD, 6, 0xff, 0xff), /the value ends after 72 bytes/],
  [(kv) => patch(kv, HEAD, 40, 0, 0), /the chunks do not have the checksum that the head says/],
  [(kv) => patch(kv, HEAD, 16, 0x41), /chunk 15 has a wrong length/],
  [(kv) => patchChunk(kv, (key) => kv.set(key, new Uint8Array(5))), /chunk 3 has a wrong length/],
  [(kv) => patchChunk(kv, (key) => patch(kv, key, 9, 1)), /do not have the checksum/],
  [(kv) => patchChunk(kv, (key) => kv.delete(key)), /chunk 3 is missing; set or delete it/],
];

test("denoKvStore() ends a setStream whose stream stands still when it is closed, and leaves nothing", async () => {
  const kv = await Deno.openKv(":memory:");
  const store = await denoKvStore(kv);
  const begun = Promise.withResolvers<void>();
  let pieces = 0;
  const source = new ReadableStream({
    pull: (controller) => {
      if (pieces++ === 0) controller.enqueue(LONG.slice());
      else begun.resolve();
    },
  });
  const given = rejects(store.setStream!("key", source), StoreError, /was closed meanwhile/);
  await begun.promise;
  await store[Symbol.asyncDispose]();
  await given;
  assert.deepEqual(await keysIn(kv), []);
  kv.close();
});

test("denoKvStore() makes an error of what is damaged or foreign, and replaces it", async () => {
  for (const [damage, message] of DAMAGES) {
    await withKv(async (kv, store) => {
      await store.set("key", LONG);
      await damage(kv);
      // Not the harness: it would print a million bytes if this failed.
      const error = await store.get("key").then(() => undefined, (error) => error);
      assert.instanceOf(error, StoreError);
      assert.match(error.message, message);
      await store.set("key", BYTES);
      assert.deepEqual(await store.get("key"), BYTES);
    });
  }
});

test("denoKvStore() does not list what is foreign, and deletes it", () =>
  withKv(async (kv, store) => {
    await kv.set(HEAD, "hello");
    assert.deepEqual(await Array.fromAsync(store.list()), []);
    assert.isTrue(await store.delete("key"));
    assert.isFalse(await store.delete("key"));
  }));

/** Changes bytes of a value. */
async function patch(kv: Deno.Kv, key: Deno.KvKey, at: number, ...bytes: number[]): Promise<void> {
  const { value } = await kv.get<Uint8Array>(key);
  value!.set(bytes, at);
  await kv.set(key, value);
}

async function patchChunk(
  kv: Deno.Kv,
  damage: (key: Deno.KvKey) => Promise<unknown>,
): Promise<void> {
  await damage((await keysIn(kv, "chunk"))[3]);
}

test("denoKvStore() lists keys of all lengths by prefix", () =>
  withKv(async (kv, store) => {
    const start = "\u{1f600}/".repeat(100);
    const keys = [
      "a",
      start,
      `${start}${"\u20ac".repeat(700)}`,
      "\u20ac".repeat(1024),
      "\0".repeat(1024),
    ];
    keys.push("/".repeat(1024), `${"a/".repeat(511)}bc`, `${"\u20ac".repeat(1023)}a`);
    for (const key of keys) await store.set(key, BYTES);
    assert.lengthOf(await keysIn(kv, "long"), 6);
    for (const prefix of ["", "a", start, "\ud83d", `${start}\u20ac`, ...keys]) {
      const listed = await Array.fromAsync(store.list(prefix));
      assert.sameMembers(
        listed.map(({ key }) => key),
        keys.filter((key) => key.startsWith(prefix)),
      );
    }
    for (const key of keys) assert.isTrue(await store.delete(key));
    assert.deepEqual(await keysIn(kv), []);
  }));

test("denoKvStore() with different prefixes share a database", () =>
  withKv(async (kv, store) => {
    await using other = await denoKvStore(kv, { prefix: "other" });
    await store.set("a", BYTES);
    await other.set("b", BYTES);
    assert.deepEqual(await Array.fromAsync(store.list()), [{
      key: "a",
      size: 3,
      expires: Infinity,
    }]);
    assert.deepEqual(await Array.fromAsync(other.list()), [{
      key: "b",
      size: 3,
      expires: Infinity,
    }]);
  }));

test("denoKvStore() leaves a database open that was handed to it", () =>
  withKv(async (kv, store) => {
    await store[Symbol.asyncDispose]();
    assert.equal((await kv.get(["any"])).versionstamp, null);
  }));

test("denoKvStore() ends a lease by the clock, and sets nothing under it then", () =>
  withKv(async (kv, store) => {
    await withFakeTime(Date.now(), async ({ advance }) => {
      const lease = (await store.lease!("key", 1000))!;
      advance(999);
      assert.isTrue(await lease.renew());
      advance(999);
      await store.set("key", BYTES, { lease });
      advance(1);
      await rejects(store.set("key", LONG, { lease }), StoreError, /no longer held; take it/);
      assert.isFalse(await lease.renew());
      const next = (await store.lease!("key", 1000))!;
      assert.isAbove(next.token, lease.token);
      await rejects(store.set("other", BYTES, { lease: next }), StoreError, /no longer held/);
      await next[Symbol.asyncDispose]();
    });
    assert.deepEqual(await keysIn(kv), [["deja", 1, "entry", "key"]]);
  }));

test("denoKvStore() lets no lease of a clock that was wrong hold others off for long", () =>
  withKv(async (kv, store) => {
    await using other = await denoKvStore(kv);
    const start = Date.now();
    const lost = (await withFakeTime(start + 24 * HOUR_MS, () => store.lease!("key", 1000)))!;
    await withFakeTime(start, async ({ advance }) => {
      const taken = (await other.lease!("key", 1000))!;
      assert.isAbove(taken.token, lost.token);
      await rejects(store.set("key", BYTES, { lease: lost }), StoreError, /no longer held/);
      assert.isFalse(await lost.renew());
      await other.set("key", BYTES, { lease: taken });
      advance(-10_000);
      assert.isUndefined(await store.lease!("key", 1000), "A clock may be off by some seconds");
      advance(-24 * HOUR_MS);
      assert.isTrue(await taken.renew(), "Its holder has it until another takes it");
      advance(999);
      assert.isUndefined(await store.lease!("key", 1000));
      await taken[Symbol.asyncDispose]();
    });
  }));

/** Every call of a store. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get("key"),
  set: (store) => store.set("key", BYTES),
  delete: (store) => store.delete("key"),
  list: (store) => Array.fromAsync(store.list()),
  lease: (store) => store.lease!("key", 1000),
};

async function checkAllFail(store: Store, message?: RegExp): Promise<void> {
  for (const [name, call] of Object.entries(CALLS)) {
    const error = await rejects(call(store), StoreError, message);
    assert.equal(error.operation, name);
    assert.equal(error.store, "deno-kv");
  }
}

/** A database that answers each question in one way. */
function fakeKv(answer: () => Promise<never>): DenoKv {
  const atomic = { check: () => atomic, set: () => atomic, delete: () => atomic, commit: answer };
  return {
    get: answer,
    getMany: answer,
    list: () => ({ next: answer, [Symbol.asyncIterator]: () => fakeKv(answer).list({}) }),
    atomic: () => atomic,
    close: () => {},
  };
}

test("denoKvStore() makes a StoreError of whatever the database throws, and no cached function fails", async () => {
  const cause = new TypeError("It is out of order");
  const throwing = () => {
    throw cause;
  };
  for (const answer of [() => Promise.reject(cause), throwing]) {
    await using store = await denoKvStore(fakeKv(answer));
    await checkAllFail(store, /in Deno KV: the database says "It is out of order"/);
    await checkFunctionOver(store);
  }
});

test("denoKvStore() waits for a database that hangs, but not for ever", async () => {
  await using store = await denoKvStore(fakeKv(() => new Promise(() => {})), { timeout: 20 });
  await checkAllFail(store, /no answer within 20 ms/);
  await checkFunctionOver(store);
});

test("denoKvStore() reports a database that its owner has closed", async () => {
  const kv = await Deno.openKv(":memory:");
  await using store = await denoKvStore(kv);
  kv.close();
  await checkAllFail(store, /the database is closed; open it again/);
  await checkFunctionOver(store);
});

test("denoKvStore() gives up opening a database that hangs, and closes it if it comes", async () => {
  const { openKv } = Deno;
  const { promise, resolve } = Promise.withResolvers<DenoKv>();
  const closed = Promise.withResolvers<void>();
  Object.defineProperty(Deno, "openKv", { value: () => promise, configurable: true });
  try {
    await rejects(
      denoKvStore("https://example.org", { timeout: 20 }),
      StoreError,
      /Cannot open Deno KV: no answer within 20 ms/,
    );
    resolve({ ...fakeKv(() => Promise.reject()), close: closed.resolve });
    await closed.promise;
  } finally {
    Object.defineProperty(Deno, "openKv", { value: openKv, configurable: true });
  }
});

/** What a server may do with a connection, by what it does; none at all is there for `undefined`. */
const TROUBLES: Readonly<Record<string, ((connection: RawConnection) => void) | undefined>> = {
  "is not there": undefined,
  "answers rubbish": (connection) => connection.write("nothing\r\n\r\n"),
  "hangs up": (connection) => connection.destroy(),
};

for (const [what, speak] of Object.entries(TROUBLES)) {
  test(`denoKvStore() says that it cannot open where the server ${what}`, async () => {
    Deno.env.set("DENO_KV_ACCESS_TOKEN", "a token for tests");
    await using server = speak && await startRawServer(speak);
    const url = server?.url ?? await absentServer();
    const error = await rejects(denoKvStore(url), StoreError, /failed to connect to 'http:/);
    assert.equal(error.operation, "open");
  });
}

test("denoKvStore() says that it cannot open, and why", async () => {
  await withTempFolder(async (folder) => {
    await Deno.writeTextFile(
      `${folder}/text`,
      "no database, but a text that is long enough".repeat(9),
    );
    await rejects(
      denoKvStore(`${folder}/text`),
      StoreError,
      /Cannot open .*"file is not a database"/,
    );
    await rejects(
      denoKvStore(`${folder}/absent/below/file`),
      StoreError,
      /Cannot open Deno KV at .+: the folder .+\/absent\/below does not exist; make it$/,
    );
    await rejects(denoKvStore(folder), StoreError, /see that no folder stands there/);
  });
  await rejects(denoKvStore("/root/nowhere/database"), StoreError, /Deno lacks a permission/);
});

const WRONG: readonly (readonly [unknown, DenoKvStoreOptions, new () => Error, RegExp])[] = [
  [5, {}, TypeError, /needs a path, a URL, or a database/],
  [null, {}, TypeError, /needs a path, a URL, or a database/],
  [{}, {}, TypeError, /needs a path, a URL, or a database/],
  [":memory:", { prefix: "" }, RangeError, /"prefix" of denoKvStore\(\) must have 1 to 128/],
  [":memory:", { prefix: "a".repeat(129) }, RangeError, /code units, received 129/],
  [":memory:", { prefix: 5 as unknown as string }, TypeError, /must be a well-formed text/],
  [":memory:", { timeout: -1 }, RangeError, /"timeout" of denoKvStore\(\) must be more than 0/],
];

test("denoKvStore() refuses wrong arguments", async () => {
  for (const [database, options, type, message] of WRONG) {
    await rejects(denoKvStore(database as string, options), type, message);
  }
});

testOn(
  ["bun"],
  "Deno has Deno KV; pages have no use for it",
  "denoKvStore() says that this is not Deno",
  async () => {
    await rejects(denoKvStore(":memory:"), StoreError, /this is not Deno; use another store/);
  },
);
