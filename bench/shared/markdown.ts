/**
 * What the benches print.
 *
 * @module
 */
import { cpus } from "node:os";
import { root, run } from "../../tests/run/project.ts";

/** A table in Markdown, with its columns to the right. */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
): string {
  return [head, head.map(() => "---:"), ...rows]
    .map((cells) => `| ${cells.join(" | ")} |`)
    .join("\n");
}

/** A time in a unit that suits it. */
export function timeName(nanoseconds: number): string {
  if (nanoseconds < 10_000) return `${nanoseconds.toFixed(0)} ns`;
  if (nanoseconds < 10_000_000) return `${(nanoseconds / 1e3).toFixed(1)} µs`;
  return `${(nanoseconds / 1e6).toFixed(1)} ms`;
}

/** Writes the report of a topic into `bench/results`. */
export async function saveReport(topic: string, text: string): Promise<void> {
  await Deno.mkdir(`${root}bench/results`, { recursive: true });
  const file = `${root}bench/results/${topic}.md`;
  await Deno.writeTextFile(file, text);
  await run(Deno.execPath(), ["fmt", file], { limitMs: 60_000 });
}

/** The line on when and where a bench ran. */
export function where(): string {
  return `${new Date().toISOString().slice(0, 10)}, ${Deno.build.arch}, ` +
    `${navigator.hardwareConcurrency} cores (${cpus()[0].model})`;
}

/**
 * The names among `known` that the arguments ask for: all of `usual` where they ask for none.
 *
 * @throws {RangeError} For a name that is not known.
 */
export function wantedNames(
  args: readonly string[],
  known: readonly string[],
  usual: readonly string[],
): readonly string[] {
  const wanted = args.filter((argument) => !argument.startsWith("--"));
  const unknown = wanted.find((name) => !known.includes(name));
  if (unknown !== undefined) throw new RangeError(`Expected ${known}, received ${unknown}`);
  return wanted.length > 0 ? wanted : usual;
}
