/**
 * Deno KV as far as it is used here, so that neither this package nor who uses it needs the types
 * of Deno's unstable parts.
 *
 * @module
 */

/** A part of a key. */
export type KvKeyPart = string | number | bigint | boolean | symbol | Uint8Array;

/** A key: parts from the general to the special. */
export type KvKey = readonly KvKeyPart[];

/** What stands under a key: `null` twice where nothing does. */
export interface KvEntry {
  /** The key. */
  readonly key: KvKey;
  /** The value. */
  readonly value: unknown;
  /** Changes whenever the value is set. */
  readonly versionstamp: string | null;
}

/** What has to hold for a transaction to take place. */
export interface KvCheck {
  /** The key. */
  readonly key: KvKey;
  /** The versionstamp that it has to have, `null` for no value. */
  readonly versionstamp: string | null;
}

/** What a transaction came to: `ok` is false where a check failed. */
export interface KvOutcome {
  /** Whether it took place. */
  readonly ok: boolean;
  /** The versionstamp of all that it set. */
  readonly versionstamp?: string;
}

/** A transaction, as `Deno.AtomicOperation`. */
export interface KvAtomic {
  /** Adds a condition. */
  check(check: KvCheck): KvAtomic;
  /** Sets a value; the database may drop it `expireIn` milliseconds later. */
  set(key: KvKey, value: unknown, options?: { expireIn?: number }): KvAtomic;
  /** Removes a value. */
  delete(key: KvKey): KvAtomic;
  /** Runs it. */
  commit(): Promise<KvOutcome>;
}

/** Which keys to list. */
export interface KvSelector {
  /** The parts that all of them start with. */
  readonly prefix: KvKey;
  /** The first of them. */
  readonly start?: KvKey;
}

/** A database, as `Deno.Kv`. */
export interface DenoKv {
  /** Reads a value. */
  get(key: KvKey): Promise<KvEntry>;
  /** Reads up to ten values at one moment. */
  // deno-lint-ignore no-explicit-any -- Deno's own types derive a tuple here.
  getMany(keys: any): Promise<readonly KvEntry[]>;
  /** Lists values in the order of their keys. */
  // deno-lint-ignore no-explicit-any -- Deno's own type is a union of three.
  list(selector: any): AsyncIterableIterator<KvEntry>;
  /** Begins a transaction. */
  atomic(): KvAtomic;
  /** Closes it. */
  close(): void;
}

/** The longest value after serialization, which takes bytes as they are. */
export const MAX_VALUE_BYTES = 65_536;
/** The longest key in its encoded form. */
export const MAX_KEY_BYTES = 2048;
/** Most keys of one `getMany`. */
export const MAX_KEYS_AT_ONCE = 10;
/** The most that one transaction may write: 800 KiB, so twelve of the longest values. */
export const MAX_CHUNKS_AT_ONCE = 12;
/** Keys that one transaction removes; a thousand are allowed, and 80 KiB of keys. */
export const MAX_DELETES_AT_ONCE = 500;
