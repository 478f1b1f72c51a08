/**
 * One tier: a store, how it is doing, and which of its entries are out of date.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../../errors.ts";
import type { Deadlines } from "../_deadline.ts";
import { isLostLease, lostLease } from "../_lost_lease.ts";
import type { Store, StoreLease, StoreSetOptions } from "../store.ts";
import type { TieredEvent } from "./options.ts";
import { StaleKeys } from "./stale_keys.ts";

/** How long a failing tier is left alone, in milliseconds. */
export interface RetryTimes {
  /** After the first failure; twice as long with each further one. */
  readonly first: number;
  /** The most. */
  readonly most: number;
}

/** What a tier answered: nothing, if it failed. */
export type Answer<T> =
  | { readonly ok: true; readonly value: T }
  | { readonly ok: false; readonly error: unknown };

/** One tier of several. */
export class Tier {
  /** The store. */
  readonly store: Store;
  /** Most bytes of one entry. */
  readonly maxBytes: number;
  /** Whether it can be written to. */
  readonly writable: boolean;
  /** Keys whose entry here, if any, is older than elsewhere, since the tier failed to take it. */
  readonly stale = new StaleKeys();
  readonly #index: number;
  readonly #retry: RetryTimes;
  readonly #report: (event: TieredEvent) => void;
  readonly #deadlines: Deadlines;
  /** Changes that took too long and are still under way: they may yet overwrite later ones. */
  readonly #late = new Map<string, number>();
  #failures = 0;
  #failedAt = 0;
  #lastError: unknown;

  constructor(
    store: Store,
    { index, retry, report, deadlines }: {
      readonly index: number;
      readonly retry: RetryTimes;
      readonly report: (event: TieredEvent) => void;
      readonly deadlines: Deadlines;
    },
  ) {
    this.store = store;
    this.maxBytes = store.supports.maxBytes ?? Infinity;
    this.writable = store.supports.readOnly !== true;
    this.#index = index;
    this.#retry = retry;
    this.#report = report;
    this.#deadlines = deadlines;
  }

