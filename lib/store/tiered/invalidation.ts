/**
 * Telling other processes which entries their tiers in memory should drop.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { Deadlines, DEFAULT_TIMEOUT_MS } from "../_deadline.ts";

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

/** What to do with what comes over the channel, and how long to wait for it. */
export interface InvalidationHandlers {
  /** Another handle changed the entry under a key. */
  readonly onChange: (key: string) => void;
  /** The channel failed. */
  readonly onError: (error: unknown) => void;
  /** How long a tier may take over one call, in milliseconds; `Infinity` for no limit. */
  readonly timeout: number;
}

/** One handle's end of a channel. */
export class Invalidation {
  readonly #channel: InvalidationChannel;
  readonly #id = crypto.randomUUID();
  readonly #handlers: InvalidationHandlers;
  readonly #deadlines: Deadlines;
  /** Calls that took too long and are still under way. */
  #late = 0;
  readonly #subscription: Promise<(() => unknown) | undefined>;

  /**
   * @param channel The channel, or the name of a `BroadcastChannel`.
   * @param handlers What to do with what comes.
   * @throws {TypeError} It is a name, and this runtime has no `BroadcastChannel`; or it is neither.
   */
  constructor(channel: string | InvalidationChannel, handlers: InvalidationHandlers) {
    this.#channel = typeof channel === "string" ? broadcastChannel(channel) : checked(channel);
    this.#handlers = handlers;
    // Whoever changes an entry waits for the channel, so there is a limit in any case.
    this.#deadlines = new Deadlines(
      handlers.timeout === Infinity ? DEFAULT_TIMEOUT_MS : handlers.timeout,
    );
    this.#subscription = this.#subscribe();
  }

  /** Tells the others that the entry under a key was changed. */
  async publish(key: string): Promise<void> {
    const message = JSON.stringify({ deja: 1, from: this.#id, key });
    await this.#inTime("set", async () => await this.#channel.publish(message));
  }

  /** Ends the listening. */
  async close(): Promise<void> {
    this.#deadlines.rest();
    await this.#inTime("close", async () => await (await this.#subscription)?.());
  }

  /** Waits for the channel as long as it may take; not at all while it owes an earlier answer. */
  async #inTime(operation: "set" | "close", work: () => Promise<unknown>): Promise<void> {
    const call = work();
    if (this.#late > 0) return void call.catch(this.#handlers.onError);
    await this.#deadlines.wait(
      () => call,
      () => {
        this.#late++;
        const answered = () => void this.#late--;
        call.then(answered, answered);
        return new StoreError(
          "The channel for invalidations takes longer than the timeout of a tier; see whether it " +
            "is connected",
          { store: "tiered", operation },
        );
      },
      (error) => error as Error,
    ).then(() => {}, this.#handlers.onError);
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
