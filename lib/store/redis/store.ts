/**
 * The store in Redis: one key for each entry, one command for each call.
 *
 * @module
 */

import { DecodeError, StoreError, type StoreOperation } from "../../errors.ts";
import { Deadlines } from "../_deadline.ts";
import {
  abortable,
  abortableLease,
  checkKey,
  checkLeaseDuration,
  checkPrefix,
  checkSet,
  Handle,
} from "../_keys.ts";
import { lostLease } from "../_lost_lease.ts";
import type {
  Store,
  StoreCallOptions,
  StoreGetOptions,
  StoreLease,
  StoreListEntry,
  StoreSetOptions,
  StoreSupports,
} from "../store.ts";
import { Staging } from "./buffer.ts";
import type { Commands, Node, RedisArgument } from "./clients.ts";
import { damage, failure, nonsense, silence } from "./failure.ts";
import { GatheredGets } from "./gathered.ts";
import { GatheredSets } from "./gathered_sets.ts";
import { escapePattern, type Keys } from "./keys.ts";
import { RELEASE_LEASE, RENEW_LEASE, SET_UNDER_LEASE, TAKE_LEASE } from "./scripts.ts";
import { HEADER_BYTES, readHeader, readValue, type ValueHeader, writeValue } from "./value.ts";

/** How many keys one step of a scan looks at, which is also how many headers are read at once. */
const SCAN_COUNT = 1000;
/** How much longer Redis keeps an entry than our own clock, which may be slow, lets it live. */
const EXPIRY_SLACK_MS = 60_000;
/** The longest time that Redis is asked to keep something: it refuses much longer ones. */
const MAX_LIFETIME_MS = 1e14;
/** How long the last token of a key outlives its lease. */
const TOKEN_LIFETIME_MS = 86_400_000;

/** A {@linkcode Store} in Redis. */
export class RedisStore implements Store {
  /** Short name for messages. */
  readonly name = "redis";
  /** What this store can do. */
  readonly supports: StoreSupports = { persistent: true, lease: true, expiry: true };
  readonly #commands: Commands;
  readonly #keys: Keys;
  readonly #limitMs: number;
  readonly #deadlines: Deadlines;
  readonly #gets: GatheredGets;
  readonly #sets: GatheredSets;
  readonly #handle = new Handle("redis");
  readonly #staging = new Staging();
  readonly #stopHearing: () => void;

  /**
   * @param commands The client.
   * @param keys Where entries stand.
   * @param limitMs How long to wait for an answer, in milliseconds.
   */
  constructor(commands: Commands, keys: Keys, limitMs: number) {
    this.#commands = commands;
    this.#keys = keys;
    this.#limitMs = limitMs;
    this.#deadlines = new Deadlines(limitMs);
    this.#gets = new GatheredGets(commands, (ask) => this.#answer("get", ask));
    this.#sets = new GatheredSets(commands, (ask) => this.#answer("set", ask));
    this.#stopHearing = commands.hearErrors();
  }

  /** Resolves to the bytes under `key`, or to `undefined`. */
  async get(
    key: string,
    options: StoreGetOptions = {},
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    this.#handle.check("get");
    checkKey(key);
    const place = this.#keys.of("entry", key);
    const ask = () => this.#gets.get(place);
    const value = await (options.signal === undefined ? ask() : abortable(options, ask));
    if (value === null) return undefined;
    if (!(value instanceof Uint8Array)) throw nonsense("get", "GET");
    const { expires, bytes } = readAt(place, value);
    if (expires !== Infinity && expires <= Date.now()) return undefined;
    options.onEntry?.({ expires });
    return bytes;
  }

