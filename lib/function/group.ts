/** The functions of one cache, so that something can be said of or done to all of them. */

import type { EntryFilter } from "./entry.ts";
import type { CacheStats } from "./events.ts";
import { noCounts } from "./event_log.ts";

/** A cached function, as a group sees it. */
export interface Member {
  /** Counts since it was wrapped. */
  stats(): CacheStats;
  /** Drops the results in memory that a filter means; a function on a store has none. */
  forget(filter?: EntryFilter): void;
}

/** The functions that were wrapped by one cache, for as long as somebody uses them. */
export class Group {
  readonly #members = new Set<WeakRef<Member>>();
  readonly #gone = new FinalizationRegistry<WeakRef<Member>>((ref) => this.#members.delete(ref));

  /** Takes note of a function. */
  add(member: Member): void {
    const ref = new WeakRef(member);
    this.#members.add(ref);
    this.#gone.register(member, ref);
  }

  /** Counts of all functions together. */
  stats(): CacheStats {
    const sums = noCounts();
    for (const member of this.#all()) {
      const stats = member.stats();
      for (const count of Object.keys(sums) as (keyof CacheStats)[]) sums[count] += stats[count];
    }
    return sums;
  }

  /** Drops results in memory. */
  forget(filter?: EntryFilter): void {
    for (const member of this.#all()) member.forget(filter);
  }

  *#all(): Generator<Member> {
    for (const ref of this.#members) {
      const member = ref.deref();
      if (member !== undefined) yield member;
    }
  }
}

/** The functions that were wrapped without a cache of their own. */
export const defaultGroup: Group = new Group();
