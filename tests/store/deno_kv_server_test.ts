import { StoreError } from "../../lib/errors.ts";
import { denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { assert, rejects, runScript, test, testOn } from "../harness.ts";
import { startDenoKv, whyNoDenoKvServer } from "../servers/denokv.ts";

const because = await whyNoDenoKvServer();

if (because !== undefined) {
  testOn([], because, "denoKvStore() on a server: fails when the server does", () => {});
} else {
  test("denoKvStore() on a server: every call fails when the server dies midway", async () => {
    const script = import.meta.resolve("./fixtures/deno_kv_dying_server.ts");
    const { code, stdout, stderr } = await runScript(script);
    assert.equal(code, 0, stderr);
    const messages: string[] = JSON.parse(stdout);
    const operations = ["get", "set", "delete", "list", "lease"];
    assert.lengthOf(messages, operations.length);
    for (const [index, operation] of operations.entries()) {
      assert.include(messages[index], `StoreError: Cannot ${operation} in Deno KV: `);
    }
  });

  test("denoKvStore() on a server: says that the token is wrong", async () => {
    const { url, stop } = await startDenoKv();
    Deno.env.set("DENO_KV_ACCESS_TOKEN", "another token");
    await rejects(denoKvStore(url), StoreError, /Cannot open Deno KV: .*40[13]/);
    await stop();
  });
}
