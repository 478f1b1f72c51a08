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
import { wasmBytes } from "../lib/hash/mod.ts";
import { manifest, run } from "../tests/run/project.ts";
import { type Figures, FORM_SIZES, FORMS, SIZES } from "./hash/contest.ts";
import { RIVALS } from "./rivals/hash.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { type Result, runtimesOf } from "./shared/runtimes.ts";

const RUNTIMES = runtimesOf<Figures>({ folder: "hash", external: ["blake3-wasm"] });

const NATIVE_BYTES = 16 * 1024 * 1024;
const NATIVE_COPIES = 32;
/** The size from which a table shows bytes per second in place of time. */
const THROUGHPUT_BYTES = 64 * 1024;

/** The speed of native code on one thread, in bytes per nanosecond. */
interface Native {
  readonly version: string;
  /** One run over one file, with the start of the process. */
  readonly once: number;
  /** One run over the same file many times. */
  readonly steady: number;
}

/** Measures `b3sum`, if it is on the path. */
async function native(): Promise<Native | undefined> {
  const version = await run("b3sum", ["--version"], { limitMs: 10_000 }).catch(() => undefined);
  if (version?.code !== 0) return undefined;
  const file = await Deno.makeTempFile();
  const speed = (copies: number): number => {
    const args = ["--num-threads", "1", ...new Array<string>(copies).fill(file)];
    const command = new Deno.Command("b3sum", { args, stdout: "null" });
    let best = Infinity;
    for (let round = 0; round < 20; round++) {
      const start = performance.now();
      command.outputSync();
      best = Math.min(best, performance.now() - start);
    }
    return NATIVE_BYTES * copies / best / 1e6;
  };
  try {
    await Deno.writeFile(file, new Uint8Array(NATIVE_BYTES).fill(1));
    return { version: version.stdout.trim(), once: speed(1), steady: speed(NATIVE_COPIES) };
  } finally {
    await Deno.remove(file);
  }
}

/** The better of two measurements. */
function faster(a: Native | undefined, b: Native | undefined): Native | undefined {
  if (a === undefined || b === undefined) return a ?? b;
  return {
    version: a.version,
    once: Math.max(a.once, b.once),
    steady: Math.max(a.steady, b.steady),
  };
}

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

/** What stands under the table of one runtime. */
function notes(
  { compile, array, missing, window, parallel, times }: Figures,
  b3sum: Native | undefined,
): string {
  const bulk = SIZES.indexOf(NATIVE_BYTES);
  const lines = [
    `The SIMD core compiles in ${(compile / 1e6).toFixed(2)} ms.`,
    `A new array of 32 bytes takes ${
      array.toFixed(0)
    } ns, which is in every time of the first table.`,
    `A keyed hash of 64 bytes in a borrowed window takes ${window.toFixed(0)} ns.`,
  ];
  if (b3sum !== undefined) {
    const ours = NATIVE_BYTES / times["déjà"][bulk];
    const [once, steady] = [b3sum.once, b3sum.steady].map((speed) => (ours / speed).toFixed(2));
    lines.push(
      `At ${sizeName(NATIVE_BYTES)}: ${once}× b3sum in one run, ${steady}× in the steady state.`,
    );
  }
  if (parallel !== undefined) {
    const gain = (parallel.alone / parallel.workers).toFixed(2);
    lines.push(`256 MiB with ${parallel.count} workers: ${gain}× one thread.`);
  }
  for (const [name, why] of Object.entries(missing)) lines.push(`Without ${name}: ${why}`);
  return lines.map((line) => `- ${line}`).join("\n");
}

async function report(names: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json") as { imports?: Record<string, string> };
  let b3sum = await native();
  const results: [string, Result<Figures>][] = [];
  for (const name of names) {
    results.push([name, await RUNTIMES[name]()]);
    // Once more, because the machine may have been busy: the best counts, as in a race.
    b3sum = faster(b3sum, await native());
  }
  const versions = Object.keys(RIVALS).map((name) => imports[name].replace("npm:", ""));
  const sections = [
    "# BLAKE3",
    `\`deno task bench:hash ${names.join(" ")}\`, ${where()}. Against ${versions.join(", ")}. ` +
    "The best of many turns that the contenders take one after another. The last column is the " +
    "time of the best rival, in units of ours.",
    "The first table of a runtime is for a digest in a new array. In the second, the digest goes " +
    "into an array of the caller's, by those that can do so (`blake3(bytes, { into })`), or becomes " +
    "hexadecimal text (`blake3Hex(bytes)`).",
    `The cores weigh ${wasmBytes("simd").length} and ${wasmBytes("wasm").length} bytes.`,
    b3sum === undefined
      ? "b3sum is not on the path, so native speed is missing."
      : `${b3sum.version} with one thread: ${b3sum.once.toFixed(2)} GB/s for one run over ` +
        `${sizeName(NATIVE_BYTES)}, and ${b3sum.steady.toFixed(2)} GB/s in the steady state.`,
  ];
  for (const [name, result] of results) {
    if ("missing" in result) sections.push(`## ${name}`, `Skipped: ${result.missing}`);
    else {
      const { figures, version } = result;
      sections.push(
        `## ${name} ${version}`,
        speedTable(figures),
        formTable(figures),
        notes(figures, b3sum),
      );
    }
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const known = Object.keys(RUNTIMES);
  const text = await report(wantedNames(Deno.args, known, known));
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("hash", text);
}
