/**
 * The runtimes that the benches compare in, and how each is made to run a contest.
 *
 * A topic is a folder with `print.ts`, which prints the figures of its runtime as one line of JSON,
 * and perhaps with `page.ts`, which leaves a promise of them in `globalThis.figures`.
 *
 * @module
 */
import { build, type BuildOptions } from "esbuild";
import { launch } from "puppeteer-core";
import { findBrowser } from "../../tests/run/browsers.ts";
import { findBun } from "../../tests/run/bun.ts";
import { root, run, tail } from "../../tests/run/project.ts";
import { type Answer, PAGE_FUNCTION, serveAnswers } from "./driver.ts";

/** The figures of one runtime, or why there are none. */
export type Result<Figures> =
  | { readonly version: string; readonly figures: Figures }
  | { readonly missing: string };

/** A bench as the runtimes see it. */
export interface Topic {
  /** Name of the folder under `bench`. */
  readonly folder: string;
  /** Packages that a page does without, since they need another bundler. */
  readonly external?: readonly string[];
  /** What `print.ts` gets on the command line. */
  readonly args?: readonly string[];
  /** What the contest can ask meanwhile, with `askDriver`. */
  readonly answer?: Answer | undefined;
}

const LIMIT_MS = 20 * 60_000;
/** The Node that npm fetches for the benches: the line with long-term support. */
const NODE_PACKAGE = "node@24.21.0";

/** Every runtime, by name. */
export function runtimesOf<Figures>(
  topic: Topic,
): Readonly<Record<string, () => Promise<Result<Figures>>>> {
  const print = `${root}bench/${topic.folder}/print.ts`;
  return {
    Deno: () => {
      const start = ["run", "-A", "--v8-flags=--expose-gc", print];
      return inProcess(topic, Deno.execPath(), start, Deno.version.deno);
    },
    Node: () => inNode(topic),
    Chromium: () => inChromium(topic),
    Bun: async () => {
      const bun = await findBun();
      const { stdout } = await run(bun, ["--version"], { limitMs: 10_000 });
      return await inProcess(topic, bun, ["run", print], stdout.trim());
    },
  };
}

/** Runs the contest in a process that prints the figures. */
async function inProcess<Figures>(
  { args = [], answer }: Topic,
  command: string,
  start: string[],
  version: string,
): Promise<Result<Figures>> {
  await using server = answer === undefined ? undefined : serveAnswers(answer);
  const asking = server === undefined ? [] : [server.argument];
  const outcome = await run(command, [...start, ...args, ...asking], { limitMs: LIMIT_MS });
  if (outcome.code !== 0) return { missing: tail(outcome, 5) };
  return { version, figures: JSON.parse(outcome.stdout.trim().split("\n").at(-1)!) };
}

/** Bundles an entry point of the bench. */
async function bundle(topic: Topic, entry: string, options: BuildOptions): Promise<string> {
  const { outputFiles } = await build({
    entryPoints: [`${root}bench/${topic.folder}/${entry}`],
    bundle: true,
    format: "esm",
    target: "es2022",
    write: false,
    logLevel: "silent",
    ...options,
  });
  return outputFiles![0].text;
}

/** Path of the pinned Node; without npm, the Node on the path, if there is one. */
async function findNode(): Promise<string | undefined> {
  const attempts = [
    { command: "npm", args: ["exec", "--yes", `--package=${NODE_PACKAGE}`, "--", "node"] },
    { command: "node", args: [] },
  ];
  for (const { command, args } of attempts) {
    const outcome = await run(command, [...args, "-p", "process.execPath"], { limitMs: 120_000 })
      .catch(() => undefined);
    if (outcome?.code === 0) return outcome.stdout.trim();
  }
}

async function inNode<Figures>(topic: Topic): Promise<Result<Figures>> {
  const node = await findNode();
  if (node === undefined) return { missing: "there is neither npm nor node on the path" };
  const { stdout } = await run(node, ["--version"], { limitMs: 10_000 });
  const script = `${root}node_modules/.cache/deja_${topic.folder}_bench.mjs`;
  await Deno.mkdir(`${root}node_modules/.cache`, { recursive: true });
  await Deno.writeTextFile(
    script,
    await bundle(topic, "print.ts", { platform: "node", packages: "external" }),
  );
  return await inProcess(topic, node, [script], stdout.trim());
}

async function inChromium<Figures>(topic: Topic): Promise<Result<Figures>> {
  const found = await findBrowser("chromium");
  if ("missing" in found) return found;
  const external = [...topic.external ?? []];
  const script = await bundle(topic, "page.ts", { platform: "browser", external });
  const browser = await launch({
    executablePath: found.path,
    args: [
      "--no-sandbox",
      "--disable-gpu",
      "--disable-quic",
      "--no-first-run",
      "--js-flags=--expose-gc",
      "--enable-precise-memory-info",
    ],
    protocolTimeout: LIMIT_MS,
  });
  await using server = Deno.serve(
    { hostname: "127.0.0.1", port: 0, onListen() {} },
    () => new Response("<!doctype html>", { headers: { "content-type": "text/html" } }),
  );
  try {
    const page = await browser.newPage();
    // A blank page has no origin, and lets no worker start that comes from a blob.
    await page.goto(`http://127.0.0.1:${server.addr.port}/`);
    if (topic.answer !== undefined) await page.exposeFunction(PAGE_FUNCTION, topic.answer);
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
