/**
 * Upkeep within limits, by itself: who writes so much that the store seems too full starts a pass,
 * which runs in the background of one process at a time.
 *
 * @module
 */

import type { StoreError } from "../../errors.ts";
import { abortable } from "../_keys.ts";
import type { StoreCallOptions } from "../store.ts";
import { failure } from "./failure.ts";
import type { Files } from "./files.ts";
import type { FileLease, Leases } from "./leases.ts";
import type { Limits } from "./limits.ts";
import { type FsPruneReport, Pass } from "./pass.ts";
import type { Place } from "./place.ts";
import { Removals } from "./removals.ts";
import { RecentUses } from "./recent_uses.ts";
import { TotalsFile } from "./totals.ts";
import type { Writer } from "./writer.ts";

/** How full a store is after a pass, so that the next is not due at once. */
const LOW_WATER = 0.9;
/**
 * How long the lease on the upkeep lasts; its holder renews it a few times in between. Short, since
 * the store outgrows its limits for as long after a process died in a pass.
 */
const LEASE_MS = 5000;
const RENEW_AFTER_MS = 1000;
/** How often to ask for the lease while another process has it. */
const RETRY_MS = 50;
/** How long to wait after a pass that the system did not let remove enough. */
const RETRY_FULL_MS = 60_000;
/** A record of the totals stands for at most this part of a limit. */
const GRAIN = 1 / 1000;
/** And for at most so many changes. */
const MAX_WEIGHT = 256;
/** How often within `maxAge` to look for what is too old, and the most and least time between. */
const LOOKS = 8;
const MAX_PAUSE_MS = 86_400_000;
const MIN_PAUSE_MS = 1000;
const NO_LIMITS: Limits = { maxBytes: Infinity, maxEntries: Infinity, maxAge: Infinity };

/** Ends a pass whose lease ran out, and was taken by another process. */
class Overtaken extends Error {}

/** A change that goes into the totals. */
interface Change {
  readonly weight: number;
  readonly entries: number;
  readonly bytes: number;
}

/** Options of {@linkcode Upkeep}. */
export interface UpkeepOptions {
  /** What may stay, or `undefined` where nothing happens by itself. */
  readonly limits: Limits | undefined;
  /** Hears how each pass that started by itself ended. */
  readonly onUpkeep: ((outcome: FsPruneReport | StoreError) => void) | undefined;
}

/** The upkeep of one store. */
export class Upkeep {
  readonly #place: Place;
  readonly #files: Files;
  readonly #root: string;
  readonly #leases: Leases;
  readonly #writer: Writer;
  readonly #options: UpkeepOptions;
  readonly #totals: TotalsFile;
  readonly #uses: RecentUses;
  readonly #removals: Removals;
  /** Whether this handle has recorded a change: the first always is one. */
  #recorded = false;
  #running: Promise<void> | undefined;
  /** When a pass may run again after one that could not remove enough. */
  #notBefore = 0;

  /**
   * @param root Root of the store.
   * @param parts What the store is made of.
   * @param options What may stay.
   */
  constructor(
    root: string,
    parts: { readonly place: Place; readonly leases: Leases; readonly writer: Writer },
    options: UpkeepOptions,
  ) {
    this.#root = root;
    this.#place = parts.place;
    this.#files = parts.place.files;
    this.#leases = parts.leases;
    this.#writer = parts.writer;
    this.#options = options;
    this.#totals = new TotalsFile(this.#files, this.#folder);
    this.#uses = new RecentUses(this.#files);
    this.#removals = new Removals(this.#files);
  }

  /**
   * Looks at what stands at `path` before it becomes a file of `size` bytes, or nothing.
   *
   * @returns The change, where it is one to record.
   */
  before(path: string, size: number | undefined): Change | undefined {
    const { limits } = this.#options;
    if (limits === undefined) return undefined;
    const old = this.#sizeOf(path);
    const larger = Math.max(size ?? 0, old ?? 0);
    const part = Math.max(larger / limits.maxBytes, 1 / limits.maxEntries);
    const chance = this.#recorded ? Math.min(1, Math.max(1 / MAX_WEIGHT, part / GRAIN)) : 1;
    if (chance < 1 && Math.random() >= chance) return undefined;
    return {
      weight: 1 / chance,
      entries: (size === undefined ? 0 : 1) - (old === undefined ? 0 : 1),
      bytes: (size ?? 0) - (old ?? 0),
    };
  }

