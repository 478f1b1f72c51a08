/**
 * A store that does as it is told: it fails, waits, and remembers what it was asked.
 *
 * @module
 */

import type { StoreOperation } from "../../lib/errors.ts";
import type { Store, StoreListEntry, StoreSetOptions } from "../../lib/store/store.ts";

/** What the store is asked for; throws or rejects to make it fail, waits to hold it up. */
export type Interference = (operation: StoreOperation, key: string) => void | Promise<void>;

/** Keeps entries past their time, as a store with a slow clock does. */
export class FakeStore implements Store {
  readonly name = "fake";
  readonly supports = { persistent: false };
  /** What is stored. */
  readonly entries = new Map<string, Uint8Array<ArrayBuffer>>();
  /** What was asked for, such as `get a/3fa9`. */
  readonly asked: string[] = [];
  /** Comes before every operation. */
  interfere: Interference = () => {};

  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined> {
    return this.#ask("get", key, () => this.entries.get(key)?.slice());
  }

  set(key: string, bytes: Uint8Array, _options?: StoreSetOptions): Promise<void> {
    const copy = new Uint8Array(bytes);
    return this.#ask("set", key, () => void this.entries.set(key, copy));
  }

  delete(key: string): Promise<boolean> {
    return this.#ask("delete", key, () => this.entries.delete(key));
  }

  async *list(prefix = ""): AsyncIterableIterator<StoreListEntry> {
    const keys = await this.#ask("list", prefix, () => [...this.entries.keys()]);
    for (const key of keys) {
      if (key.startsWith(prefix)) yield { key, size: this.entries.get(key)?.length ?? 0 };
    }
  }

  [Symbol.asyncDispose](): Promise<void> {
    return Promise.resolve();
  }

  /**
   * Holds up the next operation of this kind.
   *
   * @returns A promise of the moment it was asked for, and what lets it go on.
   */
  hold(operation: StoreOperation): { reached: Promise<void>; release: () => void } {
    const [reached, released] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const before = this.interfere;
    this.interfere = (asked, key) => {
      if (asked !== operation) return before(asked, key);
      this.interfere = before;
      reached.resolve();
      return released.promise;
    };
    return { reached: reached.promise, release: released.resolve };
  }

  #ask<T>(operation: StoreOperation, key: string, act: () => T): Promise<T> {
    this.asked.push(`${operation} ${key}`);
    return Promise.resolve(this.interfere(operation, key)).then(act);
  }
}
