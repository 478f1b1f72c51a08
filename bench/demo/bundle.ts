/**
 * Bundles one package of `packages/` for the browser, with esbuild in WebAssembly.
 *
 * @module
 */

import type * as Esbuild from "esbuild-wasm/esm/browser.js";
import fs from "node:fs";
import { readFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** What a bundle is made for. */
export interface BundleOptions {
  /** Language level of the code, such as `es2022`. */
  readonly target: string;
  /** Whether to shorten the code. */
  readonly minify: boolean;
}

/** Folder of the packages, with a `package.json` and a `node_modules` of its own. */
export const packagesFolder: string = fileURLToPath(new URL("packages/", import.meta.url));

let starting: Promise<typeof Esbuild> | undefined;

/**
 * Bundles all that a package exports into one module.
 *
 * @param spec The package and its version, such as `zod@4.6.7`.
 * @returns The code of the module.
 * @throws {Error} That version is not installed, or esbuild cannot bundle it.
 */
export async function bundle(spec: string, options: BundleOptions): Promise<Uint8Array> {
  const name = spec.slice(0, spec.lastIndexOf("@"));
  const manifest = join(packagesFolder, "node_modules", name, "package.json");
  const { version } = JSON.parse(await readFile(manifest, "utf8"));
  if (spec !== `${name}@${version}`) {
    throw new Error(`Version ${version} is installed: run deno install in ${packagesFolder}`);
  }
  const esbuild = await (starting ??= startEsbuild());
  const { outputFiles } = await esbuild.build({
    ...options,
    entryPoints: [name],
    bundle: true,
    format: "esm",
    define: { "process.env.NODE_ENV": '"production"' },
    plugins: [await packageFiles()],
    write: false,
    logLevel: "silent",
  });
  return outputFiles[0].contents;
}

/**
 * The plugin that finds and reads files, which esbuild in WebAssembly cannot. Other packages stay
 * out of the bundle: the spec does not say their versions, so the result must not depend on them.
 */
export async function packageFiles(): Promise<Esbuild.Plugin> {
  const { default: { ResolverFactory } } = await import("enhanced-resolve");
  const resolver = ResolverFactory.createResolver({
    fileSystem: fs,
    useSyncFileSystemCalls: true,
    symlinks: false,
    conditionNames: ["browser", "import", "module", "production"],
    mainFields: ["browser", "module", "main"],
    aliasFields: ["browser"],
    extensions: [".mjs", ".js", ".json"],
  });
  return {
    name: "package-files",
    setup(build) {
      build.onResolve({ filter: /./ }, ({ path, importer, kind }) => {
        if (kind !== "entry-point" && !/^[./#]/.test(path)) return { path, external: true };
        const found = resolver.resolveSync({}, join(packagesFolder, dirname(importer)), path);
        // Relative, because esbuild writes the paths into code that it does not minify.
        return found
          ? { path: relative(packagesFolder, found), namespace: "package" }
          : { path, namespace: "nothing" };
      });
      build.onLoad({ filter: /./, namespace: "package" }, async ({ path }) => ({
        contents: await readFile(join(packagesFolder, path)),
        loader: "default",
      }));
      // A package can ask browsers to take nothing in place of a file.
      build.onLoad({ filter: /./, namespace: "nothing" }, () => ({ contents: "" }));
    },
  };
}

/** Loads 14 MB of WebAssembly, so only when there is something to bundle. */
async function startEsbuild(): Promise<typeof Esbuild> {
  const esbuild = await import("esbuild-wasm/esm/browser.js");
  const wasm = await readFile(createRequire(import.meta.url).resolve("esbuild-wasm/esbuild.wasm"));
  const wasmModule = await WebAssembly.compile(new Uint8Array(wasm));
  await esbuild.initialize({ wasmModule, worker: false });
  return esbuild;
}
