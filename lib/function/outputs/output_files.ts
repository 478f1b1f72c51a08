/** The option `outFiles`: what a function wrote, as a part of its record. */

import { decode, encode } from "../../codec/mod.ts";
import { DecodeError } from "../../errors.ts";
import { RecordFlag } from "../../record/mod.ts";
import type { Payload } from "../payload.ts";
import { endGeneration, Parts } from "../streams/parts.ts";
import { openDisk } from "./disk.ts";
import {
  type OutputPaths,
  outputsOf,
  type OutputsPlace,
  restoreOutputs,
  storeOutputs,
} from "./outputs.ts";

/** What a function wrote, stored, with its record still to be. */
export interface StoredOutputs {
  /** Payload of the record. */
  readonly payload: Payload;
  /** To be called when the record is stored, or is not to be after all. */
  readonly end: (isStored: boolean) => Promise<void>;
}

/** The outputs of one function. */
export class OutputFiles {
  readonly #positions: ReadonlyMap<string, number>;

  /**
   * @param names Parameters that say where the function writes.
   * @param parameters All its parameters in their order.
   */
  constructor(names: readonly string[], parameters: readonly (string | undefined)[]) {
    this.#positions = new Map(names.map((name) => [name, parameters.indexOf(name)]));
  }

  /**
   * Stores what the function wrote, and makes the payload of its record.
   *
   * @param expires Moment from which it may go, in milliseconds since the epoch.
   * @throws {StoreError} The store failed.
   * @throws Whatever the file system fails with, such as for an output that was not written.
   */
  async store(
    { store, storeKey }: OutputsPlace,
    { bytes, flags }: Payload,
    args: readonly unknown[],
    expires: number | undefined,
  ): Promise<StoredOutputs> {
    const place = { store, storeKey };
    const outputs = await storeOutputs(openDisk(), place, this.#pathsIn(args), expires);
    const { generation, parts } = outputs;
    return {
      payload: { bytes: encode({ value: bytes, outputs }), flags: flags | RecordFlag.OUTPUTS },
      end: async (isStored) => {
        endGeneration(generation);
        if (!isStored) await new Parts(store, storeKey, generation, parts).remove();
      },
    };
  }

  /**
   * Puts what was stored where a call names.
   *
   * @throws {DecodeError} The record is damaged, or has no outputs.
   */
  async restore(
    { store, storeKey }: OutputsPlace,
    { bytes, flags }: Payload,
    args: readonly unknown[],
  ): Promise<void> {
    if ((flags & RecordFlag.ERROR) !== 0) return;
    if ((flags & RecordFlag.OUTPUTS) === 0) {
      throw new DecodeError("The record has no outputs, and the function writes files", {
        offset: 0,
      });
    }
    const { outputs } = (decode(bytes) ?? {}) as { outputs?: unknown };
    const place = { store, storeKey };
    await restoreOutputs(openDisk(), place, outputsOf(outputs), this.#pathsIn(args));
  }

  #pathsIn(args: readonly unknown[]): OutputPaths {
    return Object.fromEntries([...this.#positions].map(([name, position]) => {
      const path = args[position];
      if (typeof path === "string" && path !== "") return [name, path];
      throw new TypeError(`outFiles needs a path as ${name}, received ${typeof path}`);
    }));
  }
}
