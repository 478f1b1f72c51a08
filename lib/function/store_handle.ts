/** A store that opens when it is first needed, and the calls that are under way on it. */

import type { Store } from "../store/store.ts";
import type { EntryFilter } from "./entry.ts";
import { Invalidations } from "./invalidations.ts";
import type { CacheMode } from "./mode.ts";
import type { Settings } from "./settings.ts";
import type { Waiters } from "./signals.ts";
import { Turns } from "./turns.ts";

/** What a computation or a look-up under way gives to whoever waits for it. */
export interface Outcome {
  /**
   * The result for the caller that started it; throws what the function threw.
   *
   * @param signal Aborted when that caller gives up what streams.
   */
  readonly first: (signal?: AbortSignal) => unknown;
  /**
   * The result for another caller, its own, so that nobody sees another's changes. `undefined`
   * where this is no answer to other calls, such as since its inputs were changed meanwhile.
   */
  readonly again: ((signal?: AbortSignal) => unknown) | undefined;
  /** Settles when the result is complete, where it still streams. Never rejects. */
  readonly ended?: Promise<unknown> | undefined;
  /** Says that the caller that started it does not take it after all. */
  readonly leave?: (reason?: unknown) => Promise<void>;
  /** Reads it to its end in place of that caller, so that it is stored. Never rejects. */
  readonly drain?: () => Promise<void>;
  /** Grows as long as somebody gets on with reading it; `undefined` while that is not theirs to do. */
  readonly steps?: () => number | undefined;
}

/** A call under way. */
export interface Flight {
  readonly outcome: Promise<Outcome>;
  /** Those who wait for it. */
  readonly waiters: Waiters;
  /** What the call may do. */
  readonly mode: CacheMode;
  /** Tags that the result will have; `undefined` where they are computed from it. */
  readonly tags: readonly string[] | undefined;
  /** Set when the entry is deleted or refreshed meanwhile: what is computed is then not stored. */
  discarded: boolean;
  /** What was dropped meanwhile: a result that is meant by one of these is not stored. */
  readonly forgotten: EntryFilter[];
  /** The call that was under way when this one, a refresh, began. */
  readonly replaces: Flight | undefined;
}

/** A result past its time, which may stand in for one that cannot be computed. */
export interface Stale {
  readonly outcome: Outcome;
  readonly expires: number;
}

/** A computation under way behind a stale result. */
export interface Renewal {
  readonly outcome: Promise<Outcome>;
  /** The call that began it. */
  readonly flight: Flight;
}

/** A call that begins. */
export function newFlight(
  { tags }: Settings,
  given: Omit<Flight, "tags" | "discarded" | "forgotten">,
): Flight {
  const known = typeof tags === "function" ? undefined : tags;
  return { ...given, tags: known, discarded: false, forgotten: [] };
}

/** The tags that a result has which a filter means, where it names any. */
export function tagsOf({ tag }: EntryFilter): readonly string[] | undefined {
  return tag === undefined ? undefined : [tag];
}

function mayHave({ tags: own }: Flight, tags: readonly string[] | undefined): boolean {
  return own === undefined || tags === undefined || tags.some((tag) => own.includes(tag));
}

/** One store, shared by all functions that are cached on it. */
export class StoreHandle {
  /** Calls under way, by store key, so that equal calls join. */
  readonly flights = new Map<string, Flight>();
  /** Computations under way behind stale results, by store key. */
  readonly renewals = new Map<string, Renewal>();
  /** The tags that were invalidated while functions ran. */
  readonly invalidations = new Invalidations();
  /** Calls under way that later ones do not join any more. */
  readonly #parted = new Set<{ readonly storeKey: string; readonly flight: Flight }>();
  /** The changes under way to each store key. */
  readonly #turns = new Turns();
  readonly #open: () => Promise<Store> | Store;
  #opening: Promise<Store> | undefined;
  #opened: Store | undefined;

  /** @param open Opens the store; asked once, and again after it failed. */
  constructor(open: () => Promise<Store> | Store) {
    this.#open = open;
  }

