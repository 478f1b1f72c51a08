/** Changes of what is stored of an address: one at a time, and none by what came before a removal. */

import { LruMap } from "../../lru.ts";
import type { Store } from "../../store/store.ts";
import { Turns } from "../turns.ts";

/** Most removals that are remembered one by one. */
const MAX_REMOVALS = 1000;

const byStore = new WeakMap<Store, Changes>();

/** The changes that this process makes in one store. */
export class Changes {
  readonly #turns = new Turns();
  #moment = 0;
  /** The latest moment at which something was removed that is no longer among `#removals`. */
  #forgotten = 0;
  readonly #removals = new LruMap<string, number>({
    maxEntries: MAX_REMOVALS,
    onEvict: (_, moment) => this.#forgotten = Math.max(this.#forgotten, moment),
  });

  /** Those of a store, whoever asks for them: what two of them did not know of would be lost. */
  static of(store: Store): Changes {
    const changes = byStore.get(store) ?? new Changes();
    byStore.set(store, changes);
    return changes;
  }

  /** The number of removals so far. */
  get moment(): number {
    return this.#moment;
  }

  /** Makes all that was asked for before now too old to be stored under a key. */
  outdate(key: string): void {
    this.#removals.set(key, ++this.#moment);
  }

  /**
   * Whether what was asked for at a moment is too old to be stored under a key. Of one whose
   * removal is forgotten, the answer may be yes for nothing, which costs no more than another run.
   */
  isOutdated(key: string, moment: number): boolean {
    return (this.#removals.peek(key) ?? this.#forgotten) > moment;
  }

  /** Does something when all changes under a key that were begun before have ended. */
  inTurn<T>(key: string, act: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, act);
  }
}