  /** Puts `bytes` under `key`. */
  async set(key: string, bytes: Uint8Array, options: StoreSetOptions = {}): Promise<void> {
    this.#handle.check("set");
    checkKey(key);
    const expires = checkSet(bytes, options);
    const place = this.#keys.of("entry", key);
    const value = writeValue(bytes, expires, this.#staging);
    const lifetime = lifetimeOf(expires);
    const { lease } = options;
    if (lease === undefined) {
      const send = () =>
        lifetime.length === 0
          ? this.#sets.set(place, value)
          : this.#call("set", "SET", place, [place, value, ...lifetime]);
      await (options.signal === undefined ? send() : abortable(options, send));
      this.#staging.giveBack(value);
      return;
    }
    if (lease.key !== key) throw lostLease(this.name, key);
    const keys = [place, this.#keys.of("lease", key)];
    const args = [String(lease.token), value, ...lifetime];
    const written = await abortable(
      options,
      () => this.#script("set", SET_UNDER_LEASE, keys, args),
    );
    this.#staging.giveBack(value);
    if (written !== 1) throw lostLease(this.name, key);
  }

  /** Removes the entry under `key`, or what stands in its place. */
  async delete(key: string, options: StoreCallOptions = {}): Promise<boolean> {
    this.#handle.check("delete");
    checkKey(key);
    const place = this.#keys.of("entry", key);
    return await abortable(options, async () => {
      // Sent at once, so that one connection runs them one after the other.
      const [header, removed] = await Promise.all([
        this.#header("delete", key).catch((error) => {
          // Damaged or foreign: it is removed as well, and counts as something.
          if (error instanceof DecodeError || isWrongType(error)) return "damaged" as const;
          throw error;
        }),
        this.#call("delete", "DEL", place, [place]),
      ]);
      const wasLive = header === "damaged" ||
        header !== undefined && header.expires > Date.now();
      return wasLive && Number(removed) > 0;
    });
  }

  /** Yields the live entries by prefix. */
  async *list(
    prefix = "",
    options: StoreCallOptions = {},
  ): AsyncIterableIterator<StoreListEntry> {
    this.#handle.check("list");
    checkPrefix(prefix);
    options.signal?.throwIfAborted();
    const nodes = await abortable(
      options,
      () => this.#answer("list", () => this.#commands.nodes()),
    );
    // A scan may name a key twice while the server grows or shrinks its table.
    const seen = new Set<string>();
    for (const node of nodes) {
      for await (const keys of this.#scan(node, prefix, options)) {
        const fresh = keys.filter((key) => !seen.has(key) && seen.add(key));
        const headers = await abortable(
          options,
          () => Promise.all(fresh.map((key) => this.#listed(key))),
        );
        for (const [index, header] of headers.entries()) {
          if (header === undefined || header.expires <= Date.now()) continue;
          yield { key: fresh[index], size: header.size, expires: header.expires };
          options.signal?.throwIfAborted();
        }
      }
    }
  }

  /** Takes the lease on `key` for `duration` milliseconds. */
  async lease(
    key: string,
    duration: number,
    options: StoreCallOptions = {},
  ): Promise<StoreLease | undefined> {
    this.#handle.check("lease");
    checkKey(key);
    checkLeaseDuration(duration);
    const lifetime = lifetimeText(duration);
    const keys = [this.#keys.of("lease", key), this.#keys.of("token", key)];
    const args = [lifetime, lifetimeText(duration + TOKEN_LIFETIME_MS)];
    return await abortableLease(options, async () => {
      const token = await this.#script("lease", TAKE_LEASE, keys, args);
      return token === null ? undefined : this.#leaseOf(key, Number(token), lifetime);
    });
  }

  /** Closes the handle; the client is its owner's. */
  // deno-lint-ignore require-await -- the contract wants a Promise.
  async [Symbol.asyncDispose](): Promise<void> {
    this.#handle.close();
    this.#deadlines.rest();
    this.#stopHearing();
  }

  #leaseOf(key: string, token: number, lifetime: string): StoreLease {
    const keys = [this.#keys.of("lease", key)];
    const isHeld = (script: string, args: readonly string[]): Promise<boolean> =>
      this.#script("lease", script, keys, [String(token), ...args]).then((n) => n === 1);
    return {
      key,
      token,
      renew: async () => {
        this.#handle.check("lease");
        return await isHeld(RENEW_LEASE, [lifetime]);
      },
      [Symbol.asyncDispose]: async () => void await isHeld(RELEASE_LEASE, []),
    };
  }

  /** Pages of keys on one node, which may repeat themselves. */
  async *#scan(
    node: Node,
    prefix: string,
    options: StoreCallOptions,
  ): AsyncIterableIterator<string[]> {
    const { keyPrefix } = this.#commands;
    const pattern = escapePattern(keyPrefix) + this.#keys.pattern(prefix);
    let cursor = "0";
    do {
      const args = [cursor, "MATCH", pattern, "COUNT", String(SCAN_COUNT)];
      const page = await abortable(
        options,
        () => this.#answer("list", () => node.call("SCAN", args)),
      );
      if (!isPage(page)) throw nonsense("list", "SCAN");
      cursor = textOf(page[0]);
      yield page[1].flatMap((place) => {
        const key = this.#keys.keyOf(textOf(place).slice(keyPrefix.length));
        return key?.startsWith(prefix) ? [key] : [];
      });
    } while (cursor !== "0");
  }

  /** The header of a listed entry; `undefined` where it was deleted meanwhile or is none of ours. */
  async #listed(key: string): Promise<ValueHeader | undefined> {
    try {
      return await this.#header("list", key);
    } catch (error) {
      if (error instanceof DecodeError || isWrongType(error)) return undefined;
      throw error;
    }
  }

  /** Reads a header; `undefined` where there is no value. */
  async #header(operation: StoreOperation, key: string): Promise<ValueHeader | undefined> {
    const place = this.#keys.of("entry", key);
    const args = [place, "0", String(HEADER_BYTES - 1)];
    const header = textOf(await this.#call(operation, "GETRANGE", place, args, true));
    return header === "" ? undefined : readHeader(new TextEncoder().encode(header));
  }

  #call(
    operation: StoreOperation,
    command: string,
    place: string,
    args: readonly RedisArgument[],
    reads = false,
  ): Promise<unknown> {
    return this.#answer(operation, () => this.#commands.call(command, place, args, reads));
  }

