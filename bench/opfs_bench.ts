/**
 * Races the store in the origin private file system against `idb-keyval` and the Cache API, on a
 * page and in a worker of each browser, and prints the tables.
 *
 * ```sh
 * deno task bench:opfs [BROWSER ...] [--save]
 * ```
 *
 * `--save` also writes the tables into `bench/results/opfs.md`.
 *
 * @module
 */
import { build, stop } from "esbuild";
import { launch } from "puppeteer-core";
import { type BrowserName, findBrowser } from "../tests/run/browsers.ts";
import { manifest, root } from "../tests/run/project.ts";
import { BYTES, CONTENDERS, ENTRIES, type Times } from "./opfs/contest.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";

const BROWSERS: readonly BrowserName[] = ["chromium", "firefox"];
const PLACES = ["page", "worker"] as const;
/** Each is a page of its own, and the median counts. */
const COLD_HITS = 9;
const LIMIT_MS = 10 * 60_000;

/** Times by place and by what was measured. */
type Figures = Readonly<Record<typeof PLACES[number], Readonly<Record<string, Times>>>>;

async function scripts(): Promise<ReadonlyMap<string, string>> {
  const { outputFiles } = await build({
    entryPoints: ["page", "worker"].map((name) => `${root}bench/opfs/${name}.ts`),
    outdir: "/",
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    write: false,
    logLevel: "silent",
  });
  return new Map(outputFiles.map(({ path, text }) => [path.split(/[/\\]/).at(-1)!, text]));
}

/** Runs the contest in a browser with a new, empty profile. */
async function measure(name: BrowserName, executablePath: string) {
  const files = await scripts();
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, (request) => {
    const script = files.get(new URL(request.url).pathname.slice(1));
    const type = script === undefined ? "text/html" : "text/javascript";
    const body = script ?? `<!doctype html><script type="module" src="/page.js"></script>`;
    return new Response(body, { headers: { "content-type": `${type}; charset=utf-8` } });
  });
  const browser = await launch({
    browser: name === "firefox" ? "firefox" : "chrome",
    executablePath,
    headless: true,
    args: name === "firefox" ? [] : ["--no-sandbox", "--disable-gpu", "--no-first-run"],
    protocolTimeout: LIMIT_MS,
  });
  try {
    const page = await browser.newPage();
    const call = async <T>(part: string, ...args: readonly (string | number)[]): Promise<T> => {
      await page.goto(`http://127.0.0.1:${server.addr.port}/`);
      await page.waitForFunction("globalThis.contest !== undefined");
      return await page.evaluate(
        `contest.${part}(${args.map((argument) => JSON.stringify(argument)).join()})`,
      ) as T;
    };
    await call("fill", "bench");
    const figures = {} as Record<typeof PLACES[number], Record<string, Times>>;
    for (const place of PLACES) {
      const cold: Times[] = [];
      for (let i = 0; i < COLD_HITS; i++) cold.push(await call("coldHits", place, "bench", i));
      const warm = await call<Record<string, Times>>("warm", place, "bench");
      figures[place] = { ...warm, "cold hit": medians(cold) };
    }
    return { version: await browser.version(), figures: figures as Figures };
  } finally {
    await browser.close();
    await server.shutdown();
  }
}

function medians(all: readonly Times[]): Times {
  return Object.fromEntries(CONTENDERS.map((name) => {
    const sorted = all.map((times) => times[name]).sort((a, b) => a - b);
    return [name, sorted[sorted.length >> 1]];
  }));
}

function figuresTable(figures: Figures): string {
  const rows = PLACES.flatMap((place) =>
    Object.entries(figures[place]).map(([what, times]) => {
      const best = Math.min(...CONTENDERS.slice(1).map((name) => times[name]));
      const ratio = best / times["déjà"];
      return [
        `${what}, ${place}`,
        ...CONTENDERS.map((name) => timeName(times[name])),
        `${ratio.toFixed(ratio < 10 ? 2 : 0)}×`,
      ];
    })
  );
  return table(["", ...CONTENDERS, "best rival"], rows);
}

async function report(names: readonly BrowserName[]): Promise<string> {
  const { imports } = await manifest("deno.json") as unknown as { imports: Record<string, string> };
  const sections = [
    "# The origin private file system",
    `\`deno task bench:opfs ${names.join(" ")}\`, ${where()}. Against ` +
    `${imports["idb-keyval"].replace("npm:", "")} and the browser's Cache API, with ${ENTRIES} ` +
    `entries of ${BYTES} bytes each. A warm hit, a set and a list are the best of many turns that ` +
    "the contenders take one after another. Our warm hits come from memory, as long as the entries " +
    "that were used last fit into 16 MiB; the rows in the file are the mean times of entries beyond " +
    "that, which are read from the log for the first time: in the order in which they were set, " +
    "and scattered. The rivals keep nothing in memory, and read all of theirs. A cold hit opens " +
    "the store on a page that was just loaded and gets one entry: the median of " +
    `${COLD_HITS} pages, where each contender is the first equally often. The last column is the time of ` +
    "the best rival, in units of ours.",
  ];
  for (const name of names) {
    const found = await findBrowser(name);
    if ("missing" in found) {
      sections.push(`## ${name}`, `Skipped: ${found.missing}`);
      continue;
    }
    const { version, figures } = await measure(name, found.path);
    sections.push(`## ${version}`, figuresTable(figures));
  }
  await stop();
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const text = await report(wantedNames(Deno.args, BROWSERS, BROWSERS) as readonly BrowserName[]);
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("opfs", text);
}
