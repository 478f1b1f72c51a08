import type { Files } from "../../lib/store/fs/files.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { FolderStore } from "../../lib/store/fs/store.ts";
import type { Store } from "../../lib/store/mod.ts";
import { runSuiteOn } from "./_suite.ts";
import { folderSubject, NEEDS_FILES, nodeDriver } from "./_files.ts";

function openWith(files: () => Files): (path: string) => Promise<Store> {
  return (path) => FolderStore.open(files(), path);
}

await runSuiteOn(["deno", "bun"], NEEDS_FILES, "fs", () => folderSubject((path) => fsStore(path)));

await runSuiteOn(
  ["deno"],
  "Deno alone has both drivers; Bun runs this one as its own",
  "fs through node:fs in Deno",
  () => folderSubject(openWith(nodeDriver)),
);
