import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { sealedStore } from "../../lib/store/mod.ts";
import { builtin, NEEDS_FILES } from "./_files.ts";
import { runSuite, runSuiteOn } from "./_suite.ts";

const secret = "a secret of this suite";

await runSuite("sealed (memory)", () => ({ store: sealedStore(memoryStore(), { secret }) }));

await runSuite("sealed and encrypted (memory)", () => ({
  store: sealedStore(memoryStore(), { secret, verify: "strict", encrypt: true }),
}));

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "sealed (fs)", async () => {
  const { mkdtemp, rm } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const folder = await mkdtemp(`${tmpdir()}/deja-suite-`);
  const open = async () => sealedStore(await fsStore(`${folder}/cache`), { secret });
  return {
    store: await open(),
    reopen: open,
    cleanup: () => rm(folder, { recursive: true }),
  };
});
