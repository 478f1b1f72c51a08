/**
 * The native `b3sum`, which runs while a contest waits for it: so both are measured in the same
 * moments of the machine.
 *
 * @module
 */
import { root, run } from "../../tests/run/project.ts";
import { NATIVES } from "./contest.ts";

/** Bytes that one copy of the file has. */
export const NATIVE_BYTES: number = 16 * 1024 * 1024;

/** One build of `b3sum`, on a file. */
export interface Native {
  /** What it says it is. */
  readonly version: string;
  /**
   * Nanoseconds from the start of some processes at once, each with one thread, to the end of the
   * last. Each hashes the file some times over.
   */
  time(copies: number, processes: number): Promise<number>;
}

/** Where `deno task b3sum` puts each build. */
const FOLDERS: Readonly<Record<typeof NATIVES[number], string>> = {
  "b3sum": "b3sum",
  "b3sum with AVX2": "b3sum-avx2",
};

/**
 * The builds of `b3sum` that are here: those that `deno task b3sum` made, and else the one on the
 * path. All hash the same file.
 */
export async function openNatives(): Promise<ReadonlyMap<string, Native> & AsyncDisposable> {
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, new Uint8Array(NATIVE_BYTES).fill(1));
  const found = new Map<string, Native>();
  for (const name of NATIVES) {
    const native = await openNative(`${root}.tools/${FOLDERS[name]}/bin/b3sum`, file) ??
      (name === "b3sum" ? await openNative(name, file) : undefined);
    if (native !== undefined) found.set(name, native);
  }
  return Object.assign(found, { [Symbol.asyncDispose]: () => Deno.remove(file) });
}

async function openNative(path: string, file: string): Promise<Native | undefined> {
  const version = await run(path, ["--version"], { limitMs: 10_000 }).catch(() => undefined);
  if (version?.code !== 0) return undefined;
  return {
    version: version.stdout.trim(),
    async time(copies, processes) {
      const args = ["--num-threads", "1", ...new Array<string>(copies).fill(file)];
      const command = new Deno.Command(path, { args, stdout: "null" });
      const start = performance.now();
      if (processes === 1) command.outputSync();
      else await Promise.all(Array.from({ length: processes }, () => command.output()));
      return (performance.now() - start) * 1e6;
    },
  };
}
