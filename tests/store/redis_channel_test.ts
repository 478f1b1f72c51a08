import { memoryStore } from "../../lib/store/memory.ts";
import {
  redisChannel,
  type RedisClient,
  type RedisPublisher,
  redisStore,
  type RedisSubscriber,
} from "../../lib/store/redis/mod.ts";
import { tieredStore } from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test, testOn } from "../harness.ts";
import { CLIENT_KINDS, startRedis, whyNoRedis } from "../servers/redis.ts";

const OLD = Uint8Array.of(1);
const NEW = Uint8Array.of(2);
const PUBLISHER = { publish: () => {} };
const SUBSCRIBER = { subscribe: () => {}, unsubscribe: () => {} };

test("redisChannel() refuses what is no pair of clients of Redis", () => {
  const both = { ...PUBLISHER, ...SUBSCRIBER };
  for (
    const [publisher, subscriber, message] of [
      [undefined, SUBSCRIBER, /with publish\(\) to send with/],
      [{}, SUBSCRIBER, /with publish\(\) to send with/],
      [PUBLISHER, undefined, /with subscribe\(\) and unsubscribe\(\) to listen with/],
      [PUBLISHER, { subscribe: () => {} }, /with subscribe\(\) and unsubscribe\(\)/],
      [both, both, /needs two clients/],
    ] as const
  ) {
    const make = () => redisChannel(publisher as RedisPublisher, subscriber as RedisSubscriber);
    assert.throws(make, TypeError, message);
  }
});

test("redisChannel() leaves no listener where the server refuses to let it listen", async () => {
  const listeners = new Set<unknown>();
  const subscriber = {
    callBuffer: () => {},
    on: (_: string, listener: unknown) => void listeners.add(listener),
    off: (_: string, listener: unknown) => void listeners.delete(listener),
    listenerCount: () => listeners.size,
    subscribe: () => Promise.reject(new Error("NOPERM")),
    unsubscribe: () => {},
  };
  const channel = redisChannel(PUBLISHER, subscriber);
  await rejects(channel.subscribe(() => {}), Error, /NOPERM/);
  assert.equal(listeners.size, 0);
});

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redisChannel() keeps tiers in memory up to date", () => {});
} else {
  const { port } = await startRedis();

  for (const { name, open } of CLIENT_KINDS) {
    /** A tiered store as another process would have it, with clients of its own. */
    const openHandle = (): ReturnType<typeof withClients> => withClients(open(port), open(port));

    test(`redisChannel() over ${name}: drops from memory what another handle changes`, async () => {
      await using one = openHandle();
      await using two = openHandle();
      await one.store.set("key", OLD);
      await until(async () => {
        assert.deepEqual(await two.store.get("key"), OLD);
        await two.store.flush();
        return await two.memory.get("key") !== undefined;
      });
      await until(async () => {
        await one.store.set("key", NEW);
        return await two.memory.get("key") === undefined;
      });
      assert.deepEqual(await two.store.get("key"), NEW);
    });

    test(`redisChannel() over ${name}: a handle that closes leaves others over its client listening`, async () => {
      await using one = openHandle();
      await using two = openHandle();
      const other = tieredStore([memoryStore(), memoryStore()], { invalidation: two.channel });
      await other[Symbol.asyncDispose]();
      await two.memory.set("key", OLD);
      await until(async () => {
        await one.store.set("key", NEW);
        return await two.memory.get("key") === undefined;
      });
      assert.deepEqual(await two.store.get("key"), NEW);
    });
  }
}

/** A tiered store over two clients, which are closed after it. */
function withClients(
  one: { client: RedisClient; close(): void | Promise<void> },
  two: { client: RedisClient; close(): void | Promise<void> },
) {
  const memory = memoryStore();
  const channel = redisChannel(
    one.client as unknown as RedisPublisher,
    two.client as unknown as RedisSubscriber,
  );
  const store = tieredStore([memory, redisStore(one.client)], { invalidation: channel });
  return {
    memory,
    channel,
    store,
    async [Symbol.asyncDispose]() {
      await store[Symbol.asyncDispose]();
      await one.close();
      await two.close();
    },
  };
}

/** Tries again and again, since a connection that listens takes a moment to do so. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds()) await new Promise((resolve) => setTimeout(resolve, 1));
}
