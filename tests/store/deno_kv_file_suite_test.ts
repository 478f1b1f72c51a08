import { denoKvStore } from "../../lib/store/deno_kv/mod.ts";
import { runSuiteOn } from "./_suite.ts";

await runSuiteOn(["deno"], "needs Deno KV", "Deno KV in a file", async () => {
  const folder = await Deno.makeTempDir({ prefix: "deja-kv-" });
  const path = `${folder}/database`;
  return {
    store: await denoKvStore(path),
    reopen: () => denoKvStore(path),
    cleanup: () => Deno.remove(folder, { recursive: true }),
  };
});
