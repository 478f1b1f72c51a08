/**
 * Races the codec against other serializers, and the key of a call against the keys of other
 * caches, on Deno and Bun, and prints the tables.
 *
 * ```sh
 * deno task bench:codec [RUNTIME ...] [--rows=PART,...] [--save]
 * ```
 *
 * `--rows` keeps the rows whose name contains one of the parts, such as `tree` or `key:`. `--save`
 * also writes the tables into `bench/results/codec.md`.
 *
 * @module
 */
import { manifest } from "../tests/run/project.ts";
import type { CodecFigures, CodecsResult, KeysResult } from "./codec/contest.ts";
import { CALLS, VALUES } from "./codec/values.ts";
import { CODECS, KEY_MAKERS } from "./rivals/codec.ts";
import { saveReport, table, timeName, wantedNames, where } from "./shared/markdown.ts";
import { type Result, runtimesOf } from "./shared/runtimes.ts";

const OURS = "déjà";
/** Ours without the option `pooled`. */
const UNPOOLED = "unpooled";
/** The rival that the targets are set against: no eval, and the same values come back. */
const MEASURE = "msgpackr sc";
/** The rivals that write bytes, among which the smallest sets the target for the size. */
const BINARY: readonly string[] = [MEASURE, "msgpackr", "cbor-x", "@msgpack/msgpack", "v8"];
const PACKAGES: readonly string[] = [
  "msgpackr",
  "cbor-x",
  "@msgpack/msgpack",
  "devalue",
  "seroval",
  "superjson",
  "ohash",
  "ocache",
];

type Figures = CodecsResult & KeysResult;
type Rows = Figures["codecs"];

const VIEWS: readonly (readonly [title: string, of: (figures: CodecFigures) => number])[] = [
  ["Encode + decode", ({ encode, decode }) => encode + decode],
  ["Encode", ({ encode }) => encode],
  ["Decode", ({ decode }) => decode],
];

const ratio = (value: number): string => `${value.toFixed(2)}×`;

/** Our time in the first column, and that of each rival in units of ours. */
function speedTable(title: string, rows: Rows, of: (figures: CodecFigures) => number): string {
  const rivals = [UNPOOLED, ...Object.keys(CODECS)];
  return table(
    [title, OURS, ...rivals],
    Object.entries(rows).map(([name, row]) => {
      const ours = of(row[OURS]);
      return [
        name,
        timeName(ours),
        ...rivals.map((rival) => rival in row ? ratio(of(row[rival]) / ours) : "–"),
      ];
    }),
  );
}

function sizeTable(rows: Rows): string {
  const columns = [OURS, ...Object.keys(CODECS)];
  return table(
    ["Bytes", ...columns],
    Object.entries(rows).map(([name, row]) => [
      name,
      ...columns.map((column) => row[column]?.size.toLocaleString("en-US") ?? "–"),
    ]),
  );
}

function keyTable(rows: Figures["keys"]): string {
  const columns = [...Object.keys(KEY_MAKERS), "ocache"];
  const columnsOfOurs = [OURS, "stableHash"];
  return table(
    ["Key", ...columnsOfOurs, ...columns],
    Object.entries(rows).map(([name, row]) => [
      name,
      ...columnsOfOurs.map((column) => column in row ? timeName(row[column]) : "–"),
      ...columns.map((column) => column in row ? ratio(row[column] / row[OURS]) : "–"),
    ]),
  );
}

/** How the figures stand to the targets. */
function verdicts({ codecs, copies, keys, floors, missing }: Figures): string {
  const [[, total]] = VIEWS;
  const ratios = Object.entries(codecs)
    .filter(([, row]) => MEASURE in row)
    .map(([name, row]) => ({ name, value: total(row[MEASURE]) / total(row[OURS]) }));
  const lines: string[] = [];
  if (ratios.length > 0) {
    const mean = Math.exp(
      ratios.reduce((sum, { value }) => sum + Math.log(value), 0) / ratios.length,
    );
    const least = ratios.reduce((a, b) => a.value < b.value ? a : b);
    lines.push(
      `Against ${MEASURE}, encode + decode: ${ratio(mean)} on average (the geometric mean; 1.3× ` +
        `is asked), ${ratio(least.value)} at the least (${least.name}; 1× is asked).`,
    );
    const sizes = Object.entries(codecs).map(([name, row]) => {
      const rivals = BINARY.filter((rival) => rival in row).map((rival) => row[rival].size);
      return { name, value: row[OURS].size / Math.min(...rivals) };
    });
    const largest = sizes.reduce((a, b) => a.value > b.value ? a : b);
    lines.push(
      `Size in units of the smallest binary rival: ${ratio(largest.value)} at the most ` +
        `(${largest.name}; 1.1× is asked).`,
    );
  }
  for (const [name, { slice, behindHeader }] of Object.entries(copies)) {
    const { encode, decode } = codecs[name][OURS];
    lines.push(
      `${name} in units of a copy of its bytes (${timeName(slice)}; 1.5× is asked): ` +
        `${ratio(encode / slice)} to encode, ${
          ratio(decode / slice)
        } to decode. Nothing but a new ` +
        `array, in which the bytes are set behind a header, takes ${ratio(behindHeader / slice)}.`,
    );
  }
  for (const [name, row] of Object.entries(keys)) {
    const rivals = Object.entries(row).filter(([each]) => each !== OURS && each !== "stableHash");
    const [best, value] = rivals.reduce((a, b) => a[1] < b[1] ? a : b);
    lines.push(
      `Key of ${name}: ${timeName(row[OURS])}; the best rival, ${best}, takes ` +
        `${ratio(value / row[OURS])} that.`,
    );
    const { hash, walk, names: listed } = floors[name];
    const floor = hash + walk + listed;
    lines.push(
      `What an exact key of ${name} is not spared takes ${timeName(floor)} before a byte is ` +
        `written: the hash ${timeName(hash)}, a bare walk over the values ${timeName(walk)}, the ` +
        `names that its arrays may have ${timeName(listed)}. The best rival takes ` +
        `${ratio(value / floor)} that.`,
    );
  }
  for (const [name, why] of Object.entries(missing)) lines.push(`Without ${name}: ${why}`);
  return lines.map((line) => `- ${line}`).join("\n");
}

