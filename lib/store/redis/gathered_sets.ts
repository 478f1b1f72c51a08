/**
 * Sets that begin in the same turn, sent together: one `MSET` of small values takes a client and a
 * server much less time than as many `SET`s (`bench/redis_bench.ts`).
 *
 * Only values that never expire go so, since `MSET` knows no expiry. Whatever else is asked of the
 * server goes after them, so that it sees what was set before.
 *
 * @module
 */

import type { Commands } from "./clients.ts";
import { MAX_KEYS, refusesTogether, type Wait, type Waiting } from "./gathered.ts";

/** Larger values gain nothing by company. */
const MAX_VALUE_BYTES = 16 * 1024;

/** A set that waits to be sent. */
interface WaitingSet extends Waiting {
  readonly value: Uint8Array;
}

/** Writes values, several at once where that is faster. */
export class GatheredSets {
  readonly #commands: Commands;
  readonly #wait: Wait;
  #waiting: WaitingSet[] = [];
  /** Whether the server lets set several at once, as far as is known. */
  #together: boolean;

  /**
   * @param commands The client.
   * @param wait Waits for one answer.
   */
  constructor(commands: Commands, wait: Wait) {
    this.#commands = commands;
    this.#wait = wait;
    this.#together = commands.together;
  }

  /** Writes a value that never expires. */
  set(place: string, value: Uint8Array): Promise<unknown> {
    if (!this.#together || value.length > MAX_VALUE_BYTES) return this.#setOne(place, value);
    return new Promise((resolve, reject) => {
      const count = this.#waiting.push({ place, value, resolve, reject });
      if (count === 1) queueMicrotask(() => this.flush());
      else if (count === MAX_KEYS) this.flush();
    });
  }

  /** Sends what waits. */
  flush(): void {
    const waiting = this.#waiting;
    if (waiting.length === 0) return;
    this.#waiting = [];
    if (waiting.length === 1) this.#sendOne(waiting[0]);
    else void this.#sendTogether(waiting);
  }

  #setOne(place: string, value: Uint8Array): Promise<unknown> {
    return this.#wait(() => this.#commands.call("SET", place, [place, value], false));
  }

  #sendOne({ place, value, resolve, reject }: WaitingSet): void {
    this.#setOne(place, value).then(resolve, reject);
  }

  async #sendTogether(group: readonly WaitingSet[]): Promise<void> {
    const args = group.flatMap(({ place, value }) => [place, value]);
    try {
      await this.#wait(() => this.#commands.call("MSET", group[0].place, args, false));
      for (const { resolve } of group) resolve(undefined);
    } catch (error) {
      if (refusesTogether(error)) {
        this.#together = false;
        for (const each of group) this.#sendOne(each);
      } else for (const { reject } of group) reject(error);
    }
  }
}
