import { redisStore, type RedisStoreOptions } from "../../lib/store/redis/mod.ts";
import type { RedisClient } from "../../lib/store/redis/mod.ts";
import { StoreError } from "../../lib/errors.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../harness.ts";
import { CLIENT_KINDS, openIoRedis, send, startRedis, whyNoRedis } from "../servers/redis.ts";

const BYTES = Uint8Array.of(1, 2, 3);
const NOTHING = {} as unknown as RedisClient;

test("redisStore() refuses what is no client of Redis", () => {
  for (const wrong of [undefined, null, "redis://127.0.0.1", {}, { get() {} }, 5]) {
    assert.throws(() => redisStore(wrong as unknown as RedisClient), TypeError, /needs a client/);
  }
});

const WRONG_OPTIONS: readonly (readonly [RedisStoreOptions, new () => Error, RegExp])[] = [
  [{ prefix: "" }, TypeError, /"prefix" of redisStore\(\) must be a text that is not empty/],
  [{ prefix: 5 as unknown as string }, TypeError, /"prefix" of redisStore\(\) must be a text/],
  [{ prefix: "a{b" }, TypeError, /only round a hash tag in front, received "a\{b"/],
  [{ prefix: "{}a" }, TypeError, /only round a hash tag in front/],
  [{ prefix: "{a}{b}" }, TypeError, /only round a hash tag in front/],
  [{ timeout: 0 }, RangeError, /"timeout" of redisStore\(\) must be more than 0/],
  [{ timeout: NaN }, RangeError, /"timeout" of redisStore\(\) must be more than 0/],
  [{ timeout: "1s" as unknown as number }, TypeError, /must be milliseconds, received string/],
];

