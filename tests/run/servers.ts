/**
 * Gets the real servers that tests start. A test file skips, and says so, where its server is
 * missing.
 *
 * @module
 */

import { findProgram } from "../servers/process.ts";
import { byApt } from "./apt.ts";
import { run, tail } from "./project.ts";

/** How long a server may take to be built. */
const BUILD_LIMIT_MS = 300_000;

/** A server that tests start. */
interface Server {
  /** The binary: a name, or a path in the project. */
  readonly binary: string;
  /** What the paths of the tests that need it contain. */
  readonly needed: RegExp;
  /** Gets it. */
  readonly install: () => Promise<void>;
}

const SERVERS: readonly Server[] = [
  { binary: "redis-server", needed: /\/redis/, install: () => byApt("redis-server") },
  {
    binary: "node_modules/.versitygw/versitygw",
    needed: /\/s3/,
    install: async () => {
      if (await findProgram("versitygw") !== undefined) return;
      if (await findProgram("go") === undefined) throw new Error("there is no Go to build it with");
      const outcome = await run(Deno.execPath(), ["task", "--quiet", "versitygw"], {
        limitMs: BUILD_LIMIT_MS,
      });
      if (outcome.code !== 0) throw new Error(tail(outcome, 2));
    },
  },
];

/** Installs the servers that some of the files need, where that is possible. */
export async function findServers(files: readonly string[]): Promise<void> {
  await Promise.all(SERVERS.map(async ({ binary, needed, install }) => {
    if (!files.some((file) => needed.test(file)) || await findProgram(binary) !== undefined) return;
    await install().catch((error: Error) =>
      console.log(`Cannot get ${binary.replace(/^.*\//, "")}: ${error.message}`)
    );
  }));
}
