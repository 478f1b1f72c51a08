/**
 * The runtimes that the bench compares in, and how each is made to run the contest.
 *
 * @module
 */
import { build, type BuildOptions } from "esbuild";
import { launch } from "puppeteer-core";
import { findBrowser } from "../../tests/run/browsers.ts";
import { findBun } from "../../tests/run/bun.ts";
import { root, run, tail } from "../../tests/run/project.ts";
import type { Figures } from "./contest.ts";

/** The figures of one runtime, or why there are none. */
export type Result =
  | { readonly version: string; readonly figures: Figures }
  | { readonly missing: string };

const LIMIT_MS = 10 * 60_000;
const PRINT = `${root}bench/hash/print.ts`;

/** Runs the contest in a process that prints the figures. */
async function inProcess(command: string, args: string[], version: string): Promise<Result> {
  const outcome = await run(command, args, { limitMs: LIMIT_MS });
  if (outcome.code !== 0) return { missing: tail(outcome, 5) };
  return { version, figures: JSON.parse(outcome.stdout.trim().split("\n").at(-1)!) };
}

/** Bundles an entry point of the bench. */
async function bundle(entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}bench/hash/${entry}`],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
    ...options,
  });
  return outputFiles![0].text;
}

async function inNode(): Promise<Result> {
  const { code, stdout } = await run("node", ["--version"], { limitMs: 10_000 })
    .catch(() => ({ code: -1, stdout: "" }));
  if (code !== 0) return { missing: "there is no node on the path" };
  const script = `${root}node_modules/.cache/deja_hash_bench.mjs`;
  await Deno.mkdir(`${root}node_modules/.cache`, { recursive: true });
  await Deno.writeTextFile(
    script,
    await bundle("print.ts", { platform: "node", packages: "external" }),
  );
  return await inProcess("node", [script], stdout.trim());
}

async function inBun(): Promise<Result> {
  const bun = await findBun();
  const { stdout } = await run(bun, ["--version"], { limitMs: 10_000 });
  return await inProcess(bun, ["run", PRINT], stdout.trim());
}

async function inChromium(): Promise<Result> {
  const found = await findBrowser("chromium");
  if ("missing" in found) return found;
  // This rival loads its module in a way that needs another bundler.
  const script = await bundle("page.ts", { platform: "browser", external: ["blake3-wasm"] });
  const browser = await launch({
    executablePath: found.path,
    args: ["--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run"],
    protocolTimeout: LIMIT_MS,
  });
  try {
    const page = await browser.newPage();
    await page.addScriptTag({ type: "module", content: script });
    await page.waitForFunction("globalThis.figures !== undefined");
    return {
      version: await browser.version(),
      figures: await page.evaluate("globalThis.figures") as Figures,
    };
  } finally {
    await browser.close();
  }
}

/** Every runtime, by name. */
export const RUNTIMES: Readonly<Record<string, () => Promise<Result>>> = {
  Deno: () => inProcess(Deno.execPath(), ["run", "-A", PRINT], Deno.version.deno),
  Node: inNode,
  Chromium: inChromium,
  Bun: inBun,
};
