/** Results that come piece by piece, as a cached function hands them out. */

import { decode, encode } from "../../codec/mod.ts";
import { DecodeError } from "../../errors.ts";
import { RecordFlag } from "../../record/mod.ts";
import type { Store } from "../../store/store.ts";
import type { EventLog } from "../event_log.ts";
import type { NotStoredReason } from "../events.ts";
import { decideKeeping, type Kept, type Refused, type Run } from "../keeping.ts";
import { modeNow } from "../mode.ts";
import type { Payload } from "../payload.ts";
import { removeBroken } from "../removal.ts";
import { type Settings, staleTime } from "../settings.ts";
import { untilAborted } from "../signals.ts";
import type { Outcome } from "../store_handle.ts";
import { unreadable, UnstorableItem, type Within } from "./forms.ts";
import {
  descriptorOf,
  Recording,
  replay,
  type StreamDescriptor,
  type StreamPlace,
} from "./recording.ts";
import type { StreamEnd } from "./shared_stream.ts";

/**
 * Parts outlive their record by this much: so long it may stay past its time (see
 * ../stored_results.ts), and somebody may be reading them then.
 */
const SLACK_MS = 3_600_000;

/** Writes the record of a run, and says whether it is stored. */
export type SaveRecord = (run: Run, payload: Payload, keeping: Kept) => Promise<boolean>;

/** A run whose result streams. */
export interface StreamedRun {
  readonly hex: string;
  readonly store: Store | undefined;
  /** Key of the record. */
  readonly storeKey: string;
  /** When the run began, by `performance.now()`. */
  readonly since: number;
  /** Writes the record, and says whether it is stored. */
  readonly save: SaveRecord;
  /** Tells the function that nobody wants the result any more. */
  readonly abort: (reason: unknown) => void;
  /** Runs what belongs to the run, such as the code of a generator. */
  readonly within: Within;
}

/** The streams of one function. */
export class StreamedResults {
  readonly #settings: Settings;
  readonly #log: EventLog;

  constructor(settings: Settings, log: EventLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /** Hands out a result that streams, and stores it meanwhile. */
  async record(
    run: Run,
    { hex, store, storeKey, since, save, abort, within }: StreamedRun,
  ): Promise<Outcome> {
    const problem = unreadable(run.value);
    if (problem !== undefined) {
      this.#notStored(hex, "no byte form", problem);
      return { first: () => run.value, again: undefined };
    }
    // How long it takes shows at its end.
    const keeping = decideKeeping(this.#settings, { ...run, duration: Infinity });
    if (store === undefined || !keeping.keep) {
      if (!keeping.keep) this.#tellRefusal(keeping, hex);
      // Nobody else can read it, so that an equal call has to run for itself.
      return { first: () => run.value, again: undefined, leave: () => cancel(run.value) };
    }
    const { classes, append, minDuration } = this.#settings;
    const goes = keeping.expires + staleTime(this.#settings) + SLACK_MS;
    const recording = await Recording.start(
      run.value,
      { store, storeKey, classes },
      append || goes === Infinity ? undefined : goes,
      within,
    );
    const place = recording.reserve();
    const keep = async (end: StreamEnd): Promise<boolean> => {
      if (end.how !== "complete") {
        if (end.how === "abandoned") abort(end.reason);
        this.#tellEnd(end, hex);
        return false;
      }
      const duration = performance.now() - since;
      if (duration < minDuration) {
        this.#notStored(hex, "too quick", undefined);
        return false;
      }
      const bytes = encode(recording.descriptor());
      return await save({ ...run, duration }, { bytes, flags: RecordFlag.STREAM }, keeping);
    };
    const ended = recording.ended.then(keep).then((isStored) => {
      // Those who are still behind read the parts.
      if (!isStored) void recording.discard();
    });
    // As with any other result, who has all of it may count on its being stored.
    recording.endAfter(ended);
    return {
      first: (signal) => {
        const result = place.take(signal);
        if (!recording.isEmpty) return result;
        const whole = ended.then(() => result);
        return signal === undefined ? whole : untilAborted(whole, signal);
      },
      get again() {
        // One that broke off is no answer: the call begins anew.
        if (!recording.canBeJoined) return undefined;
        return (signal?: AbortSignal) => recording.join(signal);
      },
      ended,
      leave: (reason) => place.leave(reason),
      drain: () => place.drain(),
      steps: () => recording.reads,
    };
  }

  /**
   * Replays a stored stream.
   *
   * @throws {DecodeError} It is damaged.
   * @throws {StoreError} The store failed.
   */
  async open(store: Store, storeKey: string, { bytes }: Payload): Promise<Outcome> {
    const { classes } = this.#settings;
    const descriptor = descriptorOf(decode(bytes));
    const place = { store, storeKey, classes };
    // Where nothing may be stored, nothing is removed either.
    const mode = modeNow(this.#settings.mode);
    const removes = mode === "read-write" || mode === "refresh";
    const onDamage = (error: DecodeError, part: number) =>
      this.#broken(place, descriptor, error, part, removes);
    const first = await replay(place, descriptor, onDamage);
    return { first: () => first, again: () => replay(place, descriptor, onDamage) };
  }

  /** Takes note of a stream that is damaged further on, and words that for who reads it. */
  async #broken(
    { store, storeKey }: StreamPlace,
    { generation, parts }: StreamDescriptor,
    cause: DecodeError,
    part: number,
    removes: boolean,
  ): Promise<DecodeError> {
    const { name } = this.#settings;
    const offset = parts.slice(0, part).reduce((bytes, { size }) => bytes + size, 0);
    const error = new DecodeError(
      `The stored result of ${name} broke off after ${offset} bytes, which were right: part ` +
        `${part + 1} of ${parts.length} is damaged or gone; call ${name} again, which computes it`,
      { offset, cause },
    );
    const key = storeKey.slice(storeKey.lastIndexOf("/") + 1);
    this.#log.emit({ type: "corrupt", name, key, error });
    try {
      if (removes && store.supports.readOnly !== true) {
        await removeBroken(store, storeKey, generation);
      }
    } catch (error) {
      this.#log.emit({ type: "store-error", name, key, operation: "delete", error });
    }
    return error;
  }

  #tellEnd(end: Exclude<StreamEnd, { how: "complete" }>, hex: string): void {
    const { name } = this.#settings;
    if (end.how === "not stored") {
      const { error } = end;
      this.#log.emit({ type: "store-error", name, key: hex, operation: "set", error });
    } else if (end.how === "abandoned") this.#notStored(hex, "broke off", undefined);
    else if (end.error instanceof UnstorableItem) {
      this.#notStored(hex, "no byte form", end.error.cause);
    } else {
      this.#log.counts.errors++;
      this.#notStored(hex, "broke off", undefined);
    }
  }

  #tellRefusal({ reason, failed }: Refused, hex: string): void {
    const { name } = this.#settings;
    if (failed !== undefined) this.#log.emit({ type: "option-error", name, key: hex, ...failed });
    this.#notStored(hex, reason, undefined);
  }

  #notStored(hex: string, reason: NotStoredReason, error: unknown): void {
    const { name } = this.#settings;
    this.#log.emit({ type: "not-stored", name, key: hex, reason, error });
  }
}

/** Tells the source of a result that nobody reads it. */
async function cancel(value: unknown): Promise<void> {
  const stream = value instanceof Response ? value.body : value;
  if (stream instanceof ReadableStream) await stream.cancel();
  else await (stream as AsyncIterator<unknown> | null)?.return?.();
}
