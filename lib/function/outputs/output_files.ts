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

/** Finds what the names in the option stand for in the arguments of a call. */
export type PathFinder = (args: readonly unknown[]) => Readonly<Record<string, unknown>>;

/** The outputs of one function. */
export class OutputFiles {
  readonly #pathsIn: PathFinder;

  /** Takes what finds where the function writes. */
  constructor(pathsIn: PathFinder) {
    this.#pathsIn = pathsIn;
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
    const outputs = await storeOutputs(openDisk(), place, this.#paths(args), expires);
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
    await restoreOutputs(openDisk(), place, outputsOf(outputs), this.#paths(args));
  }

  /** Why the result of a function that writes files cannot be a stream. */
  noStream(): TypeError {
    return new TypeError(
      "What a function writes is complete when it returns, and this one returns a stream; " +
        "return what the stream contains, or leave outFiles out",
    );
  }

  #paths(args: readonly unknown[]): OutputPaths {
    const paths = this.#pathsIn(args);
    for (const [name, path] of Object.entries(paths)) {
      if (typeof path === "string" && path !== "") continue;
      throw new TypeError(`outFiles needs a path as ${name}, received ${typeof path}`);
    }
    return paths as OutputPaths;
  }
}
