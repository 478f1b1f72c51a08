import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { sealedStore } from "../../lib/store/mod.ts";
import { folderSubject, NEEDS_FILES } from "./_files.ts";
import { runSuite, runSuiteOn } from "./_suite.ts";

const secret = "a secret of this suite";

await runSuite("sealed (memory)", () => ({ store: sealedStore(memoryStore(), { secret }) }));

await runSuite("sealed and encrypted (memory)", () => ({
  store: sealedStore(memoryStore(), { secret, verify: "strict", encrypt: true }),
}));

await runSuiteOn(
  ["deno", "bun"],
  NEEDS_FILES,
  "sealed (fs)",
  () => folderSubject(async (path) => sealedStore(await fsStore(path), { secret })),
);
