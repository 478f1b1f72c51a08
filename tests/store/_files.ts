/**
 * What the tests of the fs store share.
 *
 * @module
 */

import type { Files } from "../../lib/store/fs/files.ts";
import { nodeFiles, type NodeFileSystem, type NodeProcess } from "../../lib/store/fs/node_files.ts";

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
