/**
 * What every test file imports: one way to register a test that works under `deno test`,
 * `bun test` and in a page, so that the same file proves the same thing on every runtime.
 *
 * @module
 */

import { assert } from "chai";

export { assert };

/** Where the tests are running. */
export type Runtime = "deno" | "bun" | "chromium" | "firefox";

/** A test body: it passes by returning, and fails by throwing or rejecting. */
export type TestBody = () => void | Promise<void>;

/** A test as the page's own runner finds it: `because` is set on one that is skipped. */
export interface PageTest {
  /** What holds. */
  readonly name: string;
  /** The test itself. */
  readonly body: TestBody;
  /** Why this runtime skips it. */
  readonly because?: string;
}

/** A test that takes longer has hung: it fails by name instead of holding up the run. */
export const TEST_LIMIT_MS = 150_000;

/** Stands between the name and the reason of a skipped test, in every runtime's report. */
export const SKIP_MARK = " | skipped: ";

// Kept from before any test can replace them.
const { setTimeout, clearTimeout } = globalThis;

/** The runtime that this file was loaded by. */
export const runtime: Runtime = "Deno" in globalThis
  ? "deno"
  : "Bun" in globalThis
  ? "bun"
  : navigator.userAgent.includes("Firefox")
  ? "firefox"
  : "chromium";

/** A runtime's own way to register a test. */
type Register = (name: string, body: TestBody, because: string | undefined) => void;

const registers: Record<"deno" | "bun" | "page", () => Register | Promise<Register>> = {
  deno: () => (name, fn, because) => {
    const sanitizers = { sanitizeOps: true, sanitizeResources: true, sanitizeExit: true };
    Deno.test({ name, fn, ignore: because !== undefined, ...sanitizers });
  },
  bun: async () => {
    const specifier: string = "bun:test"; // A variable, so that only Bun ever looks it up.
    const { test } = await import(specifier);
    return (name, body, because) => {
      if (because === undefined) test(name, body, 2 * TEST_LIMIT_MS);
      else test.skip(name, body);
    };
  },
  page: () => {
    const page = globalThis as { dejaTests?: PageTest[] };
    const tests = page.dejaTests ??= [];
    return (name, body, because) => {
      tests.push(because === undefined ? { name, body } : { name, body, because });
    };
  },
};

const register = await registers
  [runtime === "chromium" || runtime === "firefox" ? "page" : runtime]();

/** Registers a test with the runtime's own runner, or with the page's. */
export function test(name: string, body: TestBody): void {
  register(name, () => withinLimit(body), undefined);
}

/** As {@linkcode test}, but only on `runtimes`; elsewhere it counts as skipped with `because`. */
export function testOn(
  runtimes: readonly Runtime[],
  because: string,
  name: string,
  body: TestBody,
): void {
  if (runtimes.includes(runtime)) test(name, body);
  else register(name + SKIP_MARK + because, body, because);
}

async function withinLimit(body: TestBody): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined;
  const limit = new Promise<never>((_, reject) => {
    timer = setTimeout(
      () => reject(new Error(`The test did not end within ${TEST_LIMIT_MS / 1000} s`)),
      TEST_LIMIT_MS,
    );
  });
  try {
    await Promise.race([body(), limit]);
  } finally {
    clearTimeout(timer);
  }
}

/**
 * Awaits a rejection with an instance of `type` whose message matches, and returns the error.
 *
 * @throws {Error} If the promise fulfils, or rejects with anything else.
 */
export async function rejects<E extends Error>(
  promise: PromiseLike<unknown>,
  type: new (...args: never[]) => E,
  message?: RegExp,
): Promise<E> {
  let value: unknown;
  try {
    value = await promise;
  } catch (error) {
    assert.instanceOf(error, type);
    if (message !== undefined) assert.match((error as E).message, message);
    return error as E;
  }
  throw new Error(`Expected a rejection with ${type.name}, but it fulfilled with ${String(value)}`);
}

/** Freezes `Date.now` at `start` (ms since the epoch) while `body` runs; `advance(ms)` moves it. */
export async function withFakeTime<T>(
  start: number,
  body: (clock: { advance(ms: number): void }) => T | Promise<T>,
): Promise<T> {
  const real = Date.now;
  let now = start;
  Date.now = () => now;
  try {
    return await body({ advance: (ms) => void (now += ms) });
  } finally {
    Date.now = real;
  }
}

