/**
 * Removing the chunks that writers have left behind who died.
 *
 * @module
 */

import { type Note, removeChunks } from "./chunks.ts";
import type { Database } from "./database.ts";
import type { Keys } from "./keys.ts";
import type { KvEntry } from "./kv.ts";

/** How long loose chunks are left to a writer that may still be alive. */
const LOOSE_LIMIT_MS = 3_600_000;
/** How often one handle looks for such chunks, and how often all of them together remove some. */
const INTERVAL_MS = 600_000;
/** After how many chunks a sweep in the background leaves the rest to the next one. */
const MAX_CHUNKS = 10_000;

/** Chunks that a writer has left behind. */
interface Leftover {
  readonly note: KvEntry;
  readonly time: number;
  readonly chunks: number;
}

/** Sweeps for one handle. */
export class Sweeper {
  readonly #database: Database;
  readonly #keys: Keys;
  #last = -Infinity;

  /**
   * @param database The database.
   * @param keys Where things stand in it.
   */
  constructor(database: Database, keys: Keys) {
    this.#database = database;
    this.#keys = keys;
  }

  /** Whether this handle has not looked for long; it counts as looking now. */
  isDue(): boolean {
    const now = performance.now();
    if (now - this.#last < INTERVAL_MS) return false;
    this.#last = now;
    return true;
  }

  /** Removes all that writers have left behind. */
  async sweep(): Promise<void> {
    for await (const leftover of this.#leftovers()) await this.#remove(leftover, () => true);
  }

  /**
   * As {@linkcode sweep}, up to a limit, and only where no other handle has done so of late.
   *
   * @param goesOn Whether to go on; what is left is found again.
   */
  async sweepInTurn(goesOn: () => boolean): Promise<void> {
    let removed = 0;
    for await (const leftover of this.#leftovers()) {
      if (!goesOn() || removed > MAX_CHUNKS) return;
      if (removed === 0 && !await this.#takeTurn()) return;
      await this.#remove(leftover, goesOn);
      removed += 1 + leftover.chunks;
    }
  }

  async *#leftovers(): AsyncGenerator<Leftover, void> {
    for await (const note of this.#database.list("list", this.#keys.allLoose())) {
      const { time, chunks } = note.value as Partial<Note> ?? {};
      // None of ours.
      if (typeof time !== "number" || typeof chunks !== "number") continue;
      // Also a note from the future is old: that clock was wrong, and is right again or gone.
      if (Math.abs(Date.now() - time) >= LOOSE_LIMIT_MS) yield { note, time, chunks };
    }
  }

  /** Says for all handles that it is swept now; resolves to whether no other one said so of late. */
  async #takeTurn(): Promise<boolean> {
    const found = await this.#database.get("list", this.#keys.swept());
    const { time } = found.value as { readonly time?: number } ?? {};
    if (typeof time === "number" && Math.abs(Date.now() - time) < INTERVAL_MS) return false;
    const { ok } = await this.#database.commit("list", (atomic) => {
      atomic.check(found).set(found.key, { time: Date.now() });
    });
    return ok;
  }

  async #remove({ note, time, chunks }: Leftover, goesOn: () => boolean): Promise<void> {
    const { key, versionstamp } = note;
    const { ok } = await this.#database.commit("list", (atomic) => {
      // From here on its writer, if it is alive after all, cannot finish.
      const taken: Note = { time, chunks };
      atomic.check({ key, versionstamp }).set(key, taken);
    });
    if (!ok) return;
    await removeChunks(this.#database, this.#keys, String(key.at(-1)), chunks, goesOn);
  }
}
