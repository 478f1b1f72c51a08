/**
 * Races the function layer against other caches of functions, Python's `functools.cache` and its
 * own stores, on Deno, Bun and Chromium, and prints the tables.
 *
 * ```sh
 * deno task bench:function [RUNTIME ...] [--rows=PART,...] [--save]
 * ```
 *
 * `--rows` keeps the rows whose name contains one of the parts, such as `hit:`, `fib:`, `stores` or
 * `heap`; a page runs them all. `--save` also writes the tables into `bench/results/function.md`.
 *
 * @module
 */
import { manifest, root, run } from "../tests/run/project.ts";
import { DEEP_HIT, type Figures } from "./function/contest.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { runtimesOf } from "./shared/runtimes.ts";

const OURS = "déjà";
const PYTHON = "functools.cache";
const PACKAGES: readonly string[] = ["micro-memoize", "memoize", "ocache"];
const RUNTIMES: readonly string[] = ["Deno", "Bun", "Chromium"];

type Rows = Figures["hits"];

const ratio = (value: number): string => `${value.toFixed(2)}×`;

/** Our time in the first column, and that of each rival in units of ours. */
function speedTable(title: string, rows: Rows): string {
  const rivals = [...new Set(Object.values(rows).flatMap(Object.keys))]
    .filter((name) => name !== OURS);
  return table(
    [title, OURS, ...rivals],
    Object.entries(rows).map(([name, row]) => [
      name,
      timeName(row[OURS]),
      ...rivals.map((rival) => rival in row ? ratio(row[rival] / row[OURS]) : "–"),
    ]),
  );
}

function storeTable(stores: Figures["stores"]): string {
  return table(
    ["Persistent hit", "hit", "bare get", "overhead"],
    Object.entries(stores).map(([name, { hit, get }]) => [
      `${name} store`,
      timeName(hit),
      timeName(get),
      timeName(hit - get),
    ]),
  );
}

function heapTable(heap: Figures["heap"]): string {
  return table(
    ["A million calls", "growth of the heap", "a call"],
    Object.entries(heap).map(([name, bytes]) => [
      name,
      `${(bytes / 1024).toFixed(0)} KiB`,
      `${(bytes / 1e6).toFixed(2)} bytes`,
    ]),
  );
}

/** How the figures stand to the targets. */
function verdicts({ hits, fib, stores }: Figures): string {
  const { [DEEP_HIT]: deep, ...primitives } = hits;
  const lines = Object.entries(primitives).map(([name, row]) => {
    const rivals = ["micro-memoize", "memoize"].map((rival) => row[rival] / row[OURS]);
    return `${name}: the best rival takes ${ratio(Math.min(...rivals))} our time (1× is ` +
      "asked).";
  });
  if (deep !== undefined) {
    lines.push(
      `${DEEP_HIT}: ${timeName(deep[OURS])} (1.5 µs is asked), and ocache takes ` +
        `${ratio(deep.ocache / deep[OURS])} that (2.5× is asked).`,
    );
  }
  for (const [name, row] of Object.entries(fib)) {
    lines.push(
      `${name}: ${timeName(row[OURS])} (10 µs is asked)` +
        (PYTHON in row
          ? `, and ${PYTHON} takes ${ratio(row[PYTHON] / row[OURS])} that (1× is asked).`
          : "."),
    );
  }
  for (const [name, { hit, get }] of Object.entries(stores)) {
    lines.push(`Overhead above the ${name} store: ${timeName(hit - get)} (10 µs is asked).`);
  }
  return lines.map((line) => `- ${line}`).join("\n");
}

/** The times of Python, by row of `fib`; nothing where there is no Python. */
async function python(): Promise<{ version: string; times: Record<string, number> } | undefined> {
  try {
    const { stdout: version } = await run("python3", ["--version"], { limitMs: 10_000 });
    const { stdout } = await run("python3", [`${root}bench/rivals/fib.py`], { limitMs: 60_000 });
    const [calls, all] = stdout.trim().split(" ").map(Number);
    const times = { "fib: calls only": calls, "fib: with wrapping": all };
    return { version: version.trim(), times };
  } catch {
    return undefined;
  }
}

async function report(names: readonly string[], rows: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json");
  const versions = PACKAGES.map((name) => imports[name].replace("npm:", ""));
  const rival = await python();
  const runtimes = runtimesOf<Figures>({ folder: "function", args: rows });
  const sections = [
    "# The function layer",
    `\`deno task bench:function ${names.join(" ")}\`, ${where()}. Against ${versions.join(", ")} ` +
    `and \`functools.cache\` (${
      rival?.version ?? "there is no python3"
    }). The best of many turns ` +
    "that the contenders take one after another. The first column is our time, the others are " +
    "times in units of it: above 1× is slower than ours. `micro-memoize`, and `lruCache` in the " +
    "rows with `lru`, have room for just the results of the row. `hit: number, 5 fields` is a call with a number and an object " +
    "that is new each time, which `ocache` answers with a promise. `fib(35)` is the recursive " +
    "function, where each number is computed once, on a cache that is made for one call: `with " +
    "wrapping` counts the making, too. A persistent hit is a call with that number and object, " +
    "and a bare `get` asks the same store for the same record.",
  ];
  for (const name of names) {
    const result = await runtimes[name]();
    if ("missing" in result) {
      sections.push(`## ${name}`, `Skipped: ${result.missing}`);
      continue;
    }
    const { version, figures: { fib: measured, ...others } } = result;
    const fib = Object.fromEntries(
      Object.entries(measured).map(([row, times]) => [
        row,
        rival === undefined ? times : { ...times, [PYTHON]: rival.times[row] },
      ]),
    );
    sections.push(
      `## ${name} ${version}`,
      speedTable("Hit in memory", others.hits),
      speedTable("fib(35)", fib),
      storeTable(others.stores),
      heapTable(others.heap),
      verdicts({ fib, ...others }),
    );
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const rows = Deno.args.find((each) => each.startsWith("--rows="))?.slice("--rows=".length);
  const text = await report(wantedNames(Deno.args, RUNTIMES, RUNTIMES), rows?.split(",") ?? []);
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("function", text);
}
