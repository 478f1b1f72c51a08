/**
 * The tiered store itself.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../../errors.ts";
import { Deadlines } from "../_deadline.ts";
import { isLostLease, lostLease } from "../_lost_lease.ts";
import {
  abortable,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { cancelUnread, readStream, Source, streamFrom, streamOf } from "../_streams.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { Backfill } from "./backfill.ts";
import { WriteBehind } from "./behind.ts";
import { reporter } from "./events.ts";
import { Invalidation } from "./invalidation.ts";
import { TierLeases } from "./leases.ts";
import { listTiers } from "./list_tiers.ts";
import { lookUp } from "./look_up.ts";
import type { TieredEvent, TieredStoreOptions } from "./options.ts";
import { settingsOf } from "./settings.ts";
import { supportsOf } from "./supports.ts";
import { Tier } from "./tier.ts";
import { Turns } from "./turns.ts";

/** A stream that a store gives. */
type ByteStream = ReadableStream<Uint8Array<ArrayBuffer>>;

/** What a look-up found, in which tier, and when it expires where that tells. */
interface Found<T> {
  readonly value: T;
  readonly index: number;
  readonly expires: number | undefined;
}

/** Stores in order of speed, as one. */
export class TieredStore implements Store {
  readonly name: string;
  readonly supports: StoreSupports;
  readonly #tiers: readonly Tier[];
  readonly #writable: readonly Tier[];
  readonly #leases: TierLeases;
  /** The tiers that stream and take whatever any of them takes, the slowest first. */
  readonly #streamers: readonly Tier[];
  readonly #handle = new Handle("tiered");
  readonly #turns = new Turns();
  readonly #behind: WriteBehind | undefined;
  readonly #invalidation: Invalidation | undefined;
  readonly #backfill: Backfill;
  readonly #deadlines: Deadlines;
  readonly #report: (event: TieredEvent) => void;
  #closing: Promise<void> | undefined;

