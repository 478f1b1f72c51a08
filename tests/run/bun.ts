/**
 * Finds the Bun that Deno installed from npm.
 *
 * @module
 */

import { join } from "node:path";
import { root, run } from "./project.ts";

/**
 * Path of a Bun that runs on this machine. The packages hold one binary for each kind of processor
 * and C library, and Bun's own installer, which would pick among them, is not run.
 *
 * @throws {Error} If none of them starts.
 */
export async function findBun(): Promise<string> {
  const packages = join(root, "node_modules", ".deno");
  const tried: string[] = [];
  for await (const { name } of Deno.readDir(packages)) {
    if (!name.startsWith("@oven+bun-")) continue;
    const [, platform] = name.match(/^@oven\+(bun-[^@]+)@/) ?? [];
    const folder = join(packages, name, "node_modules", "@oven", platform ?? "", "bin");
    const path = join(folder, Deno.build.os === "windows" ? "bun.exe" : "bun");
    tried.push(path);
    const outcome = await run(path, ["--version"], { limitMs: 60_000 }).catch(() => undefined);
    if (outcome?.code === 0) return path;
  }
  throw new Error(`No Bun starts among: ${tried.join(", ") || "no packages at all"}`);
}
