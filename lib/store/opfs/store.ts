/**
 * The store in the origin private file system of a browser: checks, and turns refusals of the
 * browser into errors of the store. See ./place.ts for what it does and ./log.ts for the layout.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../../errors.ts";
import {
  abortable,
  abortableLease,
  checkExpires,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { lostLease } from "../_lost_lease.ts";
import { piecesOf } from "../_streams.ts";
import { Underway } from "../_underway.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { failure, isNamed } from "./failure.ts";
import type { Index } from "./index.ts";
import { LEASES, takeLease } from "./leases.ts";
import { Listing } from "./listing.ts";
import type { Outcome } from "./changes.ts";
import type { Place } from "./place.ts";
import { Kind, writeRecord } from "./record.ts";
import { blobStream, Source } from "./streams.ts";

/** From this size on a value has a file of its own, which is not read when the store is opened. */
const LARGE_BYTES = 64 * 1024;

/** How much a site may keep. */
export interface OpfsEstimate {
  /** Bytes that the site keeps, about; all of its storage counts. */
  readonly usage: number;
  /** Bytes that it may keep, about. */
  readonly quota: number;
}

/** A {@linkcode Store} in the origin private file system, and what a browser says of that. */
export interface OpfsStore extends Required<Store> {
  /**
   * Asks the browser not to drop the site's data when its disk is full. The browser may ask the
   * user. A worker cannot ask, and only finds out.
   *
   * @returns Whether the browser will keep the data.
   */
  persist(): Promise<boolean>;
  /** Resolves to how much the site keeps and may keep. */
  estimate(): Promise<OpfsEstimate>;
}

/** One handle on a {@linkcode Place}. */
export class OpfsHandle implements OpfsStore {
  /** Short name for messages. */
  readonly name = "opfs";
  /** What this store can do. */
  readonly supports: StoreSupports = { persistent: true, lease: true, streams: true, expiry: true };
  readonly #place: Place;
  readonly #handle = new Handle("opfs");
  /** What writes, also where its caller has given it up. */
  readonly #writing = new Underway();
  #closed: Promise<void> | undefined;

