/**
 * What the tests of the fs store share.
 *
 * @module
 */

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
