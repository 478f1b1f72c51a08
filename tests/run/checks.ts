/**
 * The part that holds for the sources themselves: form, types, publishing, arrows, weight.
 *
 * @module
 */

import { join } from "node:path";
import { arrowProblems } from "../checks/arrows.ts";
import { exportsProblems } from "../checks/exports.ts";
import { libraryGraph } from "../checks/library_graph.ts";
import { portableProblems } from "../checks/portable.ts";
import { versionProblems } from "../checks/versions.ts";
import { weightProblems } from "../checks/weight.ts";
import { exists, manifest, root, run, tail } from "./project.ts";
import type { Case } from "./report.ts";

const LIMIT_MS = 300_000;

/** A check resolves to what is wrong: nothing, if it passed. */
type Check = () => Promise<readonly string[]>;

/** Every check, by what holds when it passes. */
async function checks(): Promise<Readonly<Record<string, Check>>> {
  const paths = await existing(["mod.ts", "lib", "tests", "bench", "wasm"]);
  const guides = await existing(["README.md", "CONTRIBUTING.md"]);
  const entries = Object.values((await manifest("deno.json")).exports);
  const all: Record<string, Check> = {
    "the code is formatted": deno("fmt", "--check"),
    "the code is free of lint": deno("lint"),
    "the types fit, in the examples too": deno("check", "--doc", ...paths, ...guides),
    "the portable entry points need only the types of the Web": portableProblems,
    "every public symbol is documented": deno("doc", "--lint", ...entries),
    "the package can be published": deno("publish", "--dry-run", "--allow-dirty"),
    "deno.json and jsr.json agree": async () =>
      await exportsProblems(await manifest("deno.json"), await manifest("jsr.json"), exists),
    "the README names the versions of deno.json": async () =>
      versionProblems(
        await Deno.readTextFile(join(root, "README.md")),
        await manifest("deno.json"),
      ),
    "imports point the right way": async () => arrowProblems(await libraryGraph()),
    "the portable entry point is light and safe for a browser": weightProblems,
  };
  if (await exists("wasm/build.ts")) {
    all["the WebAssembly is what its source builds"] = deno(
      "run",
      "-A",
      "wasm/build.ts",
      "--check",
    );
  }
  return all;
}

/** Runs every check, each one a case. */
export async function checkCases(): Promise<Case[]> {
  const cases: Case[] = [];
  for (const [name, check] of Object.entries(await checks())) {
    const problems = await check().catch((error: Error) => [error.stack ?? error.message]);
    cases.push(
      problems.length === 0
        ? { file: "checks", name, status: "passed" }
        : { file: "checks", name, status: "failed", message: problems.join("\n") },
    );
  }
  return cases;
}

async function existing(paths: readonly string[]): Promise<string[]> {
  const there = await Promise.all(paths.map(exists));
  return paths.filter((_, index) => there[index]);
}

/** A check that passes when a command of Deno's does. */
function deno(...args: string[]): Check {
  return async () => {
    const outcome = await run(Deno.execPath(), args, { limitMs: LIMIT_MS });
    return outcome.code === 0 ? [] : [tail(outcome)];
  };
}
