/**
 * Leases as records of the log. One whose tab is gone is free before it runs out: every tab that
 * takes leases holds a Web Lock, which ends with it.
 *
 * @module
 */

import type { StoreLease } from "../store.ts";
import type { Place } from "./place.ts";
import { Kind, writeRecord } from "./record.ts";

/** What all changes of leases depend on: each takes the next token. */
export const LEASES = "leases";

/** Takes the lease on a key, unless somebody who lives holds it. */
export async function takeLease(
  place: Place,
  key: string,
  duration: number,
  signal: AbortSignal | undefined,
): Promise<StoreLease | undefined> {
  const row = (await place.look()).leases.get(key);
  const dead = row === undefined || await place.isAlive(row.holder) ? undefined : row.token;
  await place.stayAlive();
  const token = await place.change({ claims: [LEASES], signal }, (index) => {
    const holder = index.leases.get(key)?.token;
    if (holder !== undefined && holder !== dead && index.holds(key, holder)) {
      return { result: undefined };
    }
    const next = index.token + 1;
    return { record: leaseRecord(place, key, next, Date.now() + duration), result: next };
  });
  return token === undefined ? undefined : new Lease(place, key, token, duration);
}

class Lease implements StoreLease {
  readonly key: string;
  readonly token: number;
  readonly #place: Place;
  readonly #duration: number;
  #lost = false;

  constructor(place: Place, key: string, token: number, duration: number) {
    this.key = key;
    this.token = token;
    this.#place = place;
    this.#duration = duration;
  }

  async renew(): Promise<boolean> {
    return await this.#update(() => Date.now() + this.#duration);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#update(() => 0);
    this.#lost = true;
  }

  /** Writes when the lease ends, if it is still held. */
  async #update(expires: () => number): Promise<boolean> {
    if (this.#lost) return false;
    const { key, token } = this;
    const held = await this.#place.change({ claims: [LEASES] }, (index) => {
      if (!index.holds(key, token)) return { result: false };
      return { record: leaseRecord(this.#place, key, token, expires()), result: true };
    });
    this.#lost ||= !held;
    return held;
  }
}

function leaseRecord(
  { id }: Place,
  key: string,
  token: number,
  expires: number,
): Uint8Array<ArrayBuffer> {
  const payload = new TextEncoder().encode(id);
  return writeRecord({ kind: Kind.lease, key, expires, number: token, payload });
}
