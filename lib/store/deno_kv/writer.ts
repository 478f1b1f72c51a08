/**
 * Changes to entries: chunks first, then in one transaction the head that names them.
 *
 * @module
 */

import { DecodeError, type StoreOperation } from "../../errors.ts";
import { lostLease } from "../_lost_lease.ts";
import type { StoreSetOptions } from "../store.ts";
import { noteOn, removeChunks, Upload } from "./chunks.ts";
import { type Database, expiryOf } from "./database.ts";
import { contention, lostUpload } from "./failure.ts";
import { chunkCount, type Chunks, type Head, readHead, writeHead } from "./head.ts";
import type { Keys, Place } from "./keys.ts";
import { type KvEntry, MAX_VALUE_BYTES } from "./kv.ts";
import { isHeldWith } from "./leases.ts";

/** Attempts at what other writers keep from taking place; each failure is a success of theirs. */
export const MAX_ATTEMPTS = 1000;

/** What is written for an entry: all of it, or the head to chunks that are there already. */
export interface Writing {
  /** The head. */
  readonly head: Uint8Array<ArrayBuffer>;
  /** The chunks, if it names any. */
  readonly upload?: Upload;
}

/** What writes and removes entries. */
export class Writer {
  readonly #database: Database;
  readonly #keys: Keys;
  readonly #committed: () => void;

  /**
   * @param database The database.
   * @param keys Where entries stand.
   * @param committed Runs after each write.
   */
  constructor(database: Database, keys: Keys, committed: () => void) {
    this.#database = database;
    this.#keys = keys;
    this.#committed = committed;
  }

  /** Writes chunks and then the head to them; what fails leaves nothing. */
  async upload(
    key: string,
    place: Place,
    expires: number,
    source: Iterable<Uint8Array> | AsyncIterable<Uint8Array>,
    options: StoreSetOptions,
  ): Promise<void> {
    const upload = new Upload(this.#database, this.#keys, expires);
    try {
      for await (const chunk of source) {
        options.signal?.throwIfAborted();
        await upload.add(chunk);
      }
      const head = writeHead(keyBytesOf(key, place), expires, await upload.finish());
      await this.commit(key, place, expires, { head, upload }, options);
    } catch (error) {
      // What cannot be removed now is swept later.
      await upload.abandon().catch(() => {});
      throw error;
    }
  }

  /** Sets a head, if the lease is held, and removes the chunks of the one before. */
  async commit(
    key: string,
    place: Place,
    expires: number,
    { head, upload }: Writing,
    { lease, signal }: StoreSetOptions,
  ): Promise<void> {
    const [at, leaseAt] = [this.#keys.head(place), this.#keys.lease(place)];
    for (let attempt = 0; attempt < MAX_ATTEMPTS; attempt++) {
      signal?.throwIfAborted();
      const needed = [at, ...lease ? [leaseAt] : [], ...upload ? [upload.check.key] : []];
      const [old, ...others] = await this.#database.getMany("set", needed);
      if (lease && !(lease.key === key && isHeldWith(others[0], lease.token))) {
        throw lostLease("deno-kv", key);
      }
      if (upload && others.at(-1)!.versionstamp !== upload.check.versionstamp) throw lostUpload();
      const chunks = chunksIn(old);
      const { ok } = await this.#database.commit("set", (atomic) => {
        for (const each of [old, ...others]) atomic.check(each);
        if (upload) atomic.delete(upload.check.key);
        if (chunks) atomic.set(this.#keys.loose(chunks.generation), noteOn(chunks));
        atomic.set(at, head, expiryOf(expires));
      });
      if (!ok) continue;
      this.#committed();
      if (chunks) await this.#discard(chunks);
      return;
    }
    throw contention(key, "set");
  }

  /** Removes a head as it was found, and its chunks; resolves to whether it was still the same. */
  async remove(operation: StoreOperation, found: KvEntry): Promise<boolean> {
    const chunks = chunksIn(found);
    const { ok } = await this.#database.commit(operation, (atomic) => {
      atomic.check(found).delete(found.key);
      if (chunks) atomic.set(this.#keys.loose(chunks.generation), noteOn(chunks));
    });
    if (ok && chunks) await this.#discard(chunks);
    return ok;
  }

  /** Removes chunks that no head names; those that it cannot are swept later. */
  async #discard({ generation, size }: Chunks): Promise<void> {
    await removeChunks(this.#database, this.#keys, generation, chunkCount(size)).catch(() => {});
  }
}

/** The key in a head, where the place does not tell it. */
export function keyBytesOf(key: string, { room }: Place): Uint8Array {
  return room === "entry" ? new Uint8Array() : new TextEncoder().encode(key);
}

/** Parts of the bytes, each as long as a chunk but the last. */
export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_VALUE_BYTES) {
    yield bytes.subarray(at, at + MAX_VALUE_BYTES);
  }
}

/** What a head says, or that it is damaged or foreign. */
export function headOrDamage({ value }: KvEntry, maxSize?: number): Head | "damaged" {
  try {
    return readHead(value, maxSize);
  } catch (error) {
    if (error instanceof DecodeError) return "damaged";
    throw error;
  }
}

/** The chunks that a head names, if there is one and it does. */
function chunksIn(found: KvEntry): Chunks | undefined {
  const head = headOrDamage(found, Infinity);
  return head === "damaged" || head.value instanceof Uint8Array ? undefined : head.value;
}
