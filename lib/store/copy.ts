/**
 * Moving entries from one store to another.
 *
 * @module
 */

import { StoreError } from "../errors.ts";
import { createHasher } from "../hash/mod.ts";
import { abortable } from "./_keys.ts";
import { checkOptionNames } from "./_options.ts";
import { cancelUnread, piecesOf } from "./_streams.ts";
import type { Store, StoreListEntry } from "./store.ts";

/** Options of {@linkcode copyStore}. */
export interface CopyStoreOptions {
  /** Copies only entries whose key starts so. All by default. */
  readonly prefix?: string;
  /** Copies only the entries for which it returns true, or a Promise of true. */
  readonly filter?: (entry: StoreListEntry) => boolean | Promise<boolean>;
  /** Hears how far the copying is, after each entry. */
  readonly onProgress?: (progress: CopyProgress) => void;
  /** Gives the copying up: it rejects with the signal's reason, and what was copied stays. */
  readonly signal?: AbortSignal;
  /** Entries under way at a time, a positive integer; 8 by default. */
  readonly concurrency?: number;
  /**
   * Whether to leave alone what the target has already, bit for bit and with the same expiry, so
   * that a copying that was cut short goes on where it stopped. It reads both sides to find out.
   * False by default: everything is written.
   */
  readonly resume?: boolean;
  /**
   * Whether entries keep their expiry, which only a source that `supports.expiry` can tell, or lose
   * it. `"keep"` by default.
   */
  readonly expiry?: "keep" | "drop";
  /** Entries that may fail, each reported, before the copying stops; 100 by default. */
  readonly maxFailures?: number;
}

/** How far a copying is. */
export interface CopyProgress {
  /** Entries written. */
  readonly copied: number;
  /** Entries that the target had already. */
  readonly skipped: number;
  /** Entries that failed. */
  readonly failed: number;
  /** Bytes written. */
  readonly bytes: number;
  /** Key of the entry that is over now. */
  readonly key: string;
}

/** What {@linkcode copyStore} did. */
export interface CopyResult {
  /** Entries written. */
  readonly copied: number;
  /** Entries that the target had already. */
  readonly skipped: number;
  /** Bytes written. */
  readonly bytes: number;
  /** Entries that failed, with why; where nothing but failures is left, the copying rejects. */
  readonly failures: readonly CopyFailure[];
}

/** An entry that could not be copied. */
export interface CopyFailure {
  /** The key. */
  readonly key: string;
  /** What reading or writing rejected with. */
  readonly error: unknown;
}

/** What is larger than this goes through in pieces, where both stores can. */
const STREAM_BYTES = 0x800000;

/**
 * Copies entries from one store to another, bit for bit and with their expiry. Large ones are
 * streamed where both stores can stream. An entry that cannot be copied is reported in `failures`,
 * and the others are copied all the same: look at it before you count on the copy.
 *
 * @param from Where to copy from.
 * @param to Where to copy to; what it has under other keys stays.
 * @param options What to copy, and who hears of it.
 * @returns What was done, and which entries failed.
 * @throws {TypeError} An option is unknown, `to` can only be read, or expiries are to be kept and
 *   `from` does not tell them.
 * @throws {RangeError} `concurrency` or `maxFailures` is not a positive integer.
 * @throws {StoreError} `from` cannot be listed, too many entries failed, or there were entries and
 *   all of them failed; then the `cause` is an `AggregateError` of what each failed with.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { copyStore } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * const [from, to] = [memoryStore(), memoryStore()];
 * await from.set("etl/a", Uint8Array.of(1, 2, 3));
 * await from.set("other/b", Uint8Array.of(4));
 *
 * const { copied, bytes } = await copyStore(from, to, { prefix: "etl/" });
 * assert.deepEqual([copied, bytes], [1, 3]);
 * assert.deepEqual(await to.get("etl/a"), Uint8Array.of(1, 2, 3));
 * ```
 */