test("redisStore() refuses wrong options", () => {
  const client = { send: NOTHING, getBuffer: NOTHING };
  const callable = { ...client, send: () => {}, getBuffer: () => {} } as unknown as RedisClient;
  for (const [options, type, message] of WRONG_OPTIONS) {
    assert.throws(() => redisStore(callable, options), type, message);
  }
});

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redisStore() keeps its promises on a real server", () => {});
} else {
  const { port } = await startRedis();
  let made = 0;

  for (const { name, open } of CLIENT_KINDS) {
    /** Runs `body` with a store under a prefix of its own. */
    const withStore = async (
      body: (context: { client: RedisClient; prefix: string }) => Promise<void>,
    ): Promise<void> => {
      const { client, close } = open(port);
      try {
        await body({ client, prefix: `${name} ${made++}` });
      } finally {
        await close();
      }
    };

    test(`redisStore() over ${name}: lets Redis drop an entry a minute after it expired`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        const place = `${prefix}:1:entry:{=key}`;
        await store.set("key", BYTES, { expires: Date.now() + 3_600_000 });
        const left = Number(await send(client, "PTTL", place));
        assert.isAbove(left, 3_600_000);
        assert.isAtMost(left, 3_660_000);
        await store.set("key", BYTES);
        assert.equal(Number(await send(client, "PTTL", place)), -1);
        await store.set("key", BYTES, { expires: 1e300 });
        assert.equal(Number(await send(client, "PTTL", place)), -1);
      }));

    test(`redisStore() over ${name}: goes by its own clock, whatever Redis still has`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        await withFakeTime(Date.now(), async ({ advance }) => {
          await store.set("key", BYTES, { expires: Date.now() + 1000 });
          advance(1000);
          assert.isUndefined(await store.get("key"));
          assert.equal(Number(await send(client, "EXISTS", `${prefix}:1:entry:{=key}`)), 1);
          advance(-1);
          assert.deepEqual(await store.get("key"), BYTES);
        });
      }));

    test(`redisStore() over ${name}: a foreign or cut value is an error, and can be replaced`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        const place = `${prefix}:1:entry:{=key}`;
        const damages: readonly (readonly [string[], RegExp])[] = [
          [["SET", place, "hello"], /the value is not a cache entry; set or delete it/],
          [["SET", place, ""], /the value is not a cache entry/],
          [["APPEND", place, "x"], /the value has 44 bytes, its header says 43/],
          [["SETRANGE", place, "7", "fff8000000000000"], /the expiry in the value is no moment/],
          [["SETRANGE", place, "5", "2"], /the value is not a cache entry/],
        ];
        for (const [[command, ...args], message] of damages) {
          await store.set("key", BYTES);
          await send(client, command, ...args);
          await rejects(store.get("key"), StoreError, message);
          await store.set("key", BYTES);
          assert.deepEqual(await store.get("key"), BYTES);
        }
        await send(client, "SET", place, "hello");
        assert.deepEqual(await Array.fromAsync(store.list()), []);
        assert.isTrue(await store.delete("key"));
        assert.isFalse(await store.delete("key"));
        await send(client, "SADD", place, "hello");
        assert.deepEqual(await Array.fromAsync(store.list()), []);
        await rejects(store.get("key"), StoreError, /something else than a cache entry has that/);
        assert.isTrue(await store.delete("key"));
      }));

    test(`redisStore() over ${name}: prefixes keep stores apart, also with signs of patterns`, () =>
      withStore(async ({ client, prefix }) => {
        const prefixes = ["a", "a*", "a?", "a[ab]", "ab", "a\\", "{a}a", "{a:1:entry:}"];
        await using stack = new AsyncDisposableStack();
        const stores = prefixes.map((each) =>
          stack.use(redisStore(client, { prefix: `${each}${prefix}` }))
        );
        for (const [index, store] of stores.entries()) await store.set(`key ${index}`, BYTES);
        for (const [index, store] of stores.entries()) {
          const listed = await Array.fromAsync(store.list());
          assert.deepEqual(listed, [{ key: `key ${index}`, size: 3, expires: Infinity }]);
        }
      }));

    test(`redisStore() over ${name}: lists by a prefix that ends inside of a character`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        for (const key of ["a\u{1f600}", "a\u{1f601}b", "a\ufffd", "a"]) {
          await store.set(key, BYTES);
        }
        const listed = await Array.fromAsync(store.list("a\ud83d"));
        assert.sameMembers(listed.map(({ key }) => key), ["a\u{1f600}", "a\u{1f601}b"]);
      }));

    test(`redisStore() over ${name}: a lease's token grows where the clock is set back`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        // As a server would have left it whose clock was an hour ahead.
        const ahead = Date.now() + 3_600_000;
        await send(client, "SET", `${prefix}:1:token:{=key}`, String(ahead));
        const lease = await store.lease!("key", 1000);
        assert.equal(lease?.token, ahead + 1);
      }));

    test(`redisStore() over ${name}: leaves nothing behind for good but entries`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        const lease = await store.lease!("key", 1000);
        for (const room of ["lease", "token"]) {
          assert.isAbove(Number(await send(client, "PTTL", `${prefix}:1:${room}:{=key}`)), 0);
        }
        await lease![Symbol.asyncDispose]();
        assert.equal(Number(await send(client, "EXISTS", `${prefix}:1:lease:{=key}`)), 0);
      }));

    test(`redisStore() over ${name}: gives back a lease that was granted after giving up`, () =>
      withStore(async ({ client, prefix }) => {
        await using store = redisStore(client, { prefix });
        const controller = new AbortController();
        const asked = store.lease!("key", 3_600_000, { signal: controller.signal });
        controller.abort(new SyntaxError("No longer wanted"));
        await rejects(asked, SyntaxError);
        let lease = await store.lease!("key", 3_600_000);
        while (lease === undefined) lease = await store.lease!("key", 3_600_000);
        await lease[Symbol.asyncDispose]();
      }));

    test(`redisStore() over ${name}: does not close the client`, () =>
      withStore(async ({ client, prefix }) => {
        const store = redisStore(client, { prefix });
        await store[Symbol.asyncDispose]();
        assert.equal(await send(client, "PING"), "PONG");
      }));
  }

  test("redisStore() over ioredis: sees its own entries behind a keyPrefix of the client", async () => {
    const { client, close } = openIoRedis(port, "outer*:");
    const plain = openIoRedis(port);
    await using store = redisStore(client, { prefix: "inner" });
    await store.set("a/b", BYTES);
    const lease = await store.lease!("a/b", 1000);
    await store.set("a/b", BYTES, { lease });
    await lease![Symbol.asyncDispose]();
    assert.deepEqual(await Array.fromAsync(store.list("a/")), [{
      key: "a/b",
      size: 3,
      expires: Infinity,
    }]);
    assert.equal(Number(await send(plain.client, "EXISTS", "outer*:inner:1:entry:{=a/b}")), 1);
    assert.isTrue(await store.delete("a/b"));
    await plain.close();
    await close();
  });
}
