/**
 * What every store checks before it does anything: the arguments, and that it is still open.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../errors.ts";
import {
  MAX_STORE_KEY_LENGTH,
  type StoreCallOptions,
  type StoreLease,
  type StoreSetOptions,
} from "./store.ts";

/**
 * Checks that `key` is legal, as every call of a store does that has one.
 *
 * @param key The key that the store was given.
 * @throws {TypeError} It is not a string, or not well-formed.
 * @throws {RangeError} It is empty or too long.
 *
 * @example
 * ```ts
 * import { checkKey } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * checkKey("users/42");
 * assert.throws(() => checkKey(""), RangeError);
 * ```
 */
export function checkKey(key: string): void {
  if (typeof key !== "string") {
    throw new TypeError(`A store key must be a string, received ${describe(key)}`);
  }
  if (key.length === 0) {
    throw new RangeError("A store key must not be empty");
  }
  if (key.length > MAX_STORE_KEY_LENGTH) {
    throw new RangeError(
      `A store key must have at most ${MAX_STORE_KEY_LENGTH} code units, received ${key.length}; ` +
        "use a hash of it instead",
    );
  }
  if (!key.isWellFormed()) {
    throw new TypeError("A store key must be well-formed, received one with a lone surrogate");
  }
}

/**
 * Checks that the prefix of a `list` is a string.
 *
 * @param prefix The prefix that the store was given.
 * @throws {TypeError} It is not a string.
 *
 * @example
 * ```ts
 * import { checkPrefix } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * checkPrefix("");
 * assert.throws(() => checkPrefix(5 as unknown as string), TypeError);
 * ```
 */
export function checkPrefix(prefix: string): void {
  if (typeof prefix !== "string") {
    throw new TypeError(`The prefix of a list must be a string, received ${describe(prefix)}`);
  }
}

/**
 * Checks how long a lease is to last.
 *
 * @param duration Milliseconds.
 * @throws {TypeError} It is not a number.
 * @throws {RangeError} It is not finite or not more than zero.
 */
export function checkLeaseDuration(duration: number): void {
  if (typeof duration !== "number") {
    throw new TypeError(`A lease lasts milliseconds, received ${describe(duration)}`);
  }
  if (!Number.isFinite(duration) || duration <= 0) {
    throw new RangeError(
      `A lease must last a finite number of milliseconds above zero, received ${duration}`,
    );
  }
}

/**
 * Waits for `work`, or for the signal: whichever comes first decides. What cannot be given up goes
 * on, and its outcome is dropped.
 *
 * @param signal The signal of the call, if it has one.
 * @param work Starts the work; not called where the signal is aborted already.
 * @throws The signal's reason, or whatever `work` rejects with.
 */
export async function abortable<T>(
  { signal }: StoreCallOptions,
  work: () => Promise<T>,
): Promise<T> {
  if (signal === undefined) return await work();
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const abort = () => aborted.reject(signal.reason);
  signal.addEventListener("abort", abort);
  try {
    return await Promise.race([work(), aborted.promise]);
  } finally {
    signal.removeEventListener("abort", abort);
  }
}

/**
 * As {@linkcode abortable}, for a lease: one that is had when nobody waits for it any more is given
 * back, or it would hold others off for nobody.
 *
 * @param take Asks for the lease, and is not to heed the signal once it may have it.
 * @throws The signal's reason, or whatever `take` rejects with.
 */
export async function abortableLease(
  options: StoreCallOptions,
  take: () => Promise<StoreLease | undefined>,
): Promise<StoreLease | undefined> {
  let taking: Promise<StoreLease | undefined> | undefined;
  try {
    return await abortable(options, () => taking = take());
  } catch (error) {
    taking?.then((lease) => lease?.[Symbol.asyncDispose]()).catch(() => {});
    throw error;
  }
}

/**
 * Checks what `set` was given besides the key.
 *
 * @param bytes The bytes that the store was given.
 * @param options The options that it was given.
 * @returns The moment of expiry in milliseconds since the epoch, `Infinity` for never.
 * @throws {TypeError} `bytes` is not a Uint8Array, or `expires` is not a number.
 * @throws {RangeError} `expires` is not finite.
 *
 * @example
 * ```ts
 * import { checkSet } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * assert.equal(checkSet(Uint8Array.of(1)), Infinity);
 * assert.equal(checkSet(Uint8Array.of(1), { expires: 86_400_000 }), 86_400_000);
 * assert.throws(() => checkSet(Uint8Array.of(1), { expires: NaN }), RangeError);
 * ```
 */
export function checkSet(bytes: Uint8Array, options: StoreSetOptions = {}): number {
  if (!(bytes instanceof Uint8Array)) {
    throw new TypeError(`A store keeps a Uint8Array, received ${describe(bytes)}`);
  }
  return checkExpires(options);
}

/**
 * Checks the expiry that `set` or `setStream` was given.
 *
 * @returns The moment of expiry in milliseconds since the epoch, `Infinity` for never.
 * @throws {TypeError} It is not a number.
 * @throws {RangeError} It is not finite.
 */
export function checkExpires({ expires }: StoreSetOptions): number {
  if (expires === undefined) return Infinity;
  if (typeof expires !== "number") {
    throw new TypeError(
      `expires must be milliseconds since the epoch, received ${describe(expires)}`,
    );
  }
  if (!Number.isFinite(expires)) {
    throw new RangeError(
      `expires must be finite milliseconds since the epoch, received ${expires}; ` +
        "leave it out for an entry that never expires",
    );
  }
  return expires;
}

/** Says of a wrong argument what it is. */
function describe(value: unknown): string {
  if (value === null) return "null";
  return typeof value === "object" ? (value.constructor?.name ?? "an object") : typeof value;
}

/** The open or closed state of one handle. */
export class Handle {
  readonly #store: string;
  #closed = false;
  #closing: AbortController | undefined;

  /** @param store Name of the store, for messages. */
  constructor(store: string) {
    this.#store = store;
  }

  /**
   * Checks that the handle is open.
   *
   * @throws {StoreError} It was closed.
   */
  check(operation: StoreOperation): void {
    if (this.#closed) {
      throw new StoreError(
        `Cannot ${operation}: the ${this.#store} store is closed; open it again`,
        {
          store: this.#store,
          operation,
        },
      );
    }
  }

  /**
   * The signal of a call that closing gives up as well, which otherwise would wait for a caller who
   * may never go on, such as for the end of a stream.
   */
  signalFor({ signal }: StoreCallOptions): AbortSignal {
    const closing = (this.#closing ??= new AbortController()).signal;
    return signal === undefined ? closing : AbortSignal.any([signal, closing]);
  }

  /** Whether the handle was closed. */
  get closed(): boolean {
    return this.#closed;
  }

  /** Closes the handle; again is harmless. */
  close(): void {
    this.#closed = true;
    const details = { store: this.#store, operation: "close" } as const;
    this.#closing?.abort(new StoreError(`The ${this.#store} store was closed meanwhile`, details));
  }
}
