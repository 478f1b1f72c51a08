/**
 * Values that a head cannot hold: chunks under a generation, which is random, so that two writers
 * never share one.
 *
 * From the first chunk until a head names them, and from when it no longer does until they are
 * gone, a note says that they are loose. A writer that dies leaves its note; whoever finds a note
 * that nobody has touched for an hour removes the chunks. The writer checks its note in every
 * transaction, and so cannot finish what was removed.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";
import { createHasher } from "../../hash/mod.ts";
import { type Database, expiryOf } from "./database.ts";
import { lostUpload } from "./failure.ts";
import { chunkCount, type Chunks, newGeneration } from "./head.ts";
import type { Keys } from "./keys.ts";
import {
  type KvCheck,
  type KvKey,
  MAX_CHUNKS_AT_ONCE,
  MAX_DELETES_AT_ONCE,
  MAX_KEYS_AT_ONCE,
  MAX_VALUE_BYTES,
} from "./kv.ts";

/** The most chunks that are removed without a look at them: a gibibyte. */
const MAX_COUNTED_CHUNKS = 16_384;

/** A note: when it was written by the writer's clock, and how many chunks there are. */
export interface Note {
  /** Milliseconds since the epoch. */
  readonly time: number;
  /** Number of chunks, from index 0 on. */
  readonly chunks: number;
}

/** The note on the chunks of a value that is replaced. */
export function noteOn({ size }: Chunks): Note {
  return { time: Date.now(), chunks: chunkCount(size) };
}

/** Chunks in the making. */
export class Upload {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #expires: number;
  readonly #generation = newGeneration();
  readonly #hasher = createHasher();
  #waiting: Uint8Array[] = [];
  #written = 0;
  #size = 0;
  #versionstamp: string | null = null;

  /** @param expires Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  constructor(database: Database, keys: Keys, expires: number) {
    this.#database = database;
    this.#keys = keys;
    this.#expires = expires;
  }

  /** What has to hold for the chunks to be there. */
  get check(): KvCheck {
    return { key: this.#keys.loose(this.#generation), versionstamp: this.#versionstamp };
  }

  /** Adds a chunk, of full length unless it is the last, and keeps it until it is written. */
  async add(chunk: Uint8Array): Promise<void> {
    this.#hasher.update(chunk);
    this.#size += chunk.length;
    this.#waiting.push(chunk);
    if (this.#waiting.length === MAX_CHUNKS_AT_ONCE) await this.#write();
  }

  /** Writes what is left, and tells what a head has to say. */
  async finish(): Promise<Chunks> {
    if (this.#waiting.length > 0) await this.#write();
    return { generation: this.#generation, size: this.#size, checksum: this.#hasher.digest() };
  }

  /** Removes the chunks again, unless a head names them after all: its answer may have been lost. */
  async abandon(): Promise<void> {
    if (this.#versionstamp === null) return;
    const { ok } = await this.#database.commit("delete", (atomic) => {
      // The note is another from here on, so that a transaction under way cannot name them later.
      atomic.check(this.check).set(this.check.key, this.#note());
    });
    if (ok) await removeChunks(this.#database, this.#keys, this.#generation, this.#written);
  }

  #note(): Note {
    return { time: Date.now(), chunks: this.#written };
  }

  async #write(): Promise<void> {
    const [chunks, from] = [this.#waiting, this.#written];
    this.#waiting = [];
    this.#written += chunks.length;
    const expiry = expiryOf(this.#expires);
    const { ok, versionstamp } = await this.#database.commit("set", (atomic) => {
      atomic.check(this.check).set(this.check.key, this.#note());
      for (const [index, chunk] of chunks.entries()) {
        atomic.set(this.#keys.chunk(this.#generation, from + index), chunk, expiry);
      }
    });
    if (!ok) throw lostUpload();
    this.#versionstamp = versionstamp!;
  }
}

/** Says that a chunk is missing: the value was overwritten or deleted meanwhile, or damaged. */
export class MissingChunk extends Error {}

/**
 * Yields the chunks that a head names.
 *
 * @throws {MissingChunk} One is not there.
 * @throws {DecodeError} They are not what the head says.
 */
export async function* readChunks(
  database: Database,
  keys: Keys,
  { generation, size, checksum }: Chunks,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  const hasher = createHasher();
  const count = chunkCount(size);
  const read = (from: number) => {
    const indexes = Array.from(
      { length: Math.min(MAX_KEYS_AT_ONCE, count - from) },
      (_, index) => keys.chunk(generation, from + index),
    );
    const group = database.getMany("get", indexes);
    // It is asked for in advance, and may fail while nobody looks at it yet.
    group.catch(() => {});
    return group;
  };
  let next = read(0);
  try {
    for (let from = 0; from < count; from += MAX_KEYS_AT_ONCE) {
      const group = await next;
      if (from + MAX_KEYS_AT_ONCE < count) next = read(from + MAX_KEYS_AT_ONCE);
      for (const [index, { value }] of group.entries()) {
        const chunk = checkChunk(value, from + index, size);
        // First, since it is the reader's to change from then on.
        hasher.update(chunk);
        yield chunk;
      }
    }
  } finally {
    // Nothing goes on behind the back of whoever stops early.
    await next.catch(() => {});
  }
  const digest = hasher.digest();
  if (!digest.every((byte, index) => byte === checksum[index])) {
    throw new DecodeError("The chunks do not have the checksum that the head says", { offset: 0 });
  }
}

function checkChunk(value: unknown, index: number, size: number): Uint8Array<ArrayBuffer> {
  if (value === null) throw new MissingChunk(`Chunk ${index} is missing`);
  const at = index * MAX_VALUE_BYTES;
  if (!(value instanceof Uint8Array) || value.length !== Math.min(MAX_VALUE_BYTES, size - at)) {
    throw new DecodeError(`Chunk ${index} has a wrong length`, { offset: at });
  }
  return value as Uint8Array<ArrayBuffer>;
}

/**
 * Removes chunks and then the note on them.
 *
 * @param goesOn Whether to go on, asked before each transaction. The note stays until all are gone.
 */
export async function removeChunks(
  database: Database,
  keys: Keys,
  generation: string,
  count: number,
  goesOn: () => boolean = () => true,
): Promise<void> {
  let keysAtOnce: KvKey[] = [];
  const remove = () =>
    database.commit("delete", (atomic) => {
      for (const key of keysAtOnce) atomic.delete(key);
    });
  for await (const key of chunkKeys(database, keys, generation, count)) {
    keysAtOnce.push(key);
    if (keysAtOnce.length < MAX_DELETES_AT_ONCE) continue;
    if (!goesOn()) return;
    await remove();
    keysAtOnce = [];
  }
  if (!goesOn()) return;
  keysAtOnce.push(keys.loose(generation));
  await remove();
}

/** The keys of chunks by their number, and by what is there where the number can hardly be true. */
async function* chunkKeys(
  database: Database,
  keys: Keys,
  generation: string,
  count: number,
): AsyncGenerator<KvKey, void> {
  if (count <= MAX_COUNTED_CHUNKS) {
    for (let index = 0; index < count; index++) yield keys.chunk(generation, index);
    return;
  }
  for await (const { key } of database.list("delete", keys.allChunks(generation))) yield key;
}
