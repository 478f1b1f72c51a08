/**
 * What a store is: opaque bytes under string keys. This file is the whole contract; the suite in
 * `./suite.ts` proves that an implementation keeps it.
 *
 * @module
 */

/** What a store can do. The conformance suite skips a case by this manifest and by nothing else. */
export interface StoreSupports {
  /** Entries outlive the handle: a second handle on the same place sees them. */
  readonly persistent: boolean;
  /** Nothing can be written or deleted: those calls reject. No by default. */
  readonly readOnly?: boolean;
  /**
   * Bytes of one entry that there is room for: `set` of more rejects with a `StoreError` and keeps
   * the old entry, unless there is room all the same. Unlimited by default.
   */
  readonly maxBytes?: number;
  /** `lease` is there, and excludes every other handle on the same place. No by default. */
  readonly lease?: boolean;
  /** `getStream` and `setStream` are there. No by default. */
  readonly streams?: boolean;
  /** `get`, `getStream` and `list` tell when an entry expires. No by default. */
  readonly expiry?: boolean;
}

/** Options of every call. */
export interface StoreCallOptions {
  /**
   * Gives the call up: it rejects soon with the signal's reason. What a `set` or a `delete` had
   * begun may or may not take effect, as a whole. A stream that `getStream` gave is a part of its
   * call: until its end was read or it was cancelled, it fails with the signal's reason as soon as
   * that is aborted, also where a read is pending, and lets go of what it holds.
   */
  readonly signal?: AbortSignal | undefined;
}

/** Options of {@linkcode Store.get} and {@linkcode Store.getStream}. */
export interface StoreGetOptions extends StoreCallOptions {
  /**
   * Called before the call resolves to an entry, with what there is to know of it besides the
   * bytes. Only a store that `supports.expiry` has to call it: whoever copies entries needs it, and
   * nobody else pays for it.
   */
  readonly onEntry?: ((about: StoreEntryInfo) => void) | undefined;
}

/** What a store knows of an entry besides its bytes. */
export interface StoreEntryInfo {
  /** Moment from which it counts as missing, in milliseconds since the epoch; `Infinity`: never. */
  readonly expires: number;
}

/** Options of {@linkcode Store.set}. */
export interface StoreSetOptions extends StoreCallOptions {
  /** Moment from which the entry counts as missing, in milliseconds since the epoch. */
  readonly expires?: number | undefined;
  /**
   * Writes only while this lease on the key is held; rejects otherwise with a `StoreError` whose
   * `operation` is `"lease"`, which no other failure of a `set` has.
   */
  readonly lease?: StoreLease | undefined;
}

/** What {@linkcode Store.list} says of an entry. */
export interface StoreListEntry {
  /** The key, exactly as it was set. */
  readonly key: string;
  /** Size of the stored bytes. */
  readonly size: number;
  /**
   * Moment from which it counts as missing, in milliseconds since the epoch; `Infinity`: never.
   * Left out by a store that does not tell.
   */
  readonly expires?: number | undefined;
}

/** The right to compute what belongs under one key, held by one handle at a time. */
export interface StoreLease extends AsyncDisposable {
  /** The key. */
  readonly key: string;
  /** Fencing token: larger than that of every earlier lease on the key. */
  readonly token: number;
  /**
   * Makes the lease last its whole duration again, from now.
   *
   * @returns Whether it is still held; once it was lost, it stays lost.
   */
  renew(): Promise<boolean>;
  /** Gives the lease back, if it is still held. */
  [Symbol.asyncDispose](): Promise<void>;
}

