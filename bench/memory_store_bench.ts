/**
 * Races reads from the memory store against a bare `Map` and against other caches, in Deno, Bun and
 * Chromium, and prints the table.
 *
 * ```sh
 * deno task bench:memory [RUNTIME ...] [--save]
 * ```
 *
 * @module
 */
import { manifest } from "../tests/run/project.ts";
import type { MemoryFigures } from "./memory/contest.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { runtimesOf } from "./shared/runtimes.ts";

const RUNTIMES: readonly string[] = ["Deno", "Bun", "Chromium"];
const PACKAGES: readonly string[] = ["lru-cache", "keyv"];
/** What the others are measured by. */
const FLOOR = "Map in an async function";

async function report(names: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json");
  const versions = PACKAGES.map((name) => imports[name].replace("npm:", ""));
  const runtimes = runtimesOf<MemoryFigures>({ folder: "memory" });
  const sections = [
    "# Memory store",
    `\`deno task bench:memory ${names.join(" ")}\`, ${where()}. Against ${versions.join(", ")}. ` +
    "An awaited `get` of 1 KiB among 1000 entries, the best of many turns that the contenders take " +
    "one after another, and its ratio to that of a bare `Map` behind the same promise.",
  ];
  for (const name of names) {
    const result = await runtimes[name]();
    if ("missing" in result) {
      sections.push(`## ${name}`, `Skipped: ${result.missing}`);
      continue;
    }
    const { version, figures } = result;
    const rows = Object.entries(figures).map(([contender, time]) => [
      contender,
      timeName(time),
      `${(time / figures[FLOOR]).toFixed(2)}×`,
    ]);
    sections.push(`## ${name} ${version}`, table(["get", "time", "ratio"], rows));
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const names = wantedNames(Deno.args, RUNTIMES, RUNTIMES);
  const text = await report(names);
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("memory", text);
}
