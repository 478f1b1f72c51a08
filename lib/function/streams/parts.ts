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

/** Generations whose parts this process writes, or reads while others may wish them gone. */
const inUse = new Set<string>();

/**
 * Names a new generation, whose parts stay until {@linkcode endGeneration} whatever is removed
 * meanwhile. The name tells when it began.
 */
export function beginGeneration(): string {
  const generation = `${Date.now().toString(36)}-${crypto.randomUUID()}`;
  inUse.add(generation);
  return generation;
}

/** Lets the parts of a generation go with their record. */
export function endGeneration(generation: string): void {
  inUse.delete(generation);
}

/** Streams that are being replayed here: by how many, and what is to be removed after them. */
const replayed = new Map<string, { readers: number; removals: (() => Promise<unknown>)[] }>();
/** Readers that may be dropped before their end, such as that of a `Response` nobody reads. */
const unread = new FinalizationRegistry((release: () => void) => release());

/**
 * Lets the parts of a stored stream stay for one more reader, whatever is removed meanwhile.
 *
 * @param reader Reads them; when nothing refers to it any more, they may go as well.
 * @returns Lets them go.
 */
export function holdParts(generation: string, reader: object): () => void {
  const held = replayed.get(generation) ?? { readers: 0, removals: [] };
  replayed.set(generation, held);
  held.readers++;
  let isHeld = true;
  const release = () => {
    if (!isHeld) return;
    isHeld = false;
    if (--held.readers > 0) return;
    replayed.delete(generation);
    // What stays behind belongs to no record, and goes when the store is pruned.
    for (const remove of held.removals) remove().catch(() => {});
  };
  unread.register(reader, release);
  return release;
}

/**
 * Removes a part at once, or where it is being replayed here, after that.
 *
 * @throws {StoreError} The store failed.
 */
export async function removePart(store: Store, key: string, generation: string): Promise<void> {
  const remove = () => store.delete(key);
  const held = replayed.get(generation);
  if (held === undefined) await remove();
  else held.removals.push(remove);
}

/** What the key of a part says, without what its record says. */
export interface PartName {
  /** Key of the record. */
  readonly storeKey: string;
  readonly generation: string;
  /** When the generation began, in milliseconds since the epoch. */
  readonly began: number;
  /** Whether this process writes or reads the generation now. */
  readonly isInUse: boolean;
}

/** What the key of a part says; `undefined` where it is none. */
export function partNameOf(key: string): PartName | undefined {
  const [, storeKey, generation, began] = PART_KEY.exec(key) ?? [];
  if (storeKey === undefined) return undefined;
  const isInUse = inUse.has(generation);
  return { storeKey, generation, began: Number.parseInt(began, 36), isInUse };
}

const PART_KEY = /^(.*)\.(([0-9a-z]+)-[0-9a-f-]{36})\.\d+$/s;

/** The parts of one stream. */
export class Parts {
  /** Tells the parts from those of an earlier or a concurrent stream. */
  readonly generation: string;
  readonly #store: Store;
  readonly #prefix: string;
  readonly #list: Part[];

  /**
   * @param storeKey Key of the record that the parts belong to.
   * @param generation Tells the parts from those of an earlier or a concurrent stream.
   * @param list The parts that are there already.
   */
  constructor(store: Store, storeKey: string, generation: string, list: readonly Part[] = []) {
    this.generation = generation;
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
    if (bytes === undefined) throw partIsGone(index);
    if (toHex(blake3(bytes)) !== toHex(this.#list[index].digest)) {
      throw new DecodeError(`Part ${index} of a stored stream is damaged`, { offset: 0 });
    }
    return bytes;
  }

  /**
   * Looks whether all parts are there: by one listing, or where the store cannot list, by reading
   * the last one, since a store that makes room begins with what was stored first.
   *
   * @throws {StoreError} The store failed.
   * @throws {DecodeError} A part is gone.
   */
  async check(): Promise<void> {
    const there = new Set<string>();
    try {
      for await (const { key } of this.#store.list(this.#prefix)) there.add(key);
    } catch {
      await this.read(this.#list.length - 1);
      return;
    }
    const gone = this.#list.findIndex((_, index) => !there.has(this.#prefix + index));
    if (gone >= 0) throw partIsGone(gone);
  }

  /** Removes what was added; what stays behind belongs to no record, and goes with the next. */
  async remove(): Promise<void> {
    for (let index = 0; index < this.#list.length; index++) {
      await removePart(this.#store, this.#prefix + index, this.generation).catch(() => {});
    }
  }
}

function partIsGone(index: number): DecodeError {
  return new DecodeError(`Part ${index} of a stored stream is gone`, { offset: 0 });
}

/**
 * The parts that a record names; `undefined` where it names none.
 *
 * @param described What the payload of the record has in it.
 */
export function partsIn(store: Store, storeKey: string, described: unknown): Parts | undefined {
  const whole = (described ?? {}) as { outputs?: unknown };
  const { generation, parts } = (whole.outputs ?? whole) as { generation: unknown; parts: unknown };
  if (typeof generation !== "string" || !Array.isArray(parts)) return undefined;
  return new Parts(store, storeKey, generation, parts);
}

/** What the keys of all parts of a record start with. */
export function partsPrefix(storeKey: string): string {
  return `${storeKey}.`;
}

/** Removes the parts of every stream of a call, but for those in use. */
export async function removeParts(store: Store, storeKey: string): Promise<void> {
  for await (const { key } of store.list(partsPrefix(storeKey))) {
    const part = partNameOf(key);
    if (part?.isInUse !== true) await removePart(store, key, part?.generation ?? "");
  }
}
