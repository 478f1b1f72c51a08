/**
 * The weight check: what a browser has to load for `import "@deja/cache"`, and what must not be in
 * it.
 *
 * @module
 */

import { build } from "esbuild";
import { browserOptions } from "../run/bundle.ts";
import { forbidden } from "./forbidden.ts";

/**
 * The most that the portable entry point may weigh, minified and compressed with gzip. About 9 KiB of
 * it is the codec, which carries every type of the Web and of Temporal at any depth, 9 KiB the reading
 * of functions, the binding of their arguments and telling of them, 26 KiB what cached functions can
 * do, and 3.5 KiB the cores of the hash. Streams, files and the parser that finds free variables are loaded by those who use them.
 */
export const BUDGET_BYTES: number = 66 * 1024;

/** Every reason why the bundle of `mod.ts` is not fit for a browser; empty when it is. */
export async function weightProblems(): Promise<string[]> {
  const options = await browserOptions();
  const { outputFiles, metafile } = await build({
    ...options,
    write: false,
    metafile: true,
    minify: true,
    entryPoints: ["mod.ts"],
    external: ["node:*"],
  });
  // What is only imported dynamically is loaded only when it is used, so it is not weighed.
  const atOnce = new Set<string>();
  const load = (output: string): void => {
    if (atOnce.has(output)) return;
    atOnce.add(output);
    for (const { path, kind, external } of metafile.outputs[output].imports) {
      if (kind === "import-statement" && !external) load(path);
    }
  };
  load("mod.js");
  const scripts = outputFiles.map(({ path, text }) => ({
    path: path.slice(String(options.absWorkingDir).length),
    text,
  }));
  const problems = scripts.flatMap(({ path, text }) =>
    forbidden(text).map((what) => `${path} contains ${what}`)
  );
  for (const [output, { imports }] of Object.entries(metafile.outputs)) {
    for (const { path, external } of imports) {
      if (external) problems.push(`${output} imports ${path}, which no browser has`);
    }
  }
  const bytes = await gzipBytes(
    scripts.filter(({ path }) => atOnce.has(path)).map(({ text }) => text).join(""),
  );
  if (bytes > BUDGET_BYTES) {
    problems.push(`mod.ts weighs ${bytes} bytes, which is over the budget of ${BUDGET_BYTES}`);
  }
  return problems;
}

async function gzipBytes(text: string): Promise<number> {
  const stream = new Blob([text]).stream().pipeThrough(new CompressionStream("gzip"));
  return (await new Response(stream).arrayBuffer()).byteLength;
}
