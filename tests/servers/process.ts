/**
 * Real servers for tests, each a process with a folder and a port of its own that ends with the
 * test file. Deno and Bun only.
 *
 * @module
 */

/** A server that is up. */
export interface Server {
  /** Port on 127.0.0.1. */
  readonly port: number;
  /** Ends the server at once, as a crash would, and removes its folder. */
  stop(): Promise<void>;
}

/** How a server is started. */
export interface ServerOptions {
  /** Name of the binary, or its path. */
  readonly command: string;
  /** Arguments, given the port and the private folder. */
  readonly args: (port: number, folder: string) => readonly string[];
  /** Whether it answers as it should; asked until it says so. A rejection means no. */
  readonly isReady: (port: number) => Promise<boolean>;
  /** Environment variables over the inherited ones. */
  readonly env?: Readonly<Record<string, string>>;
}

/** How long a server may take to come up. */
const START_LIMIT_MS = 20_000;
const POLL_MS = 10;

/**
 * Runs a command until its own input ends, then kills it and removes its folder. So a server never
 * outlives the tests, not even where they are killed. `$1` is the folder, `$2` the file for what
 * the command prints, the rest the command.
 */
const WATCHDOG = 'folder=$1; log=$2; shift 2; "$@" >"$log" 2>&1 & ' +
  'cat >/dev/null; kill -9 $!; wait; rm -rf "$folder"';

/** Path of a program, or `undefined` where it is not installed. */
export async function findProgram(name: string): Promise<string | undefined> {
  const places = `$PATH:$HOME/.cargo/bin`;
  const { code, stdout } = await shell([`PATH=${places}; command -v "$1"`, name]);
  return code === 0 ? stdout.trim() : undefined;
}

/** Starts a server on a free port, and waits until it is ready. */
export async function startServer(options: ServerOptions): Promise<Server> {
  const { mkdtemp, readFile } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
  const { tmpdir } = builtin<typeof import("node:os")>("node:os");
  const folder = await mkdtemp(`${tmpdir()}/deja-server-`);
  const log = `${folder}/log`;
  const port = await freePort();
  const { spawn } = builtin<typeof import("node:child_process")>("node:child_process");
  const { env } = (globalThis as unknown as { process: { env: Record<string, string> } }).process;
  const command = [options.command, ...options.args(port, folder)];
  const child = spawn("sh", ["-c", WATCHDOG, "sh", folder, log, ...command], {
    stdio: ["pipe", "ignore", "ignore"],
    env: { ...env, ...options.env },
  });
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null) return;
    const ended = new Promise<void>((resolve) => child.on("exit", () => resolve()));
    child.stdin!.end();
    await ended;
  };
  const latest = performance.now() + START_LIMIT_MS;
  while (!await options.isReady(port).catch(() => false)) {
    if (performance.now() > latest) {
      const said = await readFile(log, "utf8").catch(() => "");
      await stop();
      throw new Error(`${options.command} is not ready after ${START_LIMIT_MS} ms: ${said}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  // The run must not wait for it.
  child.unref();
  return { port, stop };
}

/** A port of 127.0.0.1 that nobody uses. */
export async function freePort(): Promise<number> {
  const { createServer } = builtin<typeof import("node:net")>("node:net");
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Sends a text to a port of 127.0.0.1, and resolves to the first that comes back. */
export async function ask(port: number, text: string): Promise<string> {
  const { connect } = builtin<typeof import("node:net")>("node:net");
  const socket = connect(port, "127.0.0.1");
  const closed = new Promise((resolve) => socket.on("close", resolve));
  try {
    return await new Promise((resolve, reject) => {
      socket.on("error", reject);
      socket.on("close", () => reject(new Error("The connection was closed")));
      socket.on("data", (data) => resolve(data.toString()));
      socket.write(text);
    });
  } finally {
    socket.destroy();
    await closed;
  }
}

async function shell(args: readonly string[]): Promise<{ code: number; stdout: string }> {
  const { spawn } = builtin<typeof import("node:child_process")>("node:child_process");
  const [script, ...rest] = args;
  const child = spawn("sh", ["-c", script, "sh", ...rest], { stdio: ["ignore", "pipe", "ignore"] });
  let stdout = "";
  child.stdout!.setEncoding("utf8").on("data", (text: string) => void (stdout += text));
  return await new Promise((resolve) => {
    child.on("error", () => resolve({ code: -1, stdout }));
    child.on("close", (code) => resolve({ code: code ?? -1, stdout }));
  });
}

/** Reaches a built-in module without an import, which a browser bundle would trip over. */
function builtin<T>(name: string): T {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): unknown };
  };
  return process.getBuiltinModule(name) as T;
}
