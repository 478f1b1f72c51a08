/**
 * Races the store in Redis against the bare client, on Deno and Bun, against a `redis-server` that it
 * starts, and prints the tables.
 *
 * ```sh
 * deno task bench:redis [RUNTIME ...] [--save]
 * ```
 *
 * `--save` also writes the tables into `bench/results/redis.md`.
 *
 * @module
 */
import { manifest } from "../tests/run/project.ts";
import type { Figures } from "./redis/contest.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { runtimesOf } from "./shared/runtimes.ts";

async function report(names: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json");
  const versions = ["ioredis", "redis"].map((name) => imports[name].replace("npm:", ""));
  const runtimes = runtimesOf<Figures>({ folder: "redis" });
  const sections = [
    "# Redis",
    `\`deno task bench:redis ${names.join(" ")}\`, ${where()}, a \`redis-server\` on the same ` +
    `machine. ${versions.join(", ")}. The best of many turns that the contenders take one after ` +
    "another. At most 1.2× is asked.",
  ];
  for (const name of names) {
    const result = await runtimes[name]();
    if ("missing" in result) {
      sections.push(`## ${name}`, `Skipped: ${result.missing}`);
      continue;
    }
    const rows = Object.entries(result.figures).map(([row, { ours, bare }]) => [
      row,
      timeName(ours),
      timeName(bare),
      `${(ours / bare).toFixed(2)}×`,
    ]);
    const head = ["", "déjà", "bare client", "déjà in units of it"];
    sections.push(`## ${name} ${result.version}`, table(head, rows));
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const names = wantedNames(Deno.args, ["Deno", "Bun"], ["Deno", "Bun"]);
  const text = await report(names);
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("redis", text);
}
