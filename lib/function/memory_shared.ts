/**
 * Results of definitions that were evaluated before: in a notebook, at a prompt, after a hot reload.
 *
 * @module
 */

import type { Keyer } from "../key/mod.ts";
import type { EntryMap, MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import type { Settings } from "./settings.ts";

/** The results of the latest of equal definitions that read nothing unseen, by identity. */
const latest = new Map<string, WeakRef<EntryMap>>();
const gone = new FinalizationRegistry<string>((id) => {
  if (latest.get(id)?.deref() === undefined) latest.delete(id);
});

/** What a hot reload puts behind the name of a file. */
const QUERY = /\?[^\s:)]*/g;

/**
 * What equal definitions have in common: all that the key sees, and where they stand in the code,
 * so that functions that happen to be equal are told apart. `undefined` for a function that shares
 * nothing: one whose code is not seen, or whose results depend on what the key leaves out.
 *
 * @param place Made where the function was wrapped.
 */
export function definitionOf(
  keyer: Keyer,
  settings: Settings,
  place: Error,
): string | undefined {
  const { code, closure, ignore, key, maxEntries } = settings;
  const isWhole = code === "source" && ignore.length === 0 && key === undefined &&
    keyer.readsThis === "no";
  if (!isWhole) return undefined;
  try {
    const where = place.stack?.replaceAll(QUERY, "");
    return JSON.stringify([keyer.identity(), maxEntries, closure?.toString(), where]);
  } catch {
    return undefined; // A closed-over value without a byte form: calls say so.
  }
}

/** Whether an equal definition was looked at and found to read nothing unseen. */
export function isShared(definition: string): boolean {
  return latest.has(definition);
}

/**
 * Takes over the results of an equal definition, which may live on beside the new one, as in a loop.
 * Objects are handed out by reference, and two functions must not give the same one unasked: they
 * are taken over only where both were given a `name` on purpose.
 */
export function takeOver(definition: string, isNamed: boolean, entries: EntryMap): void {
  const before = latest.get(definition)?.deref();
  if (before === entries) return;
  for (const [index, entry] of before as Iterable<[IndexKey, MemoryEntry]> ?? []) {
    const isOfUse = entry.state === "kept" && (isNamed || isImmutable(entry.value));
    if (isOfUse && entries.peek(index) === undefined) entries.set(index, entry);
  }
  latest.set(definition, new WeakRef(entries));
  gone.register(entries, definition);
}

function isImmutable(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}
