/**
 * What the command asks of its runtime: Node's own interface, which Deno and Bun have as well. It is
 * reached through `process`, so that no bundler trips over an import.
 *
 * @module
 */

/** A stream that the command writes to. */
export interface Output {
  /** Whether somebody is watching. */
  readonly isTTY?: boolean;
  /** Takes a text, and says when it has gone, or why it cannot. */
  write(text: string, done?: (error?: Error | null) => void): boolean;
  /** Hears of failures; without a listener, they end the process. */
  on(event: "error", listener: (error: Error) => void): unknown;
  /** Takes a listener away. */
  off(event: "error", listener: (error: Error) => void): this;
}

/** A stream of bytes that the command reads. */
export interface Input extends AsyncIterable<Uint8Array> {
  /** Whether somebody is typing. */
  readonly isTTY?: boolean;
  /** Lets the source go. */
  destroy(): unknown;
}

/** The part of `process` that is used here. */
export interface Process {
  /** The runtime, the script and its arguments. */
  readonly argv: readonly string[];
  /** Standard input. */
  readonly stdin: Input;
  /** Standard output. */
  readonly stdout: Output;
  /** Standard error. */
  readonly stderr: Output;
  /** What the process ends with, once nothing keeps it. */
  exitCode?: number | undefined;
  /** Ends the process at once. */
  exit(code: number): never;
  /** The working directory. */
  cwd(): string;
  /** Hears of a signal in place of ending by it. */
  on(signal: string, listener: () => void): unknown;
  /** Takes a listener away. */
  off(signal: string, listener: () => void): unknown;
  /** Reaches a built-in module without an import. */
  getBuiltinModule(name: string): unknown;
}

interface FileSystem {
  statSync(path: string, options: { throwIfNoEntry: false }): FileStatus | undefined;
  createReadStream(path: string, options: { highWaterMark: number }): Input;
}

/** What is known of a file. */
export interface FileStatus {
  /** Whether it is a file that can be read more than once. */
  isFile(): boolean;
  /** Whether it is a folder. */
  isDirectory(): boolean;
}

/** The process of this runtime. */
export function hostProcess(): Process {
  const { process } = globalThis as { readonly process?: Process };
  if (process?.getBuiltinModule === undefined) {
    throw new TypeError("The command runs on Deno, Bun and Node; here is none of them");
  }
  return process;
}

/** What there is at a path; `undefined` where there is nothing, or nothing that can be looked at. */
export function statusOf(path: string): FileStatus | undefined {
  try {
    return fileSystem().statSync(path, { throwIfNoEntry: false });
  } catch {
    return undefined;
  }
}

/** The bytes of a file, as they are asked for: so many at a time. */
export function readFile(path: string, chunkBytes: number): Input {
  return fileSystem().createReadStream(path, { highWaterMark: chunkBytes });
}

/** The `file:` URL of a path, which may be relative to the working directory. */
export function fileUrl(path: string): string {
  const process = hostProcess();
  const { resolve } = process.getBuiltinModule("node:path") as {
    resolve(...paths: string[]): string;
  };
  const { pathToFileURL } = process.getBuiltinModule("node:url") as {
    pathToFileURL(path: string): URL;
  };
  return pathToFileURL(resolve(process.cwd(), path)).href;
}

/** What the console would make of some values. */
export function logText(...parts: unknown[]): string {
  const { format } = hostProcess().getBuiltinModule("node:util") as {
    format(...parts: unknown[]): string;
  };
  return format(...parts);
}

/** Ends the process in a while, if something else still keeps it then. */
export function exitWithin(milliseconds: number, code: number): void {
  const process = hostProcess();
  const { setTimeout } = process.getBuiltinModule("node:timers") as {
    setTimeout(callback: () => void, milliseconds: number): { unref(): void };
  };
  setTimeout(() => process.exit(code), milliseconds).unref();
}

function fileSystem(): FileSystem {
  return hostProcess().getBuiltinModule("node:fs") as FileSystem;
}
