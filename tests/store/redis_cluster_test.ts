import { redisStore } from "../../lib/store/redis/mod.ts";
import { assert, test, testOn } from "../harness.ts";
import {
  CLUSTER_KINDS,
  openIoRedis,
  send,
  startRedisCluster,
  whyNoRedis,
} from "../servers/redis.ts";
import { runSuite } from "./_suite.ts";

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redis store: passes the conformance suite in a cluster", () => {});
} else {
  const ports = await startRedisCluster();
  let made = 0;

  for (const { name, open } of CLUSTER_KINDS) {
    await runSuite(`redis cluster (${name})`, async () => {
      const prefix = `suite ${made++}`;
      const { client, close } = await open(ports);
      return {
        store: redisStore(client, { prefix }),
        reopen: () => redisStore(client, { prefix }),
        cleanup: close,
      };
    });

    test(`redisStore() over a cluster of ${name}: uses every node, also for calls at once, and lists all of them`, async () => {
      const prefix = `nodes ${made++}`;
      const { client, close } = await open(ports);
      {
        await using store = redisStore(client, { prefix });
        const keys = Array.from({ length: 50 }, (_, index) => `key ${index}`);
        for (const key of [...keys, "}", "{", "{}", "a}b"]) {
          await store.set(key, Uint8Array.of(1));
          const lease = await store.lease!(key, 1000);
          await store.set(key, Uint8Array.of(1, 2), { lease });
          await lease![Symbol.asyncDispose]();
        }
        await Promise.all(keys.map((key) => store.set(key, Uint8Array.of(3))));
        const found = await Promise.all(keys.map((key) => store.get(key)));
        for (const bytes of found) assert.deepEqual(bytes, Uint8Array.of(3));
        const listed = await Array.fromAsync(store.list("key "));
        assert.sameMembers(listed.map(({ key }) => key), keys);
      }
      await close();
      for (const port of ports) {
        const node = openIoRedis(port);
        const [, found] = await send(
          node.client,
          "SCAN",
          "0",
          "MATCH",
          `${prefix}:1:entry:*`,
          "COUNT",
          "100000",
        ) as [string, string[]];
        assert.isAbove(found.length, 5);
        await node.close();
      }
    });
  }
}
