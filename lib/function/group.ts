/** The functions of one cache, so that something can be said of or done to all of them. */

import type { EntryFilter } from "./entry.ts";
import { addCounts, type Counts, noCounts } from "./event_log.ts";
import type { CacheStats, CacheTotals } from "./events.ts";
import type { Settings } from "./settings.ts";

/**
 * What a function has counted. It must lead back to no function, since it outlives its own: what
 * was counted stays counted.
 */
export interface Tally {
  /** Name of the function. */
  readonly name: string;
  /** The counts, which go on while the function is used. */
  readonly counts: Counts;
  /** Hits that are still to be added to the counts, and what each saved in milliseconds. */
  readonly pending?: { readonly hits: number; readonly saved: number };
}

/** A cached function, as a group sees it. */
export interface Member {
  /** Drops the results in memory that a filter means; a function on a store has none. */
  forget(filter?: EntryFilter): void;
  /** Where its entries stand in a store, and how; `undefined` of a function in memory. */
  readonly stored: { readonly path: string; readonly settings: Settings } | undefined;
}

/** The functions that were wrapped by one cache, for as long as somebody uses them. */
export class Group {
  readonly #members = new Map<WeakRef<Member>, Tally>();
  /** Keeps each for as long as its wrapper is used. */
  readonly #byWrapper = new WeakMap<object, Member>();
  /** What functions have counted that are used no more, by name. */
  readonly #gone = new Map<string, Counts>();
  readonly #registry = new FinalizationRegistry<WeakRef<Member>>((ref) => {
    const tally = this.#members.get(ref)!;
    this.#members.delete(ref);
    addTally(this.#gone, tally);
  });

  /** Takes note of a function, until its wrapper is gone. */
  add(wrapper: object, member: Member, tally: Tally): void {
    this.#byWrapper.set(wrapper, member);
    const ref = new WeakRef(member);
    this.#members.set(ref, tally);
    this.#registry.register(member, ref);
  }

  /** Counts of all functions, together and by name. */
  stats(): CacheTotals {
    const byName = new Map([...this.#gone].map(([name, counts]) => [name, { ...counts }]));
    for (const tally of this.#members.values()) addTally(byName, tally);
    const sums = noCounts();
    for (const counts of byName.values()) addCounts(sums, counts);
    return { ...sums, functions: Object.fromEntries(byName) };
  }

  /** Drops results in memory. */
  forget(filter?: EntryFilter): void {
    for (const member of this.#all()) member.forget(filter);
  }

  /** How the functions that are in use store results, by the path of their entries. */
  settingsByPath(): Map<string, Settings> {
    const found = new Map<string, Settings>();
    for (const { stored } of this.#all()) {
      if (stored !== undefined) found.set(stored.path, stored.settings);
    }
    return found;
  }

  *#all(): Generator<Member> {
    for (const ref of this.#members.keys()) {
      const member = ref.deref();
      if (member !== undefined) yield member;
    }
  }
}

function addTally(byName: Map<string, Counts>, { name, counts, pending }: Tally): void {
  const sums = byName.get(name) ?? noCounts();
  byName.set(name, sums);
  addCounts(sums, counts as CacheStats);
  if (pending === undefined || pending.hits === 0) return;
  sums.hits += pending.hits;
  sums.timeSaved += pending.hits * pending.saved;
}

/** The functions that were wrapped without a cache of their own. */
export const defaultGroup: Group = new Group();
