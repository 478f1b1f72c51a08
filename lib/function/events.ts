/** What happens inside a cache, told to whoever listens. */

import type { StoreOperation } from "../errors.ts";

/** What every event says. */
export interface CacheEventBase {
  /** Name of the function. */
  readonly name: string;
  /** Key of the call, in lower-case hexadecimal. */
  readonly key: string;
}

/** A stored result was handed out. */
export interface HitEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "hit";
  /** How long the computation took that this hit made unnecessary, in milliseconds. */
  readonly saved: number;
}

/** There was no usable result: the function runs. */
export interface MissEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "miss";
}

/** The call waits for an equal one that is already under way. */
export interface JoinEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "join";
}

/** A new result was stored. */
export interface StoredEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "store";
  /** How long the computation took, in milliseconds. */
  readonly duration: number;
}

/**
 * A stored result was found past its time. A miss follows. Stores that drop expired entries by
 * themselves leave only the miss to tell.
 */
export interface ExpireEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "expire";
}

/** A result left a bounded cache to make room. */
export interface EvictEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "evict";
}

/** A stored record is truncated, damaged or foreign. A miss follows. */
export interface CorruptEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "corrupt";
  /** What is wrong with it. */
  readonly error: unknown;
}

/** The store failed; the call goes on without it. */
export interface StoreErrorEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "store-error";
  /** What was asked of the store. */
  readonly operation: StoreOperation;
  /** What it rejected with. */
  readonly error: unknown;
}

/** The result has no byte form: the caller gets it, the cache does not. */
export interface NotStoredEvent extends CacheEventBase {
  /** Kind of the event. */
  readonly type: "not-stored";
  /** Says where in the result the trouble is. */
  readonly error: unknown;
}

/** Everything that {@linkcode CacheOptions.onEvent} is told. */
export type CacheEvent =
  | HitEvent
  | MissEvent
  | JoinEvent
  | StoredEvent
  | ExpireEvent
  | EvictEvent
  | CorruptEvent
  | StoreErrorEvent
  | NotStoredEvent;

/** Counts since the function was wrapped. */
export interface CacheStats {
  /** Calls answered from the cache. */
  readonly hits: number;
  /** Calls that ran the function. */
  readonly misses: number;
  /** Calls that waited for an equal one under way. */
  readonly joins: number;
  /** Runs of the function that threw or rejected. */
  readonly errors: number;
  /** Results evicted to make room. */
  readonly evictions: number;
  /** Damaged records, failures of the store and results that could not be stored. */
  readonly problems: number;
  /** Computing time that hits made unnecessary, in milliseconds. */
  readonly timeSaved: number;
}

/** Hears of events. */
export type CacheListener = (event: CacheEvent) => void;

const PROBLEMS: ReadonlySet<CacheEvent["type"]> = new Set<CacheEvent["type"]>([
  "corrupt",
  "store-error",
  "not-stored",
]);

/** Counts the events of one function and passes them on. */
export class EventLog {
  readonly #listener: CacheListener | undefined;
  readonly #warned = new Set<string>();
  #hits = 0;
  #misses = 0;
  #joins = 0;
  #errors = 0;
  #evictions = 0;
  #problems = 0;
  #timeSaved = 0;

  /** @param listener Who hears of the events, if anyone does. */
  constructor(listener: CacheListener | undefined) {
    this.#listener = listener;
  }

  /** Counts a run of the function that threw or rejected. */
  countError(): void {
    this.#errors++;
  }

  /** Counts an event and tells the listener; without one, warns once of each kind of problem. */
  emit(event: CacheEvent): void {
    this.#count(event);
    if (this.#listener === undefined) {
      if (PROBLEMS.has(event.type)) this.#warn(event);
      return;
    }
    // The listener is the caller's, the call is not its business: neither may hide the other.
    const report = (error: unknown) =>
      console.error(`déjà: onEvent of ${event.name} threw on a ${event.type} event:`, error);
    try {
      const returned: unknown = this.#listener(event);
      if (returned instanceof Promise) returned.catch(report);
    } catch (error) {
      report(error);
    }
  }

  /** The counts so far. */
  stats(): CacheStats {
    return {
      hits: this.#hits,
      misses: this.#misses,
      joins: this.#joins,
      errors: this.#errors,
      evictions: this.#evictions,
      problems: this.#problems,
      timeSaved: this.#timeSaved,
    };
  }

  #count(event: CacheEvent): void {
    switch (event.type) {
      case "hit":
        this.#hits++;
        this.#timeSaved += event.saved;
        break;
      case "miss":
        this.#misses++;
        break;
      case "join":
        this.#joins++;
        break;
      case "evict":
        this.#evictions++;
        break;
      case "corrupt":
      case "store-error":
      case "not-stored":
        this.#problems++;
    }
  }

  #warn(event: CacheEvent): void {
    if (this.#warned.has(event.type)) return;
    this.#warned.add(event.type);
    const message = "error" in event && event.error instanceof Error ? event.error.message : event;
    console.warn(
      `déjà: ${event.type} in ${event.name}, the function still works:`,
      message,
      "(said once; listen with onEvent to hear of each)",
    );
  }
}
