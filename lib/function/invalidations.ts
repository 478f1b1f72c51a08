/**
 * Which tags were invalidated while a function ran, so that what it gives is not stored with them.
 *
 * @module
 */

/** One run, for which invalidations are remembered. */
export interface WatchedRun {
  /** How many invalidations there were before it. */
  readonly since: number;
}

/** The invalidations during the runs that are under way; older ones are forgotten. */
export class Invalidations {
  #count = 0;
  /** The number of its last invalidation by tag, the latest last. */
  readonly #last = new Map<string, number>();
  /** The runs under way, the oldest first. */
  readonly #runs = new Set<WatchedRun>();

  /** How many tags are remembered. */
  get size(): number {
    return this.#last.size;
  }

  /** Takes note that a tag was invalidated. */
  add(tag: string): void {
    this.#count++;
    if (this.#runs.size === 0) return;
    this.#last.delete(tag);
    this.#last.set(tag, this.#count);
  }

  /** Begins a run; to be ended in any case. */
  begin(): WatchedRun {
    const run = { since: this.#count };
    this.#runs.add(run);
    return run;
  }

  /** Whether a tag was invalidated since a run began that has not ended. */
  isInvalid(tag: string, run: WatchedRun): boolean {
    return (this.#last.get(tag) ?? 0) > run.since;
  }

  /** Ends a run, and forgets what no other has to know. */
  end(run: WatchedRun): void {
    this.#runs.delete(run);
    const [oldest] = this.#runs;
    for (const [tag, number] of this.#last) {
      if (oldest !== undefined && number > oldest.since) break;
      this.#last.delete(tag);
    }
  }
}
