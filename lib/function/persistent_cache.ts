/** Caches in a store: `persistentCache`. */

import { decode, encode } from "../codec/mod.ts";
import { DecodeError, type StoreOperation } from "../errors.ts";
import { type AnyFunction, type CallKey, Keyer } from "../key/mod.ts";
import { type OpenedRecord, openRecord, sealRecord } from "../record/mod.ts";
import type { Store } from "../store/store.ts";
import {
  checkThis,
  makeWrapper,
  type PersistentCached,
  type PersistentCachedMethods,
  warnOfSurroundings,
} from "./cached_function.ts";
import { EventLog } from "./events.ts";
import type { Settings } from "./options.ts";
import type { Flight, Outcome, StoreHandle } from "./store_handle.ts";

/** Longest name of a function, namespace included: it is a part of every store key. */
const MAX_NAME_LENGTH = 900;

type Call = (...args: unknown[]) => unknown;

/**
 * Caches `fn` on the store behind `handle`.
 *
 * @throws {TypeError} The function has no name, or its code cannot be seen.
 * @throws {RangeError} The name is too long.
 */
export function persistentCached<F extends AnyFunction>(
  fn: F,
  settings: Settings,
  handle: StoreHandle,
  namespace: string | undefined,
): PersistentCached<F> {
  const persistent = new PersistentCache(fn as unknown as Call, settings, handle, namespace);
  const methods: Omit<PersistentCachedMethods<Call>, "wrapped"> = {
    // deno-lint-ignore require-await -- what cannot be a key rejects, as it does for a call.
    key: async (...args) => persistent.key(args).hex,
    has: async (...args) => await persistent.peek(args) !== undefined,
    peek: async (...args) => (await persistent.peek(args))?.value,
    refresh: (...args) => persistent.refresh(args),
    delete: (...args) => persistent.delete(args),
    clear: () => persistent.clear(),
    stats: () => persistent.stats(),
  };
  const call = function (this: unknown, ...args: unknown[]) {
    return persistent.call(this, args);
  };
  return makeWrapper(fn, persistent.keyer, call, methods) as unknown as PersistentCached<F>;
}

/** The results of one function. */
class PersistentCache {
  readonly keyer: Keyer;
  readonly #fn: Call;
  readonly #settings: Settings;
  readonly #handle: StoreHandle;
  /** What the store keys of this function start with. */
  readonly #prefix: string;
  readonly #log: EventLog;

  constructor(fn: Call, settings: Settings, handle: StoreHandle, namespace: string | undefined) {
    const { name } = settings;
    const path = pathOf(name, namespace);
    checkName(name, namespace);
    this.keyer = new Keyer(fn, settings);
    warnOfSurroundings(this.keyer, settings);
    this.#fn = fn;
    this.#settings = settings;
    this.#handle = handle;
    this.#prefix = `${path}/`;
    this.#log = new EventLog(settings.onEvent);
  }

  key(args: readonly unknown[]): CallKey {
    return this.keyer.key(args);
  }

