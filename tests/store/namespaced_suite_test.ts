import { fsStore } from "../../lib/store/fs/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { namespacedStore, type Store, type StoreSubject } from "../../lib/store/mod.ts";
import { builtin, NEEDS_FILES } from "./_files.ts";
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

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "namespaced (fs)", async (): Promise<
  StoreSubject
> => {
  const { mkdtemp, rm } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const folder = await mkdtemp(`${tmpdir()}/deja-suite-`);
  const opened: Store[] = [];
  const open = async () => {
    const store = await fsStore(`${folder}/cache`);
    opened.push(store);
    return await part(store);
  };
  return {
    store: await open(),
    reopen: open,
    cleanup: async () => {
      for (const store of opened) await store[Symbol.asyncDispose]();
      await rm(folder, { recursive: true });
    },
  };
});