/** The rows that are wanted: all are where there are no parts of names to look for. */
function rowsOf(table: object, prefix: string, wanted: readonly string[]): string[] {
  return Object.keys(table).filter((row) =>
    wanted.length === 0 || wanted.some((part) => `${prefix}${row}`.includes(part))
  );
}

/** Races each row in a process of its own, and puts the figures together. */
async function raced(name: string, wanted: readonly string[]): Promise<Result<Figures>> {
  const contests = [
    ...rowsOf(VALUES, "", wanted).map((row) => ["codecs", row]),
    ...rowsOf(CALLS, "key: ", wanted).map((row) => ["keys", row]),
  ];
  if (contests.length === 0) return { missing: `no row has ${wanted.join(" or ")} in its name` };
  let all: { version: string; figures: Figures } = {
    version: "",
    figures: { codecs: {}, copies: {}, keys: {}, floors: {}, missing: {} },
  };
  for (const args of contests) {
    const result = await runtimesOf<Partial<Figures>>({ folder: "codec", args })[name]();
    if ("missing" in result) return result;
    const { version, figures } = result;
    const merged = Object.entries(all.figures).map(([part, rows]) =>
      [part, { ...rows, ...figures[part as keyof Figures] }] as const
    );
    all = { version, figures: Object.fromEntries(merged) as unknown as Figures };
  }
  return all;
}

async function report(names: readonly string[], rows: readonly string[]): Promise<string> {
  const { imports = {} } = await manifest("deno.json");
  const versions = PACKAGES.map((name) => imports[name].replace("npm:", ""));
  const sections = [
    "# Codec and keys",
    `\`deno task bench:codec ${names.join(" ")}\`, ${where()}. Against ${versions.join(", ")}, ` +
    "the serializer of V8 (in Bun, of JavaScriptCore) and JSON. `msgpackr` (`sc`: with structured " +
    "clone) and `cbor-x` run without eval. As these two always do, `déjà` gives slices of a larger " +
    "buffer where results are small (`pooled`); `unpooled` gives each an array of its own. The " +
    "best of many turns that the contenders take one " +
    "after another. The first column is our time, the others are times in units of it: above 1× " +
    "is slower than ours. A codec that does not give the value back has no figure (–). Codecs " +
    "that write text are spared the step from text to bytes. `déjà` under keys is `key()` of a " +
    "cached function, with the whole key; the key of `ocache` is the time of `resolveCacheKeys`, " +
    "less that of the same call when it is handed a key. Each row is raced in a process of its own, " +
    "without what other rows leave behind.",
  ];
  for (const name of names) {
    const result = await raced(name, rows);
    if ("missing" in result) {
      sections.push(`## ${name}`, `Skipped: ${result.missing}`);
      continue;
    }
    const { version, figures } = result;
    sections.push(`## ${name} ${version}`);
    for (const [title, of] of VIEWS) sections.push(speedTable(title, figures.codecs, of));
    sections.push(sizeTable(figures.codecs), keyTable(figures.keys), verdicts(figures));
  }
  return `${sections.join("\n\n")}\n`;
}

if (import.meta.main) {
  const rows = Deno.args.find((each) => each.startsWith("--rows="))?.slice("--rows=".length);
  const names = wantedNames(Deno.args, ["Deno", "Bun"], ["Deno", "Bun"]);
  const text = await report(names, rows?.split(",") ?? []);
  console.log(text);
  if (Deno.args.includes("--save")) await saveReport("codec", text);
}
