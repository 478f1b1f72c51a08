/**
 * The demo: what npm packages cost a web page, measured once and remembered.
 *
 * @module
 */

import process from "node:process";
import { HELP, readArguments, type Task } from "./arguments.ts";
import { type BundleSize, bundleSize } from "./bundle_size.ts";
import { startProgress } from "../../lib/cli/progress.ts";
import { chart, summary } from "./report.ts";

process.exitCode = await main(process.argv.slice(2));

/** Runs the demo and returns its exit code: 1 if a package failed, 2 for wrong arguments. */
async function main(args: string[]): Promise<number> {
  let task: Task;
  try {
    task = readArguments(args);
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
    const [problem] = error.message.split(". "); // Then comes advice on unusual names.
    console.error(`${problem}\nSee --help`);
    return 2;
  }
  if (task.help) {
    console.log(HELP);
    return 0;
  }
  return await measure(task);
}

async function measure({ specs, target, minify }: Task): Promise<number> {
  const start = performance.now();
  const sizes = new Map<string, BundleSize>();
  const failures: string[] = [];
  const progress = startProgress({ total: specs.length, everyMs: 0 });
  for (const [index, spec] of specs.entries()) {
    try {
      sizes.set(spec, await bundleSize(spec, { target, minify }));
    } catch (error) {
      failures.push(`Cannot bundle ${spec}: ${(error as Error).message}`);
    }
    progress.update(index + 1, () => spec);
  }
  progress.stop();

  const title = `Gzipped size for ${target}, ${minify ? "minified" : "not minified"}`;
  if (sizes.size > 0) console.log(`${title}\n\n${chart(sizes)}\n`);
  console.log(summary(bundleSize.stats(), performance.now() - start));
  for (const failure of failures) console.error(failure);
  return failures.length === 0 ? 0 : 1;
}