/**
 * Runs `body` with the path of a fresh temporary folder, which is removed afterwards. Deno and Bun
 * only.
 */
export async function withTempFolder<T>(body: (path: string) => T | Promise<T>): Promise<T> {
  const { mkdtemp, realpath, rm } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const { join } = builtin<typeof import("node:path")>("node:path");
  const path = await realpath(await mkdtemp(join(tmpdir(), "deja-test-")));
  try {
    return await body(path);
  } finally {
    await rm(path, { recursive: true, force: true });
  }
}

/** What a process left behind. */
export interface ScriptResult {
  /** Exit code; `-1` if a signal ended the process. */
  readonly code: number;
  /** All it wrote to standard output. */
  readonly stdout: string;
  /** All it wrote to standard error. */
  readonly stderr: string;
}

/** A process under way, as Node sees it. */
export interface RunningScript {
  /** Sends it a signal. */
  kill(signal: "SIGINT" | "SIGTERM"): void;
  /** Its standard output. */
  readonly stdout: TextSource;
  /** Its standard error. */
  readonly stderr: TextSource;
}

/** What a process writes to. */
export interface TextSource {
  /** Hears of each text. */
  on(event: "data", listener: (text: string) => void): unknown;
  /** Reads no more, so that the process can write no more. */
  destroy(): unknown;
}

/**
 * Runs a TypeScript file in a new process of the same runtime, with this project's configuration
 * and all permissions. Deno and Bun only.
 *
 * @param path Absolute path or `file:` URL of the file.
 * @param args Arguments for the script.
 * @param options Working directory, environment variables over the inherited ones, what it reads on
 *   standard input, a signal that kills the process (the result's code is then `-1`), and what to do
 *   with it while it runs.
 */
export async function runScript(
  path: string,
  args: readonly string[] = [],
  options: {
    cwd?: string;
    env?: Record<string, string>;
    input?: string;
    signal?: AbortSignal;
    onStart?: (child: RunningScript) => void;
  } = {},
): Promise<ScriptResult> {
  const { spawn } = builtin<typeof import("node:child_process")>("node:child_process");
  const { fileURLToPath } = builtin<typeof import("node:url")>("node:url");
  const { env, execPath } = (globalThis as unknown as { process: NodeProcess }).process;
  const script = path.startsWith("file:") ? fileURLToPath(path) : path;
  const config = fileURLToPath(new URL("../deno.json", import.meta.url));
  // Quiet of what Deno fetches on the way, which is not what the script writes.
  const deno = ["run", "--quiet", "-A", "--no-prompt", "--config", config];
  const run = runtime === "deno" ? deno : ["run"];
  const child = spawn(execPath, [...run, script, ...args], {
    cwd: options.cwd,
    env: { ...env, NO_COLOR: "1", ...options.env },
    stdio: ["pipe", "pipe", "pipe"],
  });
  child.stdin.on("error", () => {}); // It may end before it has read everything.
  child.stdin.end(options.input ?? "");
  const end = () => void child.kill("SIGKILL");
  options.signal?.addEventListener("abort", end);
  if (options.signal?.aborted) end();
  let stdout = "";
  let stderr = "";
  child.stdout.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  child.stderr.setEncoding("utf8").on("data", (text: string) => void (stderr += text));
  // Deno's `child.kill` hides the exit code of a process that hears of the signal.
  const send = (signal: string) =>
    void spawn("sh", ["-c", `kill -${signal.slice("SIG".length)} ${child.pid}`]);
  options.onStart?.({ kill: send, stdout: child.stdout, stderr: child.stderr });
  try {
    const code = await new Promise<number>((resolve, reject) => {
      child.on("error", reject);
      child.on("close", (code) => resolve(code ?? -1));
    });
    return { code, stdout, stderr };
  } finally {
    options.signal?.removeEventListener("abort", end);
  }
}

interface NodeProcess {
  readonly env: Record<string, string>;
  readonly execPath: string;
  getBuiltinModule(name: string): unknown;
}

/** Reaches a built-in module without an import, which a browser bundle would trip over. */
function builtin<T>(name: string): T {
  const { process } = globalThis as { process?: NodeProcess };
  if (process === undefined) throw new Error(`${name} is not available on ${runtime}: use testOn`);
  return process.getBuiltinModule(name) as T;
}
