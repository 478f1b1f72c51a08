/**
 * Gets what the tests need from Debian and its kin.
 *
 * @module
 */

import { run, tail } from "./project.ts";

/** The installation under way, since apt-get lets only one at a time. */
let before: Promise<void> = Promise.resolve();

/**
 * Installs a package, after those that were asked for before.
 *
 * @throws {Error} There is no apt-get, this is not root, or apt-get fails.
 */
export function byApt(name: string): Promise<void> {
  const installation = before.then(() => installNow(name));
  before = installation.catch(() => {});
  return installation;
}

async function installNow(name: string): Promise<void> {
  const apt = "/usr/bin/apt-get";
  const isThere = await Deno.stat(apt).then(() => true, () => false);
  if (!isThere || Deno.uid() !== 0) throw new Error("apt-get needs Debian or its kin, and root");
  const env = { DEBIAN_FRONTEND: "noninteractive" };
  for (const args of [["update"], ["install", "-y", name]]) {
    const outcome = await run(apt, args, { limitMs: 300_000, env });
    if (outcome.code !== 0) throw new Error(`apt-get ${args.join(" ")}: ${tail(outcome, 2)}`);
  }
}
