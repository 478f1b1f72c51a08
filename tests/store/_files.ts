/**
 * What the tests of the fs store share.
 *
 * @module
 */

import type { Store, StoreSubject } from "../../lib/store/mod.ts";
import { testOn, withTempFolder } from "../harness.ts";
import type { Files } from "../../lib/store/fs/files.ts";
import { nodeFiles, type NodeFileSystem, type NodeProcess } from "../../lib/store/fs/node_files.ts";

/** The module `node:fs`. */
export type NodeFs = typeof import("node:fs");

/** Why the tests of the fs store skip a runtime. */
export const NEEDS_FILES = "needs a file system";

/** Reaches a built-in module without an import, which a browser bundle would trip over. */
export function builtin<T>(name: string): T {
  const { process } = globalThis as unknown as { process: Required<NodeProcess> };
  return process.getBuiltinModule(name) as T;
}

/** The driver over `node:fs`, which Deno has as well. */
export function nodeDriver(): Files {
  const { process } = globalThis as unknown as { process: NodeProcess };
  return nodeFiles(process, builtin<NodeFileSystem>("node:fs"));
}

/** Paths of all files below a folder, from there on. */
export function filesIn(fs: NodeFs, root: string): string[] {
  return fs.readdirSync(root, { recursive: true, withFileTypes: true })
    .filter((entry) => !entry.isDirectory())
    .map((entry) => `${entry.parentPath}/${entry.name}`.slice(root.length + 1))
    .sort();
}

/** A test on a file system: `root` does not exist yet. */
export function testFiles(name: string, body: (root: string, fs: NodeFs) => Promise<void>): void {
  testOn(
    ["deno", "bun"],
    NEEDS_FILES,
    name,
    () => withTempFolder((folder) => body(`${folder}/cache`, builtin<NodeFs>("node:fs"))),
  );
}

/** For the suite, a store over a folder of its own that does not exist yet. */
export async function folderSubject(open: (path: string) => Promise<Store>): Promise<StoreSubject> {
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
