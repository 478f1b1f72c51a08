/**
 * The portability check: type-checks the entry points with the types of the Web alone, so that
 * nothing of Deno, Bun or Node can slip in.
 *
 * @module
 */

import { join } from "node:path";
import { manifest, root, run, tail } from "../run/project.ts";

/** Entry points for one runtime, or for tools: these may use more than the Web's types. */
const NOT_PORTABLE = ["./fs", "./deno-kv", "./cli", "./register", "./esbuild"];

/** What the type checker says against the portable entry points; empty when it is content. */
export async function portableProblems(): Promise<string[]> {
  const { compilerOptions, exports, imports } = await manifest("deno.json");
  const folder = await Deno.makeTempDir({ prefix: "deja-portable-" });
  try {
    const lib = ["esnext", "dom", "dom.iterable", "dom.asynciterable"];
    const config = join(folder, "deno.json");
    const options = { ...compilerOptions as Record<string, unknown>, lib };
    await Deno.writeTextFile(config, JSON.stringify({ imports, compilerOptions: options }));
    const files = Object.entries(exports).filter(([entry]) => !NOT_PORTABLE.includes(entry));
    const args = ["check", "--config", config, ...files.map(([, path]) => join(root, path))];
    const outcome = await run(Deno.execPath(), args, { limitMs: 120_000 });
    return outcome.code === 0 ? [] : [tail(outcome)];
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}
