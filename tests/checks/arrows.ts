/**
 * The arrows check: which part of the library may import which, and no import in a circle.
 *
 * @module
 */

import { join, relative } from "node:path";
import { pathToFileURL } from "node:url";
import { filesUnder, root, run, tail } from "../run/project.ts";

/** Imports by file: what each one names, types included. Paths are relative to the project. */
export type Graph = Readonly<Record<string, readonly string[]>>;

/** What some files may import besides the files of their own folder. */
export interface Rule {
  /** How the paths of these files start. */
  readonly from: string;
  /** How the paths that they may import start. */
  readonly to: readonly string[];
}

const errors = "lib/errors.ts";
const hash = "lib/hash/";
const codec = "lib/codec/";
const key = "lib/key/";
const record = "lib/record/";
const lru = "lib/lru.ts";
const store = "lib/store/store.ts";
const memory = "lib/store/memory.ts";
const storeHelpers = "lib/store/_";
const makingOfFunctions = [errors, hash, codec, key, record, store, memory, lru];

/** The first rule whose `from` fits a file is the one that holds for it. */
export const RULES: readonly Rule[] = [
  { from: errors, to: [] },
  { from: hash, to: [errors, "wasm/"] },
  { from: codec, to: [errors, hash] },
  { from: key, to: [errors, hash, codec] },
  { from: record, to: [errors, hash, codec] },
  { from: store, to: [errors] },
  { from: "lib/store/suite.ts", to: [store, errors] },
  { from: "lib/store/mod.ts", to: [store, "lib/store/suite.ts"] },
  { from: "lib/store/", to: [errors, hash, store, storeHelpers] },
  { from: "lib/function/default_store.ts", to: [...makingOfFunctions, "lib/store/"] },
  { from: "lib/function/", to: makingOfFunctions },
  ...["lib/transform/", "lib/cli/", "lib/inspector/"].map((leaf) => ({
    from: leaf,
    to: [...makingOfFunctions, "lib/store/", "lib/function/", "mod.ts"],
  })),
  { from: "lib/", to: [errors] },
  { from: "mod.ts", to: [...makingOfFunctions, "lib/function/"] },
  { from: "wasm/", to: [] },
];

/** Every import that no rule allows, and every circle; empty when the arrows are right. */
export function arrowProblems(graph: Graph, rules: readonly Rule[] = RULES): string[] {
  const wrong = Object.entries(graph).flatMap(([file, imports]) =>
    imports.flatMap((path) => wrongArrow(file, path, rules) ?? [])
  );
  return [...wrong, ...circles(graph)];
}

function wrongArrow(file: string, path: string, rules: readonly Rule[]): string | undefined {
  if (path.startsWith("npm:")) return undefined; // A bare name that deno.json pins.
  if (path.includes(":")) return `${file} imports ${path}: only files and pinned packages may be`;
  const rule = rules.find(({ from }) => file.startsWith(from));
  if (rule === undefined) return `${file} has no rule: add one to tests/checks/arrows.ts`;
  const allowed = [...ownFolder(file), ...rule.to];
  if (allowed.some((start) => path.startsWith(start))) return undefined;
  return `${file} imports ${path}: ${rule.from} may import only ${rule.to.join(", ") || "nothing"}`;
}

/** The folder that a file may always import from: each of `lib/*` and `lib/store/*` is one room. */
function ownFolder(file: string): string[] {
  return file.match(/^(?:lib\/store\/[^/]+\/|lib\/(?!store\/)[^/]+\/|wasm\/)/) ?? [];
}

function circles(graph: Graph): string[] {
  const done = new Set<string>();
  const found: string[] = [];
  const visit = (file: string, trail: readonly string[]): void => {
    const start = trail.indexOf(file);
    if (start >= 0) {
      found.push(`Imports in a circle: ${[...trail.slice(start), file].join(" -> ")}`);
    }
    if (start >= 0 || done.has(file)) return;
    for (const next of graph[file] ?? []) visit(next, [...trail, file]);
    done.add(file);
  };
  for (const file of Object.keys(graph)) visit(file, []);
  return found;
}

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
    specifier.startsWith(base) ? relative(base, specifier) : specifier;
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
