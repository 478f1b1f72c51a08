/**
 * Messages between processes over Redis, for tiered stores that tell each other of changes.
 *
 * @module
 */

/** Hears the messages of one channel. */
type Listener = (message: string) => void;

/** A client that sends: Bun's `RedisClient`, a `Redis` or `Cluster` of `ioredis`, or of `redis`. */
export interface RedisPublisher {
  /** Sends a message to all who listen. */
  // deno-lint-ignore no-explicit-any -- it takes the arguments of several clients' types.
  publish(channel: string, message: string): any;
}

/** A connection that only listens: a second client of the same kind, such as by `duplicate()`. */
export interface RedisSubscriber {
  /** Begins to listen. */
  // deno-lint-ignore no-explicit-any -- it takes the arguments of several clients' types.
  subscribe(channel: string, ...rest: any[]): any;
  /** Ends it. */
  // deno-lint-ignore no-explicit-any -- it takes the arguments of several clients' types.
  unsubscribe(channel: string, ...rest: any[]): any;
}

/** What {@linkcode redisChannel} makes: the `invalidation` of a tiered store. */
export interface RedisChannel {
  /**
   * Sends a message to all who listen, in every process.
   *
   * @param message The text.
   * @returns A Promise of the end of sending.
   */
  publish(message: string): Promise<void>;
  /**
   * Listens to messages.
   *
   * @param listener What to call with each.
   * @returns A Promise of what ends the listening.
   */
  subscribe(listener: (message: string) => void): Promise<() => Promise<void>>;
}

/** What of the listening side of `ioredis`, an emitter of events, is used. */
interface IoRedisSubscriber extends RedisSubscriber {
  on(event: "message", listener: (channel: string, message: string) => void): unknown;
  off(event: "message", listener: (channel: string, message: string) => void): unknown;
  listenerCount(event: "message"): number;
}

/**
 * Makes a channel over Redis, by which tiered stores in several processes drop from their memory
 * what one of them changes. Messages that are sent while a process is not connected do not reach
 * it: bound what it holds by `backfillTtl` where that matters.
 *
 * Both clients stay yours: connect them before, close them afterwards.
 *
 * @param publisher The client that sends; it may be the one of the store.
 * @param subscriber Another client of the same kind, since Redis lets a connection that listens do
 *   nothing else.
 * @param name Name of the channel in Redis, `"deja"` by default.
 * @returns The channel.
 * @throws {TypeError} One of them is no such client, or both are the same.
 *
 * @example
 * ```ts ignore -- needs a server
 * import { memoryStore } from "@deja/cache";
 * import { redisChannel, redisStore } from "@deja/cache/redis";
 * import { tieredStore } from "@deja/cache/tiered";
 * import { Redis } from "ioredis";
 *
 * const client = new Redis("redis://127.0.0.1:6379");
 * const invalidation = redisChannel(client, client.duplicate());
 * const store = tieredStore([memoryStore(), redisStore(client)], { invalidation });
 * ```
 */
export function redisChannel(
  publisher: RedisPublisher,
  subscriber: RedisSubscriber,
  name = "deja",
): RedisChannel {
  if (typeof publisher?.publish !== "function") {
    throw new TypeError("redisChannel() needs a client with publish() to send with");
  }
  if (typeof subscriber?.subscribe !== "function" || typeof subscriber.unsubscribe !== "function") {
    throw new TypeError(
      "redisChannel() needs a client with subscribe() and unsubscribe() to listen with",
    );
  }
  if (publisher as unknown === subscriber) {
    throw new TypeError(
      "redisChannel() needs two clients, since Redis lets one that listens do nothing else; pass " +
        "a duplicate of the first",
    );
  }
  return {
    publish: async (message) => void await publisher.publish(name, message),
    subscribe: (listener) =>
      "callBuffer" in subscriber
        ? listenByEvents(subscriber as unknown as IoRedisSubscriber, name, listener)
        : listen(subscriber, name, listener),
  };
}

/** Listens over Bun's client or `redis`, which take a listener for each channel. */
async function listen(
  subscriber: RedisSubscriber,
  name: string,
  listener: Listener,
): Promise<() => Promise<void>> {
  const hear = (message: unknown) => listener(String(message));
  await subscriber.subscribe(name, hear);
  return async () => void await subscriber.unsubscribe(name, hear);
}

/** Listens over `ioredis`, which has one event for all channels. */
async function listenByEvents(
  subscriber: IoRedisSubscriber,
  name: string,
  listener: Listener,
): Promise<() => Promise<void>> {
  const hear = (channel: string, message: string) => {
    if (channel === name) listener(message);
  };
  subscriber.on("message", hear);
  try {
    await subscriber.subscribe(name);
  } catch (error) {
    subscriber.off("message", hear);
    throw error;
  }
  return async () => {
    subscriber.off("message", hear);
    // Others may listen over the same client.
    if (subscriber.listenerCount("message") === 0) await subscriber.unsubscribe(name);
  };
}
