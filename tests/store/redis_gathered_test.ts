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

/** Which commands about values the server was sent, and how often. */
async function commandsSent(client: RedisClient): Promise<Record<string, number>> {
  const text = String(await send(client, "INFO", "commandstats"));
  const counts: Record<string, number> = {};
  for (const [, name, calls, rejected] of text.matchAll(COMMAND_STATS)) {
    if (COMMANDS.includes(name)) counts[name] = Number(calls) + Number(rejected);
  }
  return counts;
}

const COMMAND_STATS = /cmdstat_(\w+):calls=(\d+),.*rejected_calls=(\d+)/g;
const COMMANDS = ["get", "mget", "exists", "set", "mset"];

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redisStore() treats many calls at once as one by one", () => {});
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

    test(`redisStore() over ${name}: sends sets at once together, and keeps what each of them says`, () =>
      withStore(async (store, client) => {
        const keys = Array.from({ length: 100 }, (_, i) => `key ${i}`);
        await store.set("key 0", BYTES, { expires: Date.now() + 3_600_000 });
        await send(client, "CONFIG", "RESETSTAT");
        await Promise.all(keys.map((key, i) => store.set(key, Uint8Array.of(i))));
        assert.deepEqual(await commandsSent(client), { mset: 2 });
        for (const [i, key] of keys.entries()) {
          const [bytes, expires] = [Uint8Array.of(i), Infinity];
          assert.deepEqual(await outcome(store, key), { bytes, expires });
        }
        assert.equal(Number(await send(client, "PTTL", "deja:1:entry:{=key 0}")), -1);
        await send(client, "CONFIG", "RESETSTAT");
        const large = new Uint8Array(100_000).fill(7);
        const expires = Date.now() + 3_600_000;
        await store.set("alone", BYTES);
        await Promise.all([
          store.set("a", BYTES),
          store.set("large", large),
          store.set("b", BYTES, { expires }),
          store.set("c", Uint8Array.of(9)),
        ]);
        assert.deepEqual((await commandsSent(client)).set, 5);
        assert.deepEqual(await outcome(store, "large"), { bytes: large, expires: Infinity });
        assert.deepEqual(await outcome(store, "b"), { bytes: BYTES, expires });
        assert.deepEqual(await outcome(store, "c"), { bytes: Uint8Array.of(9), expires: Infinity });
      }));

    test(`redisStore() over ${name}: what comes after sets in one turn sees them, in their order`, () =>
      withStore(async (store) => {
        await store.set("gone", BYTES);
        const calls = [
          store.set("key", Uint8Array.of(1)),
          store.set("gone", Uint8Array.of(1)),
          store.set("key", Uint8Array.of(2)),
          store.delete("gone"),
          store.set("key", Uint8Array.of(3), { expires: Date.now() + 3_600_000 }),
          store.get("gone"),
        ];
        assert.deepEqual((await Promise.all(calls)).slice(3), [true, undefined, undefined]);
        assert.deepEqual(await store.get("key"), Uint8Array.of(3));
        const changed = Uint8Array.of(5);
        const setting = [store.set("key", changed), store.set("other", changed)];
        changed.fill(0);
        await Promise.all(setting);
        assert.deepEqual(await store.get("key"), Uint8Array.of(5));
      }));

    test(`redisStore() over ${name}: sets at once work for a user who may not use MSET, and fail where SET does`, () =>
      withStore(async (store, client) => {
        await send(client, "ACL", "SETUSER", "default", "-mset");
        await send(client, "CONFIG", "RESETSTAT");
        for (let turn = 0; turn < 3; turn++) {
          await Promise.all(["a", "b"].map((key) => store.set(key, Uint8Array.of(turn))));
          assert.deepEqual(await store.get("a"), Uint8Array.of(turn));
        }
        assert.equal((await commandsSent(client)).mset, 1, "It is not tried again");
        await send(client, "ACL", "SETUSER", "default", "+@all");
        await send(client, "CONFIG", "SET", "maxmemory", "1");
        await using other = redisStore(client);
        for (const each of [store, other]) {
          const sets = ["a", "b"].map((key) => each.set(key, BYTES));
          await Promise.all(sets.map((set) => rejects(set, StoreError, /its memory is full/)));
        }
      }));

    const MISBEHAVIOURS: Readonly<Record<string, (connection: RawConnection) => void>> = {
      "hangs": () => {},
      "hangs up": (connection) => connection.destroy(),
    };
    for (const [what, misbehave] of Object.entries(MISBEHAVIOURS)) {
      test(`redisStore() over ${name}: gets and sets at once all fail where the server ${what}`, async () => {
        await using server = await startRawServer(misbehave);
        const { client, close } = open(Number(new URL(server.url).port));
        await using store = redisStore(client, { timeout: 300 });
        const keys = ["a", "b", "c"];
        await Promise.all(keys.map((key) => rejects(store.get(key), StoreError)));
        await Promise.all(keys.map((key) => rejects(store.set(key, BYTES), StoreError)));
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
