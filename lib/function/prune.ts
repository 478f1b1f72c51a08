/** Removing what is of no use, or too much, from the store of a cache. */

import { openRecord } from "../record/mod.ts";
import type { Store, StoreListEntry } from "../store/store.ts";
import { byteCount, type ByteSize, type Duration, milliseconds } from "../units.ts";
import type { Group } from "./group.ts";
import { OURS } from "./names.ts";
import { partsOf } from "./removal.ts";
import { LEASE_MS, staleTime } from "./settings.ts";
import type { StoreHandle } from "./store_handle.ts";
import { type PartName, partNameOf, removePart } from "./streams/parts.ts";
import { removeMarks, unmarkTags } from "./tag_index.ts";

/**
 * Parts and marks without a record that are older than this are no longer being written, in
 * milliseconds: where a store has no leases, nothing else tells.
 */
const MAX_STREAM_MS = 86_400_000;

/** What {@linkcode Cache.prune} keeps besides what is of use. */
export interface PruneOptions {
  /** Results that were computed longer ago go. */
  readonly maxAge?: Duration | undefined;
  /** Most results to keep, older generations included: those stored first go first. */
  readonly maxEntries?: number | undefined;
  /** Most bytes to keep, parts of streams and files included: what was stored first goes first. */
  readonly maxBytes?: ByteSize | undefined;
}

/** What {@linkcode Cache.prune} removed. */
export interface PruneReport {
  /** Results past their time, and past that for which they may stand in for new ones. */
  readonly expired: number;
  /** Records that could not be read. */
  readonly damaged: number;
  /** Parts of streams and files, and marks of tags, without a record. */
  readonly orphans: number;
  /** Results that were too old or too many for the options. */
  readonly evicted: number;
  /** Bytes of all that, without marks. */
  readonly bytes: number;
}

/** What is pruned. */
export interface PruneScope {
  readonly handle: StoreHandle;
  readonly group: Group;
  /** What all store keys start with that are looked at. */
  readonly root: string;
  /** Which of them are meant. */
  readonly owns: (storeKey: string) => boolean;
}

/** A record that can be read. */
interface Kept {
  readonly storeKey: string;
  readonly created: number;
  readonly expires: number;
  readonly tags: readonly string[];
  /** Generation of its parts, if it has any. */
  readonly generation: string | undefined;
  readonly size: number;
}

/**
 * Removes what is of no use, and what is too much.
 *
 * @throws {TypeError} An option has no meaning.
 * @throws {RangeError} An option is not more than zero.
 * @throws {StoreError} The store failed.
 */
export async function prune(scope: PruneScope, options: PruneOptions): Promise<PruneReport> {
  const maxAge = options.maxAge === undefined ? Infinity : milliseconds(options.maxAge, "maxAge");
  const maxBytes = options.maxBytes === undefined
    ? Infinity
    : byteCount(options.maxBytes, "maxBytes");
  const pass = new Pass(scope, await scope.handle.store());
  await pass.look();
  await pass.limit(maxAge, options.maxEntries ?? Infinity, maxBytes);
  await pass.removeOrphans();
  return pass.report;
}

/** One look at all that there is. */
class Pass {
  readonly report = { expired: 0, damaged: 0, orphans: 0, evicted: 0, bytes: 0 };
  readonly #scope: PruneScope;
  readonly #store: Store;
  readonly #kept = new Map<string, Kept>();
  /** Generations whose record was removed here, so that nobody writes them any more. */
  readonly #released = new Set<string>();
  readonly #parts: { readonly key: string; readonly size: number }[] = [];

  constructor(scope: PruneScope, store: Store) {
    this.#scope = scope;
    this.#store = store;
  }

