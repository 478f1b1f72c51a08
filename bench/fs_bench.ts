/**
 * Compares the store in a folder with a raw read of the same files, on Deno and Bun, and prints the
 * tables.
 *
 * ```sh
 * deno task bench:fs [RUNTIME ...] [--million] [--save]
 * ```
 *
 * The files stand in the folder for temporary ones; `TMPDIR` names another, such as one in memory,
 * where the disk does not count. `--million` also fills a folder with a million entries, and measures hits, the listing and the
 * upkeep there: some minutes for each runtime. `--save` writes the tables into
 * `bench/results/fs.md`.
 *
 * @module
 */
import type { Figures, ManyFigures } from "./fs/contest.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { runtimesOf } from "./shared/runtimes.ts";

const RUNTIMES = ["Deno", "Bun", "Node"];
const MILLION = 1_000_000;

const million = Deno.args.includes("--million");
const runtimes = runtimesOf<Figures>({
  folder: "fs",
  args: million ? [String(MILLION)] : [],
});

const ratio = (value: number, to: number): string => `${(value / to).toFixed(2)}×`;
const seconds = (milliseconds: number): string => `${(milliseconds / 1000).toFixed(1)} s`;
const mebibytes = (bytes: number): string => `${(bytes / 1024 ** 2).toFixed(0)} MiB`;

function manyTable(found: readonly (readonly [name: string, many: ManyFigures])[]): string {
  const rows: readonly (readonly [title: string, of: (many: ManyFigures) => string])[] = [
    ["Hit of 1 KiB among a thousand", ({ hits }) => timeName(hits.few)],
    ["among all; 1.3× is asked", ({ hits }) => ratio(hits.many, hits.few)],
    ["Listing: the first entry after", ({ list }) => `${list.first.toFixed(0)} ms`],
    ["all after", ({ list }) => seconds(list.all)],
    ["of the processor", ({ list }) => seconds(list.processor)],
    ["memory grew by", ({ list }) => mebibytes(list.bytes)],
    ["Upkeep to half; 120 s is asked", ({ prune }) => seconds(prune.all)],
    ["of the processor", ({ prune }) => seconds(prune.processor)],
    ["entries left", ({ prune }) => prune.left.toLocaleString("en-US")],
    ["memory grew by", ({ prune }) => mebibytes(prune.bytes)],
    ["Filling", ({ fill }) => seconds(fill)],
  ];
  return table(
    [`${MILLION.toLocaleString("en-US")} entries`, ...found.map(([name]) => name)],
    rows.map(([title, of]) => [title, ...found.map(([, many]) => of(many))]),
  );
}

const lines: string[] = [];
const folders = new Set<string>();
const smalls: string[][] = [];
const manies: [string, ManyFigures][] = [];
for (const name of wantedNames(Deno.args, RUNTIMES, ["Deno", "Bun"])) {
  const result = await runtimes[name]();
  if ("missing" in result) {
    lines.push(`${name} is missing: ${result.missing}`);
    continue;
  }
  const { folder, small, large, many } = result.figures;
  folders.add(folder);
  const title = `${name} ${result.version}`;
  smalls.push([
    title,
    timeName(small.raw),
    ratio(small.get, small.raw),
    timeName(large.raw),
    ratio(large.get, large.raw),
    ratio(large.getStream, large.raw),
  ]);
  if (many !== undefined) manies.push([title, many]);
}

const head = ["Read and hash", "raw 1 KiB", "get", "raw 64 MiB", "get", "getStream"];
const parts = [
  `# The store in a folder`,
  `\`deno task bench:fs ${Deno.args.join(" ")}\`, ${where()}, with the files ` +
  `in ${[...folders].join(" and ")}.`,
  "Raw is the runtime's own read of the whole file, synchronous for 1 KiB, and BLAKE3 over it; " +
  "the store's figures hash as well, and are in units of raw. A `get` of 1 KiB on a fresh handle " +
  "is to take at most 1.5×, one of 64 MiB at most 1.3×.",
  table(head, smalls),
  ...manies.length > 0 ? [manyTable(manies)] : [],
  ...lines,
];
const report = `${parts.join("\n\n")}\n`;
console.log(report);
if (Deno.args.includes("--save")) await saveReport("fs", report);
