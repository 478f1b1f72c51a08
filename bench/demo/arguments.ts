/**
 * The command line of the demo.
 *
 * @module
 */

import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseArgs } from "node:util";
import { type BundleOptions, packagesFolder } from "./bundle.ts";

/** What `--help` prints. */
export const HELP = `Measures what npm packages cost a web page, minified and gzipped.
Results are kept in .deja/: run it again, and they are there at once.

Usage: deno task demo [OPTION]... [PACKAGE]...

PACKAGE is one of bench/demo/packages/package.json; all of them unless given.

  --target=LEVEL  language level of the code: es2015 to es2025, or esnext (default: es2022)
  --no-minify     leave the code as it is
  --help          print this text`;

/** What to do. */
export interface Task extends BundleOptions {
  /** Whether to print the help and nothing else. */
  readonly help: boolean;
  /** The packages to measure, such as `zod@4.6.7`. */
  readonly specs: readonly string[];
}

/**
 * Reads the command line.
 *
 * @throws {TypeError} An option or a package is unknown, or a value does not fit.
 */
export function readArguments(args: string[]): Task {
  const { values, positionals } = parseArgs({
    args: args[0] === "--" ? args.slice(1) : args, // Some put it between the task and its options.
    allowPositionals: true,
    options: {
      help: { type: "boolean", short: "h", default: false },
      "no-minify": { type: "boolean", default: false },
      target: { type: "string", default: "es2022" },
    },
  });
  const { help, target } = values;
  if (!/^es(20(1[5-9]|2[0-5])|next)$/.test(target)) {
    throw new TypeError(`--target must be es2015 to es2025 or esnext, received "${target}"`);
  }
  const versions = readVersions();
  const names = positionals.length === 0 ? Object.keys(versions) : [...new Set(positionals)];
  for (const name of names) {
    if (!Object.hasOwn(versions, name)) {
      const known = Object.keys(versions).join(", ");
      throw new TypeError(
        `No package "${name}" in bench/demo/packages/package.json: take ${known}`,
      );
    }
  }
  return {
    help,
    target,
    minify: !values["no-minify"],
    specs: names.map((name) => `${name}@${versions[name]}`),
  };
}

function readVersions(): Readonly<Record<string, string>> {
  return JSON.parse(readFileSync(join(packagesFolder, "package.json"), "utf8")).dependencies;
}