export async function copyStore(
  from: Store,
  to: Store,
  options: CopyStoreOptions = {},
): Promise<CopyResult> {
  checkOptionNames("copyStore()", options, {
    prefix: true,
    filter: true,
    onProgress: true,
    signal: true,
    concurrency: true,
    resume: true,
    expiry: true,
    maxFailures: true,
  });
  const { prefix = "", filter, onProgress, signal, expiry = "keep" } = options;
  const concurrency = checkCount(options.concurrency ?? 8, "concurrency");
  const maxFailures = checkCount(options.maxFailures ?? 100, "maxFailures");
  if (expiry !== "keep" && expiry !== "drop") {
    throw new TypeError(`expiry must be "keep" or "drop", received ${String(expiry)}`);
  }
  if (expiry === "keep" && from.supports.expiry !== true) {
    throw new TypeError(
      `The ${from.name} store does not tell when its entries expire; pass expiry: "drop" to copy ` +
        "them as entries that never do",
    );
  }
  if (to.supports.readOnly === true) {
    throw new TypeError(
      `The ${to.name} store can only be read; pass one that may be written as the second argument`,
    );
  }
  signal?.throwIfAborted();
  const done = { copied: 0, skipped: 0, bytes: 0 };
  const failures: CopyFailure[] = [];
  const stop = new AbortController();
  const call = { signal: signal ? AbortSignal.any([signal, stop.signal]) : stop.signal };

  const copy = async (entry: StoreListEntry): Promise<void> => {
    const { key } = entry;
    try {
      const bytes = await copyEntry(from, to, entry, { ...options, expiry, signal: call.signal });
      if (bytes === "gone") return;
      if (bytes === "equal") done.skipped++;
      else {
        done.copied++;
        done.bytes += bytes;
      }
    } catch (error) {
      call.signal.throwIfAborted();
      failures.push({ key, error });
      if (failures.length >= maxFailures) {
        throw new StoreError(
          `Cannot copy from the ${from.name} store to the ${to.name} store: ${failures.length} ` +
            `entries failed, ${JSON.stringify(key)} the last; see the cause`,
          { store: to.name, operation: "set", cause: error },
        );
      }
    }
    onProgress?.({ ...done, failed: failures.length, key });
  };

  const entries = from.list(prefix, call)[Symbol.asyncIterator]();
  let asked: Promise<IteratorResult<StoreListEntry>> | undefined;
  // Not every listing can be asked for the next entry before it has given the last.
  const following = () =>
    asked = asked === undefined ? entries.next() : asked.then(() => entries.next());
  const worker = async (): Promise<void> => {
    try {
      // Each asks for the next entry when it is through with one: the listing is never ahead.
      for (let next = await following(); !next.done; next = await following()) {
        const { value } = next;
        const wanted = async () => filter === undefined || await filter(value);
        if (await abortable(call, wanted)) await copy(value);
      }
    } catch (error) {
      stop.abort(error);
      throw error;
    }
  };
  const ended = await Promise.allSettled(Array.from({ length: concurrency }, worker));
  if (ended.some(({ status }) => status === "rejected")) {
    await entries.return?.().catch(() => {}); // The first failure is the one to tell of.
    signal?.throwIfAborted();
    throw stop.signal.reason;
  }
  signal?.throwIfAborted();
  if (failures.length > 0 && done.copied + done.skipped === 0) {
    throw nothingCopied(from, to, failures);
  }
  return { ...done, failures };
}

/** The error for a copying of which every entry failed. */
function nothingCopied(from: Store, to: Store, failures: readonly CopyFailure[]): StoreError {
  const [{ key, error }] = failures;
  const why = error instanceof Error ? error.message : String(error);
  const errors = failures.map(({ error }) => error);
  return new StoreError(
    `Cannot copy anything from the ${from.name} store to the ${to.name} store: ` +
      `${failures.length} of ${failures.length} entries failed, ${JSON.stringify(key)} first ` +
      `("${why}"); see the cause for all`,
    { store: to.name, operation: "set", cause: new AggregateError(errors) },
  );
}

type EntryOptions = CopyStoreOptions & { readonly signal: AbortSignal };

/** Copies one entry; resolves to its size, or to why nothing was written. */
async function copyEntry(
  from: Store,
  to: Store,
  { key, size }: StoreListEntry,
  { expiry = "keep", resume = false, signal }: EntryOptions,
): Promise<number | "gone" | "equal"> {
  let expires = Infinity;
  const onEntry = (about: { readonly expires: number }) => {
    if (expiry === "keep") expires = about.expires;
  };
  const until = () => expires === Infinity ? { signal } : { signal, expires };
  if (size > STREAM_BYTES && from.getStream !== undefined && to.setStream !== undefined) {
    if (resume && await sameStreams(from, to, key, { expiry, signal })) return "equal";
    const stream = await from.getStream(key, { signal, onEntry });
    if (stream === undefined) return "gone";
    let bytes = 0;
    const counted = stream.pipeThrough(
      new TransformStream<Uint8Array<ArrayBuffer>, Uint8Array<ArrayBuffer>>({
        transform(piece, controller) {
          bytes += piece.length;
          controller.enqueue(piece);
        },
      }),
    );
    try {
      await to.setStream(key, counted, until());
    } catch (error) {
      cancelUnread(counted, error); // It may hold a file or a connection open.
      throw error;
    }
    return bytes;
  }
  const bytes = await from.get(key, { signal, onEntry });
  if (bytes === undefined) return "gone";
  if (resume) {
    let found: number | undefined;
    const there = await to.get(key, { signal, onEntry: (about) => found = about.expires })
      .catch(() => undefined); // What cannot be read there is written anew.
    signal.throwIfAborted();
    if (found === expires && there !== undefined && sameBytes(bytes, there)) return "equal";
  }
  await to.set(key, bytes, until());
  return bytes.length;
}

function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}

/** Whether both stores have the same bytes and expiry under a key, without holding them. */
async function sameStreams(
  from: Store,
  to: Store,
  key: string,
  { expiry, signal }: EntryOptions,
): Promise<boolean> {
  const digest = async (store: Store): Promise<string | undefined> => {
    let expires: number | undefined = store === from && expiry === "drop" ? Infinity : undefined;
    const onEntry = (about: { readonly expires: number }) => expires ??= about.expires;
    const stream = await store.getStream?.(key, { signal, onEntry });
    if (stream === undefined || expires === undefined) return undefined;
    using hasher = createHasher();
    for await (const piece of piecesOf(stream, { signal })) hasher.update(piece);
    return `${expires} ${hasher.hex()}`;
  };
  const there = await digest(to).catch(() => undefined);
  signal.throwIfAborted();
  return there !== undefined && there === await digest(from);
}

function checkCount(count: number, option: string): number {
  if (Number.isSafeInteger(count) && count > 0) return count;
  throw new RangeError(`${option} must be a positive integer, received ${String(count)}`);
}
