/**
 * Changes to one key, one after the other; and reads that notice a change meanwhile.
 *
 * @module
 */

/** A look-up under way. */
export interface Read {
  /** Whether the entry was changed since the look-up began: what it found may be out of date. */
  changed: boolean;
}

/** The order of changes, key by key. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();
  readonly #reads = new Map<string, Set<Read>>();

  /** Whether a change to `key` is under way. */
  has(key: string): boolean {
    return this.#last.has(key);
  }

  /** Makes a change when those before it are over: at once, without a turn of its own, if none is. */
  take<T>(key: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const turn = before === undefined ? change() : before.then(change, change);
    this.#last.set(key, turn);
    const end = () => {
      if (this.#last.get(key) === turn) this.#last.delete(key);
    };
    turn.then(end, end);
    return turn;
  }

  /** Tells the look-ups of `key` that are under way that it changes. */
  change(key: string): void {
    for (const read of this.#reads.get(key) ?? []) read.changed = true;
  }

  /** Follows a look-up. */
  async read<T>(key: string, look: (read: Read) => Promise<T>): Promise<T> {
    const read = this.follow(key);
    try {
      return await look(read);
    } finally {
      this.unfollow(key, read);
    }
  }

  /** Follows a look-up from now on, until {@linkcode unfollow}. */
  follow(key: string): Read {
    const read: Read = { changed: this.#last.has(key) };
    const reads = this.#reads.get(key) ?? new Set();
    this.#reads.set(key, reads.add(read));
    return read;
  }

  /** Follows a look-up no longer. */
  unfollow(key: string, read: Read): void {
    const reads = this.#reads.get(key);
    reads?.delete(read);
    if (reads?.size === 0) this.#reads.delete(key);
  }

  /** Waits until every change that was begun is over, however it ends. */
  async quiet(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.values());
  }
}
