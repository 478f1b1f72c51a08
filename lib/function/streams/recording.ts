/**
 * Results that come piece by piece, stored while the first caller reads them and replayed to the
 * next.
 *
 * @module
 */

import type { ClassRegistry } from "../../codec/mod.ts";
import { DecodeError } from "../../errors.ts";
import type { Store } from "../../store/store.ts";
import { putTogether, type StreamShape, takeApart, type Within } from "./forms.ts";
import { beginGeneration, endGeneration, holdParts, type Part, Parts } from "./parts.ts";
import { untilAborted } from "../signals.ts";
import { SharedStream, type StreamEnd, type StreamReader } from "./shared_stream.ts";

/** What the record of a stream has in place of a value: plain data. */
export interface StreamDescriptor {
  readonly shape: StreamShape;
  /** Tells the parts from those of other streams of the same call. */
  readonly generation: string;
  readonly parts: readonly Part[];
}

/** Where a stream is stored. */
export interface StreamPlace {
  readonly store: Store;
  /** Key of the record. */
  readonly storeKey: string;
  /** Classes whose instances the stream may have. */
  readonly classes: ClassRegistry | undefined;
}

/** The place of a caller who takes the result later, or not at all. */
export interface ReservedPlace {
  /** The result for that caller, who gives it up when `signal` is aborted. */
  take(signal: AbortSignal | undefined): unknown;
  /** Says that nobody takes it. */
  leave(reason?: unknown): Promise<void>;
  /** Reads it to its end for nobody, so that it is stored. Never rejects. */
  drain(): Promise<void>;
}

/** A result that is being read and stored. */
export class Recording {
  readonly #place: StreamPlace;
  readonly #shape: StreamShape;
  readonly #generation: string;
  readonly #parts: Parts;
  readonly #shared: SharedStream;

  private constructor(
    place: StreamPlace,
    shape: StreamShape,
    generation: string,
    parts: Parts,
    shared: SharedStream,
  ) {
    this.#place = place;
    this.#shape = shape;
    this.#generation = generation;
    this.#parts = parts;
    this.#shared = shared;
  }

  /**
   * Begins to record a result, which nobody else may read from then on.
   *
   * @param value A result that comes piece by piece.
   * @param expires Moment from which the parts may go, in milliseconds since the epoch.
   * @param within Runs the code of a generator.
   * @throws {TypeError} It is being read already.
   * @throws Whatever the first piece of a stream fails with.
   */
  static async start(
    value: unknown,
    place: StreamPlace,
    expires: number | undefined,
    within?: Within,
  ): Promise<Recording> {
    const { shape, source } = await takeApart(value, place.classes, within);
    const generation = beginGeneration();
    const parts = new Parts(place.store, place.storeKey, generation);
    const shared = new SharedStream(source, parts, expires);
    void shared.quiet.then(() => endGeneration(generation));
    return new Recording(place, shape, generation, parts, shared);
  }

  /** Settles when nothing more will be read or stored. */
  get ended(): Promise<StreamEnd> {
    return this.#shared.ended;
  }

  /** Settles when it has ended and nobody reads it any more. */
  get quiet(): Promise<void> {
    return this.#shared.quiet;
  }

  /** How often somebody has read, see {@linkcode SharedStream.reads}. */
  get reads(): number | undefined {
    return this.#shared.reads;
  }

  /** Whether nothing is to be read, as of a response without a body. */
  get isEmpty(): boolean {
    return this.#shape.response?.hasBody === false;
  }

  /** Lets nobody hear of the end before `settled`. */
  endAfter(settled: Promise<unknown>): void {
    this.#shared.endAfter(settled);
  }

  /** The result for the call that ran the function. */
  first(): unknown {
    return this.reserve().take(undefined);
  }

  /** Keeps a place for the call that ran the function. */
  reserve(): ReservedPlace {
    const reader = this.#shared.open();
    return {
      take: (signal) => this.#give(reader, signal, true),
      leave: (reason) => reader.leave(reason),
      drain: async () => {
        try {
          while (await reader.next() !== undefined);
        } catch {
          // How it ended tells why.
        }
        await reader.leave();
      },
    };
  }

