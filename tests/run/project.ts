/**
 * Where the project is, which files it has, and how to run a command in it.
 *
 * @module
 */

import { join, relative } from "node:path";
import { fileURLToPath } from "node:url";

/** Absolute path of the project's root folder. */
export const root: string = fileURLToPath(new URL("../../", import.meta.url));

/** What the run reads from `deno.json` and `jsr.json`. */
export interface Manifest {
  /** Entry points, by specifier. */
  readonly exports: Readonly<Record<string, string>>;
  /** Bare names that the code may import. */
  readonly imports?: Readonly<Record<string, string>>;
  /** Other members, for comparison. */
  readonly [member: string]: unknown;
}

/** Reads `deno.json` or `jsr.json`. */
export async function manifest(name: "deno.json" | "jsr.json"): Promise<Manifest> {
  return JSON.parse(await Deno.readTextFile(join(root, name)));
}

/** Whether the project has a file or folder at `path`. */
export async function exists(path: string): Promise<boolean> {
  return await Deno.stat(join(root, path)).then(() => true, () => false);
}

/** Every file under `folder` whose name ends in `suffix`, relative to the root, sorted. */
export async function filesUnder(folder: string, suffix: string): Promise<string[]> {
  const found: string[] = [];
  const visit = async (path: string): Promise<void> => {
    for await (const entry of Deno.readDir(path)) {
      const inner = join(path, entry.name);
      if (entry.isDirectory && entry.name !== "node_modules") await visit(inner);
      else if (entry.isFile && entry.name.endsWith(suffix)) found.push(inner);
    }
  };
  await visit(join(root, folder));
  return found.map((path) => relative(root, path).replaceAll("\\", "/")).sort();
}

/** What a command left behind. */
export interface Outcome {
  /** Exit code; `-1` if the command had to be killed because its time was over. */
  readonly code: number;
  /** All it wrote to standard output. */
  readonly stdout: string;
  /** All it wrote to standard error. */
  readonly stderr: string;
}

/** Runs a command in the project's root, without input, for at most `limitMs`. */
export async function run(
  command: string,
  args: readonly string[],
  options: { limitMs: number; env?: Record<string, string>; cwd?: string },
): Promise<Outcome> {
  const child = new Deno.Command(command, {
    args: [...args],
    cwd: options.cwd ?? root,
    env: { NO_COLOR: "1", DENO_NO_UPDATE_CHECK: "1", ...options.env },
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).spawn();
  let late = false;
  const timer = setTimeout(() => {
    late = true;
    child.kill("SIGKILL");
  }, options.limitMs);
  const streams = [child.stdout, child.stderr].map((stream) => new Gathered(stream));
  const { code } = await child.status;
  clearTimeout(timer);
  // Children of a killed command may hold its pipes open for as long as they live.
  if (!late) await Promise.all(streams.map((stream) => stream.end));
  const [stdout, stderr] = streams.map((stream) => stream.text);
  return { code: late ? -1 : code, stdout, stderr };
}

class Gathered {
  text = "";
  readonly end: Promise<void>;

  constructor(stream: ReadableStream<Uint8Array<ArrayBuffer>>) {
    this.end = this.#read(stream.pipeThrough(new TextDecoderStream()));
  }

  async #read(stream: ReadableStream<string>): Promise<void> {
    for await (const piece of stream) this.text += piece;
  }
}

/** The end of a command's output, which is where it says what went wrong. */
export function tail({ stdout, stderr }: Outcome, lines = 100): string {
  return `${stdout}\n${stderr}`.trim().split("\n").slice(-lines).join("\n");
}

/** Maps `items` with at most `width` calls of `each` at a time, and keeps their order. */
export async function mapLimited<T, R>(
  items: readonly T[],
  width: number,
  each: (item: T) => Promise<R>,
): Promise<R[]> {
  const results: R[] = new Array(items.length);
  let next = 0;
  const worker = async (): Promise<void> => {
    while (next < items.length) {
      const index = next++;
      results[index] = await each(items[index]);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return results;
}
