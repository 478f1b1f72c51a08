/**
 * A copy of the demo in a temporary folder, with tiny packages of its own. Deno only.
 *
 * @module
 */

import { assert, testOn, withTempFolder } from "../harness.ts";

/** What a run of the demo left behind. */
export interface DemoRun {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  /** The lines of the chart, without the summary. */
  readonly chart: string;
  readonly hits: number;
  readonly misses: number;
}

/** The packages of every copy: file contents by path. */
const PACKAGES: Readonly<Record<string, string>> = {
  "one/package.json": `{ "name": "one", "version": "1.0.0", "main": "one.js" }`,
  "one/one.js": `export const one = "${"only one ".repeat(200)}";`,
  "two/package.json": `{ "name": "two", "version": "2.0.0", "exports": "./lib/two.js" }`,
  "two/lib/two.js": `export * from "./more.js"; export function two(first) { return first * 2 }`,
  "two/lib/more.js": `export const more = (values) => values.map((value) => value + 1);`,
  "three/package.json":
    `{ "name": "three", "version": "3.0.0", "main": "three", "browser": { "./node.js": false } }`,
  "three/three.js": `import "./node.js"; import "one"; export const three = [1, 2, 3];`,
  "three/node.js": `throw new Error("${"Not for browsers. ".repeat(200)}");`,
};

/** A copy of the demo on the library of this project. */
export class DemoCopy {
  /** Folder of the copy, which is the working directory of its runs. */
  readonly folder: string;

  readonly #permissions: readonly string[];

  constructor(folder: string, permissions: readonly string[]) {
    this.folder = folder;
    this.#permissions = permissions;
  }

  /** Starts the demo with the permissions of its task. */
  start(...args: string[]): Deno.ChildProcess {
    return new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "--no-prompt",
        "--frozen",
        `--config=${root}/deno.json`,
        ...this.#permissions,
        "bench/demo/main.ts",
        ...args,
      ],
      cwd: this.folder,
      env: { NO_COLOR: "1" },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
  }

  /** Runs the demo to its end. */
  async run(...args: string[]): Promise<DemoRun> {
    const output = await this.start(...args).output();
    const [stdout, stderr] = [output.stdout, output.stderr].map((bytes) =>
      new TextDecoder().decode(bytes)
    );
    const [, chart, hits, misses] =
      stdout.match(/^(.*)Hits: (\d+), misses: (\d+), time: [\d.]+ s; \S.*\n$/s) ?? [];
    return { code: output.code, stdout, stderr, chart, hits: Number(hits), misses: Number(misses) };
  }

  /** Changes a file of the copy. */
  async edit(path: string, change: (text: string) => string): Promise<void> {
    const before = await Deno.readTextFile(`${this.folder}/${path}`);
    const after = change(before);
    if (after === before) throw new Error(`The change of ${path} changes nothing`);
    await Deno.writeTextFile(`${this.folder}/${path}`, after);
  }
}

const root = new URL("../../", import.meta.url).pathname.replace(/\/$/, "");

/** Runs `body` with a fresh copy, which is removed afterwards; `deeper` lengthens its path. */
export async function withDemoCopy(
  body: (demo: DemoCopy) => Promise<void>,
  deeper = "",
): Promise<void> {
  await withTempFolder(async (temporary) => {
    const folder = `${temporary}${deeper}`;
    const packages = `${folder}/bench/demo/packages`;
    await Deno.mkdir(packages, { recursive: true });
    await Deno.mkdir(`${folder}/node_modules/esbuild-wasm`, { recursive: true });
    const wasm = "node_modules/esbuild-wasm/esbuild.wasm";
    await Deno.copyFile(`${root}/${wasm}`, `${folder}/${wasm}`);
    for await (const { name, isFile } of Deno.readDir(`${root}/bench/demo`)) {
      if (!isFile) continue;
      const text = await Deno.readTextFile(`${root}/bench/demo/${name}`);
      const copy = text.replaceAll('"../../', `"file://${root}/`);
      await Deno.writeTextFile(`${folder}/bench/demo/${name}`, copy);
    }
    await Deno.writeTextFile(
      `${packages}/package.json`,
      `{ "dependencies": { "one": "1.0.0", "two": "2.0.0", "three": "3.0.0" } }`,
    );
    for (const [path, text] of Object.entries(PACKAGES)) {
      const file = `${packages}/node_modules/${path}`;
      await Deno.mkdir(file.slice(0, file.lastIndexOf("/")), { recursive: true });
      await Deno.writeTextFile(file, text);
    }
    await body(new DemoCopy(folder, await taskPermissions()));
  });
}

/** The permissions that the task has in `deno.json`; reading also covers the project itself. */
async function taskPermissions(): Promise<string[]> {
  const { tasks } = JSON.parse(await Deno.readTextFile(`${root}/deno.json`));
  const flags: string[] = tasks.demo.match(/(?<= )(--allow-|-A)\S*/g);
  return flags.map((flag) => flag === "--allow-read=." ? `${flag},${root}` : flag);
}

/** Registers a test on a fresh copy. */
export function demoTest(name: string, body: (demo: DemoCopy) => Promise<void>): void {
  testOn(["deno"], "the demo is a Deno task", `demo: ${name}`, () => withDemoCopy(body));
}

/** Asserts that all went well, without a word from the library, and what the cache did. */
export function assertRun(run: DemoRun, expected: { hits: number; misses: number }): void {
  assert.equal(run.code, 0, run.stderr);
  assert.notMatch(run.stderr, /déjà/);
  assert.deepEqual({ hits: run.hits, misses: run.misses }, expected);
}
