/**
 * Races the hash against every other BLAKE3 for JavaScript, and against `b3sum` with one thread, on
 * every runtime, and prints the tables.
 *
 * ```sh
 * deno task bench:hash [RUNTIME ...] [--save]
 * ```
 *
 * `--save` also writes the tables into `bench/results/hash.md`.
 *
 * @module
 */
import { ROWS } from "../lib/hash/core.ts";
import { wasmBytes } from "../lib/hash/mod.ts";
import { manifest } from "../tests/run/project.ts";
import { type Duel, type Figures, FORM_SIZES, FORMS, NATIVES, SIZES } from "./hash/contest.ts";
import { NATIVE_BYTES, openNatives } from "./hash/native.ts";
import { RIVALS } from "./rivals/hash.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { type Result, runtimesOf } from "./shared/runtimes.ts";

/** The size from which a table shows bytes per second in place of time. */
const THROUGHPUT_BYTES = 64 * 1024;

function sizeName(bytes: number): string {
  if (bytes >= 1024 * 1024) return `${bytes / 1024 / 1024} MiB`;
  return bytes >= 1024 ? `${bytes / 1024} KiB` : `${bytes} B`;
}

function speedName(nanoseconds: number | undefined, bytes: number): string {
  if (nanoseconds === undefined) return "";
  if (bytes >= THROUGHPUT_BYTES) return `${(bytes / nanoseconds).toFixed(2)} GB/s`;
  return timeName(nanoseconds);
}

/** The table of one runtime. */
function speedTable({ times }: Figures): string {
  const rivals = Object.keys(RIVALS).filter((name) => name in times);
  const columns = ["déjà", ...rivals, "déjà wasm", "déjà js"];
  const rows = SIZES.map((bytes, index) => {
    const best = Math.min(...rivals.map((name) => times[name][index]));
    const cells = columns.map((name) => speedName(times[name][index], bytes));
    return [sizeName(bytes), ...cells, `${(best / times["déjà"][index]).toFixed(2)}×`];
  });
  return table(["", ...columns, "best rival"], rows);
}

/** The table of the other forms of a digest in one runtime. */
function formTable({ forms }: Figures): string {
  const rivals = Object.keys(RIVALS).filter((name) => name in forms.hex);
  const labels = { into: "into an array", hex: "as hex text" };
  const rows = FORMS.flatMap((form) =>
    FORM_SIZES.map((bytes, index) => {
      const times = forms[form];
      const best = Math.min(...rivals.map((name) => times[name]?.[index] ?? Infinity));
      const cells = ["déjà", ...rivals].map((name) => speedName(times[name]?.[index], bytes));
      return [
        `${sizeName(bytes)} ${labels[form]}`,
        ...cells,
        `${(best / times["déjà"][index]).toFixed(2)}×`,
      ];
    })
  );
  return table(["", "déjà", ...rivals, "best rival"], rows);
}

/** The ratios of two that took turns. */
function duelName({ ours, rival, median }: Duel): string {
  return `${(rival / ours).toFixed(2)}× (best against best; the median of the turns is ${
    median.toFixed(2)
  }×)`;
}

/** What stands under the table of one runtime. */
function notes(
  { compile, array, path, missing, window, natives, parallel }: Figures,
): string {
  const milliseconds = (time: number) => `${(time / 1e6).toFixed(2)} ms`;
  const lines = [
    `The SIMD core compiles and starts in ${milliseconds(compile.best)}, the best of 50 modules ` +
    `that differ, so that none comes from a cache; the first one took ${
      milliseconds(compile.first)
    }.`,
    `One block, and one chunk, was hashed ${
      path === ROWS ? "by rows of vectors" : "word by word"
    }: what suits this engine and this processor.`,
    `A new array of 32 bytes takes ${
      array.toFixed(0)
    } ns, which is in every time of the first table.`,
    `A keyed hash of 64 bytes in a borrowed window takes ${window.toFixed(0)} ns.`,
  ];
  const size = sizeName(NATIVE_BYTES);
  for (const [name, { once, steady }] of Object.entries(natives)) {
    const [ours, rival] = [once.ours, once.rival].map((time) => speedName(time, NATIVE_BYTES));
    lines.push(
      `${size} once, in turns with a process of ${name}: ${duelName(once)}, ours ${ours}, the ` +
        `process ${rival} with its start.`,
      `${size} 8 times in a row, in turns with ${name}: ${duelName(steady)}.`,
    );
  }
  if (parallel !== undefined) {
    const helpers = parallel.count === 1 ? "1 worker" : `${parallel.count} workers`;
    lines.push(
      `256 MiB on this thread and ${helpers}, in turns with this thread alone: ` +
        `${duelName(parallel.pool)} with a pool at hand, ${duelName(parallel.own)} with one that ` +
        "starts and ends.",
    );
    if (parallel.native !== undefined) {
      lines.push(
        "What a second core gives here in the same minute, by two processes of b3sum at once " +
          `against one: ${duelName(parallel.native)}.`,
      );
    }
  }
  for (const [name, why] of Object.entries(missing)) lines.push(`Without ${name}: ${why}`);
  return lines.map((line) => `- ${line}`).join("\n");
}

async function report(names: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json") as { imports?: Record<string, string> };
  await using natives = await openNatives();
  const runtimes = runtimesOf<Figures>({
    folder: "hash",
    external: ["blake3-wasm"],
    answer: async (name, copies, processes) =>
      await natives.get(name)?.time(copies, processes) ?? null,
  });
  const results: [string, Result<Figures>][] = [];
  for (const name of names) results.push([name, await runtimes[name]()]);
  const versions = Object.keys(RIVALS).map((name) => imports[name].replace("npm:", ""));
  const sections = [
    "# BLAKE3",
    `\`deno task bench:hash ${names.join(" ")}\`, ${where()}. Against ${versions.join(", ")}. ` +
    "The best of many turns that the contenders take one after another, in two passes. The last " +
    "column is the time of the best rival, in units of ours.",
    "The first table of a runtime is for a digest in a new array. In the second, the digest goes " +
    "into an array of the caller's, by those that can do so (`blake3(bytes, { into })`), or becomes " +
    "hexadecimal text (`blake3Hex(bytes)`).",
    `The cores weigh ${wasmBytes("simd").length} and ${wasmBytes("wasm").length} bytes.`,
    ...NATIVES.map((name) => {
      const native = natives.get(name);
      return native === undefined
        ? `${name} is not here (\`deno task b3sum\` builds it), so its speed is missing.`
        : `${name} is ${native.version}, with one thread.`;
    }),
  ];
  for (const [name, result] of results) {
    if ("missing" in result) sections.push(`## ${name}`, `Skipped: ${result.missing}`);
    else {
      const { figures, version } = result;
      sections.push(
        `## ${name} ${version}`,
        speedTable(figures),
        formTable(figures),
        notes(figures),
      );
    }
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const known = Object.keys(runtimesOf({ folder: "hash" }));
  const text = await report(wantedNames(Deno.args, known, known));
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("hash", text);
}
