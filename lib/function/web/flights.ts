/**
 * Runs of the handler under way, and who may wait for which.
 *
 * @module
 */

import type CachePolicy from "http-cache-semantics";
import { LruMap } from "../../lru.ts";
import { Waiters } from "../signals.ts";
import type { Recording } from "../streams/recording.ts";
import { orAfter } from "../timeouts.ts";
import { isAskedEachTime } from "./policies.ts";
import { isAlike, matches, type Variant } from "./variants.ts";

/** Most addresses of which is remembered whether equal requests can share an answer. */
const MAX_ADDRESSES = 10_000;

/**
 * How long a request waits for the answer to another, in milliseconds, where nothing is known of the
 * address yet. Then it takes the place of the other, so that a handler that hangs on an answer for
 * one user holds the rest up for so long at most, and one that is slow does not run for all at once.
 */
const FIRST_WAIT_MS = 1000;

/** What a run gave that serves others, too. */
export type Outcome =
  /** A response that is being read and stored. */
  | { readonly how: "recorded"; readonly policy: CachePolicy; readonly recording: Recording }
  /** A stored response that still holds, or stands in for one that the handler failed to give. */
  | { readonly how: "revalidated" | "stale"; readonly variant: Variant };

/** A run of the handler. */
export class Flight {
  /** The request that it answers. */
  readonly request: CachePolicy.HttpRequest;
  /** Whether equal requests wait for it. */
  readonly isPromising: boolean;
  /** Aborted when all who wait for it are gone. */
  readonly signal: AbortSignal;
  /** What it gave; `undefined` where that serves nobody else. */
  readonly known: Promise<Outcome | undefined>;
  /** As `known`, once it is. */
  outcome: Outcome | undefined;
  readonly #waiters: Waiters;
  readonly #resolve: (outcome: Outcome | undefined) => void;
  readonly #onLanded: () => void;

  /** @param onLanded Called when it serves nobody any more who comes then. */
  constructor(request: CachePolicy.HttpRequest, isPromising: boolean, onLanded: () => void) {
    this.request = request;
    this.isPromising = isPromising;
    this.#onLanded = onLanded;
    this.#waiters = new Waiters(() => this.land());
    this.signal = this.#waiters.signal;
    const { promise, resolve } = Promise.withResolvers<Outcome | undefined>();
    this.known = promise;
    this.#resolve = resolve;
  }

  /**
   * Counts one more who needs it, until `signal` is aborted; without one, for ever.
   *
   * @returns Counts that one no more.
   */
  board(signal: AbortSignal | undefined): () => void {
    const left = new AbortController();
    const until = signal && AbortSignal.any([signal, left.signal]);
    // The body is needed for as long as the client is there, which nothing else tells.
    this.#waiters.wait(new Promise<never>(() => {}), until).catch(() => {});
    return () => left.abort();
  }

  /** Says what it gave. */
  settle(outcome: Outcome): void {
    this.outcome = outcome;
    this.#resolve(outcome);
  }

  /** Says that it serves nobody any more who comes from now on. */
  land(): void {
    this.#resolve(undefined);
    this.#onLanded();
  }
}

/** The runs of the handler of one cache. */
export class Flights {
  readonly #byAddress = new Map<string, Set<Flight>>();
  /** By what the last answer of an address varied; `false` where it served nobody else. */
  readonly #learned = new LruMap<string, string | false>({ maxEntries: MAX_ADDRESSES });

  /** Begins one. */
  open(address: string, request: CachePolicy.HttpRequest, isPromising: boolean): Flight {
    const flights = this.#byAddress.get(address) ?? new Set();
    this.#byAddress.set(address, flights);
    const flight = new Flight(
      request,
      isPromising && this.#learned.get(address) !== false,
      () => {
        flights.delete(flight);
        if (flights.size === 0 && this.#byAddress.get(address) === flights) {
          this.#byAddress.delete(address);
        }
      },
    );
    flights.add(flight);
    return flight;
  }

  /** One whose answer serves a request, or may. */
  find(address: string, request: CachePolicy.HttpRequest): Flight | undefined {
    return this.#allLike(address, request).find(({ isPromising, outcome }) =>
      outcome === undefined
        ? isPromising
        : outcome.how === "recorded" && outcome.recording.canBeJoined && !outcome.policy.stale()
    );
  }

  /** Whether an equal request is being answered by the handler. */
  has(address: string, request: CachePolicy.HttpRequest): boolean {
    return this.#allLike(address, request).length > 0;
  }

  #allLike(address: string, request: CachePolicy.HttpRequest): Flight[] {
    const vary = this.#learned.peek(address) || "";
    return [...this.#byAddress.get(address) ?? []].filter((flight) =>
      flight.outcome?.how === "recorded"
        ? matches(flight.outcome.policy, request)
        : isAlike(flight.request, request, vary)
    );
  }

  /**
   * Waits for one to be known, which takes no longer than it may.
   *
   * @returns What it gave, if that serves the request.
   */
  async outcomeOf(
    flight: Flight,
    address: string,
    request: CachePolicy.HttpRequest,
  ): Promise<Outcome | undefined> {
    const outcome = this.#learned.get(address) === undefined
      ? await orAfter(flight.known, FIRST_WAIT_MS, () => this.#leave(flight, address), () => {})
      : await flight.known;
    if (outcome === undefined) return undefined;
    const policy = outcome.how === "recorded" ? outcome.policy : outcome.variant.policy;
    return matches(policy, request) ? outcome : undefined;
  }

  /** Lets nobody wait any more for one that takes too long. */
  #leave(flight: Flight, address: string): undefined {
    this.#byAddress.get(address)?.delete(flight);
  }

  /** Takes note of whether the answers of an address serve others, and by what they vary. */
  learn(address: string, policy: CachePolicy | undefined): void {
    const isShared = policy !== undefined && !isAskedEachTime(policy);
    this.#learned.set(address, isShared && String(policy.toObject().resh.vary ?? ""));
  }

  /** As {@linkcode Flights.learn}, from what is stored, where no answer is known. */
  presume(address: string, policy: CachePolicy): void {
    if (!this.#learned.has(address)) this.learn(address, policy);
  }

  /** Whether equal requests can share what the address answered last. */
  areShared(address: string): boolean {
    return typeof this.#learned.peek(address) === "string";
  }

  /** Lets nobody join those under way, since what they read has changed. */
  forget(address: string): void {
    this.#byAddress.delete(address);
  }
}
