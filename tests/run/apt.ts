/**
 * Gets what the tests need from Debian and its kin.
 *
 * @module
 */

import { run, tail } from "./project.ts";

/**
 * Installs a package.
 *
 * @throws {Error} There is no apt-get, this is not root, or apt-get fails.
 */
export async function byApt(name: string): Promise<void> {
  const apt = "/usr/bin/apt-get";
  const isThere = await Deno.stat(apt).then(() => true, () => false);
  if (!isThere || Deno.uid() !== 0) throw new Error("apt-get needs Debian or its kin, and root");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", name]]) {
    const outcome = await run(apt, args, { limitMs: 300_000, env });
    if (outcome.code !== 0) throw new Error(`apt-get ${args.join(" ")}: ${tail(outcome, 2)}`);
  }
}
