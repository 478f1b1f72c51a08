/** The `deja` command in a process of its own, with a folder of its own. */

import {
  type RunningScript,
  runScript,
  type ScriptResult,
  testOn,
  withTempFolder,
} from "../harness.ts";

const MAIN = new URL("../../lib/cli/main.ts", import.meta.url).href;

/** Path of a module of the fixtures. */
export function fixture(name: string): string {
  return decodeURIComponent(new URL(`./fixtures/${name}.ts`, import.meta.url).pathname);
}

/** What the command is given besides its words. */
export interface Given {
  readonly input?: string;
  readonly onStart?: (child: RunningScript) => void;
}

/** A folder to run the command in. */
export interface Place {
  /** Its path. */
  readonly folder: string;
  /** Runs the command there. */
  deja(words: readonly string[], given?: Given): Promise<ScriptResult>;
  /** Writes a file there. */
  write(name: string, content: string | Uint8Array): void;
}

/** Registers a test of the command, with a fresh folder. */
export function testDeja(name: string, body: (place: Place) => Promise<void>): void {
  testOn(
    ["deno", "bun"],
    "a browser has no command line",
    `deja ${name}`,
    () =>
      withTempFolder((folder) => {
        const { process } = globalThis as unknown as {
          process: { getBuiltinModule(name: string): typeof import("node:fs") };
        };
        const { writeFileSync } = process.getBuiltinModule("node:fs");
        return body({
          folder,
          deja: (words, given = {}) =>
            runScript(MAIN, words, { cwd: folder, env: { DEJA_DIR: "", DEJA_MODE: "" }, ...given }),
          write: (name, content) => writeFileSync(`${folder}/${name}`, content),
        });
      }),
  );
}

/** Resolves once a process has written something that matches. */
export function untilWritten(source: RunningScript["stdout"], pattern: RegExp): Promise<void> {
  return new Promise((resolve) => {
    let written = "";
    source.on("data", (text) => {
      written += text;
      if (pattern.test(written)) resolve();
    });
  });
}

/** Numbers as lines. */
export function linesTo(count: number): string {
  return Array.from({ length: count }, (_, index) => `${index + 1}\n`).join("");
}
