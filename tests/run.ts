/**
 * The test command: every check, and every test file on every runtime.
 *
 * `deno task test [FILTER ...] [--only=PARTS] [--matrix]`: a FILTER keeps the test files whose path
 * contains it (and leaves out the checks); with several, files that contain one of them are kept.
 * PARTS is a list such as `deno,firefox` or `checks,examples`. `--matrix` shows the outcome of every
 * case of the stores' conformance suite.
 *
 * @module
 */

import { stop } from "esbuild";
import { parseArgs } from "node:util";
import { type BrowserName, findBrowser } from "./run/browsers.ts";
import { pageBundle } from "./run/bundle.ts";
import { findBun } from "./run/bun.ts";
import { checkCases } from "./run/checks.ts";
import { pageCases } from "./run/pages.ts";
import { bunCases, denoCases, exampleCases } from "./run/processes.ts";
import { filesUnder } from "./run/project.ts";
import { findServers } from "./run/servers.ts";
import { type Case, count, type Part, report } from "./run/report.ts";

const { positionals: filters, values: { only, matrix } } = parseArgs({
  args: Deno.args,
  allowPositionals: true,
  options: { only: { type: "string" }, matrix: { type: "boolean", default: false } },
});

const files = (await filesUnder("tests", "_test.ts")).filter((file) =>
  filters.length === 0 || filters.some((filter) => file.includes(filter))
);
const servers = findServers();
const bundle = lazy(() => pageBundle(files));

/** The parts, in lanes that run side by side and take about as long: each waits a good part of it. */
const lanes: readonly Readonly<Record<string, () => Promise<readonly Case[]>>>[] = [
  {
    checks: checkCases,
    examples: exampleCases,
    bun: async () => await bunCases(await findBun(), files, servers),
  },
  { deno: () => denoCases(files, servers) },
  {
    chromium: () => browserCases("chromium"),
    firefox: () => browserCases("firefox"),
  },
];

async function browserCases(name: BrowserName): Promise<readonly Case[]> {
  const found = await findBrowser(name);
  if ("path" in found) return await pageCases(name, found.path, await bundle());
  console.log(`Skipping ${name}: ${found.missing}`);
  return files.map((file) => ({
    file,
    name: "(the whole file)",
    status: "skipped",
    message: found.missing,
  }));
}

const names = lanes.flatMap((lane) => Object.keys(lane));
const wanted = only?.split(",") ??
  (filters.length === 0 ? names : ["deno", "bun", "chromium", "firefox"]);
const unknown = wanted.filter((name) => !names.includes(name));
if (unknown.length > 0) {
  console.error(`No such part: ${unknown.join(", ")}; the parts are ${names.join(", ")}`);
  Deno.exit(2);
}

const parts = (await Promise.all(lanes.map(async (lane) => {
  const done: Part[] = [];
  for (const [name, cases] of Object.entries(lane)) {
    if (wanted.includes(name)) done.push(await runPart(name, cases));
  }
  return done;
}))).flat();
await stop();

console.log(`\n${report(parts, { everyCase: matrix })}`);
Deno.exit(count(parts, "failed") === 0 ? 0 : 1);

async function runPart(name: string, run: () => Promise<readonly Case[]>): Promise<Part> {
  const start = performance.now();
  const cases = await run().catch((error): Case[] => [failed(name, error)]);
  // Silence must not look like success.
  const found = cases.length === 0 ? [failed(name, new Error("Found no test"))] : cases;
  const part = { name, cases: found, seconds: (performance.now() - start) / 1000 };
  const [passed, bad] = [count([part], "passed"), count([part], "failed")];
  console.log(`${name}: ${passed} passed, ${bad} failed in ${part.seconds.toFixed(1)} s`);
  return part;
}

function failed(part: string, error: Error): Case {
  return {
    file: part,
    name: "(the part itself)",
    status: "failed",
    message: error.stack ?? error.message,
  };
}

/** Calls `make` once, when it is first needed. */
function lazy<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined;
  return () => made ??= make();
}
