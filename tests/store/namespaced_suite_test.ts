import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { namespacedStore, type Store } from "../../lib/store/mod.ts";
import { folderSubject, NEEDS_FILES } from "./_files.ts";
import { runSuite, runSuiteOn } from "./_suite.ts";

/** A part of a store that has other parts, which the suite must not see. */
async function part(store: Store): Promise<Store> {
  if (await store.get("other/key") === undefined) {
    for (const key of ["key", "name/key", "part", "part2/key", "other/key", "part~/key"]) {
      await store.set(key, Uint8Array.of(9));
    }
  }
  return namespacedStore(store, "part");
}

await runSuite("namespaced (memory)", async () => {
  const store = memoryStore();
  return { store: await part(store), cleanup: () => store[Symbol.asyncDispose]() };
});

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "namespaced (fs)", async () => {
  const opened: Store[] = [];
  const subject = await folderSubject(async (path) => {
    const store = await fsStore(path);
    opened.push(store);
    return await part(store);
  });
  return {
    ...subject,
    cleanup: async () => {
      // Closing a part leaves the store open.
      for (const store of opened) await store[Symbol.asyncDispose]();
      await subject.cleanup?.();
    },
  };
});
