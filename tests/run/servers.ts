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
const BUILD_LIMIT_MS = 600_000;

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
  { binary: "redis-server", needed: /\/redis|single_flight/, install: () => byApt("redis-server") },
  {
    binary: "node_modules/.versitygw/versitygw",
    needed: /\/s3|single_flight/,
    install: buildVersity,
  },
];

/** What a test file waits for before it may run; `undefined` where that is nothing. */
export type Awaited = (file: string) => Promise<unknown> | undefined;

/**
 * Installs servers where that is possible, each when the first file is asked for that needs it.
 */
export function findServers(): Awaited {
  const found = new Map<Server, Promise<void>>();
  return (file) => {
    const findings = SERVERS.filter(({ needed }) => needed.test(file)).map((server) => {
      const finding = found.get(server) ?? find(server);
      found.set(server, finding);
      return finding;
    });
    return findings.length === 0 ? undefined : Promise.all(findings);
  };
}

async function find({ binary, install }: Server): Promise<void> {
  if (await findProgram(binary) !== undefined) return;
  await install().catch((error: Error) =>
    console.log(`Cannot get ${binary.replace(/^.*\//, "")}: ${error.message}`)
  );
}

async function buildVersity(): Promise<void> {
  if (await findProgram("versitygw") !== undefined) return;
  if (await findProgram("go") === undefined) throw new Error("there is no Go to build it with");
  const args = ["task", "--quiet", "versitygw"];
  const outcome = await run(Deno.execPath(), args, { limitMs: BUILD_LIMIT_MS });
  if (outcome.code === -1) throw new Error(`not built within ${BUILD_LIMIT_MS / 1000} s`);
  if (outcome.code !== 0) throw new Error(tail(outcome, 2));
}
