/** The results of one function as they stand in a store: reading, writing, listing, removing. */

import { decode } from "../codec/mod.ts";
import { DecodeError, type StoreOperation } from "../errors.ts";
import { type CallKey, type Keyer, listedArguments } from "../key/mod.ts";
import { type OpenedRecord, openRecord, RecordFlag, sealRecord } from "../record/mod.ts";
import type { Store, StoreLease } from "../store/store.ts";
import type { CacheEntry } from "./entry.ts";
import type { EventLog } from "./event_log.ts";
import { generationKey } from "./names.ts";
import { HAS_PARTS, type Payload, resultOf, unpacked, valueOf } from "./payload.ts";
import { type Settings, staleTime } from "./settings.ts";

/**
 * How long a store keeps a result past its time, at most and not longer than it counted, so that an
 * event and `explain` can say that it expired: what was stored within that time is all it costs.
 */
const EXPIRED_KEPT_MS = 600_000;

/** A record that was read, with its payload as it was before storing. */
export interface StoredResult {
  readonly record: OpenedRecord;
  readonly payload: Payload;
}

/** Key of the call that a record is about. */
export type KeyOfRecord = Pick<CallKey, "hex" | "bytes">;

/** What a record says of the call, besides its payload. */
export interface Told {
  readonly created: number;
  readonly expires: number;
  readonly duration: number;
  readonly tags: readonly string[];
  readonly code: string | undefined;
  readonly closure: Readonly<Record<string, string>> | undefined;
  /** Bound arguments in canonical form. */
  readonly args: Uint8Array;
}

/** The results of one function in a store. */
export class StoredResults {
  /** Where the entries of this function stand. */
  readonly path: string;
  /** What their store keys start with. */
  readonly prefix: string;
  readonly #settings: Settings;
  readonly #log: EventLog;
  readonly #keyer: Keyer | undefined;

  /**
   * @param keyer Tells what the arguments of a record are; without it, they are listed as bound.
   * @param path Where the entries stand, see {@linkcode pathOf}.
   */
  constructor(path: string, settings: Settings, log: EventLog, keyer?: Keyer) {
    this.path = path;
    this.prefix = `${path}/`;
    this.#settings = settings;
    this.#log = log;
    this.#keyer = keyer;
  }

  /**
   * The stored result of a call, fresh or not; `undefined`, with an event, where it is damaged.
   *
   * @param key What the result must answer; any call unless given.
   * @param tells Whether there is an event.
   */
  read(
    store: Store,
    hex: string,
    key?: Uint8Array,
    tells?: boolean,
  ): Promise<StoredResult | undefined> {
    return this.readAt(store, this.prefix + hex, { hex, bytes: key }, tells);
  }

  /**
   * As {@linkcode StoredResults.read}, with the store key that the caller knows.
   *
   * @param onFailure Called where the store failed.
   */
  async readAt(
    store: Store,
    storeKey: string,
    key: { readonly hex: string; readonly bytes: Uint8Array | undefined },
    tells = true,
    onFailure?: () => void,
  ): Promise<StoredResult | undefined> {
    try {
      const bytes = await store.get(storeKey);
      if (bytes === undefined) return undefined;
      const record = openRecord(bytes, key.bytes);
      // The common case waits for nothing.
      const payload = (record.flags & RecordFlag.COMPRESSED) !== 0
        ? await unpacked(record)
        : { bytes: record.payload, flags: record.flags };
      return { record, payload };
    } catch (error) {
      if (tells) this.report(error, "get", key.hex);
      if (!isDamage(error)) onFailure?.();
      return undefined;
    }
  }

