/**
 * Entries that wait to be written to the slower tiers.
 *
 * @module
 */

/** An entry that waits. */
export interface WaitingEntry {
  /** The bytes, kept for this purpose. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
}

/** Writes under way at a time. */
const WRITERS = 8;

/** What waits, the newest entry of each key, and who writes it. */
export class WriteBehind {
  readonly #waiting = new Map<string, WaitingEntry>();
  readonly #most: number;
  readonly #write: (key: string) => Promise<void>;
  #pass: Promise<void> | undefined;
  #again = false;

  /**
   * @param most Most entries that wait.
   * @param write Tries to write what waits under a key, and calls {@linkcode done} if that worked.
   */
  constructor(most: number, write: (key: string) => Promise<void>) {
    this.#most = most;
    this.#write = write;
  }

  /** Whether no more can wait. */
  get full(): boolean {
    return this.#waiting.size >= this.#most;
  }

  /** The keys that wait. */
  keys(): string[] {
    return [...this.#waiting.keys()];
  }

  /** The entry that waits under a key, also one that has expired: what it replaces is older yet. */
  get(key: string): WaitingEntry | undefined {
    return this.#waiting.get(key);
  }

  /** Lets an entry wait, in place of an older one. */
  put(key: string, entry: WaitingEntry): void {
    this.#waiting.set(key, entry);
    void this.drain();
  }

  /** Forgets the entry that waits under a key: it is written, or no longer wanted. */
  done(key: string): void {
    this.#waiting.delete(key);
  }

  /** Tries to write all that waits once; what still cannot be written waits on. */
  drain(): Promise<void> {
    if (this.#pass !== undefined) {
      // The pass under way may be over the key that came now.
      this.#again = true;
      return this.#pass;
    }
    return this.#pass = this.#passes().finally(() => this.#pass = undefined);
  }

  async #passes(): Promise<void> {
    do {
      this.#again = false;
      const keys = this.keys().values();
      await Promise.all(Array.from({ length: WRITERS }, async () => {
        for (const key of keys) await this.#write(key);
      }));
    } while (this.#again);
  }
}