  async call(self: unknown, args: unknown[]): Promise<unknown> {
    const { name } = this.#settings;
    checkThis(self, this.keyer, name);
    const key = this.key(args);
    const underWay = this.#handle.flights.get(this.#prefix + key.hex);
    if (underWay !== undefined) {
      this.#log.emit({ type: "join", name, key: key.hex });
      const { copy } = await underWay.outcome;
      return copy === undefined ? await this.call(self, args) : copy();
    }
    return await this.#fly(key, async (flight) => {
      const store = await this.#store(key);
      const record = await this.#load(key, store);
      if (record !== undefined) return record;
      return await this.#compute(self, args, key, flight, store);
    });
  }

  async refresh(args: unknown[]): Promise<unknown> {
    const key = this.key(args);
    this.#log.emit({ type: "miss", name: this.#settings.name, key: key.hex });
    return await this.#fly(key, async (flight) => {
      return await this.#compute(undefined, args, key, flight, await this.#store(key));
    });
  }

  async peek(args: readonly unknown[]): Promise<Outcome | undefined> {
    const key = this.key(args);
    const record = await this.#read(key, await this.#store(key));
    return record === undefined || record.expires <= Date.now()
      ? undefined
      : this.#open(record, key);
  }

  async delete(args: readonly unknown[]): Promise<boolean> {
    const storeKey = this.#prefix + this.key(args).hex;
    this.#discard(storeKey);
    const store = await this.#handle.store();
    return await this.#handle.inTurn(storeKey, () => store.delete(storeKey));
  }

  async clear(): Promise<void> {
    const store = await this.#handle.store();
    for (const storeKey of this.#handle.flights.keys()) {
      if (this.#owns(storeKey)) this.#discard(storeKey);
    }
    await this.#handle.quiet((storeKey) => this.#owns(storeKey));
    for await (const { key } of store.list(this.#prefix)) {
      if (this.#owns(key)) await store.delete(key);
    }
  }

  stats(): ReturnType<PersistentCachedMethods<Call>["stats"]> {
    return this.#log.stats();
  }

  /** Whether a store key is one of this function, and not of one with a longer name. */
  #owns(storeKey: string): boolean {
    return storeKey.startsWith(this.#prefix) &&
      /^[0-9a-f]{64}$/.test(storeKey.slice(this.#prefix.length));
  }

  /** Lets equal calls join `work` until it has landed. */
  async #fly(key: CallKey, work: (flight: Flight) => Promise<Outcome>): Promise<unknown> {
    const { flights } = this.#handle;
    const storeKey = this.#prefix + key.hex;
    const landing = Promise.withResolvers<Outcome>();
    const replaces = flights.get(storeKey);
    const flight: Flight = { outcome: landing.promise, discarded: false, replaces };
    flights.set(storeKey, flight);
    try {
      landing.resolve(await work(flight));
    } catch (error) {
      landing.reject(error);
    } finally {
      if (flights.get(storeKey) === flight) flights.delete(storeKey);
    }
    return (await flight.outcome).value;
  }

  #discard(storeKey: string): void {
    discard(this.#handle.flights.get(storeKey));
    this.#handle.flights.delete(storeKey);
  }

  /** The stored result that answers a call. Everything else is a miss, with its reason told. */
  async #load(key: CallKey, store: Store | undefined): Promise<Outcome | undefined> {
    const { name } = this.#settings;
    const record = await this.#read(key, store);
    if (record !== undefined) {
      if (record.expires <= Date.now()) this.#log.emit({ type: "expire", name, key: key.hex });
      else {
        const outcome = this.#open(record, key);
        if (outcome !== undefined) {
          this.#log.emit({ type: "hit", name, key: key.hex, saved: record.duration });
          return outcome;
        }
      }
    }
    this.#log.emit({ type: "miss", name, key: key.hex });
    return undefined;
  }

  async #read(key: CallKey, store: Store | undefined): Promise<OpenedRecord | undefined> {
    if (store === undefined) return undefined;
    try {
      const bytes = await store.get(this.#prefix + key.hex);
      return bytes === undefined ? undefined : openRecord(bytes, key.bytes);
    } catch (error) {
      this.#report(error, "get", key);
      return undefined;
    }
  }

  #open(record: OpenedRecord, key: CallKey): Outcome | undefined {
    try {
      return { value: record.value(), copy: () => record.value() };
    } catch (error) {
      this.#report(error, "get", key);
      return undefined;
    }
  }

  async #compute(
    self: unknown,
    args: unknown[],
    key: CallKey,
    flight: Flight,
    store: Store | undefined,
  ): Promise<Outcome> {
    // Once more before the run, since the caller may have changed what it gave while the store was
    // asked; and not after it, since the function may change what it is given.
    const given = { ...this.keyer.keyWithArguments(args), closure: this.keyer.closureDigest };
    const start = performance.now();
    let value: unknown;
    try {
      value = await this.#fn.apply(self, args);
    } catch (error) {
      this.#log.countError();
      throw error;
    }
    const duration = performance.now() - start;
    if (given.hex !== key.hex) {
      const error = new TypeError(
        "The arguments or the closed-over values were changed while the store was asked; " +
          "pass copies of what changes",
      );
      this.#log.emit({ type: "not-stored", name: this.#settings.name, key: key.hex, error });
      return { value, copy: undefined };
    }
    const encoded = this.#encode(value, key);
    if (encoded === undefined) return { value, copy: () => value };
    discard(flight.replaces);
    if (store === undefined) return { value, copy: () => decode(encoded) };
    await this.#handle.inTurn(this.#prefix + key.hex, async () => {
      if (!flight.discarded) await this.#save(key, store, given, encoded, duration);
    });
    return { value, copy: () => decode(encoded) };
  }

  #encode(value: unknown, key: CallKey): Uint8Array | undefined {
    try {
      return encode(value);
    } catch (error) {
      const { name } = this.#settings;
      this.#log.emit({ type: "not-stored", name, key: key.hex, error });
      return undefined;
    }
  }

  async #save(
    key: CallKey,
    store: Store,
    { args, closure }: { readonly args: Uint8Array; readonly closure: string | undefined },
    value: Uint8Array,
    duration: number,
  ): Promise<void> {
    const { name, ttl } = this.#settings;
    const created = Date.now();
    const expires = created + ttl;
    const record = sealRecord(key.bytes, value, { created, expires, duration }, {
      name,
      code: this.keyer.codeDigest,
      closure,
      args,
    });
    try {
      await store.set(this.#prefix + key.hex, record, expires === Infinity ? {} : { expires });
      this.#log.emit({ type: "store", name, key: key.hex, duration });
    } catch (error) {
      this.#report(error, "set", key);
    }
  }

  async #store(key: CallKey): Promise<Store | undefined> {
    try {
      return await this.#handle.store();
    } catch (error) {
      this.#report(error, "open", key);
      return undefined;
    }
  }

  #report(error: unknown, operation: StoreOperation, { hex }: CallKey): void {
    const { name } = this.#settings;
    const damaged = error instanceof DecodeError ||
      (error instanceof Error && error.cause instanceof DecodeError);
    this.#log.emit(
      damaged
        ? { type: "corrupt", name, key: hex, error }
        : { type: "store-error", name, key: hex, operation, error },
    );
  }
}

/** Keeps what a call under way computes out of the store, and what that call replaces. */
function discard(flight: Flight | undefined): void {
  for (let each = flight; each !== undefined; each = each.replaces) each.discarded = true;
}

/**
 * What the store keys of a function start with. Slashes in a name make folders; a namespace is a
 * folder of its own, `ns.etl`, and a name that looks like one goes below `fn`.
 */
function pathOf(name: string, namespace: string | undefined): string {
  if (namespace !== undefined) return `ns.${namespace}/${name}`;
  return /^(?:ns\.|fn\/)/.test(name) ? `fn/${name}` : name;
}

function checkName(name: string, namespace = ""): void {
  if (name === "") {
    throw new TypeError(
      "A persistent cache needs a name for an anonymous function, " +
        'such as persistentCache("name", fn)',
    );
  }
  const length = namespace.length + name.length;
  if (length > MAX_NAME_LENGTH) {
    throw new RangeError(
      `The name of a persistent cache must have at most ${MAX_NAME_LENGTH} characters, ` +
        `received ${length}`,
    );
  }
  if (!(namespace + name).isWellFormed()) {
    throw new TypeError("The name of a persistent cache must not have a lone surrogate");
  }
}