  /** Whether a call that comes now can {@linkcode Recording.join}. */
  get canBeJoined(): boolean {
    return this.#shared.isReadable;
  }

  /** The result for a call that came meanwhile: all of it, from the start. */
  join(signal?: AbortSignal): unknown {
    return this.#give(this.#shared.open(), signal, false);
  }

  #give(reader: StreamReader, signal: AbortSignal | undefined, original: boolean): unknown {
    const own = signal === undefined ? reader : untilGivenUp(reader, signal);
    return putTogether(this.#shape, own, this.#place.classes, original);
  }

  /** What to store as the record, once the stream is complete. */
  descriptor(): StreamDescriptor {
    return { shape: this.#shape, generation: this.#generation, parts: this.#parts.list };
  }

  /** Removes the parts, where the record is not stored after all, once nobody reads them. */
  async discard(): Promise<void> {
    await this.#shared.quiet;
    await this.#parts.remove();
  }
}

/** A reader that leaves when a signal is aborted, and then fails with its reason. */
function untilGivenUp(reader: StreamReader, signal: AbortSignal): StreamReader {
  const leave = async (reason?: unknown) => {
    signal.removeEventListener("abort", giveUp);
    await reader.leave(reason);
  };
  // How a source takes its end is not for who has left to hear.
  const giveUp = () => void leave(signal.reason).catch(() => {});
  if (signal.aborted) giveUp();
  else signal.addEventListener("abort", giveUp);
  return {
    next: async () => {
      signal.throwIfAborted();
      return await untilAborted(reader.next(), signal);
    },
    leave,
  };
}

/** Streams that failed while they were read, so that they answer no call where they must stay. */
const broken = new Set<string>();

/**
 * Makes a result of what was stored.
 *
 * @param onDamage Called where a part is found damaged, or is gone, when some of the result was
 *   handed out; gives the error that the result fails with.
 * @throws {DecodeError} The first part is damaged, any is gone, or one was found damaged before.
 * @throws {StoreError} The store failed.
 */
export async function replay(
  { store, storeKey, classes }: StreamPlace,
  { shape, generation, parts }: StreamDescriptor,
  onDamage: (error: DecodeError, part: number) => unknown = (error) => error,
): Promise<unknown> {
  if (broken.has(generation)) {
    throw new DecodeError("A part of a stored stream was found damaged before", { offset: 0 });
  }
  const stored = new Parts(store, storeKey, generation, parts);
  let release = () => {};
  let first: Uint8Array<ArrayBuffer> | undefined;
  let index = 0;
  const reader: StreamReader = {
    next: async () => {
      if (index >= parts.length) {
        release();
        return undefined;
      }
      try {
        const bytes = index === 0 ? first! : await stored.read(index);
        index++;
        return bytes;
      } catch (error) {
        release();
        if (!(error instanceof DecodeError)) throw error;
        broken.add(generation);
        throw await onDamage(error, index);
      }
    },
    leave: () => Promise.resolve(release()),
  };
  if (parts.length > 1) release = holdParts(generation, reader);
  // A record whose parts are gone is found out before it counts as a hit, and before the caller has
  // seen a byte of it.
  try {
    first = parts.length === 0 ? undefined : await stored.read(0);
    if (parts.length > 1) await stored.check();
  } catch (error) {
    release();
    throw error;
  }
  return putTogether(shape, reader, classes, false);
}

/**
 * Checks that what a record has in place of a value describes a stream.
 *
 * @throws {DecodeError} It does not.
 */
export function descriptorOf(value: unknown): StreamDescriptor {
  const { shape, generation, parts } = (value ?? {}) as Partial<StreamDescriptor>;
  const isWhole = typeof shape?.form === "string" && typeof generation === "string" &&
    Array.isArray(parts) &&
    parts.every((part) => Number.isSafeInteger(part?.size) && part.digest instanceof Uint8Array) &&
    (shape.form !== "response" || Array.isArray(shape.response?.headers));
  if (!isWhole) {
    throw new DecodeError("The record of a stream does not describe one", { offset: 0 });
  }
  return value as StreamDescriptor;
}
