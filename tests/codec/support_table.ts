/**
 * Writes the support table of the codec: `deno run -A tests/codec/support_table.ts` puts it into
 * `lib/codec/README.md`, and a test holds that file against it.
 *
 * @module
 */

import {
  decode,
  encode,
  encodeAsync,
  encodeCanonical,
  encodeCanonicalAsync,
} from "../../lib/codec/mod.ts";
import { EncodeError } from "../../lib/errors.ts";
import { isSame } from "./laws.ts";
import { type Row, ROWS, type Stored } from "./support_rows.ts";

/** What a row comes to in this runtime. */
export interface Finding {
  /** What becomes of the value when it is stored. */
  readonly stored: Stored;
  /** Whether it can be part of a key. */
  readonly key: "yes" | "with `encodeCanonicalAsync`" | "refused";
  /** How `structuredClone` compares. */
  readonly clone: "the same" | "keeps less" | "refuses";
}

/** Puts a value into plain data that show all that should have been kept. */
async function told(value: unknown, stack: boolean): Promise<unknown> {
  if (Array.isArray(value)) {
    return [
      value,
      ...await Promise.all(value.map((one) => told(one, stack))),
    ];
  }
  if (value instanceof Date || typeof value !== "object" || value === null) return value;
  const keys = Reflect.ownKeys(value).filter((key) => key !== "stack");
  const tag = Object.prototype.toString.call(value);
  // What engines hang on errors of their own differs, and is no part of them.
  const shape = value instanceof Error ? keys.filter((key) => key === "cause") : keys.map((key) => {
    const { get, enumerable } = Object.getOwnPropertyDescriptor(value, key)!;
    return [String(key), get === undefined, enumerable];
  });
  if (ArrayBuffer.isView(value) || value instanceof Map || value instanceof Set) {
    return [tag, value];
  }
  if (value instanceof ArrayBuffer) return [tag, value, value.resizable, value.maxByteLength];
  if (value instanceof RegExp) return [value, value.lastIndex];
  if (value instanceof DOMException) return [tag, value.name, value.message];
  if (value instanceof Error) return [tag, value, shape, stack ? value.stack : undefined];
  if (value instanceof Headers) return [tag, ...value];
  if (value instanceof Blob) {
    const { name, lastModified } = value as Partial<File>;
    return [tag, value.type, name, lastModified, await value.text()];
  }
  if (value instanceof Request || value instanceof Response) {
    const { url, method, status } = value as Partial<Request & Response>;
    return [tag, url, method, status, ...value.headers, await value.clone().text()];
  }
  const isText = value instanceof URL || value instanceof URLSearchParams ||
    tag.startsWith("[object Temporal.");
  return isText ? [tag, String(value)] : [tag, value, shape];
}

async function isKept(row: Row, value: unknown, found: unknown): Promise<boolean> {
  if (row.told !== undefined) return row.told(found) === row.told(value);
  const stack = row.stack === true;
  return isSame(await told(found, stack), await told(value, stack), { exact: true });
}

/** Runs a row; `undefined` where this runtime has no such value. */
export async function find(row: Row): Promise<Finding | undefined> {
  if (row.needs !== undefined && !(row.needs in globalThis)) return undefined;
  const options = { classes: row.classes, stack: row.stack };
  const value = row.make();
  let stored: Stored;
  try {
    const found = decode(encode(value, options), options);
    stored = await isKept(row, value, found) ? "exact" : "loses";
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
    stored = await storedLater(row, value);
  }
  let clone: Finding["clone"];
  try {
    clone = await isKept(row, value, structuredClone(value)) ? "the same" : "keeps less";
  } catch {
    clone = "refuses";
  }
  if (stored === "loses" && clone === "keeps less") clone = "the same";
  return { stored, key: await inKey(row, value), clone };
}

async function storedLater(row: Row, value: unknown): Promise<Stored> {
  try {
    const found = decode(await encodeAsync(value));
    return await isKept(row, value, found) ? "exact, with `encodeAsync`" : "loses";
  } catch (error) {
    if (error instanceof EncodeError) return "refused";
    throw error;
  }
}

async function inKey({ classes }: Row, value: unknown): Promise<Finding["key"]> {
  try {
    encodeCanonical(value, { classes });
    return "yes";
  } catch (error) {
    if (!(error instanceof EncodeError)) throw error;
  }
  try {
    await encodeCanonicalAsync(value, { classes });
    return "with `encodeCanonicalAsync`";
  } catch (error) {
    if (error instanceof EncodeError) return "refused";
    throw error;
  }
}

const README = new URL("../../lib/codec/README.md", import.meta.url);
const START = "<!-- The table is written by tests/codec/support_table.ts -->\n";

/** The text of the README with the table as it comes out now. */
export async function currentReadme(): Promise<string> {
  const [text] = (await Deno.readTextFile(README)).split(START);
  const sections: string[] = [];
  for (const [group, rows] of Object.entries(ROWS)) {
    const cells = [];
    for (const row of rows) {
      const finding = await find(row);
      if (finding === undefined) continue;
      const { stored, key, clone } = finding;
      cells.push([row.name, row.loses ?? stored, key, clone]);
    }
    const head = ["Value", "Stored and read back", "In a key", "`structuredClone`, in Deno"];
    sections.push(`### ${group}\n\n${table([head, ...cells])}`);
  }
  return `${text}${START}\n${sections.join("\n\n")}\n`;
}

/** A table in Markdown, laid out as the formatter does. */
function table([head, ...rows]: readonly (readonly string[])[]): string {
  const widths = head.map((_, i) => Math.max(...[head, ...rows].map((cells) => cells[i].length)));
  const line = (cells: readonly string[], fill: string) =>
    `| ${cells.map((cell, i) => cell.padEnd(widths[i], fill)).join(" | ")} |`;
  return [line(head, " "), line(head.map(() => ""), "-"), ...rows.map((row) => line(row, " "))]
    .join("\n");
}

if (import.meta.main) await Deno.writeTextFile(README, await currentReadme());
