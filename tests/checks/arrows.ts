/**
 * The arrows check: which part of the library may import which, and no import in a circle.
 *
 * @module
 */

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
const environment = "lib/environment.ts";
const engine = "lib/engine.ts";
const uncleared = "lib/uncleared.ts";
const hash = "lib/hash/";
const codec = "lib/codec/";
const key = "lib/key/";
const record = "lib/record/";
const lru = "lib/lru.ts";
const units = "lib/units.ts";
const unknownOption = "lib/unknown_option.ts";
const store = "lib/store/store.ts";
const memory = "lib/store/memory.ts";
const storeHelpers = "lib/store/_";
const makingOfFunctions = [
  errors,
  environment,
  hash,
  codec,
  key,
  record,
  store,
  memory,
  lru,
  units,
  unknownOption,
];

/** The first rule whose `from` fits a file is the one that holds for it. */
export const RULES: readonly Rule[] = [
  { from: errors, to: [] },
  { from: hash, to: [errors, environment, engine, "wasm/"] },
  { from: codec, to: [errors, engine, uncleared, hash] },
  { from: key, to: [errors, hash, codec, lru] },
  { from: record, to: [errors, uncleared, hash, codec] },
  { from: store, to: [errors] },
  { from: "lib/store/suite", to: [store, errors, "lib/store/suite/"] },
  {
    from: "lib/store/mod.ts",
    to: [
      store,
      "lib/store/_keys.ts",
      ...["suite", "copy", "namespaced", "sealed"].map((file) => `lib/store/${file}.ts`),
    ],
  },
  { from: memory, to: [errors, lru, units, store, storeHelpers] },
  { from: "lib/store/", to: [errors, units, unknownOption, hash, store, storeHelpers] },
  { from: "lib/function/default_store.ts", to: [...makingOfFunctions, "lib/store/"] },
  { from: "lib/function/", to: makingOfFunctions },
  ...["lib/transform/", "lib/cli/", "lib/inspector/"].map((leaf) => ({
    from: leaf,
    to: [...makingOfFunctions, "lib/store/", "lib/function/", "mod.ts", "deno.json"],
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