  /** Whether it has failed lately and is left alone; a clock that is set back ends that. */
  get resting(): boolean {
    if (this.#failures === 0) return false;
    const since = Date.now() - this.#failedAt;
    return since >= 0 && since < this.#wait;
  }

  /** Why it is left alone. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /**
   * Asks the tier for something and keeps account of how that went.
   *
   * @param undo What to do with a value that comes when nobody waits for it any more.
   * @throws The reason of the signal, where that is why it failed; and that the lease is lost under
   *   which it was to write, which says nothing against it.
   */
  async ask<T>(
    about: { readonly operation: StoreOperation; readonly key?: string },
    work: () => Promise<T>,
    signal?: AbortSignal,
    undo?: (value: T) => void,
  ): Promise<Answer<T>> {
    try {
      const value = await this.#inTime(about, work, undo);
      this.works();
      return { ok: true, value };
    } catch (error) {
      if (signal?.aborted) throw signal.reason;
      if (about.operation === "set" && isLostLease(error)) throw error;
      this.fails(about, error);
      return { ok: false, error };
    }
  }

  /**
   * Puts an entry here; resolves to whether that worked, and remembers that it did not. A tier whose
   * own lease it is gets asked also when it is left alone otherwise: it alone knows of that.
   *
   * @throws {StoreError} The lease is lost.
   */
  async put(key: string, bytes: Uint8Array, options: StoreSetOptions): Promise<Answer<void>> {
    const { lease } = options;
    if (bytes.length > this.maxBytes) {
      if (lease !== undefined) await this.#checkHeld(lease);
      await this.drop(key);
      const error = new StoreError(
        `The ${this.store.name} store takes ${this.maxBytes} bytes at most`,
        { store: this.store.name, operation: "set" },
      );
      return { ok: false, error };
    }
    if (this.resting && lease === undefined) {
      this.stale.add(key);
      return { ok: false, error: this.#lastError };
    }
    const answer = await this.change(key, () => this.store.set(key, bytes, options));
    if (!answer.ok) this.stale.add(key);
    return answer;
  }

  /** Waits for a new entry, which makes good what was there before unless a late change follows. */
  async change(key: string, write: () => Promise<void>): Promise<Answer<void>> {
    const answer = await this.ask({ operation: "set", key }, write);
    if (this.#late.has(key)) this.stale.add(key);
    else if (answer.ok) this.stale.delete(key);
    return answer;
  }

  /**
   * Removes the entry here, also from a tier that is left alone otherwise: what is deleted must not
   * come back. Resolves to whether there was a live one that was up to date.
   */
  async drop(key: string): Promise<Answer<boolean>> {
    const stale = this.stale.has(key);
    const about = { operation: "delete", key } as const;
    const answer = await this.ask(about, () => this.store.delete(key));
    if (!answer.ok) {
      this.stale.add(key);
      return answer;
    }
    if (this.#late.has(key)) {
      this.stale.add(key);
      return { ok: false, error: this.#tooLate("delete") };
    }
    this.stale.delete(key);
    return { ok: true, value: answer.value && !stale };
  }

  /** Takes note that the tier worked. */
  works(): void {
    if (this.#failures === 0) return;
    this.#failures = 0;
    this.#lastError = undefined;
    this.#report({ type: "recovery", tier: this.store.name, index: this.#index });
  }

  /** Takes note that the tier failed. */
  fails(
    about: { readonly operation: StoreOperation; readonly key?: string },
    error: unknown,
  ): void {
    const tier = { tier: this.store.name, index: this.#index };
    const { operation, key } = about;
    if (key !== undefined && error instanceof StoreError && error.cause instanceof DecodeError) {
      // One damaged entry says nothing against the others.
      return this.#report({ type: "corrupt", ...tier, key, error });
    }
    // It has found out that it has no leases, as its manifest now says, and works but for that.
    if (operation === "lease" && this.store.supports.lease !== true) return;
    this.#failures++;
    this.#failedAt = Date.now();
    this.#lastError = error;
    this.#report({ type: "failure", ...tier, operation, key, error, retryIn: this.#wait });
  }

  /** @throws {StoreError} The lease is known to be lost. */
  async #checkHeld(lease: StoreLease): Promise<void> {
    const { key } = lease;
    const answer = await this.ask({ operation: "lease", key }, () => lease.renew());
    if (answer.ok && !answer.value) throw lostLease(this.store.name, key);
  }

  /** Waits for what the tier does, for as long as it may take. */
  #inTime<T>(
    { operation, key }: { readonly operation: StoreOperation; readonly key?: string },
    work: () => Promise<T>,
    undo: ((value: T) => void) | undefined,
  ): Promise<T> {
    let end: Promise<T> | undefined;
    return this.#deadlines.wait(
      () => end = work(),
      () => {
        const changes = operation === "set" || operation === "delete";
        if (key !== undefined && changes) void this.#follow(key, end);
        if (undo !== undefined) end?.then(undo, () => {});
        return this.#tooLate(operation);
      },
      (error) => error as Error,
    );
  }

  /** Remembers a change that is late until it is over. */
  async #follow(key: string, change: Promise<unknown> | undefined): Promise<void> {
    this.#late.set(key, (this.#late.get(key) ?? 0) + 1);
    await Promise.allSettled([change]);
    const left = this.#late.get(key)! - 1;
    if (left === 0) this.#late.delete(key);
    else this.#late.set(key, left);
    // It may have come after a change that was made meanwhile.
    this.stale.add(key);
  }

  #tooLate(operation: StoreOperation): StoreError {
    return new StoreError(
      `The ${this.store.name} store took longer over a ${operation} than the timeout of its tier`,
      { store: this.store.name, operation },
    );
  }

  get #wait(): number {
    return Math.min(this.#retry.most, this.#retry.first * 2 ** (this.#failures - 1));
  }
}