  /** @param place The folder, opened for this handle. */
  constructor(place: Place) {
    this.#place = place;
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const found = await this.#run("get", options, () => this.#place.get(key));
    if (found !== undefined) options.onEntry?.({ expires: found.entry.expires });
    return found?.value;
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkSet(bytes, options);
    await this.#run(
      "set",
      options,
      () =>
        bytes.length < LARGE_BYTES
          ? this.#putPacked(key, bytes, expires, options)
          : this.#putLarge(key, [bytes.slice()], expires, options),
    );
  }

  /** Removes the entry under `key`. */
  async delete(key: string, options: StoreCallOptions = {}): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    const change = { claims: [claimOf(key)], signal: options.signal };
    return await this.#run(
      "delete",
      options,
      () => this.#place.change(change, (index) => deletion(index, key)),
    );
  }

  /** Yields the live entries by prefix, and removes what it finds expired. */
  list(prefix = "", options: StoreCallOptions = {}): AsyncIterableIterator<StoreListEntry> {
    const { signal } = options;
    return new Listing({
      prefix,
      signal,
      look: async () => {
        this.#handle.check("list");
        checkPrefix(prefix);
        return await this.#run("list", options, () => this.#place.look());
      },
      end: async (expired) => {
        // They are no entries any more, so nobody minds if their room is not free yet.
        const remove = () =>
          Promise.allSettled(expired.map((key) => this.#removeExpired(key, signal)));
        await this.#writing.during(remove);
      },
    });
  }

  /** Takes the lease on `key`. */
  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#handle.check("lease");
    checkKey(key);
    checkLeaseDuration(duration);
    const take = () => takeLease(this.#place, key, duration, options.signal);
    return await abortableLease(options, () => this.#run("lease", {}, take));
  }

  /** As `get`, from a file that is read as the stream is. */
  async getStream(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const found = await this.#run("get", options, () => this.#place.open(key));
    if (found === undefined) return undefined;
    options.onEntry?.({ expires: found.entry.expires });
    return blobStream(found.value, options, (error) => this.#failure("get", error, options));
  }

  /** As `set`, into a file that is written as the stream comes. */
  async setStream(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options: StoreSetOptions = {},
  ): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    if (!(stream instanceof ReadableStream) || stream.locked) {
      throw new TypeError("setStream() needs a ReadableStream of Uint8Arrays that nobody reads");
    }
    const expires = checkExpires(options);
    options.signal?.throwIfAborted();
    // Closing waits for what writes, and must not wait for a source that stands still.
    const given = { ...options, signal: this.#handle.signalFor(options) };
    const source = new Source(piecesOf(stream, given));
    try {
      await this.#run("set", given, async () => {
        const start = await source.start(LARGE_BYTES);
        if (source.ended) await this.#putPacked(key, start, expires, given);
        else await this.#putLarge(key, source.rest(start), expires, given);
      });
    } catch (error) {
      source.letGo();
      throw source.failed ? source.error : error;
    }
  }

  /** Asks the browser to keep the data. */
  async persist(): Promise<boolean> {
    this.#handle.check("open");
    const { storage } = navigator;
    return typeof storage.persist === "function"
      ? await storage.persist()
      : await storage.persisted();
  }

  /** Resolves to how much the site keeps and may keep. */
  async estimate(): Promise<OpfsEstimate> {
    this.#handle.check("open");
    const { usage = 0, quota = 0 } = await navigator.storage.estimate();
    return { usage, quota };
  }

  /** Closes the handle, and waits for what it still writes. */
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    await (this.#closed ??= this.#writing.quiet().then(() => this.#place.close()));
  }

  #removeExpired(key: string, signal: AbortSignal | undefined): Promise<boolean> {
    return this.#place.change(
      { claims: [claimOf(key)], signal },
      (index) => index.live(key) === undefined ? deletion(index, key) : { result: false },
    );
  }

  #putPacked(
    key: string,
    bytes: Uint8Array,
    expires: number,
    options: StoreSetOptions,
  ): Promise<void> {
    const record = writeRecord({ kind: Kind.packed, key, expires, payload: bytes });
    return this.#put(key, record, options);
  }

  #putLarge(
    key: string,
    pieces: AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>,
    expires: number,
    options: StoreSetOptions,
  ): Promise<void> {
    return this.#place.putLarge(pieces, (name, size) => {
      const payload = new TextEncoder().encode(name);
      const record = writeRecord({ kind: Kind.filed, key, expires, number: size, payload });
      return this.#put(key, record, options);
    });
  }

  #put(
    key: string,
    record: Uint8Array<ArrayBuffer>,
    { lease, signal }: StoreSetOptions,
  ): Promise<void> {
    const claims = lease === undefined ? [claimOf(key)] : [claimOf(key), LEASES];
    const blind = lease === undefined;
    return this.#place.change({ claims, blind, bytes: record.length, signal }, (index) => {
      if (lease === undefined || lease.key === key && index.holds(key, lease.token)) {
        return { record, result: undefined };
      }
      throw lostLease(this.name, key);
    });
  }

  async #run<T>(
    operation: StoreOperation,
    options: StoreCallOptions,
    work: () => Promise<T>,
  ): Promise<T> {
    try {
      if (operation === "get") return await abortable(options, work);
      return await abortable(options, () => this.#writing.during(work));
    } catch (error) {
      throw this.#failure(operation, error, options);
    }
  }

  #failure(operation: StoreOperation, error: unknown, { signal }: StoreCallOptions): unknown {
    if (signal?.aborted || error instanceof StoreError) {
      return signal?.aborted ? signal.reason : error;
    }
    if (operation === "get" && isNamed(error, "NotFoundError", "NotReadableError")) {
      return new StoreError(
        `Cannot read the entry in ${this.#place.path}: its file is gone or cut; set or delete it`,
        { store: this.name, operation, cause: error },
      );
    }
    return failure(operation, error);
  }
}

/** What two changes of one entry have in common. */
function claimOf(key: string): string {
  return `key ${key}`;
}

function deletion(index: Index, key: string): Outcome<boolean> {
  if (!index.entries.has(key)) return { result: false };
  const result = index.live(key) !== undefined;
  return { record: writeRecord({ kind: Kind.deletion, key }), result };
}
