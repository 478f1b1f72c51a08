/**
 * A stream in a store: parts of bytes, each an entry beside the record, which says how many there
 * are and what has to be in them.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { blake3, toHex } from "../../hash/mod.ts";
import type { Store } from "../../store/store.ts";

/** Bytes of a part, but for the last: large enough for few entries, small enough for any memory. */
export const PART_BYTES = 0x100000;

/** One part, as the record knows it. */
export interface Part {
  /** Length in bytes. */
  readonly size: number;
  /** Its BLAKE3. */
  readonly digest: Uint8Array;
}

/** The parts of one stream. */
export class Parts {
  readonly #store: Store;
  readonly #prefix: string;
  readonly #list: Part[];

  /**
   * @param storeKey Key of the record that the parts belong to.
   * @param generation Tells the parts from those of an earlier or a concurrent stream.
   * @param list The parts that are there already.
   */
  constructor(store: Store, storeKey: string, generation: string, list: readonly Part[] = []) {
    this.#store = store;
    this.#prefix = `${partsPrefix(storeKey)}${generation}.`;
    this.#list = [...list];
  }

  /** The parts so far. */
  get list(): readonly Part[] {
    return this.#list;
  }

  /**
   * Adds a part.
   *
   * @throws {StoreError} The store failed.
   */
  async add(bytes: Uint8Array, expires: number | undefined): Promise<void> {
    const index = this.#list.length;
    await this.#store.set(this.#prefix + index, bytes, { expires });
    this.#list.push({ size: bytes.length, digest: blake3(bytes) });
  }

  /**
   * Reads a part.
   *
   * @throws {StoreError} The store failed.
   * @throws {DecodeError} The part is gone or damaged.
   */
  async read(index: number): Promise<Uint8Array<ArrayBuffer>> {
    const bytes = await this.#store.get(this.#prefix + index);
    if (bytes === undefined) {
      throw new DecodeError(`Part ${index} of a stored stream is gone`, { offset: 0 });
    }
    if (toHex(blake3(bytes)) !== toHex(this.#list[index].digest)) {
      throw new DecodeError(`Part ${index} of a stored stream is damaged`, { offset: 0 });
    }
    return bytes;
  }

  /** Removes what was added; what stays behind belongs to no record, and goes with the next. */
  async remove(): Promise<void> {
    for (let index = 0; index < this.#list.length; index++) {
      await this.#store.delete(this.#prefix + index).catch(() => {});
    }
  }
}

/** What the keys of all parts of a record start with. */
export function partsPrefix(storeKey: string): string {
  return `${storeKey}.`;
}

/**
 * Removes the parts of every stream of a call but one.
 *
 * @param kept The generation to keep; none by default.
 */
export async function removeParts(store: Store, storeKey: string, kept?: string): Promise<void> {
  const prefix = partsPrefix(storeKey);
  for await (const { key } of store.list(prefix)) {
    if (kept === undefined || !key.startsWith(`${prefix}${kept}.`)) await store.delete(key);
  }
}