/**
 * A place that keeps bytes.
 *
 * - A key is a non-empty, well-formed string of at most {@linkcode MAX_STORE_KEY_LENGTH} code
 *   units. Slashes divide it into segments; nothing else in it has a meaning, and a store maps
 *   every legal key (`..`, `CON`, `a` beside `A`, NUL) to a place of its own.
 * - `set` is atomic: a reader sees the old bytes or the new ones, never a mixture, also from
 *   another process and after a crash.
 * - A missing or expired entry is `undefined`. A failure is a rejection with a `StoreError`, and so
 *   is each call after closing.
 * - A wrong argument is a rejection as well, and changes nothing: a `TypeError` for a key or a prefix
 *   that is not a string, a key that is not well-formed, bytes that are no `Uint8Array`, and an
 *   `expires` or a duration that is not a number; a `RangeError` for a key that is empty or too
 *   long, an `expires` that is not finite, and a duration that is not finite or not above zero.
 * - The bytes handed in and out belong to the caller: a store neither keeps nor shares them.
 * - A call whose signal is aborted, before or meanwhile, rejects with the signal's reason; a stream
 *   that it gave fails with it.
 *
 * @example A store in a `Map`, and the proof that it is one
 * ```ts
 * import { StoreError } from "@deja/cache";
 * import { checkKey, checkPrefix, checkSet, type Store, storeSuite } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * function mapStore(): Store {
 *   const entries = new Map<string, { bytes: Uint8Array<ArrayBuffer>; expires: number }>();
 *   let closed = false;
 *   const check = (operation: "get" | "set" | "delete" | "list", signal?: AbortSignal) => {
 *     if (closed) throw new StoreError("The map store is closed", { store: "map", operation });
 *     signal?.throwIfAborted();
 *   };
 *   const find = (key: string) => {
 *     checkKey(key);
 *     const entry = entries.get(key);
 *     return entry !== undefined && entry.expires > Date.now() ? entry : undefined;
 *   };
 *   return {
 *     name: "map",
 *     supports: { persistent: false, expiry: true },
 *     async get(key, { signal, onEntry } = {}) {
 *       check("get", signal);
 *       const entry = find(key);
 *       if (entry !== undefined) onEntry?.({ expires: entry.expires });
 *       return entry?.bytes.slice();
 *     },
 *     async set(key, bytes, options = {}) {
 *       check("set", options.signal);
 *       checkKey(key);
 *       const expires = checkSet(bytes, options);
 *       entries.set(key, { bytes: new Uint8Array(bytes), expires });
 *     },
 *     async delete(key, { signal } = {}) {
 *       check("delete", signal);
 *       return find(key) !== undefined && entries.delete(key);
 *     },
 *     async *list(prefix = "", { signal } = {}) {
 *       check("list", signal);
 *       checkPrefix(prefix);
 *       for (const [key, { bytes, expires }] of entries) {
 *         if (!key.startsWith(prefix) || expires <= Date.now()) continue;
 *         yield { key, size: bytes.length, expires };
 *         signal?.throwIfAborted();
 *       }
 *     },
 *     async [Symbol.asyncDispose]() {
 *       closed = true;
 *     },
 *   };
 * }
 *
 * // In a test file, await storeSuite("map", () => ({ store: mapStore() })) is all.
 * const cases: (() => Promise<void>)[] = [];
 * await storeSuite("map", () => ({ store: mapStore() }), {
 *   test: (_name, body) => cases.push(body),
 *   skip: () => {},
 * });
 * for (const body of cases) await body();
 * assert.isAbove(cases.length, 40);
 * ```
 */
export interface Store extends AsyncDisposable {
  /** Short name for messages, such as `fs`. */
  readonly name: string;
  /** What this store can do. */
  readonly supports: StoreSupports;
  /** Resolves to the bytes under `key`, or to `undefined` where there is no live entry. */
  get(key: string, options?: StoreGetOptions): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Puts `bytes` under `key`, over whatever stood there. */
  set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void>;
  /** Removes the entry under `key`; resolves to whether there was one. */
  delete(key: string, options?: StoreCallOptions): Promise<boolean>;
  /**
   * Yields every live entry whose key starts with `prefix`, each once, in no particular order,
   * without holding them all in memory. Entries set or deleted meanwhile may or may not be seen.
   */
  list(prefix?: string, options?: StoreCallOptions): AsyncIterable<StoreListEntry>;
  /**
   * Takes the lease on `key` for `duration` milliseconds: a lease that is neither renewed nor
   * given back runs out, so that the death of its holder blocks nobody for longer. Leases are no
   * entries: `get` and `list` do not see them, and `delete` does not touch them.
   *
   * @returns The lease, or `undefined` while somebody else holds it.
   */
  lease?(
    key: string,
    duration: number,
    options?: StoreCallOptions,
  ): Promise<StoreLease | undefined>;
  /**
   * As `get`, for values larger than memory should hold. The bytes are those of one entry also if
   * it is overwritten or deleted meanwhile, or else the stream fails with a `StoreError`. It fails
   * with the reason of the signal as soon as that is aborted, however much of it was read.
   */
  getStream?(
    key: string,
    options?: StoreGetOptions,
  ): Promise<ReadableStream<Uint8Array<ArrayBuffer>> | undefined>;
  /**
   * As `set`, for values larger than memory should hold. A stream that fails rejects the call with
   * its error and leaves the old entry.
   */
  setStream?(
    key: string,
    stream: ReadableStream<Uint8Array>,
    options?: StoreSetOptions,
  ): Promise<void>;
  /**
   * Closes the handle and keeps the entries. Later calls reject, and so does a `setStream` that is
   * under way, whose source may never end; closing twice is harmless.
   */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The longest legal key, in UTF-16 code units. */
export const MAX_STORE_KEY_LENGTH = 1024;
