/**
 * Gets that begin in the same turn, asked for together: one `MGET` of many keys takes a client and
 * a server much less time than as many `GET`s (`bench/redis_bench.ts`).
 *
 * What callers see is the same either way. Where `MGET` says nil there may be something else than a
 * text, which a `GET` refuses: so the keys are asked for one by one unless none of them exists.
 *
 * @module
 */

import type { Commands } from "./clients.ts";
import { nonsense } from "./failure.ts";

/** Most keys of one command, which holds up other clients for as long as it takes. */
export const MAX_KEYS = 64;
/**
 * Bytes that one `MGET` should bring at most: past that nothing is won, and the first value waits
 * for the last (`bench/redis_bench.ts`).
 */
const MAX_EXPECTED_BYTES = 256 * 1024;

/** What refuses the command as such: the keys may still be had one by one. */
const REFUSES_TOGETHER = /^(?:NOPERM|CROSSSLOT|ERR unknown command)/;

/** A call that waits for its answer. */
export interface Waiting {
  /** The key in Redis. */
  readonly place: string;
  /** Gives the answer. */
  readonly resolve: (value: unknown) => void;
  /** Says why there is none. */
  readonly reject: (error: unknown) => void;
}

/** Whether it is only the asking together that the server refuses. */
export function refusesTogether(error: unknown): boolean {
  const { cause } = error as { cause?: unknown };
  return cause instanceof Error && REFUSES_TOGETHER.test(cause.message);
}

/** Waits for an answer of the server, with its time limit and its errors. */
export type Wait = <T>(ask: () => Promise<T>) => Promise<T>;

/** Reads values as bytes, several at once where that is faster. */
export class GatheredGets {
  readonly #commands: Commands;
  readonly #wait: Wait;
  #waiting: Waiting[] = [];
  /** Whether the server lets ask for several at once, as far as is known. */
  #together: boolean;
  /** Size of a value to be expected, by those that came. */
  #expectedBytes = 0;

  /**
   * @param commands The client.
   * @param wait Waits for one answer.
   */
  constructor(commands: Commands, wait: Wait) {
    this.#commands = commands;
    this.#wait = wait;
    this.#together = commands.getManyBytes !== undefined;
  }

  /** Reads a value as bytes; `null` where there is none. */
  get(place: string): Promise<unknown> {
    if (!this.#together) return this.#getOne(place);
    return new Promise((resolve, reject) => {
      if (this.#waiting.push({ place, resolve, reject }) === 1) {
        queueMicrotask(() => this.#askForAll());
      }
    });
  }

  #getOne(place: string): Promise<unknown> {
    return this.#wait(() => this.#commands.getBytes(place));
  }

  #askForAll(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    const fitting = Math.floor(MAX_EXPECTED_BYTES / Math.max(1, this.#expectedBytes));
    const most = Math.max(1, Math.min(MAX_KEYS, fitting));
    for (let at = 0; at < waiting.length; at += most) {
      const group = waiting.slice(at, at + most);
      if (group.length === 1) this.#askForOne(group[0]);
      else void this.#askTogether(group);
    }
  }

  #askForOne({ place, resolve, reject }: Waiting): void {
    this.#getOne(place).then((value) => {
      this.#learn([value]);
      resolve(value);
    }, reject);
  }

  async #askTogether(group: readonly Waiting[]): Promise<void> {
    let open = group;
    try {
      const values = await this.#wait(() => this.#commands.getManyBytes!(placesOf(group)));
      if (!Array.isArray(values) || values.length !== group.length) throw nonsense("get", "MGET");
      this.#learn(values);
      for (const [index, { resolve }] of group.entries()) {
        if (values[index] !== null) resolve(values[index]);
      }
      open = group.filter((_, index) => values[index] === null);
      if (open.length > 0) await this.#settleMissing(open);
    } catch (error) {
      this.#settleFailed(open, error);
    }
  }

  /** Tells those that found nothing so, where nothing is there indeed. */
  async #settleMissing(group: readonly Waiting[]): Promise<void> {
    const places = placesOf(group);
    const there = await this.#wait(() => this.#commands.call("EXISTS", places[0], places, true));
    if (Number(there) === 0) { for (const { resolve } of group) resolve(null); }
    else for (const each of group) this.#askForOne(each);
  }

  /** Asks one by one, from now on, where it is only the asking together that the server refuses. */
  #settleFailed(group: readonly Waiting[], error: unknown): void {
    if (refusesTogether(error)) {
      this.#together = false;
      for (const each of group) this.#askForOne(each);
      return;
    }
    // Maybe it was too much: the next are asked for in smaller groups.
    this.#expectedBytes = MAX_EXPECTED_BYTES;
    for (const { reject } of group) reject(error);
  }

  /** Learns how large values are: at once from larger ones, slowly from smaller ones. */
  #learn(values: readonly unknown[]): void {
    let bytes = 0;
    for (const value of values) if (value instanceof Uint8Array) bytes += value.length;
    const mean = Math.min(MAX_EXPECTED_BYTES, bytes / values.length);
    this.#expectedBytes = Math.max(mean, (7 * this.#expectedBytes + mean) / 8);
  }
}

function placesOf(group: readonly Waiting[]): string[] {
  return group.map(({ place }) => place);
}