  /** The store, once it is open. */
  get opened(): Store | undefined {
    return this.#opened;
  }

  /**
   * The open store.
   *
   * @throws Whatever opening it rejects with; the next call tries again.
   */
  store(): Promise<Store> {
    return this.#opening ??= this.#start();
  }

  /**
   * Makes changes to one entry follow each other, so that a removal is not overtaken by a write
   * that began before it.
   */
  inTurn<T>(storeKey: string, change: () => Promise<T>): Promise<T> {
    return this.#turns.take(storeKey, change);
  }

  /** Keeps what is being computed for the entries that `owns` accepts from being stored. */
  discard(owns: (storeKey: string) => boolean): void {
    // Later calls must not join them either.
    for (const [storeKey, flight] of [...this.flights]) {
      if (!owns(storeKey)) continue;
      discard(flight);
      this.flights.delete(storeKey);
    }
    for (const [storeKey, { flight }] of [...this.renewals]) {
      if (!owns(storeKey)) continue;
      discard(flight);
      this.renewals.delete(storeKey);
    }
    for (const { storeKey, flight } of this.#parted) if (owns(storeKey)) discard(flight);
  }

  /**
   * Takes note that results with these tags count no more: what is being computed is checked before
   * it is stored, and later calls do not join it.
   */
  invalidate(tags: readonly string[], owns: (storeKey: string) => boolean): void {
    const { invalidations } = this;
    for (const tag of tags) invalidations.add(tag);
    this.#partAll(owns, tags);
  }

  /**
   * Keeps what is being computed and what a filter means from being stored, and lets later calls not
   * join it.
   */
  forget(owns: (storeKey: string) => boolean, filter: EntryFilter): void {
    this.#partAll(owns, tagsOf(filter));
    for (const { storeKey, flight } of this.#parted) {
      if (!owns(storeKey)) continue;
      for (let each: Flight | undefined = flight; each !== undefined; each = each.replaces) {
        each.forgotten.push(filter);
      }
    }
  }

  /** As {@linkcode StoreHandle.part}, also of what is computed behind stale results. */
  #partAll(owns: (storeKey: string) => boolean, tags: readonly string[] | undefined): void {
    this.part(owns, tags);
    for (const [storeKey, { flight, outcome }] of [...this.renewals]) {
      if (!owns(storeKey) || !mayHave(flight, tags)) continue;
      this.renewals.delete(storeKey);
      this.partFrom(storeKey, flight, outcome);
    }
  }

  /**
   * Lets later calls not join those that are under way now, such as after a removal: they may have
   * read before it.
   *
   * @param tags Only those that may have one of these, where given.
   */
  part(owns: (storeKey: string) => boolean, tags?: readonly string[]): void {
    for (const [storeKey, flight] of [...this.flights]) {
      if (!owns(storeKey) || !mayHave(flight, tags)) continue;
      this.flights.delete(storeKey);
      this.partFrom(storeKey, flight);
    }
  }

  /** Keeps a call under way in mind that later ones do not join: what it computes may be discarded. */
  partFrom(storeKey: string, flight: Flight, outcome: Promise<Outcome> = flight.outcome): void {
    const parted = { storeKey, flight };
    this.#parted.add(parted);
    const forget = () => void this.#parted.delete(parted);
    outcome.then(({ ended }) => ended).then(forget, forget);
  }

  /** Waits for the changes under way to the entries that `owns` accepts, however they end. */
  quiet(owns: (storeKey: string) => boolean): Promise<void> {
    return this.#turns.ended(owns);
  }

  async #start(): Promise<Store> {
    try {
      return this.#opened = await this.#open();
    } catch (error) {
      this.#opening = undefined;
      throw error;
    }
  }
}

/** Keeps what a call under way computes out of the store, and what that call replaces. */
export function discard(flight: Flight | undefined): void {
  for (let each = flight; each !== undefined; each = each.replaces) each.discarded = true;
}
