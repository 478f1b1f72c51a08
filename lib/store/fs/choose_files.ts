/**
 * The one place that decides whose file system is used.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { type DenoApi, denoFiles } from "./deno_files.ts";
import type { Files } from "./files.ts";
import { nodeFiles, type NodeFileSystem, type NodeProcess } from "./node_files.ts";

/**
 * Provides the file system of this runtime.
 *
 * @throws {StoreError} It has none.
 */
export function chooseFiles(): Files {
  const { Deno, process } = globalThis as { Deno?: DenoApi; process?: NodeProcess };
  if (typeof Deno?.openSync === "function") return denoFiles(Deno);
  // A call rather than an import, so that no bundler looks for the module.
  const fs = process?.getBuiltinModule?.("node:fs") as NodeFileSystem | undefined;
  if (process !== undefined && fs !== undefined) return nodeFiles(process, fs);
  throw new StoreError(
    "fsStore() needs the file system of Deno, Bun or Node; in a browser use opfsStore()",
    { store: "fs", operation: "open" },
  );
}
