/** The option `outFiles`: what a function wrote, as a part of its record. */

import { decode, encode } from "../../codec/mod.ts";
import { DecodeError } from "../../errors.ts";
import { RecordFlag } from "../../record/mod.ts";
import type { Store } from "../../store/store.ts";
import type { Payload } from "../payload.ts";
import { openDisk } from "./disk.ts";
import { type OutputPaths, outputsOf, restoreOutputs, storeOutputs } from "./outputs.ts";

/** The outputs of one function. */
export class OutputFiles {
  readonly #positions: ReadonlyMap<string, number>;

  /**
   * @param names Parameters that say where the function writes.
   * @param parameters All its parameters in their order.
   * @throws {TypeError} A name is that of no parameter.
   */
  constructor(names: readonly string[], parameters: readonly (string | undefined)[]) {
    this.#positions = new Map(names.map((name) => {
      const position = parameters.indexOf(name);
      if (position >= 0) return [name, position];
      throw new TypeError(`outFiles names ${JSON.stringify(name)}, which is no parameter`);
    }));
  }

  /**
   * Stores what the function wrote, and makes the payload of its record.
   *
   * @throws {StoreError} The store failed.
   * @throws Whatever the file system fails with, such as for an output that was not written.
   */
  async store(
    store: Store,
    storeKey: string,
    { bytes, flags }: Payload,
    args: readonly unknown[],
  ): Promise<Payload> {
    const place = { store, storeKey };
    const outputs = await storeOutputs(openDisk(), place, this.#pathsIn(args), undefined);
    return { bytes: encode({ value: bytes, outputs }), flags: flags | RecordFlag.OUTPUTS };
  }

  /**
   * Puts what was stored where a call names, and gives the payload of the value.
   *
   * @throws {DecodeError} The record is damaged, or has no outputs.
   */
  async restore(
    store: Store,
    storeKey: string,
    { bytes, flags }: Payload,
    args: readonly unknown[],
  ): Promise<Payload> {
    if ((flags & RecordFlag.ERROR) !== 0) return { bytes, flags };
    if ((flags & RecordFlag.OUTPUTS) === 0) {
      throw new DecodeError("The record has no outputs, and the function writes files", {
        offset: 0,
      });
    }
    const { value, outputs } = decode(bytes) as {
      value: Uint8Array<ArrayBuffer>;
      outputs: unknown;
    };
    if (!(value instanceof Uint8Array)) {
      throw new DecodeError("The record of a function that writes files has no value", {
        offset: 0,
      });
    }
    const place = { store, storeKey };
    await restoreOutputs(openDisk(), place, outputsOf(outputs), this.#pathsIn(args));
    return { bytes: value, flags: flags & ~RecordFlag.OUTPUTS };
  }

  #pathsIn(args: readonly unknown[]): OutputPaths {
    return Object.fromEntries([...this.#positions].map(([name, position]) => {
      const path = args[position];
      if (typeof path === "string" && path !== "") return [name, path];
      throw new TypeError(`outFiles needs a path as ${name}, received ${typeof path}`);
    }));
  }
}
