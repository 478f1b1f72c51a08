/**
 * Bundles for a browser, with esbuild: the test files for the pages, and the library to be weighed.
 *
 * @module
 */

import { build, type BuildOptions, type BuildResult, type Message, type Plugin } from "esbuild";
import { join } from "node:path";
import { filesUnder, manifest, root } from "./project.ts";
import type { Case } from "./report.ts";

/** What every bundle has in common; imports by the project's own name find its files. */
export async function browserOptions(): Promise<BuildOptions> {
  const { name, exports } = await manifest("deno.json");
  const own = Object.entries(exports).map(([entry, path]) =>
    [`${name}${entry.slice(1)}`, join(root, path)] as const
  );
  return {
    absWorkingDir: root,
    bundle: true,
    format: "esm",
    platform: "browser",
    target: "es2024",
    splitting: true,
    outdir: root,
    outbase: root,
    write: false,
    metafile: true,
    logLevel: "silent",
    // The longest first: an alias also stands for what lies under it.
    alias: Object.fromEntries(own.sort(([a], [b]) => b.length - a.length)),
  };
}

/** Scripts by their path on the server, and a failure for each file that has no bundle. */
export interface PageBundle {
  /** JavaScript by path, such as `/tests/harness_test.js`. */
  readonly scripts: ReadonlyMap<string, Uint8Array<ArrayBuffer>>;
  /** The test files that are in the bundle. */
  readonly files: readonly string[];
  /** The test files that could not be bundled. */
  readonly failures: readonly Case[];
}

/**
 * Bundles test files, the page that runs them and every `_worker.ts` beside them; code that they
 * share is shared.
 */
export async function pageBundle(files: readonly string[]): Promise<PageBundle> {
  const options = { ...await browserOptions(), plugins: [emptyNodeModules], metafile: false };
  const always = ["tests/run/page.ts", ...await filesUnder("tests", "_worker.ts")];
  const attempt = (entryPoints: readonly string[]): Promise<BuildResult<{ write: false }>> =>
    build({ ...options, write: false, entryPoints: [...always, ...entryPoints] });
  let failures: Case[] = [];
  // One bad file spoils the whole bundle, so then each is tried by itself to find out which.
  const result = await attempt(files).catch(async () => {
    const tries = files.map((file) =>
      attempt([file]).then(() => [], (error) => [failed(file, error)])
    );
    failures = (await Promise.all(tries)).flat();
    return await attempt(files.filter((file) => !failures.some((one) => one.file === file)));
  });
  return {
    scripts: new Map(result.outputFiles.map(({ path, contents }) => [
      path.slice(root.length - 1).replaceAll("\\", "/"),
      contents as Uint8Array<ArrayBuffer>,
    ])),
    files: files.filter((file) => !failures.some((one) => one.file === file)),
    failures,
  };
}

function failed(file: string, error: { errors?: readonly Message[] }): Case {
  const lines = (error.errors ?? []).map(({ text, location }) =>
    location === null ? text : `${location.file}:${location.line}: ${text}`
  );
  const message = lines.join("\n") || String(error);
  return { file, name: "(the file itself)", status: "failed", message };
}

/**
 * A test that is not for pages may still name `node:` modules at its top, so a page finds them
 * empty. That the library itself names none is a check of its own.
 */
const emptyNodeModules: Plugin = {
  name: "empty-node-modules",
  setup({ onResolve, onLoad }) {
    onResolve({ filter: /^node:/ }, ({ path }) => ({ path, namespace: "empty" }));
    onLoad({ filter: /.*/, namespace: "empty" }, () => ({ contents: "module.exports = {};" }));
  },
};
