/**
 * Results of definitions that were evaluated before: in a notebook, at a prompt, after a hot reload.
 *
 * @module
 */

import type { Keyer } from "../key/mod.ts";
import type { EntryMap, MemoryEntry } from "./memory_entry.ts";
import type { IndexKey } from "./memory_index.ts";
import type { Settings } from "./settings.ts";

/** The results of the latest of equal definitions that read nothing unseen, by code and identity. */
type Latest = Map<string, Map<string, WeakRef<EntryMap>>>;

/**
 * Where they stand: beside all modules, since a hot reload evaluates this one again too. The number
 * changes with the form of what stands there.
 */
const LATEST = Symbol.for("deja.latest 1");

function latestResults(): Latest {
  const host = globalThis as { [LATEST]?: Latest };
  return host[LATEST] ??= new Map();
}

const gone = new FinalizationRegistry<{ code: string; definition: string }>(
  ({ code, definition }) => {
    const latest = latestResults();
    const ofCode = latest.get(code);
    if (ofCode?.get(definition)?.deref() !== undefined) return;
    ofCode?.delete(definition);
    if (ofCode?.size === 0) latest.delete(code);
  },
);

/** What a hot reload puts behind the name of a file. */
const QUERY = /\?[^\s:)]*/g;

/**
 * Lets a function take over the results of an equal definition, and the next one those of this.
 * Only where the code is known already is the rest of the definition looked at at once: that takes
 * long, and most functions have code of their own.
 *
 * @param place Made where the function was wrapped.
 * @param seesAll Whether the function reads nothing unseen.
 */
export function shareResults(
  keyer: Keyer,
  settings: Settings,
  place: Error,
  entries: EntryMap,
  seesAll: Promise<boolean>,
): void {
  const { code } = keyer;
  const { ignore, key, isNamed } = settings;
  // Results that depend on what the key leaves out are not shared.
  const isWhole = settings.code === "source" && ignore.length === 0 && key === undefined &&
    keyer.readsThis === "no";
  if (!isWhole || code === undefined) return;
  const share = (mayBeFirst: boolean) => {
    const definition = definitionOf(keyer, settings, place);
    if (definition === undefined) return false;
    if (!mayBeFirst && latestResults().get(code)?.has(definition) !== true) return false;
    takeOver(code, definition, isNamed, entries);
    return true;
  };
  if (latestResults().has(code) && share(false)) return;
  void seesAll.then((seen) => seen && share(true));
}

/**
 * What equal definitions have in common: all that the key sees, and where they stand in the code,
 * so that functions that happen to be equal are told apart.
 */
function definitionOf(
  keyer: Keyer,
  { maxEntries, closure }: Settings,
  place: Error,
): string | undefined {
  try {
    const where = place.stack?.replaceAll(QUERY, "");
    return JSON.stringify([keyer.identity(), maxEntries, closure?.toString(), where]);
  } catch {
    return undefined; // A closed-over value without a byte form: calls say so.
  }
}

/**
 * Takes over the results of an equal definition, which may live on beside the new one, as in a loop.
 * Objects are handed out by reference, and two functions must not give the same one unasked: they
 * are taken over only where both were given a `name` on purpose.
 */
function takeOver(code: string, definition: string, isNamed: boolean, entries: EntryMap): void {
  const latest = latestResults();
  let ofCode = latest.get(code);
  if (ofCode === undefined) latest.set(code, ofCode = new Map());
  const before = ofCode.get(definition)?.deref();
  if (before === entries) return;
  for (const [index, entry] of before as Iterable<[IndexKey, MemoryEntry]> ?? []) {
    const isOfUse = entry.state === "kept" && (isNamed || isImmutable(entry.value));
    if (isOfUse && entries.peek(index) === undefined) entries.set(index, entry);
  }
  ofCode.set(definition, new WeakRef(entries));
  gone.register(entries, { code, definition });
}

function isImmutable(value: unknown): boolean {
  return value === null || (typeof value !== "object" && typeof value !== "function");
}
