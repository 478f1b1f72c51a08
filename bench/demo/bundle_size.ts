/**
 * What a package costs a web page: the expensive function of the demo, and its cache.
 *
 * @module
 */

import esbuild from "esbuild-wasm/package.json" with { type: "json" };
import resolver from "enhanced-resolve/package.json" with { type: "json" };
import { persistentCache } from "../../mod.ts";
import { bundle, type BundleOptions, packageFiles } from "./bundle.ts";

/** Sizes of a bundled package, in bytes. */
export interface BundleSize {
  /** Of the code. */
  readonly bytes: number;
  /** Of the code after gzip, which is what travels. */
  readonly gzipped: number;
}

/**
 * Measures a package such as `zod@4.6.7`. The result is kept under the code of this function, its
 * arguments and what `closure` names: the two helpers, by their code, and the versions of the tools.
 * Edit one of them, or pass other options, and it is computed again.
 */
export const bundleSize = persistentCache(
  "bundleSize",
  async (spec: string, options: BundleOptions): Promise<BundleSize> => {
    const code = await bundle(spec, options);
    const gzip = new Blob([code.slice()]).stream().pipeThrough(new CompressionStream("gzip"));
    const { byteLength } = await new Response(gzip).arrayBuffer();
    return { bytes: code.length, gzipped: byteLength };
  },
  { closure: () => ({ bundle, packageFiles, versions: [esbuild.version, resolver.version] }) },
);
