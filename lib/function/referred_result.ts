/** The result that a reference stands for. Loaded when one is asked for. */

import { CacheMissError } from "../errors.ts";
import type { CallKey } from "../key/mod.ts";
import type { PersistentResults } from "./persistent_results.ts";
import type { StoreHandle } from "./store_handle.ts";

/** A stored result, by its key. */
export class ReferredResult {
  readonly #results: PersistentResults;
  readonly #handle: StoreHandle;
  readonly #key: CallKey;
  readonly #args: readonly unknown[] | undefined;

  /** @param args Those of the call, if they are known. */
  constructor(
    results: PersistentResults,
    handle: StoreHandle,
    key: CallKey,
    args: readonly unknown[] | undefined,
  ) {
    this.#results = results;
    this.#handle = handle;
    this.#key = key;
    this.#args = args;
  }

  /** @throws {CacheMissError} It is gone. */
  async get(): Promise<unknown> {
    const { hex, bytes } = this.#key;
    const { stored, settings: { name } } = this.#results;
    const found = await stored.read(await this.#handle.store(), hex, bytes);
    const isFresh = found !== undefined && found.record.expires > Date.now();
    const outcome = isFresh ? await this.#results.open(found, this.#key, this.#args) : undefined;
    if (outcome !== undefined) return outcome.first();
    throw new CacheMissError(`The result of this call of ${name} is gone; call it again`, {
      key: hex,
    });
  }

  /** `undefined` where there is none, or an error. */
  async peek(): Promise<unknown> {
    const found = await this.#results.peek(this.#key);
    const outcome = found && await this.#results.open(found, this.#key);
    try {
      return outcome?.first();
    } catch {
      return undefined; // What was thrown is no result to look at; `get` tells of it.
    }
  }
}