  constructor(stores: readonly Store[], options: TieredStoreOptions) {
    const { behind, maxBehind, backfillTtl, retry, timeout } = settingsOf(options);
    const { invalidation } = options;
    const report = this.#report = reporter(options.onEvent);
    const deadlines = this.#deadlines = new Deadlines(timeout);
    this.#tiers = stores.map((store, index) =>
      new Tier(store, { index, retry, report, deadlines })
    );
    this.#writable = this.#tiers.filter(({ writable }) => writable);
    const slowest = this.#writable.toReversed();
    this.#leases = new TierLeases(slowest);
    this.name = `tiered (${stores.map(({ name }) => name).join(", ")})`;
    this.supports = supportsOf(stores, { shared: invalidation !== undefined, behind });
    const { maxBytes = Infinity } = this.supports;
    this.#streamers = slowest.filter((tier) =>
      tier.store.supports.streams && tier.maxBytes >= maxBytes
    );
    this.#backfill = new Backfill(this.#tiers, this.#turns, backfillTtl);
    if (behind && this.#writable.length > 1) {
      this.#behind = new WriteBehind(maxBehind, (key) => this.#writeBehind(key));
    }
    if (invalidation !== undefined) {
      this.#invalidation = new Invalidation(invalidation, {
        onChange: (key) => this.#forget(key),
        onError: (error) => report({ type: "invalidation", error }),
        timeout,
      });
    }
  }

  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#check("get", key, options);
    return await this.#turns.read(key, async (read) => {
      const found = await this.#find(key, options, (store, told) => store.get(key, told));
      if (found === undefined) return undefined;
      this.#backfill.entry(key, found.value, { ...found, read });
      return found.value;
    });
  }

  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#check("set", key, options);
    const expires = checkSet(bytes, options);
    this.#checkMayWrite("set");
    this.#checkSize(bytes.length);
    const { lease } = options;
    // Whoever is asked later, when the caller may have changed the bytes, needs a copy.
    const later = lease !== undefined || this.#behind !== undefined || this.#turns.has(key);
    const entry = { bytes: later ? new Uint8Array(bytes) : bytes, expires };
    await abortable(options, () => this.#change(key, () => this.#write(key, entry, lease)));
  }

  async delete(key: string, options: StoreCallOptions = {}): Promise<boolean> {
    this.#check("delete", key, options);
    this.#checkMayWrite("delete");
    return await abortable(options, () => this.#change(key, () => this.#delete(key)));
  }

  async *list(
    prefix = "",
    options: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    const { signal } = options;
    signal?.throwIfAborted();
    const worked = yield* listTiers(this.#tiers, this.#behind, prefix, signal);
    if (!worked) throw this.#allFailed("list");
  }

  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#check("lease", key, options);
    checkLeaseDuration(duration);
    const answer = await this.#leases.take(key, duration, options);
    if (answer.ok) return answer.value;
    if (this.supports.lease) throw this.#allFailed("lease");
    throw this.#failure("lease", "none of its tiers leases; see its manifest", answer.error);
  }

  async getStream(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#check("get", key, options);
    const read = this.#turns.follow(key);
    const done = () => this.#turns.unfollow(key, read);
    try {
      const found = await this.#find<Uint8Array<ArrayBuffer> | ByteStream>(
        key,
        options,
        (store, told) => store.getStream?.(key, told) ?? store.get(key, told),
      );
      if (found?.value instanceof ReadableStream) {
        const { signal } = options;
        return this.#backfill.stream(key, found.value, { ...found, read, signal }, done);
      }
      done();
      if (found === undefined) return undefined;
      this.#backfill.entry(key, found.value, { ...found, read });
      return streamOf(found.value, options);
    } catch (error) {
      done();
      throw error;
    }
  }

  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#check("set", key, options);
    checkExpires(options);
    this.#checkMayWrite("set");
    const { lease } = options;
    const lender = this.#leases.tierOf(lease);
    const tier = this.#streamers.find((each) => !each.resting);
    if (tier === undefined || lease !== undefined && tier !== lender) {
      return await this.set(key, await readStream(stream, options), options);
    }
    // Closing waits for changes, and so must not wait for a stream that never ends.
    const signal = this.#handle.signalFor(options);
    const source = new Source(stream, { signal }, (size) => this.#checkSize(size));
    const write = async () => {
      signal.throwIfAborted();
      try {
        await tier.store.setStream!(key, streamFrom(source.pieces), { ...options, signal });
      } catch (error) {
        // What the stream failed with, or a lease that was lost, says nothing against the tier.
        if (source.failure !== undefined) throw source.failure.error;
        const isItsOwn = error instanceof StoreError && !isLostLease(error) && !signal.aborted;
        if (isItsOwn) tier.fails({ operation: "set", key }, error);
        throw error;
      }
      tier.stale.delete(key);
      this.#behind?.done(key);
      // The others hold what was there before; they are not sent a value that is large.
      await Promise.all(this.#writable.map((each) => each === tier || each.drop(key)));
    };
    try {
      await abortable({ signal }, () => this.#change(key, write));
    } catch (error) {
      cancelUnread(stream, error);
      throw error;
    }
  }

  /** Writes what waits to be written behind, and waits for all that is under way. */
  async flush(): Promise<void> {
    await this.#behind?.drain();
    await this.#turns.quiet();
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.#closing ??= this.#close();
  }

  async #close(): Promise<void> {
    this.#handle.close();
    this.#backfill.stop();
    await this.flush();
    for (const key of this.#behind?.keys() ?? []) this.#report({ type: "lost", key });
    this.#deadlines.rest();
    await this.#invalidation?.close();
    const closed = await Promise.allSettled(
      this.#tiers.map(({ store }) => store[Symbol.asyncDispose]()),
    );
    for (const each of closed) if (each.status === "rejected") throw each.reason;
  }

  /** Looks for an entry from the fastest tier to the slowest, and tells when it expires. */
  async #find<T>(
    key: string,
    { signal, onEntry }: StoreGetOptions,
    ask: (store: Store, options: StoreGetOptions) => Promise<T | undefined>,
  ): Promise<Found<T | Uint8Array<ArrayBuffer>> | undefined> {
    let expires: number | undefined;
    const told = { signal, onEntry: (about: { expires: number }) => expires = about.expires };
    const places = { tiers: this.#tiers, behind: this.#behind, turns: this.#turns };
    const found = await lookUp<T | Uint8Array<ArrayBuffer>>(places, {
      key,
      signal,
      look: ({ store }) => {
        expires = undefined;
        return ask(store, told);
      },
      take: (entry) => {
        expires = entry.expires;
        return new Uint8Array(entry.bytes);
      },
    });
    if (found === "failed") throw this.#allFailed("get");
    if (found === "missing") return undefined;
    if (expires !== undefined) onEntry?.({ expires });
    return { ...found, expires };
  }

  /** Changes an entry when its turn comes, and tells whoever has a copy. */
  #change<T>(key: string, change: () => Promise<T>): Promise<T> {
    return this.#turns.take(key, async () => {
      this.#turns.change(key);
      try {
        return await change();
      } finally {
        this.#turns.change(key);
        await this.#invalidation?.publish(key);
      }
    });
  }

  async #write(
    key: string,
    entry: { readonly bytes: Uint8Array; readonly expires: number },
    lease: StoreLease | undefined,
  ): Promise<void> {
    const { bytes, expires } = entry;
    const options = expires === Infinity ? {} : { expires };
    const lender = this.#leases.tierOf(lease);
    if (lease !== undefined && lender === undefined) throw lostLease(this.name, key);
    // First, since it alone knows whether the lease is held; where it fails, nobody does.
    const lent = lender && await lender.put(key, bytes, { ...options, lease });
    const [fastest] = this.#writable;
    if (!lent?.ok && this.#behind !== undefined && !this.#behind.full) {
      if ((await fastest.put(key, bytes, options)).ok) {
        // `set` made the copy.
        this.#behind.put(key, { bytes: bytes as Uint8Array<ArrayBuffer>, expires });
        return;
      }
    }
    this.#behind?.done(key);
    const others = this.#writable.filter((tier) => tier !== lender);
    const answers = await Promise.all(others.map((tier) => tier.put(key, bytes, options)));
    if (lent !== undefined) answers.push(lent);
    if (!answers.some(({ ok }) => ok)) {
      const failed = answers.find((answer) => !answer.ok);
      throw this.#failure("set", "none of its tiers took the entry", failed?.error);
    }
  }

  /** Writes what waits under a key to the slower tiers. */
  async #writeBehind(key: string): Promise<void> {
    const [, ...slower] = this.#writable;
    await this.#turns.take(key, async () => {
      const entry = this.#behind?.get(key);
      if (entry !== undefined) {
        if (!this.#handle.closed && slower.every(({ resting }) => resting)) return;
        const options = entry.expires === Infinity ? {} : { expires: entry.expires };
        const { bytes } = entry;
        const answers = await Promise.all(slower.map((tier) => tier.put(key, bytes, options)));
        if (!answers.some(({ ok }) => ok)) return;
      }
      this.#behind?.done(key);
      await this.#invalidation?.publish(key);
    });
  }

  async #delete(key: string): Promise<boolean> {
    const waiting = this.#behind?.get(key);
    const waited = waiting !== undefined && waiting.expires > Date.now();
    this.#behind?.done(key);
    const answers = await Promise.all(this.#writable.map((tier) => tier.drop(key)));
    const failed = answers.find((answer) => !answer.ok);
    if (failed !== undefined) {
      throw this.#failure(
        "delete",
        "a tier failed, and other processes may still see its entry there; try again",
        failed.error,
      );
    }
    for (const tier of this.#tiers) {
      if (tier.writable || tier.resting) continue;
      const answer = await tier.ask({ operation: "get", key }, () => tier.store.get(key));
      if (answer.ok && answer.value !== undefined) {
        throw this.#failure("delete", `the ${tier.store.name} tier has it and is read-only`);
      }
    }
    if (waiting !== undefined) return waited;
    return answers.some((answer) => answer.ok && answer.value);
  }

  /** Drops from the tiers in memory what another process has changed. */
  #forget(key: string): void {
    this.#turns.change(key);
    const own = this.#writable.filter(({ store }) => !store.supports.persistent);
    if (own.length === 0 || this.#handle.closed) return;
    void this.#turns.take(key, () => Promise.all(own.map((tier) => tier.drop(key))));
  }

  #check(operation: StoreOperation, key: string, { signal }: StoreCallOptions): void {
    this.#handle.check(operation);
    checkKey(key);
    signal?.throwIfAborted();
  }

  #checkMayWrite(operation: StoreOperation): void {
    if (this.#writable.length > 0) return;
    throw this.#failure(operation, "all its tiers are read-only");
  }

  /** Refuses what no tier takes before any of them drops its entry for it. */
  #checkSize(size: number): void {
    const { maxBytes = Infinity } = this.supports;
    if (size > maxBytes) throw this.#failure("set", `its tiers take ${maxBytes} bytes at most`);
  }

  #allFailed(operation: StoreOperation): StoreError {
    const { lastError } = this.#tiers.find((tier) => tier.lastError !== undefined) ?? {};
    return this.#failure(operation, "all its tiers fail, and are asked again soon", lastError);
  }

  #failure(operation: StoreOperation, why: string, cause?: unknown): StoreError {
    const details = { store: this.name, operation };
    return new StoreError(
      `Cannot ${operation} in the ${this.name} store: ${why}`,
      cause === undefined ? details : { ...details, cause },
    );
  }
}
