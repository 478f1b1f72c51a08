/** Results that come piece by piece, as a cached function hands them out. */

import { decode, encode } from "../../codec/mod.ts";
import { StoreError } from "../../errors.ts";
import { RecordFlag } from "../../record/mod.ts";
import type { Store } from "../../store/store.ts";
import type { EventLog } from "../event_log.ts";
import type { NotStoredReason } from "../events.ts";
import { decideKeeping, type Keeping, type Run } from "../keeping.ts";
import type { Payload } from "../payload.ts";
import { type Settings, staleTime } from "../settings.ts";
import type { Outcome } from "../store_handle.ts";
import { UnstorableItem } from "./forms.ts";
import { removeParts } from "./parts.ts";
import { descriptorOf, Recording, replay } from "./recording.ts";
import type { StreamEnd } from "./shared_stream.ts";

/** Parts outlive their record by this much, since that is written after them. */
const SLACK_MS = 86_400_000;

/** Writes the record of a call. */
export type SaveRecord = (payload: Payload, keeping: Keeping) => Promise<void>;

/** The streams of one function. */
export class StreamedResults {
  readonly #settings: Settings;
  readonly #log: EventLog;

  constructor(settings: Settings, log: EventLog) {
    this.#settings = settings;
    this.#log = log;
  }

  /**
   * Hands out a result that streams, and stores it meanwhile.
   *
   * @throws {TypeError} A response whose body was read already.
   */
  async record(
    run: Run,
    hex: string,
    store: Store | undefined,
    storeKey: string,
    save: SaveRecord,
  ): Promise<Outcome> {
    const keeping = decideKeeping(this.#settings, run);
    if (store === undefined || !keeping.keep) {
      if (!keeping.keep) this.#notStored(hex, keeping.reason, keeping.failed?.error);
      // Nobody else can read it, so that an equal call has to run for itself.
      return { first: () => run.value, again: undefined };
    }
    const { classes } = this.#settings;
    const goes = keeping.expires + staleTime(this.#settings) + SLACK_MS;
    const recording = await Recording.start(
      run.value,
      { store, storeKey, classes },
      goes === Infinity ? undefined : goes,
    );
    const first = recording.first();
    const ended = recording.ended.then(async (end) => {
      if (end.how !== "complete") return this.#tellEnd(end, hex);
      const bytes = encode(recording.descriptor());
      await save({ bytes, flags: RecordFlag.STREAM }, keeping);
      await removeParts(store, storeKey, recording.descriptor().generation).catch(() => {});
    });
    return {
      first: () => first,
      again: () => {
        if (recording.canBeJoined) return recording.join();
        throw new StoreError("The stream that this call joined broke off; call again", {
          store: store.name,
          operation: "get",
        });
      },
      ended,
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
    const first = await replay(place, descriptor);
    return { first: () => first, again: () => replay(place, descriptor) };
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

  #notStored(hex: string, reason: NotStoredReason, error: unknown): void {
    const { name } = this.#settings;
    this.#log.emit({ type: "not-stored", name, key: hex, reason, error });
  }
}
