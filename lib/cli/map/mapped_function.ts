/** Finding the function to map in the user's module. */

import { fileUrl, statusOf } from "../system.ts";
import { UsageError } from "../usage_error.ts";

/** The counts of a cached function that are looked at. */
export interface Counts {
  /** Calls answered from the cache. */
  readonly hits: number;
  /** Calls that ran the function. */
  readonly misses: number;
  /** Calls that waited for an equal one. */
  readonly joins: number;
  /** Calls answered with a result past its time. */
  readonly staleHits: number;
  /** Runs that failed. */
  readonly errors: number;
}

/**
 * A cached function, by what it can do: the user's module may have another version of the library
 * than the command.
 */
export interface MappedFunction {
  (...args: unknown[]): unknown;
  /** Says that it is one. */
  readonly map: unknown;
  /** Counts since it was wrapped. */
  stats?(): Counts;
  /** There where results are kept in a store. */
  readonly prune?: unknown;
}

/** What a module exports, by name. */
export type ModuleExports = Readonly<Record<string, unknown>>;

/**
 * Loads a module of the user's.
 *
 * @param module A path, or the URL of a module.
 * @throws {UsageError} There is none, or it fails.
 */
export async function loadModule(module: string): Promise<ModuleExports> {
  const isUrl = /^[a-z][a-z+.-]+:/i.test(module);
  if (!isUrl && statusOf(module)?.isDirectory() !== false) {
    throw new UsageError(
      `There is no module ${JSON.stringify(module)}: name a file that exports a cached function`,
    );
  }
  try {
    return await import(isUrl ? module : fileUrl(module));
  } catch (error) {
    const stack = error instanceof Error ? error.stack ?? String(error) : String(error);
    const [cause] = stack.split(/\n\s+at (?:async )?loadModule/); // Below are frames of ours.
    throw new UsageError(`Cannot load ${module}: ${cause}`);
  }
}

/**
 * The function to map among the exports of a module.
 *
 * @param name Name of the export; without one, it is the default export, or the only one that fits.
 * @throws {UsageError} There is none, or there are several: which.
 */
export function findFunction(
  module: string,
  exports: ModuleExports,
  name: string | undefined,
): { readonly name: string; readonly mapped: MappedFunction } {
  const fitting = Object.keys(exports).filter((key) => canBeMapped(exports[key]));
  const choice = fitting.length === 0
    ? "it exports no cached function, such as " +
      'export const length = persistentCache("length", (text: string) => text.length)'
    : `it has ${fitting.join(", ")}`;
  if (name === undefined) {
    const only = fitting.includes("default") || fitting.length > 1 ? "default" : fitting[0];
    if (only !== undefined && fitting.includes(only)) return found(exports, only);
    if (fitting.length === 0) throw new UsageError(`Nothing to map in ${module}: ${choice}`);
    throw new UsageError(`Say which function of ${module} to map: ${choice}`);
  }
  if (!Object.hasOwn(exports, name)) {
    throw new UsageError(`${module} does not export ${JSON.stringify(name)}: ${choice}`);
  }
  if (!canBeMapped(exports[name])) {
    const remedy = typeof exports[name] === "function"
      ? `wrap it, such as persistentCache(${JSON.stringify(name)}, ${name})`
      : choice;
    throw new UsageError(`${name} of ${module} is not a cached function: ${remedy}`);
  }
  return found(exports, name);
}

function found(exports: ModuleExports, name: string) {
  return { name, mapped: exports[name] as MappedFunction };
}

function canBeMapped(value: unknown): value is MappedFunction {
  return typeof value === "function" && typeof (value as { map?: unknown }).map === "function";
}