  /** Removes what is past its time or damaged, and takes note of the rest. */
  async look(): Promise<void> {
    const { handle, root, owns } = this.#scope;
    const settings = this.#scope.group.settingsByPath();
    for await (const listed of this.#store.list(root)) {
      const { key, size } = listed;
      if (!owns(key)) continue;
      const [, path, , part] = OURS.exec(key)!;
      if (part !== undefined) {
        this.#parts.push({ key, size });
        continue;
      }
      const own = settings.get(path);
      // In turn, so that a result which is stored meanwhile stays.
      await handle.inTurn(latestOf(key), () => this.#lookAt(listed, own && staleTime(own)));
    }
  }

  /** Removes what is too old or too much, beginning with what was stored first. */
  async limit(maxAge: number, maxEntries: number, maxBytes: number): Promise<void> {
    if (maxAge === Infinity && maxEntries === Infinity && maxBytes === Infinity) return;
    const partSizes = new Map<string, number>();
    for (const { key, size } of this.#parts) {
      const generation = partNameOf(key)?.generation;
      if (generation !== undefined) {
        partSizes.set(generation, (partSizes.get(generation) ?? 0) + size);
      }
    }
    const sizeOf = ({ size, generation }: Kept) => size + (partSizes.get(generation ?? "") ?? 0);
    let bytes = 0;
    for (const kept of this.#kept.values()) bytes += sizeOf(kept);
    const oldest = Date.now() - maxAge;
    for (const kept of [...this.#kept.values()].sort((a, b) => a.created - b.created)) {
      const isTooMuch = this.#kept.size > maxEntries || bytes > maxBytes;
      if (!isTooMuch && kept.created >= oldest) break;
      bytes -= sizeOf(kept);
      this.report.evicted++;
      await this.#scope.handle.inTurn(latestOf(kept.storeKey), () => this.#evict(kept));
    }
  }

  /** Removes parts and marks without a record. */
  async removeOrphans(): Promise<void> {
    const generations = new Set([...this.#kept.values()].map(({ generation }) => generation));
    for (const { key, size } of this.#parts) {
      const name = partNameOf(key);
      if (name !== undefined && (generations.has(name.generation) || await this.#isWritten(name))) {
        continue;
      }
      this.report.orphans++;
      this.report.bytes += size;
      await removePart(this.#store, key, name?.generation ?? "");
    }
    const calls = new Set([...this.#kept.keys()].map(latestOf));
    this.report.orphans += await removeMarks(
      this.#store,
      (storeKey) => this.#scope.owns(storeKey) && !calls.has(storeKey),
      Date.now() - MAX_STREAM_MS,
    );
  }

  /**
   * Looks at one record.
   *
   * @param staleMs How long past its time it is of use; `undefined` where only the store knows.
   */
  async #lookAt({ key, expires }: StoreListEntry, staleMs: number | undefined): Promise<void> {
    const bytes = await this.#store.get(key).catch(() => undefined);
    if (bytes === undefined) return;
    const found = await readRecord(this.#store, key, bytes);
    if (found === undefined) {
      this.report.damaged++;
      this.report.bytes += bytes.length;
      await this.#store.delete(key);
    } else if (goesAt(found, expires, staleMs) > Date.now()) this.#kept.set(key, found);
    else {
      this.report.expired++;
      await this.#remove(found);
    }
  }

  async #evict(kept: Kept): Promise<void> {
    this.#kept.delete(kept.storeKey);
    const bytes = await this.#store.get(kept.storeKey);
    const now = bytes && await readRecord(this.#store, kept.storeKey, bytes);
    // Another may have come in its place.
    if (now?.created === kept.created) await this.#remove(now);
  }

  /** Removes a record; its parts are orphans from then on. */
  async #remove({ storeKey, tags, size, generation }: Kept): Promise<void> {
    this.report.bytes += size;
    if (generation !== undefined) this.#released.add(generation);
    await this.#store.delete(storeKey);
    if (latestOf(storeKey) === storeKey) await unmarkTags(this.#store, storeKey, tags);
  }

  /** Whether somebody may still be writing a part, whose record comes last. */
  async #isWritten(name: PartName): Promise<boolean> {
    if (name.isInUse) return true;
    if (this.#released.has(name.generation)) return false;
    if (Date.now() - name.began > MAX_STREAM_MS) return false;
    if (this.#store.supports.lease !== true) return true;
    const lease = await this.#store.lease!(name.storeKey, LEASE_MS);
    await lease?.[Symbol.asyncDispose]();
    return lease === undefined;
  }
}

/** What of a record matters here; `undefined` where it is damaged. */
async function readRecord(
  store: Store,
  storeKey: string,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Kept | undefined> {
  try {
    const record = openRecord(bytes);
    const { created, expires, size } = record;
    const { tags = [] } = record.description();
    const generation = (await partsOf(store, latestOf(storeKey), bytes))?.generation;
    return { storeKey, created, expires, tags, generation, size };
  } catch {
    return undefined;
  }
}

/**
 * When a record is of no use any more, in milliseconds since the epoch.
 *
 * @param kept When the store drops it, where it tells.
 * @param staleMs For how long past its time it stands in for a new one, where that is known.
 */
function goesAt(
  { storeKey, expires }: Kept,
  kept: number | undefined,
  staleMs: number | undefined,
): number {
  if (latestOf(storeKey) !== storeKey) return expires; // An older generation stands in for nothing.
  if (staleMs !== undefined) return expires + staleMs;
  // A store is told to keep a result for as long as it is of use, unless it keeps every generation.
  return kept === undefined || kept === Infinity ? expires : Math.max(expires, kept);
}

/** Key of the latest result of the call that a record belongs to. */
function latestOf(storeKey: string): string {
  return storeKey.replace(/@\d+$/, "");
}
