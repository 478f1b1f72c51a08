/**
 * The parts that run in processes: the test files on Deno and on Bun, and the documentation's
 * examples on Deno.
 *
 * Each test file has a process of its own. So a file that cannot load, exits or hangs is one
 * failure with that file's name, and the others still run.
 *
 * @module
 */

import { tmpdir } from "node:os";
import { join } from "node:path";
import { readJUnit } from "./junit.ts";
import { mapLimited, type Outcome, run, tail } from "./project.ts";
import type { Case } from "./report.ts";
import type { Awaited } from "./servers.ts";

/** Longest time for one test file; a single test has a limit of its own in the harness. */
const FILE_LIMIT_MS = 600_000;

/** The least that the tests need: reading, temporary files, this machine's ports, this binary. */
const PERMISSIONS = [
  "--no-prompt",
  "--allow-read",
  `--allow-write=${tmpdir()},${Deno.realPathSync(tmpdir())}`,
  "--allow-env",
  "--allow-sys",
  "--allow-net=127.0.0.1,localhost",
  `--allow-run=${Deno.execPath()},sh`,
];

/**
 * Runs test files on Deno. Leaks are found, but not traced to where they start, which takes a suite
 * of many requests three times as long: where there is one, Deno's message says how to trace it.
 */
export async function denoCases(
  files: readonly string[],
  awaited: Awaited = () => undefined,
): Promise<Case[]> {
  return await processCases(files, awaited, Deno.execPath(), (file, xml) => [
    ...["test", "--no-check", ...PERMISSIONS],
    ...[`--junit-path=${xml}`, file],
  ]);
}

/** Runs test files on Bun. */
export async function bunCases(
  bun: string,
  files: readonly string[],
  awaited: Awaited,
): Promise<Case[]> {
  return await processCases(files, awaited, bun, (file, xml) => [
    ...["test", "--reporter=junit", `--reporter-outfile=${xml}`, `./${file}`],
  ]);
}

/**
 * Runs every example in the documentation comments and in the Markdown guides, in a temporary
 * folder, since some of them keep a cache in the working directory.
 */
export async function exampleCases(): Promise<Case[]> {
  const paths = ["mod.ts", "lib", "README.md", "CONTRIBUTING.md"].map((path) =>
    Deno.realPathSync(path)
  );
  const config = Deno.realPathSync("deno.json");
  return await withReport(async (xml, folder) => {
    const flags = [
      "--doc",
      "--no-check",
      "--config",
      config,
      ...PERMISSIONS,
      `--junit-path=${xml}`,
    ];
    const outcome = await run(Deno.execPath(), ["test", ...flags, ...paths], {
      limitMs: FILE_LIMIT_MS,
      cwd: folder,
    });
    const cases = await readCases(xml, outcome, "examples");
    return cases.map((one) => ({ ...one, name: one.name.replace(/^.*\//, "") }));
  });
}

async function processCases(
  files: readonly string[],
  awaited: Awaited,
  command: string,
  toArgs: (file: string, xml: string) => string[],
): Promise<Case[]> {
  // Those that wait for a server come last, so that it is got while the others run.
  const waiting = new Map(files.map((file) => [file, awaited(file)]));
  const ordered = files.toSorted((a, b) =>
    Number(waiting.get(a) !== undefined) - Number(waiting.get(b) !== undefined)
  );
  const cases = await mapLimited(
    ordered,
    navigator.hardwareConcurrency,
    (file) =>
      withReport(async (xml, folder) => {
        await waiting.get(file);
        const outcome = await run(command, toArgs(file, xml), {
          limitMs: FILE_LIMIT_MS,
          // Where the default store would stand in the working directory, which is the project's.
          env: { DEJA_DIR: join(folder, "deja") },
        });
        const found = await readCases(xml, outcome, file);
        return found.map((one) => ({ ...one, file }));
      }),
  );
  return cases.flat();
}

async function withReport<T>(use: (xml: string, folder: string) => Promise<T>): Promise<T> {
  const folder = await Deno.makeTempDir({ prefix: "deja-report-" });
  try {
    return await use(join(folder, "report.xml"), folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** Deno's whole message for a test that an error outside of it, which the report lacks, ended. */
const CANCELLED = "Cancelled";

/** The report's cases, and one failure more where the process failed and no case of it says why. */
async function readCases(xml: string, outcome: Outcome, file: string): Promise<Case[]> {
  const text = await Deno.readTextFile(xml).catch(() => undefined);
  const cases = text === undefined ? [] : readJUnit(text);
  const failures = cases.filter((one) => one.status === "failed");
  const explained = failures.length > 0 && failures.every((one) => one.message !== CANCELLED);
  const problem = outcome.code === -1
    ? `Did not end within ${FILE_LIMIT_MS / 1000} s and was killed`
    : outcome.code !== 0 && !explained
    ? `Exit code ${outcome.code}`
    : cases.length === 0
    ? "Registers no test"
    : undefined;
  if (problem === undefined) return cases;
  const message = `${problem}\n${tail(outcome)}`;
  return [...cases, { file, name: "(the file itself)", status: "failed", message }];
}
