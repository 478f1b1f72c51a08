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
}

/** Options of {@linkcode Store.set}. */
export interface StoreSetOptions {
  /** Moment from which the entry counts as missing, in milliseconds since the epoch. */
  readonly expires?: number;
}

/** What {@linkcode Store.list} says of an entry. */
export interface StoreListEntry {
  /** The key, exactly as it was set. */
  readonly key: string;
  /** Size of the stored bytes. */
  readonly size: number;
}

/**
 * A place that keeps bytes.
 *
 * - A key is a non-empty, well-formed string of at most {@linkcode MAX_STORE_KEY_LENGTH} code
 *   units. Slashes divide it into segments; nothing else in it has a meaning, and a store maps
 *   every legal key (`..`, `CON`, `a` beside `A`, NUL) to a place of its own.
 * - `set` is atomic: a reader sees the old bytes or the new ones, never a mixture, also from
 *   another process and after a crash.
 * - A missing or expired entry is `undefined`. A failure is a rejection with a `StoreError`.
 * - The bytes handed in and out belong to the caller: a store neither keeps nor shares them.
 */
export interface Store extends AsyncDisposable {
  /** Short name for messages, such as `fs`. */
  readonly name: string;
  /** What this store can do. */
  readonly supports: StoreSupports;
  /** Resolves to the bytes under `key`, or to `undefined` where there is no live entry. */
  get(key: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Puts `bytes` under `key`, over whatever stood there. */
  set(key: string, bytes: Uint8Array, options?: StoreSetOptions): Promise<void>;
  /** Removes the entry under `key`; resolves to whether there was one. */
  delete(key: string): Promise<boolean>;
  /**
   * Yields every live entry whose key starts with `prefix`, in no particular order. Entries set or
   * deleted meanwhile may or may not be seen.
   */
  list(prefix?: string): AsyncIterable<StoreListEntry>;
  /** Closes the handle and keeps the entries. Later calls reject; closing twice is harmless. */
  [Symbol.asyncDispose](): Promise<void>;
}

/** The longest legal key, in UTF-16 code units. */
export const MAX_STORE_KEY_LENGTH = 1024;
