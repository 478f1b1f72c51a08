import { redisStore } from "../../lib/store/redis/mod.ts";
import { testOn } from "../harness.ts";
import { CLIENT_KINDS, startRedis, whyNoRedis } from "../servers/redis.ts";
import { runSuite } from "./_suite.ts";

const because = await whyNoRedis();

if (because !== undefined) {
  testOn([], because, "redis store: passes the conformance suite", () => {});
} else {
  const { port } = await startRedis();
  let made = 0;
  for (const { name, open } of CLIENT_KINDS) {
    await runSuite(`redis (${name})`, () => {
      const prefix = `suite ${made++}`;
      const { client, close } = open(port);
      return {
        store: redisStore(client, { prefix }),
        reopen: () => redisStore(client, { prefix }),
        cleanup: close,
      };
    });
  }
}
