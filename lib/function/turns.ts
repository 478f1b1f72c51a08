/** Changes that wait for each other where they are to one entry. */

/** The changes under way, by the key of what they change. */
export class Turns {
  /** The last of those to each key. */
  readonly #last = new Map<string, Promise<unknown>>();

  /** Makes a change when all that were begun under the key before have ended, however they ended. */
  async take<T>(key: string, change: () => Promise<T>): Promise<T> {
    const before = this.#last.get(key);
    const own = before === undefined ? change() : before.then(change, change);
    this.#last.set(key, own);
    try {
      return await own;
    } finally {
      if (this.#last.get(key) === own) this.#last.delete(key);
    }
  }

  /** Waits for the changes under way to what `owns` accepts, however they end. */
  async ended(owns: (key: string) => boolean): Promise<void> {
    const changes = [...this.#last].filter(([key]) => owns(key));
    await Promise.allSettled(changes.map(([, change]) => change));
  }
}
