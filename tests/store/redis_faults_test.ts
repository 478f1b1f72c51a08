import { StoreError } from "../../lib/errors.ts";
import type { RedisClient } from "../../lib/store/redis/mod.ts";
import { redisStore } from "../../lib/store/redis/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import { assert, rejects, test, testOn } from "../harness.ts";
import { type RawConnection, startRawServer } from "../servers/http.ts";
import { freePort } from "../servers/process.ts";
import { CLIENT_KINDS, send, startRedis, whyNoRedis } from "../servers/redis.ts";
import { checkFunctionOver } from "./_function.ts";

const BYTES = Uint8Array.of(1, 2, 3);

/** Every call, each of which has to reject with a `StoreError`, and none to hang. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get("key"),
  set: (store) => store.set("key", BYTES),
  delete: (store) => store.delete("key"),
  list: (store) => Array.fromAsync(store.list()),
  lease: (store) => store.lease!("key", 1000),
};

/** What a server may do with a connection, by what it does. */
const MISBEHAVIOURS: Readonly<Record<string, (connection: RawConnection) => void>> = {
  "hangs": () => {},
  "answers rubbish": (connection) => connection.write("<html>\r\nnothing here\r\n\r\n\0$-9\r\n"),
  "hangs up": (connection) => connection.destroy(),
};

async function checkAllFail(client: RedisClient, message?: RegExp): Promise<void> {
  await using store = redisStore(client, { timeout: 300 });
  await Promise.all(
    Object.entries(CALLS).map(async ([name, call]) => {
      const error = await rejects(call(store), StoreError, message);
      assert.equal(error.store, "redis");
      assert.equal(error.operation, name);
    }),
  );
}

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redisStore(): every call fails when the server does", () => {});
} else {
  for (const { name, open } of CLIENT_KINDS) {
    test(`redisStore() over ${name}: every call fails, and no cached function, where no server is`, async () => {
      const { client, close } = open(await freePort());
      await checkAllFail(client);
      await checkFunctionOver(redisStore(client, { timeout: 100 }));
      await close();
    });

    for (const [what, misbehave] of Object.entries(MISBEHAVIOURS)) {
      test(`redisStore() over ${name}: every call fails, and no cached function, where the server ${what}`, async () => {
        await using server = await startRawServer(misbehave);
        const { client, close } = open(Number(new URL(server.url).port));
        await checkAllFail(client);
        await checkFunctionOver(redisStore(client, { timeout: 100 }));
        await close();
      });
    }

    test(`redisStore() over ${name}: every call fails, and no cached function, when the server dies midway`, async () => {
      const { port, stop } = await startRedis();
      const { client, close } = open(port);
      await using store = redisStore(client);
      await store.set("key", BYTES);
      assert.deepEqual(await store.get("key"), BYTES);
      await stop();
      await checkAllFail(client);
      await checkFunctionOver(redisStore(client, { timeout: 100 }));
      await close();
    });

    test(`redisStore() over ${name}: a server that is paused fails the call, then serves it`, async () => {
      const { port, stop } = await startRedis();
      const [{ client, close }, pausing] = [open(port), open(port)];
      await using store = redisStore(client, { timeout: 200 });
      await using patient = redisStore(client);
      await patient.set("key", BYTES);
      await send(pausing.client, "CLIENT", "PAUSE", "1000", "ALL");
      await rejects(store.get("key"), StoreError, /no answer within 200 ms/);
      assert.deepEqual(await patient.get("key"), BYTES);
      await pausing.close();
      await close();
      await stop();
    });

    test(`redisStore() over ${name}: every call fails, and no cached function, where a password is missing`, async () => {
      const { port, stop } = await startRedis("--requirepass", "secret");
      const { client, close } = open(port);
      await checkAllFail(client);
      await checkFunctionOver(redisStore(client));
      await close();
      await stop();
    });

    test(`redisStore() over ${name}: says that the user may not do that`, async () => {
      const { port, stop } = await startRedis();
      const { client, close } = open(port);
      await send(client, "ACL", "SETUSER", "default", "-@all");
      await checkAllFail(client, /the user may not do that; allow it the commands and keys/);
      await checkFunctionOver(redisStore(client));
      await close();
      await stop();
    });

    test(`redisStore() over ${name}: says that the server is full, and still reads`, async () => {
      const { port, stop } = await startRedis();
      const { client, close } = open(port);
      await using store = redisStore(client);
      await store.set("key", BYTES);
      await send(client, "CONFIG", "SET", "maxmemory", "1");
      await rejects(store.set("key", BYTES), StoreError, /its memory is full; give it more/);
      assert.deepEqual(await store.get("key"), BYTES);
      await close();
      await stop();
    });
  }
}
