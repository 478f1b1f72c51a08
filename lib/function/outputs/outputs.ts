/**
 * Functions that write files: what they wrote is stored beside the record, and put where the next
 * call names.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { beginGeneration, endGeneration, type Part, PART_BYTES, Parts } from "../streams/parts.ts";
import type { Disk, Found } from "./disk.ts";

/** What one call says of where its outputs go: a path for each parameter of `outFiles`. */
export type OutputPaths = Readonly<Record<string, string>>;

/** One stored file, folder or link. */
interface StoredEntry extends Found {
  /** How many of the parts it takes, after those of the entries before. */
  readonly parts: number;
}

/** What a record says of the outputs: plain data. */
export interface OutputsDescriptor {
  /** Tells the parts from those of other runs of the same call. */
  readonly generation: string;
  readonly parts: readonly Part[];
  /** What stands under each parameter. */
  readonly outputs: Readonly<Record<string, readonly StoredEntry[]>>;
}

/** Where outputs are stored. */
export interface OutputsPlace {
  readonly store: ConstructorParameters<typeof Parts>[0];
  /** Key of the record. */
  readonly storeKey: string;
}

/**
 * Stores what a function wrote. The generation is in use until its record is stored.
 *
 * @param expires Moment from which it may go, in milliseconds since the epoch.
 * @throws {StoreError} The store failed.
 * @throws Whatever the file system fails with, such as for an output that was not written.
 */
export async function storeOutputs(
  disk: Disk,
  { store, storeKey }: OutputsPlace,
  paths: OutputPaths,
  expires: number | undefined,
): Promise<OutputsDescriptor> {
  const generation = beginGeneration();
  const parts = new Parts(store, storeKey, generation);
  const outputs: Record<string, StoredEntry[]> = {};
  try {
    for (const [parameter, root] of Object.entries(paths)) {
      const entries: StoredEntry[] = outputs[parameter] = [];
      for await (const found of disk.found(root)) {
        const { path, kind, target } = found;
        const before = parts.list.length;
        if (kind === "link" && !staysWithin(path, target!)) {
          throw new TypeError(
            `Cannot store the link at ${below(root, path)}: what it leads to, ${target}, may be ` +
              "outside of the folder; write a copy, or a link by a path from its own folder",
          );
        }
        if (kind === "file") {
          for await (const piece of disk.pieces(below(root, path), PART_BYTES)) {
            await parts.add(piece, expires);
          }
        }
        entries.push({ ...found, parts: parts.list.length - before });
      }
    }
  } catch (error) {
    await parts.remove();
    endGeneration(generation);
    throw error;
  }
  return { generation, parts: parts.list, outputs };
}

/**
 * Puts stored outputs in their places. A file is there as a whole or as it was before; what else
 * stands in a folder stays.
 *
 * @throws {DecodeError} A part is gone or damaged, or a parameter has no output.
 * @throws {StoreError} The store failed.
 * @throws Whatever the file system fails with.
 */
export async function restoreOutputs(
  disk: Disk,
  { store, storeKey }: OutputsPlace,
  { generation, parts: list, outputs }: OutputsDescriptor,
  paths: OutputPaths,
): Promise<void> {
  const parts = new Parts(store, storeKey, generation, list);
  let next = 0;
  for (const [parameter, entries] of Object.entries(outputs)) {
    const root = paths[parameter];
    if (root === undefined) fail(`it has an output for ${parameter}, which the call does not name`);
    const folders: [path: string, mode: number][] = [];
    for (const { path, kind, mode, target, parts: count } of entries) {
      const at = below(root, path);
      if (kind === "folder") {
        await disk.makeFolder(at);
        folders.push([at, mode]);
      } else if (kind === "link") await disk.link(at, target!);
      else await disk.write(at, mode, piecesOf(parts, next, next += count));
    }
    // Last, and from the inside out, since a folder may not allow to be written into.
    for (const [at, mode] of folders.reverse()) await disk.setMode(at, mode);
  }
  const missing = Object.keys(paths).find((parameter) => !Object.hasOwn(outputs, parameter));
  if (missing !== undefined) fail(`it has no output for ${missing}`);
}

/**
 * Checks that plain data describe outputs, and that none leads out of its place.
 *
 * @throws {DecodeError} They do not.
 */
export function outputsOf(value: unknown): OutputsDescriptor {
  const { generation, parts, outputs } = (value ?? {}) as Partial<OutputsDescriptor>;
  const isWhole = typeof generation === "string" && Array.isArray(parts) &&
    typeof outputs === "object" && outputs !== null &&
    Object.values(outputs).every((entries) =>
      Array.isArray(entries) && entries.every(isEntry) && !hasEntryBehindLink(entries)
    );
  if (!isWhole) fail("it does not describe the outputs of a function");
  return value as OutputsDescriptor;
}

function isEntry({ path, kind, mode, target, parts }: Partial<StoredEntry>): boolean {
  const isKnown = kind === "file" || kind === "folder" ||
    (kind === "link" && path !== "" && typeof target === "string");
  return typeof path === "string" && isKnown &&
    Number.isSafeInteger(mode) && Number.isSafeInteger(parts) && parts! >= 0 &&
    (path === "" || path.split("/").every((name) => !["", ".", ".."].includes(name))) &&
    !path.includes("\\") && (target === undefined || staysWithin(path, target));
}

/** Whether something would be written where a link leads. */
function hasEntryBehindLink(entries: readonly StoredEntry[]): boolean {
  const links = new Set(entries.filter(({ kind }) => kind === "link").map(({ path }) => path));
  const isBehind = (path: string): boolean => {
    const folder = path.slice(0, Math.max(0, path.lastIndexOf("/")));
    return folder !== "" && (links.has(folder) || isBehind(folder));
  };
  return links.size > 0 && entries.some(({ path }) => isBehind(path));
}

/**
 * Whether a link at `path` below a folder leads to something in it, whatever other such links it
 * leads through: all steps up come first, and are no more than there are.
 */
function staysWithin(path: string, target: string): boolean {
  const [, up, down] = /^((?:\.\.?(?:\/|$))*)(.*)$/s.exec(target)!;
  const steps = up.split("/").filter((step) => step === "..").length;
  return steps < path.split("/").length && !down.split("/").includes("..") &&
    !/^\/|^[A-Za-z]:|\\/.test(down);
}

async function* piecesOf(
  parts: Parts,
  start: number,
  end: number,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (end > parts.list.length) fail("it names more parts than it has");
  for (let index = start; index < end; index++) yield await parts.read(index);
}

function below(root: string, path: string): string {
  return path === "" ? root : `${root}/${path}`;
}

function fail(reason: string): never {
  throw new DecodeError(`Cannot read the record of a function that writes files: ${reason}`, {
    offset: 0,
  });
}
