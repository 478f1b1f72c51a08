/**
 * Leases on an S3 server that heeds conditions: one small object for each key that was ever leased,
 * which stays, so that tokens go on growing. A lifecycle rule on these objects may remove those
 * that are older than any lease lasts.
 *
 * @module
 */

import type { StoreError } from "../../errors.ts";
import { holdsOthersOff } from "../_lease_end.ts";
import { lostLease } from "../_lost_lease.ts";
import { placeOf } from "../_place.ts";
import type { StoreLease } from "../store.ts";
import { refusalIn, refused } from "./answers.ts";
import type { Reply } from "../_fetch.ts";
import type { Bucket } from "./bucket.ts";

/** What stands in the object of a lease. */
interface LeaseState {
  readonly token: number;
  /** Moment from which it is free, in milliseconds since the epoch; 0 if it was given back. */
  readonly until: number;
  /** How long it lasts when it is taken or renewed, in milliseconds. */
  readonly duration: number;
  /** Who holds it: makes every state unlike any other, and so its ETag. */
  readonly holder: string;
}

/** A state, and the ETag by which it can be replaced. */
interface Found {
  readonly state: LeaseState;
  readonly etag: string;
}

const MAX_STATE_BYTES = 1024;
/** What a server answers where a condition does not hold, or where two writers meet. */
const LOST_STATUSES: readonly number[] = [404, 409, 412];

/** The leases of one store. */
export class S3Leases {
  readonly #bucket: Bucket;
  readonly #prefix: string;
  readonly #onImpossible: () => void;
  readonly #closing: AbortSignal;
  #heeded: Promise<void> | undefined;

  /**
   * @param prefix How the names of the leases' objects start.
   * @param onImpossible Hears when it turns out that there can be no leases: the server heeds no
   *   conditions, or keeps from us what they need.
   * @param closing Aborted when the store is closed, which ends the taking of leases.
   */
  constructor(bucket: Bucket, prefix: string, onImpossible: () => void, closing: AbortSignal) {
    this.#bucket = bucket;
    this.#prefix = prefix;
    this.#onImpossible = onImpossible;
    this.#closing = closing;
  }

  /** Takes the lease; resolves to `undefined` while somebody else holds it. */
  async take(
    key: string,
    duration: number,
    signal: AbortSignal | undefined,
  ): Promise<StoreLease | undefined> {
    await this.#checkConditions();
    const name = this.#nameOf(key);
    const found = await this.#read("lease", name, signal);
    if (found !== undefined && isHeld(found.state)) return undefined;
    const token = (found?.state.token ?? 0) + 1;
    const until = Date.now() + duration;
    const state = { token, until, duration, holder: crypto.randomUUID() };
    const etag = await this.#write(name, state, found?.etag, this.#closing);
    if (etag === undefined) return undefined;
    return this.#leaseOf(key, { state, etag });
  }

  /**
   * Checks that a lease is held.
   *
   * @throws {StoreError} It is not.
   */
  async check(key: string, lease: StoreLease, signal: AbortSignal | undefined): Promise<void> {
    const found = await this.#read("set", this.#nameOf(key), signal);
    const held = found !== undefined && lease.key === key && found.state.token === lease.token &&
      found.state.until > Date.now();
    if (held) return;
    throw lostLease("s3", key);
  }