  /** Records a change that happened, and starts a pass where one is due. Never throws. */
  after(change: Change | undefined): void {
    if (change === undefined) return;
    this.#recorded = true;
    try {
      const { entries, bytes, weight } = change;
      if (entries !== 0 || bytes !== 0) this.#totals.add(weight * entries, weight * bytes);
      const mayRun = this.#running === undefined && performance.now() >= this.#notBefore;
      if (mayRun && this.#isDue()) this.#running = this.#runByItself();
    } catch (error) {
      this.#tell(failure(this.#root, "prune", error));
    }
  }

  /** Notes a use that is too close to the last one to be set on the disk at once. */
  used(path: string, now: number): void {
    if (this.#options.limits !== undefined) this.#uses.add(path, now);
  }

  /** The removal of the file at `path`, while a pass of this handle is at it; it never rejects. */
  removalOf(path: string): Promise<void> | undefined {
    return this.#removals.of(path);
  }

  /**
   * Runs a pass now, or after the one that is running.
   *
   * @param limits What may stay; the store's own if not given.
   * @throws {StoreError} The file system fails.
   */
  async prune(limits: Limits | undefined, options: StoreCallOptions): Promise<FsPruneReport> {
    options.signal?.throwIfAborted();
    await this.settled();
    while (true) {
      const lease = await this.#takeLease();
      if (lease === undefined) {
        await abortable(options, () => new Promise((resolve) => setTimeout(resolve, RETRY_MS)));
        continue;
      }
      try {
        return await this.#run(lease, limits ?? this.#options.limits ?? NO_LIMITS, 1, options);
      } catch (error) {
        if (!(error instanceof Overtaken)) throw error; // Or else it waits for its turn again.
      }
    }
  }

  /** Waits for the pass that started by itself, if there is one. */
  async settled(): Promise<void> {
    await this.#running;
  }

  get #folder(): string {
    return `${this.#root}/upkeep`;
  }

  #isDue(): boolean {
    const { maxBytes, maxEntries, maxAge } = this.#options.limits!;
    const totals = this.#totals.read();
    if (totals === undefined) return true;
    const pause = Math.min(Math.max(maxAge / LOOKS, MIN_PAUSE_MS), MAX_PAUSE_MS);
    const since = Date.now() - totals.counted;
    return totals.entries > maxEntries || totals.bytes > maxBytes ||
      // A clock that was set back would put off the next look for as long.
      (maxAge < Infinity && (since > pause || since < -MAX_PAUSE_MS));
  }

  /** Runs passes until none is due: what was written during one may have been too much again. */
  async #runByItself(): Promise<void> {
    const limits = this.#options.limits!;
    try {
      do {
        const lease = await this.#takeLease();
        if (lease === undefined) return; // Another process is at it.
        const report = await this.#run(lease, limits, LOW_WATER, {});
        if (report.entries > limits.maxEntries || report.bytes > limits.maxBytes) {
          this.#notBefore = performance.now() + RETRY_FULL_MS;
        }
        this.#tell(report);
      } while (performance.now() >= this.#notBefore && this.#isDue());
    } catch (error) {
      // Who overtook it is at it.
      if (!(error instanceof Overtaken)) this.#tell(failure(this.#root, "prune", error));
    } finally {
      this.#running = undefined;
    }
  }

  #takeLease(): Promise<FileLease | undefined> {
    return this.#leases.takeAt({ folder: this.#folder, name: "pass" }, "upkeep", LEASE_MS);
  }

  async #run(
    lease: FileLease,
    limits: Limits,
    target: number,
    { signal }: StoreCallOptions,
  ): Promise<FsPruneReport> {
    let renewed = Date.now();
    const alive = async () => {
      signal?.throwIfAborted();
      // By the clock that ends the lease, which also goes on while a machine sleeps.
      if (Math.abs(Date.now() - renewed) < RENEW_AFTER_MS) return;
      renewed = Date.now();
      if (!await lease.renew()) lease = await this.#takeAgain(lease);
    };
    try {
      const since = this.#totals.size();
      const options = { target, uses: this.#uses, removals: this.#removals, alive };
      const report = await new Pass(this.#place, limits, options).run();
      await alive();
      if (this.#options.limits !== undefined) await this.#writeTotals(report, since);
      return report;
    } finally {
      await lease[Symbol.asyncDispose]();
    }
  }

  /**
   * Takes the lease anew that ran out while the event loop stood still.
   *
   * @throws {Overtaken} Another process has it, or had it meanwhile.
   */
  async #takeAgain({ token }: FileLease): Promise<FileLease> {
    const lease = await this.#takeLease();
    if (lease?.token === token + 1) return lease;
    await lease?.[Symbol.asyncDispose]();
    throw new Overtaken();
  }

  async #writeTotals({ entries, bytes }: FsPruneReport, since: number): Promise<void> {
    const totals = { entries, bytes, counted: Date.now() };
    const content = this.#totals.renewed(totals, since);
    await this.#writer.place(
      `${this.#folder}/totals`,
      this.#writer.fillWith(content),
      () => undefined,
    );
  }

  #sizeOf(path: string): number | undefined {
    try {
      return this.#files.status(path).size;
    } catch {
      return undefined; // Nothing there, or what follows tells why it cannot be used.
    }
  }

  #tell(outcome: FsPruneReport | StoreError): void {
    try {
      this.#options.onUpkeep?.(outcome);
    } catch (error) {
      // A listener that throws must break neither the write that woke it nor the upkeep.
      console.error("déjà: onUpkeep of fsStore() threw:", error);
    }
  }
}
