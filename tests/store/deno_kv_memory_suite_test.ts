import { denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { runSuiteOn } from "./_suite.ts";

await runSuiteOn(
  ["deno"],
  "needs Deno KV",
  "Deno KV in memory",
  async () => ({ store: await denoKvStore(":memory:") }),
);

await runSuiteOn(["deno"], "needs Deno KV", "Deno KV over the user's database", async () => {
  const kv = await Deno.openKv(":memory:");
  return {
    store: await denoKvStore(kv),
    reopen: () => denoKvStore(kv),
    cleanup: () => kv.close(),
  };
});
