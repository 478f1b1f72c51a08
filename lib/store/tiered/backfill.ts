/**
 * Copies of what a slower tier has in the faster ones, made behind the calls.
 *
 * @module
 */

import { pulledStream } from "../_streams.ts";
import { StreamCopy } from "./stream_copy.ts";
import type { Tier } from "./tier.ts";
import type { Read, Turns } from "./turns.ts";

/** How long a copy lives whose original does not tell when it expires. */
const UNTOLD_TTL_MS = 60_000;

/** What was found, and where. */
export interface Found {
  /** When it expires, in milliseconds since the epoch; `undefined` where the tier does not tell. */
  readonly expires: number | undefined;
  /** Place of the tier that has it. */
  readonly index: number;
  /** The look-up that found it. */
  readonly read: Read;
  /** The signal of the call, which gives a stream up as well. */
  readonly signal?: AbortSignal | undefined;
}

/** What copies entries into faster tiers. */
export class Backfill {
  readonly #tiers: readonly Tier[];
  readonly #turns: Turns;
  readonly #ttl: number | undefined;
  /** The copies of streams that are being read. */
  readonly #underWay = new Set<StreamCopy>();

  /**
   * @param tiers The fastest first.
   * @param turns The order of changes.
   * @param ttl How long a copy may live, in milliseconds.
   */
  constructor(tiers: readonly Tier[], turns: Turns, ttl: number | undefined) {
    this.#tiers = tiers;
    this.#turns = turns;
    this.#ttl = ttl;
  }

  /** Copies an entry, and does not wait. */
  entry(key: string, bytes: Uint8Array<ArrayBuffer>, found: Found): void {
    const tiers = this.#tiersFor(key, found).filter(({ maxBytes }) => bytes.length <= maxBytes);
    if (tiers.length === 0) return;
    const options = this.#options(found);
    // A store takes its copy before its `set` returns, so the caller may have the bytes.
    void this.#turns.take(key, () =>
      Promise.all(
        tiers.map((tier) => tier.put(key, bytes, options)),
      ));
  }

  /**
   * Copies a stream while it is read, and no faster: a copy that lags too far behind is given up.
   * So are all if the reader stops early, the stream fails, or the entry changes meanwhile.
   *
   * @param done Called when nothing more is copied, maybe more than once.
   * @returns What to read instead of the stream.
   */
  stream(
    key: string,
    stream: ReadableStream<Uint8Array<ArrayBuffer>>,
    found: Found,
    done: () => void,
  ): ReadableStream<Uint8Array<ArrayBuffer>> {
    const tiers = this.#tiersFor(key, found);
    if (tiers.length === 0) {
      done();
      return stream;
    }
    const options = this.#options(found);
    const copies = tiers.map((tier) => new StreamCopy(tier, key, options));
    for (const copy of copies) this.#underWay.add(copy);
    const end = () => {
      for (const copy of copies) {
        this.#underWay.delete(copy);
        copy.drop();
      }
      done();
    };
    const finish = async () => {
      if (!found.read.changed) await Promise.all(copies.map((copy) => copy.finish()));
      end();
    };
    const reader = stream.getReader();
    return pulledStream({
      next: async () => {
        const { done, value } = await reader.read().catch((error) => {
          end();
          throw error;
        });
        if (done) {
          // In turn, so that it does not come after a change that was begun later.
          void this.#turns.take(key, finish);
          return undefined;
        }
        if (found.read.changed) { for (const copy of copies) copy.drop(); }
        addTo(copies, value);
        return value;
      },
      letGo: async (reason) => {
        end();
        await reader.cancel(reason);
      },
      ahead: 0,
    }, { signal: found.signal });
  }

  /** Gives up the copies of streams that are still being read. */
  stop(): void {
    for (const copy of this.#underWay) copy.drop();
    this.#underWay.clear();
  }

  /** The tiers that may get a copy. */
  #tiersFor(key: string, { index, read }: Found): readonly Tier[] {
    if (read.changed || this.#turns.has(key)) return [];
    return this.#tiers.slice(0, index).filter(({ writable, resting }) => writable && !resting);
  }

  #options({ expires }: Found): { expires?: number } {
    const ttl = this.#ttl ?? (expires === undefined ? UNTOLD_TTL_MS : Infinity);
    const until = Math.min(expires ?? Infinity, Date.now() + ttl);
    return until === Infinity ? {} : { expires: until };
  }
}

/** Adds a piece to all copies that want it; the reader may do with its own what it likes. */
function addTo(copies: readonly StreamCopy[], piece: Uint8Array): void {
  const open = copies.filter((copy) => copy.open);
  if (open.length === 0) return;
  const own = new Uint8Array(piece);
  for (const copy of open) copy.add(own);
}
