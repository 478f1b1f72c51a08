/**
 * Telling other processes which entries their tiers in memory should drop.
 *
 * @module
 */

/**
 * A way to reach the handles in other processes: a `BroadcastChannel`, Redis, or whatever else
 * hands texts to everybody who listens.
 */
export interface InvalidationChannel {
  /**
   * Sends a message to all listeners; that it reaches this one too is no matter.
   *
   * @param message The text.
   * @returns Nothing, or a Promise of the end of sending.
   */
  publish(message: string): unknown;
  /**
   * Listens to messages.
   *
   * @param listener What to call with each.
   * @returns What ends the listening, or a Promise of it.
   */
  subscribe(listener: (message: string) => void): (() => unknown) | Promise<() => unknown>;
}

/** What to do with what comes over the channel. */
export interface InvalidationHandlers {
  /** Another handle changed the entry under a key. */
  readonly onChange: (key: string) => void;
  /** The channel failed. */
  readonly onError: (error: unknown) => void;
}

/** One handle's end of a channel. */
export class Invalidation {
  readonly #channel: InvalidationChannel;
  readonly #id = crypto.randomUUID();
  readonly #handlers: InvalidationHandlers;
  readonly #subscription: Promise<(() => unknown) | undefined>;

  /**
   * @param channel The channel, or the name of a `BroadcastChannel`.
   * @param handlers What to do with what comes.
   * @throws {TypeError} It is a name, and this runtime has no `BroadcastChannel`; or it is neither.
   */
  constructor(channel: string | InvalidationChannel, handlers: InvalidationHandlers) {
    this.#channel = typeof channel === "string" ? broadcastChannel(channel) : checked(channel);
    this.#handlers = handlers;
    this.#subscription = this.#subscribe();
  }

  /** Tells the others that the entry under a key was changed. */
  async publish(key: string): Promise<void> {
    try {
      await this.#channel.publish(JSON.stringify({ deja: 1, from: this.#id, key }));
    } catch (error) {
      this.#handlers.onError(error);
    }
  }

  /** Ends the listening. */
  async close(): Promise<void> {
    try {
      await (await this.#subscription)?.();
    } catch (error) {
      this.#handlers.onError(error);
    }
  }

  async #subscribe(): Promise<(() => unknown) | undefined> {
    try {
      return await this.#channel.subscribe((message) => {
        const key = this.#keyIn(message);
        if (key !== undefined) this.#handlers.onChange(key);
      });
    } catch (error) {
      this.#handlers.onError(error);
      return undefined;
    }
  }

  /** The key in a message of another handle; `undefined` for whatever else is on the channel. */
  #keyIn(message: unknown): string | undefined {
    if (typeof message !== "string") return undefined;
    try {
      const { deja, from, key } = JSON.parse(message) ?? {};
      return deja === 1 && from !== this.#id && typeof key === "string" ? key : undefined;
    } catch {
      return undefined;
    }
  }
}

function checked(channel: InvalidationChannel): InvalidationChannel {
  if (typeof channel?.publish === "function" && typeof channel.subscribe === "function") {
    return channel;
  }
  throw new TypeError(
    "invalidation must be the name of a BroadcastChannel or an object with publish and subscribe",
  );
}

function broadcastChannel(name: string): InvalidationChannel {
  if (typeof BroadcastChannel !== "function") {
    throw new TypeError(
      "This runtime has no BroadcastChannel; pass an object with publish and subscribe as " +
        "invalidation",
    );
  }
  const channel = new BroadcastChannel(name);
  // An open channel keeps a process alive, where it cannot be told otherwise until it is closed.
  (channel as { unref?: () => void }).unref?.();
  return {
    publish: (message) => channel.postMessage(message),
    subscribe: (listener) => {
      channel.onmessage = ({ data }) => listener(data);
      return () => channel.close();
    },
  };
}
