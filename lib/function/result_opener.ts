/** Stored results as callers get them: values, errors, streams, and files where a call names. */

import { RecordFlag } from "../record/mod.ts";
import type { Store } from "../store/store.ts";
import type { EventLog } from "./event_log.ts";
import type { OutputFiles, PathFinder } from "./outputs/output_files.ts";
import { type Payload, resultOf, valueOf } from "./payload.ts";
import type { Settings } from "./settings.ts";
import type { Outcome } from "./store_handle.ts";
import type { StoredResult, StoredResults } from "./stored_results.ts";
import type { StreamedResults } from "./streams/streamed_results.ts";

/** Makes results of records. What few functions need is loaded by those that do. */
export class ResultOpener {
  /** Whether the function writes files. */
  readonly writesFiles: boolean;
  readonly #settings: Settings;
  readonly #log: EventLog;
  readonly #stored: StoredResults;
  readonly #pathsIn: PathFinder | undefined;
  #outputFiles: Promise<OutputFiles> | undefined;
  #streamedResults: Promise<StreamedResults> | undefined;

  /**
   * @param pathsIn Finds where the function writes; `undefined` where it does not.
   */
  constructor(
    settings: Settings,
    log: EventLog,
    stored: StoredResults,
    pathsIn: PathFinder | undefined,
  ) {
    this.writesFiles = pathsIn !== undefined;
    this.#settings = settings;
    this.#log = log;
    this.#stored = stored;
    this.#pathsIn = pathsIn;
  }

  /** What the function writes. */
  outputs(): Promise<OutputFiles> {
    const load = async () => {
      const { OutputFiles } = await import("./outputs/output_files.ts");
      return new OutputFiles(this.#pathsIn!);
    };
    return this.#outputFiles ??= load();
  }

  /** What comes piece by piece. */
  streams(): Promise<StreamedResults> {
    const load = async () => {
      const { StreamedResults } = await import("./streams/streamed_results.ts");
      return new StreamedResults(this.#settings, this.#log);
    };
    return this.#streamedResults ??= load();
  }

  /**
   * The result that a record holds; `undefined`, with an event, where that cannot be had.
   *
   * @param args Those of the call, which say where files go.
   * @param restores Whether files are put where the call names.
   */
  open(
    store: Store,
    found: StoredResult,
    hex: string,
    args: readonly unknown[],
    restores = true,
  ): Promise<Outcome | undefined> | Outcome | undefined {
    const { payload, record } = found;
    const isStream = (payload.flags & RecordFlag.STREAM) !== 0;
    // The common case waits for nothing.
    if (isStream || this.writesFiles) return this.#openParts(store, found, hex, args, restores);
    try {
      return outcomeOf(valueOf(payload), this.#settings, (record.flags & RecordFlag.ERROR) !== 0);
    } catch (error) {
      this.#stored.report(error, "get", hex);
      return undefined;
    }
  }

  /** As {@linkcode ResultOpener.open}, of a result that is more than one record. */
  async #openParts(
    store: Store,
    { payload, record }: StoredResult,
    hex: string,
    args: readonly unknown[],
    restores: boolean,
  ): Promise<Outcome | undefined> {
    const storeKey = this.#stored.prefix + hex;
    try {
      if ((payload.flags & RecordFlag.STREAM) !== 0) {
        return await (await this.streams()).open(store, storeKey, payload);
      }
      if (restores) await (await this.outputs()).restore({ store, storeKey }, payload, args);
      return outcomeOf(valueOf(payload), this.#settings, (record.flags & RecordFlag.ERROR) !== 0);
    } catch (error) {
      this.#stored.report(error, "get", hex);
      return undefined;
    }
  }
}

/**
 * What bytes stand for, made anew for each caller but the first.
 *
 * @throws {DecodeError} They are damaged.
 */
function outcomeOf(payload: Payload, settings: Settings, isError: boolean): Outcome {
  const result = resultOf(payload, settings);
  const again = () => resultOf(payload, settings);
  return isError
    ? { first: () => fail(result), again: () => fail(again()) }
    : { first: () => result, again };
}

/** Throws in place of an expression. */
export function fail(error: unknown): never {
  throw error;
}
