import { denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { testOn } from "../harness.ts";
import { startDenoKv, whyNoDenoKvServer } from "../servers/denokv.ts";
import { runSuite } from "./_suite.ts";

const because = await whyNoDenoKvServer();

if (because !== undefined) {
  testOn([], because, "Deno KV on a server store: passes the conformance suite", () => {});
} else {
  const { url } = await startDenoKv();
  let made = 0;
  await runSuite("Deno KV on a server", async () => {
    const prefix = `suite ${made++}`;
    return {
      store: await denoKvStore(url, { prefix }),
      reopen: () => denoKvStore(url, { prefix }),
    };
  });
}
