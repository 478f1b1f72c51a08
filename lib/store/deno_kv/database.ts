/**
 * The database as the store asks it: each call has a limit, and what goes wrong is a `StoreError`.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../../errors.ts";
import { Deadlines } from "../_deadline.ts";
import { failure, silence } from "./failure.ts";
import type { DenoKv, KvAtomic, KvEntry, KvKey, KvOutcome, KvSelector } from "./kv.ts";

/** How much longer the database keeps something than our own clock, which may be slow, asks. */
const EXPIRY_SLACK_MS = 60_000;
/** The longest time that the database is asked to keep something: a date that it can express. */
const MAX_LIFETIME_MS = 1e14;
/** The longest pause before a transaction is tried again that found the file locked. */
const MAX_PAUSE_MS = 20;

/** A database. */
export class Database {
  readonly #kv: DenoKv;
  readonly #limitMs: number;
  readonly #deadlines: Deadlines;

  /**
   * @param kv The database itself.
   * @param limitMs How long to wait for one answer, in milliseconds.
   */
  constructor(kv: DenoKv, limitMs: number) {
    this.#kv = kv;
    this.#limitMs = limitMs;
    this.#deadlines = new Deadlines(limitMs);
  }

  /** Reads a value. */
  get(operation: StoreOperation, key: KvKey): Promise<KvEntry> {
    return this.#answer(operation, () => this.#kv.get(key));
  }

  /** Reads up to ten values at one moment. */
  getMany(operation: StoreOperation, keys: readonly KvKey[]): Promise<readonly KvEntry[]> {
    return this.#answer(operation, () => this.#kv.getMany(keys));
  }

  /** Yields what is selected, in the order of the keys. */
  async *list(operation: StoreOperation, selector: KvSelector): AsyncIterableIterator<KvEntry> {
    const entries = this.#kv.list(selector);
    while (true) {
      const next = await this.#answer(operation, () => entries.next());
      if (next.done) return;
      yield next.value;
    }
  }

  /** Runs a transaction that `fill` describes. */
  async commit(operation: StoreOperation, fill: (atomic: KvAtomic) => void): Promise<KvOutcome> {
    const latest = performance.now() + this.#limitMs;
    while (true) {
      try {
        return await this.#answer(operation, () => {
          const atomic = this.#kv.atomic();
          fill(atomic);
          return atomic.commit();
        });
      } catch (error) {
        if (!isLocked(error) || performance.now() > latest) throw error;
        await new Promise((resolve) => setTimeout(resolve, Math.random() * MAX_PAUSE_MS));
      }
    }
  }

  /** Says that calls are over, but for leases that are given back. */
  rest(): void {
    this.#deadlines.rest();
  }

  /** Closes the database. */
  close(): void {
    try {
      this.#kv.close();
    } catch (error) {
      throw failure("close", error);
    }
  }

  #answer<T>(operation: StoreOperation, ask: () => Promise<T>): Promise<T> {
    return this.#deadlines.wait(
      ask,
      () => silence(operation, this.#limitMs),
      (cause) => failure(operation, cause),
    );
  }
}

/**
 * Whether another handle on the same file is writing, which the database gives up on at times. It
 * has no other mark than the words of SQLite.
 */
function isLocked(error: unknown): boolean {
  return error instanceof StoreError && error.cause instanceof Error &&
    error.cause.message === "database is locked";
}

/** How the database is to let something expire: as a help, since our own clock decides. */
export function expiryOf(expires: number): { expireIn?: number } {
  const lifetime = Math.max(0, expires - Date.now()) + EXPIRY_SLACK_MS;
  return lifetime > MAX_LIFETIME_MS ? {} : { expireIn: Math.ceil(lifetime) };
}
