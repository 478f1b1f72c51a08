/** What is told of the results of one function in memory. */

import { type Keyer, listedArguments } from "../key/mod.ts";
import { type CacheEntry, type EntryFilter, type Explanation, matches } from "./entry.ts";
import type { EventLog } from "./event_log.ts";
import { explain, type OtherEntry } from "./explain.ts";
import { truthOf } from "./keeping.ts";
import type { Copies } from "./memory_copies.ts";
import { type EntryMap, keptIn, type MemoryEntry } from "./memory_entry.ts";
import { type CallIndex, type IndexKey, indexOfKey, keyOfIndex } from "./memory_index.ts";
import type { Settings } from "./settings.ts";

/** Arguments larger than this are not kept for listing. */
const MAX_ARGUMENT_BYTES = 4096;

/** Entries that are looked at to find the nearest one. */
const MAX_NEIGHBOURS = 1000;

/** What a result is worth for a call made now. */
export type Standing = Exclude<Explanation["outcome"], "miss" | "damaged">;

/** What of a memory cache is needed to tell of its results. */
export interface ListingContext {
  readonly keyer: Keyer;
  readonly index: CallIndex;
  readonly settings: Settings;
  readonly copies: Copies;
  readonly log: EventLog;
}

/** Tells of results. */
export class MemoryListing {
  readonly #context: ListingContext;

  /** Tells of the results of one function. */
  constructor(context: ListingContext) {
    this.#context = context;
  }

  /** What a kept result is worth now. */
  standing(index: IndexKey, entry: MemoryEntry): Standing {
    const { validate, staleWhileRevalidate } = this.#context.settings;
    if (validate !== undefined && !this.#isValid(index, entry)) return "invalid";
    if (entry.expires === Infinity) return "hit";
    const age = Date.now() - entry.expires;
    if (age < 0) return "hit";
    return age < staleWhileRevalidate && entry.kind === "value" ? "stale" : "expired";
  }

  #isValid(index: IndexKey, entry: MemoryEntry): boolean {
    const { validate, name } = this.#context.settings;
    try {
      return truthOf(validate!(this.told(index, entry)), "validate");
    } catch (error) {
      const key = this.#context.index.hexOf(index);
      this.#context.log.emit({ type: "option-error", name, key, option: "validate", error });
      return false;
    }
  }

  /** Keeps what is told of a call whose index is a hash. */
  describe(index: IndexKey, entry: MemoryEntry, args: unknown[], self?: unknown): void {
    if (keyOfIndex(index) === undefined) return;
    try {
      const { args: bound } = this.#context.keyer.keyWithArguments(args, undefined, self);
      if (bound.length <= MAX_ARGUMENT_BYTES) entry.args = bound;
      entry.closure = this.#context.keyer.closureParts();
    } catch {
      // The function changed what it was given into what has no byte form: nothing is told of it.
    }
  }

  /**
   * An entry as users see it.
   *
   * @throws Whatever the user's `clone` throws.
   */
  told(index: IndexKey, entry: MemoryEntry): CacheEntry {
    const { name, version } = this.#context.settings;
    const isValue = entry.kind === "value";
    const result = this.#context.copies.of(entry);
    const bound = argsIn(index, entry, this.#context.settings);
    return {
      key: this.#context.index.hexOf(index),
      name,
      version,
      args: bound && this.#context.keyer.told(bound).args,
      kind: entry.kind,
      value: isValue ? result : undefined,
      error: isValue ? undefined : result,
      created: entry.created,
      expires: entry.expires,
      duration: entry.duration,
      size: entry.size,
      tags: entry.tags,
    };
  }

  /** All that is kept and that a filter means. */
  entries(entries: EntryMap, filter: EntryFilter = {}): CacheEntry[] {
    const now = Date.now();
    const found: CacheEntry[] = [];
    for (const [index, entry] of kept(entries)) {
      if (filter.expired !== true && entry.expires <= now) continue;
      const told = this.told(index, entry);
      if (matches(told, filter)) found.push(told);
    }
    return found;
  }

  /** What is kept under a key and not past its time. */
  get(entries: EntryMap, key: string): CacheEntry | undefined {
    const index = this.indexUnder(entries, key);
    const entry = keptIn(entries.peek(index));
    return entry !== undefined && entry.expires > Date.now() ? this.told(index, entry) : undefined;
  }

  /** The index of what is kept or awaited under a key, if there is anything. */
  indexUnder(entries: EntryMap, key: string): IndexKey {
    const own = indexOfKey(key);
    if (entries.peek(own) !== undefined) return own;
    // Those found by their argument have no key until somebody asks.
    for (const [index] of entries as Iterable<[IndexKey, MemoryEntry]>) {
      if (keyOfIndex(index) === undefined && this.#context.index.hexOf(index) === key) return index;
    }
    return own;
  }

  /** How a call would be answered, and why. */
  explain(entries: EntryMap, args: readonly unknown[], self?: unknown): Explanation {
    const index = this.#context.index.of(args, self);
    const entry = keptIn(entries.peek(index));
    const { settings, keyer } = this.#context;
    const asked = this.#context.index.argsOf(index, args, self);
    const { name, version } = settings;
    const code = this.#context.keyer.codeDigest;
    const closure = this.#context.keyer.closureParts();
    const others: OtherEntry[] = [];
    for (const [at, other] of kept(entries)) {
      if (entry !== undefined || others.length === MAX_NEIGHBOURS) break;
      const bound = argsIn(at, other, settings);
      const parts = {
        version,
        code,
        closure: other.closure ?? closure,
        args: bound && keyer.told(bound).parts,
      };
      others.push({ entry: this.told(at, other), parts });
    }
    return explain(
      entry === undefined ? "miss" : this.standing(index, entry),
      {
        key: this.#context.index.hexOf(index),
        name,
        form: settings,
        mayExpire: settings.expiryOf !== undefined,
        entry: entry && this.told(index, entry),
        parts: { version, code, closure, args: keyer.told(asked).parts },
      },
      others,
    );
  }
}

/** What is kept, with what a result that is still awaited would replace. */
function* kept(entries: EntryMap): Generator<[IndexKey, MemoryEntry], void, undefined> {
  for (const [index, entry] of entries as Iterable<[IndexKey, MemoryEntry]>) {
    const each = keptIn(entry);
    if (each !== undefined) yield [index, each];
  }
}

function argsIn(
  index: IndexKey,
  { args }: MemoryEntry,
  { classes }: Settings,
): readonly unknown[] | undefined {
  if (keyOfIndex(index) === undefined) return [index];
  return args === undefined ? undefined : listedArguments(args, classes);
}
