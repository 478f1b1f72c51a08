/**
 * The work of a handle that is under way, which closing waits for.
 *
 * @module
 */

/** Counts work, since a set of promises for each `set` would take longer than that needs. */
export class Underway {
  #count = 0;
  #quiet: PromiseWithResolvers<void> | undefined;

  /** Does work that {@linkcode quiet} waits for. */
  async during<T>(work: () => Promise<T>): Promise<T> {
    this.#count++;
    try {
      return await work();
    } finally {
      if (--this.#count === 0) this.#quiet?.resolve();
    }
  }

  /** Waits until nothing is under way; ask only when nothing more will begin. */
  async quiet(): Promise<void> {
    if (this.#count > 0) await (this.#quiet ??= Promise.withResolvers()).promise;
  }
}
