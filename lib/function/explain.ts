/** Why a call would be answered or not, in parts and in a sentence. */

import { type CanonicalOptions, stableHash } from "../codec/mod.ts";
import type { CacheEntry, Explanation } from "./entry.ts";

/** What a key is made of, as far as an entry tells. */
export interface KeyParts {
  readonly version: string | number | undefined;
  /** Digest of the code, if it counts. */
  readonly code: string | undefined;
  /** Digests of the closed-over values by name. */
  readonly closure: Readonly<Record<string, string>> | undefined;
  /** What of the call counts, by name; `undefined` where it was too large to keep. */
  readonly args: ReadonlyMap<string, unknown> | undefined;
}

/** The call that is asked about. */
export interface ExplainedCall {
  readonly key: string;
  readonly name: string;
  readonly entry: CacheEntry | undefined;
  readonly parts: KeyParts;
  /** Whether results expire: a store shows nothing of one that did, and so it is a miss. */
  readonly mayExpire: boolean;
  /** When arguments mean the same. */
  readonly form: Pick<CanonicalOptions, "classes" | "unordered">;
}

/** Another entry of the function. */
export interface OtherEntry {
  readonly entry: CacheEntry;
  readonly parts: KeyParts;
}

const SENTENCES: Readonly<Record<Exclude<Explanation["outcome"], "miss">, string>> = {
  hit: "the call would be answered from the cache",
  stale: "the call would be answered with a stale result, and a new one computed behind it",
  expired: "the result is past its time",
  invalid: "validate refuses the result",
  damaged: "the stored record is damaged",
};

/** Words what a call would meet, and finds the nearest of the other entries where it is a miss. */
export function explain(
  outcome: Explanation["outcome"],
  { key, name: given, entry, parts, form, mayExpire }: ExplainedCall,
  others: Iterable<OtherEntry>,
): Explanation {
  const name = given || "a cached function";
  if (outcome !== "miss") {
    const message = `${name}: ${SENTENCES[outcome]}`;
    return { outcome, key, entry, nearest: undefined, changed: [], message };
  }
  let nearest: CacheEntry | undefined;
  let changed: readonly string[] = [];
  for (const other of others) {
    const differs = difference(parts, other.parts, form);
    if (nearest !== undefined && differs.length >= changed.length) continue;
    nearest = other.entry;
    changed = differs;
  }
  const found = nearest === undefined
    ? "any call"
    : changed.length === 0
    ? "this call; the nearest entry does not tell what differs"
    : `this call; since the nearest entry, ${changed.join(", ")} changed`;
  const gone = mayExpire ? " (what expires is forgotten)" : "";
  const message = `${name}: nothing is kept for ${found}${gone}`;
  return { outcome, key, entry, nearest, changed, message };
}

function difference(
  a: KeyParts,
  b: KeyParts,
  { classes, unordered }: ExplainedCall["form"],
): string[] {
  const hash = (value: unknown) => stableHash(value, { classes, unordered });
  const changed: string[] = [];
  if (a.version !== b.version) changed.push("version");
  if (a.code !== b.code) changed.push("code");
  const names = new Set([...Object.keys(a.closure ?? {}), ...Object.keys(b.closure ?? {})]);
  for (const name of names) {
    if (a.closure?.[name] !== b.closure?.[name]) changed.push(`closure.${name}`);
  }
  if (a.args === undefined || b.args === undefined) return changed;
  for (const part of new Set([...a.args.keys(), ...b.args.keys()])) {
    if (hash(a.args.get(part)) !== hash(b.args.get(part))) changed.push(part);
  }
  return changed;
}
