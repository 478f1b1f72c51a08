/**
 * Lists entries. A generator would do, but costs an engine three times as much for each entry.
 *
 * @module
 */

import type { StoreListEntry } from "../store.ts";
import type { Index } from "./index.ts";

/** Where a listing is from, and what it leads to. */
export interface ListingSource {
  /** How the keys start. */
  readonly prefix: string;
  /** Gives the listing up. */
  readonly signal: AbortSignal | undefined;
  /** Gives the index, once, when the first entry is asked for. */
  look(): Promise<Index>;
  /** Called with the keys of expired entries when there are no more entries. */
  end(expired: readonly string[]): Promise<void>;
}

/** The live entries by prefix. */
export class Listing implements AsyncIterableIterator<StoreListEntry> {
  readonly #source: ListingSource;
  readonly #expired: string[] = [];
  #started: Promise<void> | undefined;
  #index: Index | undefined;
  #keys: string[] = [];
  #at = 0;

  /** @param source Where it is from. */
  constructor(source: ListingSource) {
    this.#source = source;
  }

  /** The next entry. */
  next(): Promise<IteratorResult<StoreListEntry, undefined>> {
    if (this.#index !== undefined) return this.#step();
    return (this.#started ??= this.#start()).then(() => this.#step());
  }

  /** Ends it early. */
  return(): Promise<IteratorResult<StoreListEntry, undefined>> {
    this.#started ??= Promise.resolve();
    this.#expired.length = 0;
    this.#keys = [];
    return Promise.resolve({ done: true, value: undefined });
  }

  /** Itself. */
  [Symbol.asyncIterator](): this {
    return this;
  }

  async #start(): Promise<void> {
    this.#index = await this.#source.look();
    // A snapshot: what is deleted and set again while the consumer works is not to come twice.
    this.#keys = [...this.#index.entries.keys()];
  }

  #step(): Promise<IteratorResult<StoreListEntry, undefined>> {
    const { prefix, signal } = this.#source;
    while (this.#at < this.#keys.length) {
      const key = this.#keys[this.#at++];
      if (!key.startsWith(prefix)) continue;
      if (signal?.aborted) {
        void this.return();
        return Promise.reject(signal.reason);
      }
      const entry = this.#index!.live(key);
      if (entry !== undefined) {
        const { size, expires } = entry;
        return Promise.resolve({ done: false, value: { key, size, expires } });
      }
      if (this.#index!.entries.has(key)) this.#expired.push(key);
    }
    return this.#end();
  }

  async #end(): Promise<IteratorResult<StoreListEntry, undefined>> {
    if (this.#expired.length > 0) await this.#source.end(this.#expired.splice(0));
    return { done: true, value: undefined };
  }
}
