/**
 * What the groups of cases share: the shape of a case, and assertions without a library, since the
 * suite runs under the test runner of whoever wrote the store.
 *
 * @module
 */

import type { Store, StoreCallOptions, StoreListEntry } from "../store.ts";

/** A store to be tested, fresh and empty, and how to get at its place again. */
export interface StoreSubject {
  /** The store under test. The suite closes it. */
  readonly store: Store;
  /**
   * Opens another handle on the same place, while earlier ones may still be open. Needed where
   * `store.supports.persistent` holds. The suite closes it.
   */
  readonly reopen?: () => Store | Promise<Store>;
  /**
   * Puts an entry into the place by another way than the store. Needed where
   * `store.supports.readOnly` holds.
   */
  readonly fill?: (key: string, bytes: Uint8Array) => Promise<void>;
  /** Removes what the store left behind; runs after all handles are closed. */
  readonly cleanup?: () => void | Promise<void>;
}

/** What a case gets to work with. */
export interface CaseContext {
  /** The store under test. */
  readonly store: Store;
  /** Opens another handle on the same place. */
  readonly reopen: () => Promise<Store>;
  /** Puts an entry into the place by another way than the store. */
  readonly fill: (key: string, bytes: Uint8Array) => Promise<void>;
}

/** One fact about stores. */
export interface StoreCase {
  /** What holds. */
  readonly name: string;
  /** What the store's manifest has to claim for the fact to be expected of it. */
  readonly needs?: readonly ("persistent" | "lease" | "streams" | "expiry")[];
  /** Size of the largest entry that it sets, if large. */
  readonly bytes?: number;
  /** Whether it is about `supports.maxBytes`, and so not expected of a store without a small one. */
  readonly forLimited?: boolean;
  /** Whether it holds of a store that cannot be written to, and of no other. */
  readonly forReadOnly?: boolean;
  /** Throws where the fact does not hold. */
  readonly body: (context: CaseContext) => Promise<void>;
}

/** A function that rejects or throws, made by an error's class. */
type ErrorClass = new (...args: never[]) => Error;

/**
 * Makes bytes that differ between seeds and have no short period, so that a shifted, cut or mixed
 * copy is noticed.
 */
export function sample(length: number, seed = 1): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let state = (seed * 0x9e3779b1) >>> 0 || 1;
  for (let i = 0; i < length; i++) {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    bytes[i] = state;
  }
  return bytes;
}

/** Fails with `message` unless `condition` holds. */
export function check(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(message);
}

/** Whether `actual` holds just the bytes of `expected`. */
export function sameBytes(actual: Uint8Array | undefined, expected: Uint8Array): boolean {
  if (actual?.length !== expected.length) return false;
  for (let i = 0; i < expected.length; i++) if (actual[i] !== expected[i]) return false;
  return true;
}

/** Fails unless `store` has just `expected` under `key`. */
export async function checkEntry(store: Store, key: string, expected: Uint8Array): Promise<void> {
  const actual = await store.get(key);
  check(
    actual !== undefined,
    `Expected ${expected.length} bytes under ${show(key)}, found no entry`,
  );
  check(
    actual.length === expected.length,
    `Expected ${expected.length} bytes under ${show(key)}, found ${actual.length}`,
  );
  check(sameBytes(actual, expected), `The bytes under ${show(key)} are not those that were set`);
}

/** Fails unless `store` has nothing under `key`. */
export async function checkMissing(store: Store, key: string): Promise<void> {
  const actual = await store.get(key);
  check(
    actual === undefined,
    `Expected undefined under ${show(key)}, found ${actual === null ? "null" : "an entry"}`,
  );
}

/** Fails unless `store` lists just `expected` (key to size) under `prefix`, each key once. */
export async function checkList(
  store: Store,
  prefix: string | undefined,
  expected: Readonly<Record<string, number>> | ReadonlyMap<string, number>,
): Promise<void> {
  const wanted = expected instanceof Map ? expected : new Map(Object.entries(expected));
  const found = new Map<string, number>();
  for await (const { key, size } of prefix === undefined ? store.list() : store.list(prefix)) {
    check(!found.has(key), `Listed ${show(key)} twice`);
    check(wanted.has(key), `Listed ${show(key)}, which is not to be listed`);
    check(
      size === wanted.get(key),
      `Listed ${show(key)} with size ${size} instead of ${wanted.get(key)}`,
    );
    found.set(key, size);
  }
  for (const key of wanted.keys()) check(found.has(key), `Did not list ${show(key)}`);
}

/** Fails unless `act` returns a promise (or an iterator's) that rejects with a `type`. */
export async function checkRejects(
  act: () => PromiseLike<unknown>,
  type: ErrorClass,
  what: string,
): Promise<void> {
  let promise: PromiseLike<unknown>;
  try {
    promise = act();
  } catch (error) {
    throw new Error(`${what} threw at once instead of rejecting`, { cause: error });
  }
  try {
    await promise;
  } catch (error) {
    check(
      error instanceof type,
      `${what} rejected with ${String(error)} instead of a ${type.name}`,
    );
    return;
  }
  throw new Error(`${what} did not reject; expected a ${type.name}`);
}

/** Collects what `store` lists. */
export async function collect(
  store: Store,
  prefix?: string,
  options?: StoreCallOptions,
): Promise<StoreListEntry[]> {
  const entries: StoreListEntry[] = [];
  for await (const entry of store.list(prefix, options)) entries.push(entry);
  return entries;
}

/** Freezes `Date.now` at the present while `body` runs; `advance` moves it by milliseconds. */
export async function withClock(
  body: (clock: { now(): number; advance(ms: number): void }) => Promise<void>,
): Promise<void> {
  const real = Date.now;
  let now = real();
  Date.now = () => now;
  try {
    await body({ now: () => now, advance: (ms) => void (now += ms) });
  } finally {
    Date.now = real;
  }
}

/** A key as it can be read in a message, whatever is in it. */
export function show(key: string): string {
  const text = JSON.stringify(key).replace(
    /[^ -~]/g,
    (unit) => `\\u${unit.charCodeAt(0).toString(16).padStart(4, "0")}`,
  );
  return text.length > 80 ? `${text.slice(0, 60)}..." (${key.length} code units)` : text;
}
