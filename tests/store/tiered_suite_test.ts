import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store, StoreSubject } from "../../lib/store/mod.ts";
import { tieredStore } from "../../lib/store/tiered/mod.ts";
import { localChannel } from "./_channel.ts";
import { builtin, NEEDS_FILES } from "./_files.ts";
import { runSuite, runSuiteOn } from "./_suite.ts";

await runSuite("tiered (memory)", () => ({ store: tieredStore([memoryStore()]) }));

await runSuite("tiered (memory, memory)", () => ({
  store: tieredStore([memoryStore({ maxEntries: 100 }), memoryStore()]),
}));

await runSuite("tiered (memory, memory behind)", () => ({
  store: tieredStore([memoryStore({ maxEntries: 100 }), memoryStore()], { write: "behind" }),
}));

/** Tiers over a folder of their own, each handle with its own channel's end. */
async function folderSubject(
  open: (folder: string) => Promise<Store>,
): Promise<StoreSubject> {
  const { mkdtemp, rm } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const folder = await mkdtemp(`${tmpdir()}/deja-suite-`);
  return {
    store: await open(folder),
    reopen: () => open(folder),
    cleanup: () => rm(folder, { recursive: true }),
  };
}

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "tiered (memory, fs)", () => {
  const invalidation = localChannel();
  return folderSubject(async (folder) => {
    const fast = memoryStore({ maxEntries: 100 });
    return tieredStore([fast, await fsStore(`${folder}/cache`)], { invalidation });
  });
});