  #script(
    operation: StoreOperation,
    script: string,
    keys: readonly string[],
    args: readonly RedisArgument[],
  ): Promise<unknown> {
    // Every one of them is on the node of the first.
    return this.#call(operation, "EVAL", keys[0], [script, String(keys.length), ...keys, ...args]);
  }

  /** Waits for an answer, for so long and not longer; whatever goes wrong is a `StoreError`. */
  #answer<T>(operation: StoreOperation, ask: () => Promise<T>): Promise<T> {
    // What was set before is to be there.
    this.#sets.flush();
    return this.#deadlines.wait(
      ask,
      () => silence(operation, this.#limitMs),
      (cause) => failure(operation, cause),
    );
  }
}

/** Reads the value that a get found in a place. */
function readAt(place: string, value: Uint8Array): ReturnType<typeof readValue> {
  try {
    return readValue(value);
  } catch (error) {
    throw error instanceof DecodeError ? damage(place, "get", error) : error;
  }
}

/** How `SET` is to let an entry expire: as a help, since our own clock decides. */
function lifetimeOf(expires: number): string[] {
  if (expires === Infinity) return [];
  const lifetime = Math.max(0, expires - Date.now()) + EXPIRY_SLACK_MS;
  return lifetime > MAX_LIFETIME_MS ? [] : ["PX", lifetimeText(lifetime)];
}

function lifetimeText(duration: number): string {
  return String(Math.min(Math.ceil(duration), MAX_LIFETIME_MS));
}

function textOf(reply: unknown): string {
  return reply instanceof Uint8Array ? new TextDecoder().decode(reply) : String(reply);
}

function isPage(reply: unknown): reply is [cursor: unknown, places: unknown[]] {
  return Array.isArray(reply) && reply.length === 2 && Array.isArray(reply[1]);
}

/** Whether the server refused because something else than a text has that key. */
function isWrongType(error: unknown): boolean {
  return error instanceof StoreError && error.cause instanceof Error &&
    error.cause.message.startsWith("WRONGTYPE");
}
