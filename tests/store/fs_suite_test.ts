import type { Files } from "../../lib/store/fs/files.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { FolderStore } from "../../lib/store/fs/store.ts";
import type { Store, StoreSubject } from "../../lib/store/mod.ts";
import { runSuiteOn } from "./_suite.ts";
import { builtin, NEEDS_FILES, nodeDriver } from "./_files.ts";

/** A store in a folder of its own that does not exist yet. */
async function subject(open: (path: string) => Promise<Store>): Promise<StoreSubject> {
  const { mkdtemp, rm } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const folder = await mkdtemp(`${tmpdir()}/deja-suite-`);
  const path = `${folder}/cache`;
  return {
    store: await open(path),
    reopen: () => open(path),
    cleanup: () => rm(folder, { recursive: true }),
  };
}

function openWith(files: () => Files): (path: string) => Promise<Store> {
  return (path) => FolderStore.open(files(), path);
}

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "fs", () => subject((path) => fsStore(path)));

await runSuiteOn(
  ["deno"],
  "Deno alone has both drivers; Bun runs this one as its own",
  "fs through node:fs in Deno",
  () => subject(openWith(nodeDriver)),
);
