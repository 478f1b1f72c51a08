import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { tieredStore } from "../../lib/store/tiered/mod.ts";
import { localChannel } from "./_channel.ts";
import { folderSubject, NEEDS_FILES } from "./_files.ts";
import { runSuite, runSuiteOn } from "./_suite.ts";

await runSuite("tiered (memory)", () => ({ store: tieredStore([memoryStore()]) }));

await runSuite("tiered (memory, memory)", () => ({
  store: tieredStore([memoryStore({ maxEntries: 100 }), memoryStore()]),
}));

await runSuite("tiered (memory, memory behind)", () => ({
  store: tieredStore([memoryStore({ maxEntries: 100 }), memoryStore()], { write: "behind" }),
}));

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "tiered (memory, fs)", () => {
  const invalidation = localChannel();
  return folderSubject(async (path) => {
    const fast = memoryStore({ maxEntries: 100 });
    return tieredStore([fast, await fsStore(path)], { invalidation });
  });
});
