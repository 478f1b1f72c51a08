import { StoreError } from "../../lib/errors.ts";
import type { RedisClient } from "../../lib/store/redis/mod.ts";
import { redisStore } from "../../lib/store/redis/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../harness.ts";
import { type RawConnection, startRawServer } from "../servers/http.ts";
import { CLIENT_KINDS, openIoRedis, send, startRedis, whyNoRedis } from "../servers/redis.ts";

const BYTES = Uint8Array.of(1, 2, 3);

/** What became of a get: the bytes and the expiry, or the message of the error. */
async function outcome(store: Store, key: string): Promise<unknown> {
  let expires: number | undefined;
  try {
    const bytes = await store.get(key, { onEntry: (about) => expires = about.expires });
    return { bytes, expires };
  } catch (error) {
    assert.instanceOf(error, StoreError);
    return (error as Error).message;
  }
}

/** Which commands the server was sent to read values, and how often. */
async function commandsSent(client: RedisClient): Promise<Record<string, number>> {
  const text = String(await send(client, "INFO", "commandstats"));
  const counts: Record<string, number> = {};
  for (const [, name, calls, rejected] of text.matchAll(COMMAND_STATS)) {
    if (READS.includes(name)) counts[name] = Number(calls) + Number(rejected);
  }
  return counts;
}

const COMMAND_STATS = /cmdstat_(\w+):calls=(\d+),.*rejected_calls=(\d+)/g;
const READS = ["get", "mget", "exists"];

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redisStore() reads many entries at once as one by one", () => {});
} else {
  for (const { name, open } of CLIENT_KINDS) {
    /** Bun's client gives several values as text only, so there is nothing to gather. */
    const gathers = name !== "Bun's client";

    /** Runs `body` with a server of its own. */
    const withStore = async (
      body: (store: Store, client: RedisClient) => Promise<void>,
    ): Promise<void> => {
      const { port, stop } = await startRedis();
      const { client, close } = open(port);
      try {
        await using store = redisStore(client);
        await body(store, client);
      } finally {
        await close();
        await stop();
      }
    };

    test(`redisStore() over ${name}: gets at once are answered as gets one by one`, () =>
      withStore(async (store, client) => {
        const now = Date.now();
        const place = (key: string) => `deja:1:entry:{=${key}}`;
        await withFakeTime(now, async ({ advance }) => {
          await store.set("live", BYTES, { expires: now + 5000 });
          await store.set("lasting", new Uint8Array(0));
          await store.set("all bytes", Uint8Array.from({ length: 256 }, (_, i) => i));
          await store.set("over", BYTES, { expires: now + 1000 });
          await store.set("cut", BYTES);
          await send(client, "SETRANGE", place("cut"), "5", "2");
          await send(client, "SET", place("foreign"), "hello");
          await send(client, "SADD", place("a set"), "hello");
          advance(1000);
          const keys = [
            "live",
            "lasting",
            "all bytes",
            "over",
            "cut",
            "foreign",
            "missing",
            "live",
          ];
          for (const asked of [keys, [...keys, "a set"], ["missing", "a set"], ["no", "none"]]) {
            const apart: unknown[] = [];
            for (const key of asked) apart.push(await outcome(store, key));
            const together = await Promise.all(asked.map((key) => outcome(store, key)));
            assert.deepEqual(together, apart);
          }
          assert.deepEqual(await outcome(store, "live"), { bytes: BYTES, expires: now + 5000 });
          assert.match(String(await outcome(store, "a set")), /something else than a cache entry/);
        });
      }));

    test(`redisStore() over ${name}: ${gathers ? "asks once for many" : "asks for each"}, and a get alone stays a GET`, () =>
      withStore(async (store, client) => {
        const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`);
        await Promise.all(keys.map((key) => store.set(key, BYTES)));
        await send(client, "CONFIG", "RESETSTAT");
        await store.get("key 0");
        assert.deepEqual(await commandsSent(client), { get: 1 });
        const found = await Promise.all(keys.map((key) => store.get(key)));
        for (const bytes of found) assert.deepEqual(bytes, BYTES);
        assert.deepEqual(
          await commandsSent(client),
          gathers ? { get: 1, mget: 2 } : { get: 101 },
        );
      }));

    test(`redisStore() over ${name}: asks apart for values that are large`, () =>
      withStore(async (store, client) => {
        const large = new Uint8Array(1 << 20).fill(7);
        const keys = ["a", "b", "c"];
        for (const key of keys) await store.set(key, large);
        await store.get("a");
        await send(client, "CONFIG", "RESETSTAT");
        for (const bytes of await Promise.all(keys.map((key) => store.get(key)))) {
          assert.deepEqual(bytes, large);
        }
        assert.deepEqual(await commandsSent(client), { get: 3 });
      }));

    test(`redisStore() over ${name}: gets at once work for a user who may not use MGET or EXISTS`, () =>
      withStore(async (store, client) => {
        for (const key of ["a", "b"]) await store.set(key, BYTES);
        for (const command of ["mget", "exists"]) {
          await using own = redisStore(client);
          await send(client, "ACL", "SETUSER", "default", "+@all", `-${command}`);
          await send(client, "CONFIG", "RESETSTAT");
          for (let turn = 0; turn < 3; turn++) {
            const found = await Promise.all(["a", "b", "c", "d"].map((key) => own.get(key)));
            assert.deepEqual(found, [BYTES, BYTES, undefined, undefined]);
          }
          const counts = await commandsSent(client);
          assert.equal(counts[command] ?? 0, gathers ? 1 : 0, "It is not tried again");
        }
      }));

    test(`redisStore() over ${name}: who gives up one of several gets at once is alone in that`, () =>
      withStore(async (store) => {
        for (const key of ["a", "b", "c"]) await store.set(key, BYTES);
        const controller = new AbortController();
        const given = store.get("b", { signal: controller.signal });
        const others = [store.get("a"), store.get("b"), store.get("c")];
        controller.abort(new SyntaxError("No longer wanted"));
        await rejects(given, SyntaxError, /No longer wanted/);
        assert.deepEqual(await Promise.all(others), [BYTES, BYTES, BYTES]);
      }));

    const MISBEHAVIOURS: Readonly<Record<string, (connection: RawConnection) => void>> = {
      "hangs": () => {},
      "hangs up": (connection) => connection.destroy(),
    };
    for (const [what, misbehave] of Object.entries(MISBEHAVIOURS)) {
      test(`redisStore() over ${name}: gets at once all fail where the server ${what}`, async () => {
        await using server = await startRawServer(misbehave);
        const { client, close } = open(Number(new URL(server.url).port));
        await using store = redisStore(client, { timeout: 300 });
        await Promise.all(["a", "b", "c"].map((key) => rejects(store.get(key), StoreError)));
        await close();
      });
    }
  }

  test("redisStore() over ioredis: gets at once find what is behind a keyPrefix of the client", async () => {
    const { port, stop } = await startRedis();
    const { client, close } = openIoRedis(port, "outer:");
    await using store = redisStore(client);
    for (const key of ["a", "b"]) await store.set(key, BYTES);
    const found = await Promise.all(["a", "b", "c"].map((key) => store.get(key)));
    assert.deepEqual(found, [BYTES, BYTES, undefined]);
    await close();
    await stop();
  });
}
