/**
 * The native `b3sum`, which runs while a contest waits for it: so both are measured in the same
 * moments of the machine.
 *
 * @module
 */
import { run } from "../../tests/run/project.ts";

/** Bytes that one copy of the file has. */
export const NATIVE_BYTES: number = 16 * 1024 * 1024;

/** `b3sum` on a file. */
export interface Native extends AsyncDisposable {
  /** What it says it is. */
  readonly version: string;
  /**
   * Nanoseconds from the start of some processes at once, each with one thread, to the end of the
   * last. Each hashes the file some times over.
   */
  time(copies: number, processes: number): Promise<number>;
}

/** Finds `b3sum`, if it is on the path, and writes it a file to hash. */
export async function openNative(): Promise<Native | undefined> {
  const version = await run("b3sum", ["--version"], { limitMs: 10_000 }).catch(() => undefined);
  if (version?.code !== 0) return undefined;
  const file = await Deno.makeTempFile();
  await Deno.writeFile(file, new Uint8Array(NATIVE_BYTES).fill(1));
  return {
    version: version.stdout.trim(),
    async time(copies, processes) {
      const args = ["--num-threads", "1", ...new Array<string>(copies).fill(file)];
      const command = new Deno.Command("b3sum", { args, stdout: "null" });
      const start = performance.now();
      if (processes === 1) command.outputSync();
      else await Promise.all(Array.from({ length: processes }, () => command.output()));
      return (performance.now() - start) * 1e6;
    },
    [Symbol.asyncDispose]: () => Deno.remove(file),
  };
}