  /**
   * Stores a record in the place of an earlier one, which becomes an older generation where those
   * are kept.
   *
   * @returns Size of the record in bytes.
   * @throws {StoreError} The store failed.
   */
  async write(
    store: Store,
    key: KeyOfRecord,
    payload: Payload,
    told: Told,
    lease: StoreLease | undefined,
  ): Promise<number> {
    const storeKey = this.prefix + key.hex;
    const { append } = this.#settings;
    const mayReplaceParts = (payload.flags & HAS_PARTS) !== 0;
    const before = append || mayReplaceParts
      ? await this.read(store, key.hex, undefined, append)
      : undefined;
    // Two generations never have the same moment.
    const created = Math.max(told.created, Math.floor(before?.record.created ?? -1) + 1);
    const { tags, expires } = told;
    const record = this.seal(key, payload, told, created);
    const past = Math.min(Math.max(expires - told.created, 0), EXPIRED_KEPT_MS);
    const goes = expires + Math.max(staleTime(this.#settings), past);
    const keepUntil = append || goes === Infinity ? undefined : goes;
    if (tags.length > 0) {
      const { markTags } = await import("./tag_index.ts");
      await markTags(store, storeKey, tags, keepUntil);
    }
    if (append && before !== undefined) {
      const old = await store.get(storeKey);
      if (old !== undefined) await store.set(generationKey(storeKey, before.record.created), old);
    }
    await store.set(storeKey, record, {
      expires: keepUntil,
      lease,
    });
    if (!append && before !== undefined && (before.payload.flags & HAS_PARTS) !== 0) {
      // What stays behind belongs to no record, and goes when the store is pruned.
      const { partsIn } = await import("./streams/parts.ts");
      await partsIn(store, storeKey, decode(before.payload.bytes))?.remove();
    }
    return record.length;
  }

  /**
   * Removes the result of a call, with its older generations, its parts and its tags' marks.
   *
   * @returns Whether there was one that was not past its time.
   * @throws {StoreError} The store failed.
   */
  async delete(store: Store, hex: string): Promise<boolean> {
    const { removeResult } = await import("./removal.ts");
    const expires = await removeResult(store, this.prefix + hex, this.#settings.append);
    return expires !== undefined && expires > Date.now();
  }

  /**
   * What a record tells of its call; `undefined`, with an event, where it is damaged.
   *
   * @param withoutValue Whether it is told of also where its value cannot be read.
   */
  tell(
    { record, payload }: StoredResult,
    hex: string,
    withoutValue = false,
  ): CacheEntry | undefined {
    try {
      const { name, version, args, tags } = record.description();
      const isError = (payload.flags & RecordFlag.ERROR) !== 0;
      const isWhole = (payload.flags & RecordFlag.STREAM) === 0;
      let result: unknown;
      let unreadable: Error | undefined;
      try {
        result = isWhole ? resultOf(valueOf(payload), this.#settings) : undefined;
      } catch (error) {
        if (!withoutValue) throw error;
        unreadable = error instanceof Error ? error : new Error(String(error));
      }
      const { created, expires, duration, size } = record;
      const bound = this.boundArguments(args);
      return {
        key: hex,
        name,
        version,
        args: bound && (this.#keyer?.told(bound).args ?? bound),
        kind: isError ? "error" : "value",
        value: isError ? undefined : result,
        error: isError ? result : undefined,
        created,
        expires,
        duration,
        size,
        tags: tags ?? [],
        ...(unreadable === undefined ? {} : { unreadable }),
      };
    } catch (error) {
      this.report(error, "get", hex);
      return undefined;
    }
  }

  /** What a record lists as arguments; `undefined` where they have instances of unknown classes. */
  boundArguments(args: Uint8Array | undefined): readonly unknown[] | undefined {
    if (args === undefined) return undefined;
    try {
      return listedArguments(new Uint8Array(args), this.#settings.classes);
    } catch {
      return undefined; // The checksum is right: they are only not for this reader.
    }
  }

  /** A result as a record. */
  seal(
    key: KeyOfRecord,
    { bytes, flags }: Payload,
    { expires, duration, code, closure, args, tags }: Told,
    created: number,
  ): Uint8Array<ArrayBuffer> {
    const { name, version } = this.#settings;
    return sealRecord(key.bytes, bytes, { created, expires, duration }, {
      name,
      code,
      closure,
      args,
      ...(version === undefined ? {} : { version }),
      ...(tags.length === 0 ? {} : { tags }),
    }, flags);
  }

  /** Tells of a failure: of the store, or of what stands in it. */
  report(error: unknown, operation: StoreOperation, hex: string): void {
    const { name } = this.#settings;
    this.#log.emit(
      isDamage(error)
        ? { type: "corrupt", name, key: hex, error }
        : { type: "store-error", name, key: hex, operation, error },
    );
  }
}

/** Whether an error says that what stands in the store is damaged, and nothing of the store itself. */
function isDamage(error: unknown): boolean {
  return error instanceof DecodeError ||
    (error instanceof Error && error.cause instanceof DecodeError);
}
