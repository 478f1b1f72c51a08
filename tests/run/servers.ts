/**
 * Gets the real servers that tests start. A test file skips, and says so, where its server is
 * missing.
 *
 * @module
 */

import { byApt } from "./apt.ts";
import { run } from "./project.ts";

/** Packages of Debian by the binary in them, and what the paths of the tests that need it contain. */
const SERVERS: readonly (readonly [binary: string, debian: string, needed: RegExp])[] = [
  ["redis-server", "redis-server", /\/redis/],
];

/** Installs the servers that some of the files need, where that is possible. */
export async function findServers(files: readonly string[]): Promise<void> {
  for (const [binary, debian, needed] of SERVERS) {
    if (!files.some((file) => needed.test(file)) || await starts(binary)) continue;
    await byApt(debian).catch((error: Error) =>
      console.log(`Cannot install ${binary}: ${error.message}`)
    );
  }
}

async function starts(binary: string): Promise<boolean> {
  const outcome = await run(binary, ["--version"], { limitMs: 60_000 }).catch(() => undefined);
  return outcome?.code === 0;
}