  #leaseOf(key: string, first: Found): StoreLease {
    const name = this.#nameOf(key);
    let held: Found | undefined = first;
    const replace = async (until: number): Promise<boolean> => {
      if (held === undefined || held.state.until <= Date.now()) {
        held = undefined;
        return false;
      }
      const state = { ...held.state, until };
      const etag = await this.#write(name, state, held.etag);
      held = etag === undefined ? undefined : { state, etag };
      return held !== undefined;
    };
    // One after another: two at once would take each other for a stranger.
    let last: Promise<unknown> = Promise.resolve();
    const next = (until: () => number): Promise<boolean> => {
      const turn = last.then(() => replace(until()));
      last = turn.catch(() => {});
      return turn;
    };
    return {
      key,
      token: first.state.token,
      renew: () => next(() => Date.now() + first.state.duration),
      [Symbol.asyncDispose]: async () => {
        await next(() => 0);
        held = undefined;
      },
    };
  }

  async #read(
    operation: "lease" | "set",
    name: string,
    signal: AbortSignal | undefined,
  ): Promise<Found | undefined> {
    const reply = await this.#bucket.find({ operation, name, signal }, 200);
    if (reply === undefined) return undefined;
    const state = parse(await reply.text(MAX_STATE_BYTES));
    const etag = this.#tagOf(operation, reply);
    if (state === undefined) {
      throw this.#bucket.remote.failure(operation, `${name} is no lease; delete this object`);
    }
    return { state, etag };
  }

  /**
   * Replaces a state, or makes the first; resolves to `undefined` if another came first. Not to be
   * given up while the store is open: it may take place all the same.
   */
  async #write(
    name: string,
    state: LeaseState,
    etag: string | undefined,
    signal?: AbortSignal,
  ): Promise<string | undefined> {
    const body = new TextEncoder().encode(JSON.stringify(state));
    const headers: Record<string, string> = etag === undefined
      ? { "if-none-match": "*" }
      : { "if-match": etag };
    const reply = await this.#bucket.ask({
      operation: "lease",
      method: "PUT",
      name,
      headers,
      body,
      signal,
    });
    if (reply.status !== 200) {
      const refusal = await refusalIn(reply);
      if (LOST_STATUSES.includes(reply.status) && refusal.code !== "NoSuchBucket") return undefined;
      throw refused(this.#bucket.remote, "lease", reply, refusal);
    }
    await reply.discard();
    return this.#tagOf("lease", reply);
  }

  /**
   * The ETag of a state.
   *
   * @throws {StoreError} There is none to be seen, and so nobody could renew or give back a lease.
   */
  #tagOf(operation: "lease" | "set", { headers }: Reply): string {
    const etag = headers.get("etag");
    if (etag !== null) return etag;
    this.#onImpossible();
    throw this.#bucket.hidden(operation, "ETag");
  }

  /**
   * Finds out once whether the server heeds conditions, and lets us see what they need.
   *
   * @throws {StoreError} It does not, and so would give a lease to everybody, or to nobody.
   */
  #checkConditions(): Promise<void> {
    this.#heeded ??= this.#tryConditions().catch((error: StoreError) => {
      this.#heeded = undefined;
      throw error;
    });
    return this.#heeded;
  }

  async #tryConditions(): Promise<void> {
    const name = `${this.#prefix}probe`;
    const state = { token: 0, until: 0, duration: 0, holder: "probe" };
    const signal = this.#closing;
    const first = await this.#write(name, state, undefined, signal);
    // Another has made it; whether its ETag can be seen is known before any lease is written.
    if (first === undefined) await this.#read("lease", name, signal);
    const again = await this.#write(name, state, undefined, signal);
    const wrong = await this.#write(name, state, `"${"0".repeat(32)}"`, signal);
    if (again === undefined && wrong === undefined) return;
    this.#onImpossible();
    throw this.#bucket.remote.failure(
      "lease",
      "the server does not heed conditions when an object is put; set lease: false",
    );
  }

  #nameOf(key: string): string {
    const { folders, shard, file } = placeOf(key);
    return this.#prefix + [...folders, shard, file].join("/");
  }
}

/** Whether a lease holds others off. */
function isHeld({ until, duration }: LeaseState): boolean {
  return holdsOthersOff({ end: until, duration });
}

function parse(text: string): LeaseState | undefined {
  try {
    const state = JSON.parse(text);
    const { token, until, duration, holder } = state;
    const fits = Number.isSafeInteger(token) && typeof until === "number" &&
      typeof duration === "number" && typeof holder === "string";
    return fits ? { token, until, duration, holder } : undefined;
  } catch {
    return undefined;
  }
}
