/**
 * Reads which file of the library imports which.
 *
 * @module
 */

import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { filesUnder, root, run, tail } from "../run/project.ts";
import type { Graph } from "./arrows.ts";

interface Info {
  readonly modules: readonly {
    readonly specifier: string;
    readonly error?: string;
    readonly dependencies?: readonly {
      readonly specifier: string;
      readonly code?: Resolved;
      readonly type?: Resolved;
    }[];
  }[];
}

interface Resolved {
  readonly specifier?: string;
  readonly error?: string;
}

/** The imports of the library as it is: static, dynamic and type-only, as Deno reads them. */
export async function libraryGraph(): Promise<Graph> {
  const all = [...await filesUnder("lib", ".ts"), "mod.ts"];
  const folder = await Deno.makeTempDir({ prefix: "deja-arrows-" });
  try {
    const entry = join(folder, "all.ts");
    const lines = all.map((file) => `import ${JSON.stringify(pathToFileURL(join(root, file)))};\n`);
    await Deno.writeTextFile(entry, lines.join(""));
    const args = ["info", "--json", "--config", join(root, "deno.json"), entry];
    const outcome = await run(Deno.execPath(), args, { limitMs: 120_000 });
    if (outcome.code !== 0) throw new Error(tail(outcome));
    return toGraph(JSON.parse(outcome.stdout));
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

function toGraph({ modules }: Info): Graph {
  const base = pathToFileURL(root).href;
  const local = (specifier: string): string =>
    specifier.startsWith(base) ? specifier.slice(base.length) : specifier;
  const broken = modules.filter((module) => module.error !== undefined);
  if (broken.length > 0) throw new Error(broken.map((module) => module.error).join("\n"));
  return Object.fromEntries(
    modules.filter((module) => module.specifier.startsWith(base)).map((module) => [
      local(module.specifier),
      (module.dependencies ?? []).map(({ specifier, code, type }) =>
        local(code?.specifier ?? type?.specifier ?? specifier)
      ),
    ]),
  );
}
