/**
 * A store in Redis, over a client that the user brings: Bun's own, `ioredis` or `redis`.
 *
 * @module
 */

import { checkTimeout } from "../_deadline.ts";
import { checkOptionNames } from "../_options.ts";
import type { Store } from "../store.ts";
import { commandsOf, type RedisClient } from "./clients.ts";
import { Keys } from "./keys.ts";
import { RedisStore } from "./store.ts";

export {
  type RedisChannel,
  redisChannel,
  type RedisPublisher,
  type RedisSubscriber,
} from "./channel.ts";
export type {
  BunRedisClient,
  IoRedisClient,
  NodeRedisClient,
  RedisArgument,
  RedisClient,
} from "./clients.ts";

/** Options of {@linkcode redisStore}. */
export interface RedisStoreOptions {
  /**
   * What stands in front of every key in Redis, `"deja"` by default. A hash tag in front of it, as
   * in `"{etl}deja"`, keeps all entries on one node of a cluster.
   */
  readonly prefix?: string;
  /**
   * How long to wait for one answer, in milliseconds: 10,000 by default, `Infinity` for no limit.
   * A `set` that is not answered in time may still take effect.
   */
  readonly timeout?: number;
}

/**
 * Makes a store over a client of Redis.
 *
 * Any number of processes on any number of machines may share it; of a cluster every node is used.
 * Redis drops what has expired by itself. A listing holds the keys that it has named, since Redis may
 * name one twice: 140 MiB for a million keys of 100 characters in Deno, twice as much in Bun. Values
 * are limited to what Redis takes, 512 MiB by default, and so are kept whole: there are no streams.
 *
 * The client stays yours: connect it before (`ioredis` and Bun's do so by themselves), close it
 * afterwards. While the store is open, errors on the connection reach the calls that they concern
 * and no longer end the process or fill the console.
 *
 * Leases run out by the clock of the server, so the clocks of the machines need not agree.
 *
 * Gets of small values that begin in the same turn go out as one `MGET`, but not over a cluster, nor
 * with Bun's client, which can hand out only one value as bytes. So do sets of small values that
 * never expire, as one `MSET`, but not over a cluster.
 *
 * @param client Bun's `RedisClient`; `Redis` or `Cluster` of `ioredis`; `createClient()`,
 *   `createClientPool()` or `createCluster()` of `redis`.
 * @param options What to put in front of keys, and how long to wait.
 * @returns The store.
 * @throws {TypeError} It is none of these clients, or an option is wrong.
 * @throws {RangeError} `timeout` is not more than zero.
 *
 * @example
 * ```ts ignore -- needs a server
 * import { createCache } from "@deja/cache";
 * import { redisStore } from "@deja/cache/redis";
 * import { Redis } from "ioredis";
 *
 * const client = new Redis("redis://127.0.0.1:6379");
 * const deja = createCache({ store: redisStore(client) });
 * const length = deja.persistent("length", (text: string) => text.length);
 * console.log(await length("hello"));
 * client.disconnect();
 * ```
 */
export function redisStore(client: RedisClient, options: RedisStoreOptions = {}): Store {
  checkOptionNames("redisStore()", options, { prefix: true, timeout: true });
  const { prefix = "deja", timeout } = options;
  const limitMs = checkTimeout(timeout, "redisStore");
  return new RedisStore(commandsOf(client), new Keys(prefix), limitMs);
}
