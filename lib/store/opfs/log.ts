/**
 * The log, and the index that it leads to.
 *
 * ```text
 * PATH/                     `v1` is the version of this layout
 *   v1-0000000001           segments of the log, in order (see ./record.ts); the last one grows
 *   v1-index                what the log said some time ago (see ./saved_index.ts)
 *   v1-large/0b5c...        the value of a large entry, and nothing else
 * ```
 *
 * Readers elsewhere may be anywhere in it. So it only ever grows at its end and shrinks at its
 * start: cleaning writes the live records of the oldest segment again at the end and then removes
 * the segment. A deletion may go with its segment, since nothing older is left that it hides.
 *
 * Whoever opens the log reads the saved index and follows the log from there. A log that had to be
 * read as a whole may have lost its end, and must not grow into positions that the saved index
 * knows: so that index is removed before the log grows.
 *
 * @module
 */

import { type Files, INDEX_NAME, segmentName } from "./files.ts";
import { type Entry, Index } from "./index.ts";
import { Kind, type PlacedRecord, readRecord, readRecords, writeRecord } from "./record.ts";
import { decodeIndex, encodeIndex, type LogState } from "./saved_index.ts";
import { Segments } from "./segments.ts";
import type { Writer } from "./writer.ts";

/** A segment that is longer ends: a stream copies no more than that for each write. */
const SEGMENT_BYTES = 1024 * 1024;
/** Segments to read ahead. */
const READ_AHEAD = 4;
/** A log that is cleaned while it is read is read again, so often. */
const MAX_READINGS = 20;
/** The index is saved amid writes when the log has grown by so much: to follow takes some 5 ms. */
const SAVE_AFTER_BYTES = 512 * 1024;
/** To follow less than that takes no longer than to read an index. */
const SAVE_AT_REST_BYTES = 16 * 1024;

/** The log of one store. */
export class Log {
  readonly #files: Files;
  readonly #segments: Segments;
  #state: LogState = freshState();
  /** Segments that are to be cleaned, and the keys that stood in each. */
  #victims: [segment: number, keys: readonly string[]][] = [];
  /** Whether there may be a saved index that does not go with the log. */
  #distrusted = false;
  /** Bytes of the saved index. */
  #savedBytes = 0;
  /** Bytes of the log that the saved index does not know. */
  #unsaved = 0;

  /** @param files Where it stands. */
  constructor(files: Files) {
    this.#files = files;
    this.#segments = new Segments(files);
  }

  /** What the log said when it was last looked at. */
  get index(): Index {
    return this.#state.index;
  }

  /** Reads the saved index and what was written since, or else all of the log. */
  async open(): Promise<void> {
    const [bytes, segments] = await Promise.all([
      this.#files.readIndex(),
      this.#segments.lookAhead(),
    ]);
    const saved = bytes && await decodeIndex(bytes);
    const before = saved && lengthOf(saved);
    if (saved === undefined || await this.#follow(saved, segments) === "lost") {
      return await this.rebuild();
    }
    this.#state = saved;
    this.#savedBytes = bytes!.length;
    this.#unsaved = lengthOf(saved) - before!;
  }

  /**
   * Follows what was written since.
   *
   * @returns Whether that was anything.
   */
  async catchUp(): Promise<boolean> {
    const before = lengthOf(this.#state);
    const found = await this.#follow(this.#state);
    if (found === "same") return false;
    if (found === "lost") await this.rebuild();
    else this.#unsaved += lengthOf(this.#state) - before;
    this.#victims = [];
    return true;
  }

  /** Reads the record of a packed entry. */
  async read({ segment, start, length }: Entry): Promise<PlacedRecord | undefined> {
    const bytes = await this.#segments.part(segment, start, start + length);
    return bytes && readRecord(bytes, 0);
  }

  /** Forgets what is known of the files, since they are gone or others. */
  forget(): void {
    this.#files.forget();
    this.#segments.forget();
  }

  /** Reads all of it, whatever the saved index says. */
  async rebuild(): Promise<void> {
    for (let reading = 1; !await this.#readAll(); reading++) {
      if (reading === MAX_READINGS) {
        throw new DOMException("Segments vanish while they are read", "NotFoundError");
      }
    }
  }

  /**
   * Writes records behind the last one and follows them. Only for the holder of the turn, whose
   * index is fresh.
   *
   * @returns Names of files of large entries that are useless now.
   */
  async append(writer: Writer, records: readonly Uint8Array<ArrayBuffer>[]): Promise<string[]> {
    if (this.#distrusted) await this.#files.removeIndex();
    this.#distrusted = false;
    const { segment, at } = this.#state.tail;
    const length = records.reduce((sum, record) => sum + record.length, 0);
    const all = at + length < SEGMENT_BYTES
      ? records
      : [...records, writeRecord({ kind: Kind.end })];
    const folder = await this.#files.root();
    const bytes = joined(all);
    this.#unsaved += bytes.length;
    await writer.append({ folder, name: segmentName(segment), at, bytes });
    const useless: string[] = [];
    for (const record of all) useless.push(...this.#apply(record));
    return useless;
  }

  /** Whether the log has grown by so much that the index is to be saved; less does `atRest`. */
  isToBeSaved(atRest = false): boolean {
    return atRest
      ? this.#unsaved > Math.max(SAVE_AT_REST_BYTES, this.#savedBytes / 4)
      : this.#unsaved > Math.max(SAVE_AFTER_BYTES, this.#savedBytes * 2);
  }

  /** Saves the index. Only for the holder of the turn, whose index is fresh. */
  async save(writer: Writer): Promise<void> {
    // Also where it fails: the next try is due when the log has grown again.
    this.#unsaved = 0;
    const bytes = await encodeIndex(this.#state);
    this.#savedBytes = bytes.length;
    const folder = await this.#files.root();
    await writer.replace({ folder, name: INDEX_NAME, at: 0, bytes });
  }

  /** Whether a segment waits to be cleaned: more than half of the log is garbage. */
  isToBeCleaned(): boolean {
    return this.#victims.length > 0;
  }

  /** Cleans the oldest segment. Only for the holder of the turn, whose index is fresh. */
  async clean(writer: Writer): Promise<void> {
    const [segment, keys] = this.#victims[0];
    const bytes = await this.#segments.rest(segment, 0);
    // The first record makes sure that the last segment is there before another one goes.
    const records = [
      writeRecord({ kind: Kind.token, number: this.index.token }),
      ...this.#leases(),
    ];
    for (const key of bytes === undefined ? [] : keys) {
      const entry = this.index.entries.get(key);
      if (entry?.segment !== segment) continue;
      const { start, length } = entry;
      if (this.index.live(key) !== undefined) records.push(bytes!.slice(start, start + length));
      else records.push(writeRecord({ kind: Kind.deletion, key }));
    }
    const useless = await this.append(writer, records);
    await this.#files.removeSegment(segment);
    this.#state.lengths.delete(segment);
    this.#victims = this.#victims.filter(([other]) => other !== segment);
    for (const name of useless) await this.#files.removeLarge(name).catch(() => {});
  }

  /**
   * Brings a state up to the end of the log, or tells that the log does not go on from there.
   *
   * @param listed Segments that were looked at just now, if any.
   */
  async #follow(state: LogState, listed?: readonly number[]): Promise<"same" | "more" | "lost"> {
    for (let found: "same" | "more" = "same";; found = "more") {
      const { segment, at } = state.tail;
      if (listed !== undefined && at === 0 && listed.at(-1) === segment - 1) return found;
      const bytes = await this.#segments.rest(segment, at, listed !== undefined);
      if (bytes === undefined) {
        // Either the writer has not begun this segment yet, or it is gone with all before it.
        const length = at === 0 ? state.lengths.get(segment - 1) : undefined;
        const isNext = length === undefined
          ? segment === 1 && at === 0
          : await this.#segments.rest(segment - 1, length) !== undefined;
        return isNext ? found : "lost";
      }
      if (bytes.length === 0) return found;
      follow(state, bytes);
      if (state.tail.segment === segment) return "more";
    }
  }

  async #readAll(): Promise<boolean> {
    this.#segments.forget();
    const segments = await this.#files.segments();
    // Readers go on with the old index meanwhile.
    const state = freshState();
    const readings = new Map<number, Promise<Uint8Array<ArrayBuffer> | undefined>>();
    for (const [i, segment] of segments.entries()) {
      for (const next of segments.slice(i, i + READ_AHEAD)) {
        if (readings.has(next)) continue;
        const reading = this.#segments.rest(next, 0);
        reading.catch(() => {}); // Thrown below, unless another one is first.
        readings.set(next, reading);
      }
      const bytes = await readings.get(segment);
      readings.set(segment, Promise.resolve(undefined));
      if (bytes === undefined) return false;
      // What follows a damage in a segment may be lost, but not what follows the segment.
      state.tail = { segment, at: 0 };
      follow(state, bytes);
    }
    this.#state = state;
    this.#victims = [];
    this.#distrusted = true;
    this.#unsaved = lengthOf(state);
    return true;
  }

  /** Follows a record that was written at the tail. */
  #apply(bytes: Uint8Array<ArrayBuffer>): string[] {
    const record = readRecord(bytes, 0)!;
    const useless = apply(this.#state, record);
    if (record.kind === Kind.end && this.#victims.length === 0) this.#chooseVictims();
    return useless === undefined ? [] : [useless];
  }

  /** Plans to clean all segments where more than half is garbage. */
  #chooseVictims(): void {
    const total = lengthOf(this.#state);
    if (total <= 2 * this.index.liveBytes() + SEGMENT_BYTES) return;
    const keys = new Map<number, string[]>();
    for (const segment of this.#state.lengths.keys()) keys.set(segment, []);
    for (const [key, { segment }] of this.index.entries) keys.get(segment)?.push(key);
    this.#victims = [...keys].sort(([a], [b]) => a - b);
  }

  /** Records of the leases that are held, and may stand in a segment that is going. */
  #leases(): Uint8Array<ArrayBuffer>[] {
    const records: Uint8Array<ArrayBuffer>[] = [];
    for (const [key, { token, expires, holder }] of this.index.leases) {
      const payload = new TextEncoder().encode(holder);
      if (!this.index.holds(key, token)) this.index.leases.delete(key);
      else records.push(writeRecord({ kind: Kind.lease, key, expires, number: token, payload }));
    }
    return records;
  }
}

function freshState(): LogState {
  return { index: new Index(), lengths: new Map(), tail: { segment: 1, at: 0 } };
}

function lengthOf({ lengths }: LogState): number {
  return lengths.values().reduce((sum, length) => sum + length, 0);
}

/** Follows bytes that stand at the tail. */
function follow(state: LogState, bytes: Uint8Array<ArrayBuffer>): void {
  const { segment, at } = state.tail;
  for (const record of readRecords(bytes)) {
    state.tail = { segment, at: at + record.start };
    apply(state, record);
    if (record.kind === Kind.end) break;
  }
}

/** Follows a record that stands at the tail; returns the name of a file that is useless now. */
function apply(state: LogState, record: PlacedRecord): string | undefined {
  const { segment, at } = state.tail;
  const length = record.end - record.start;
  const end = at + length;
  state.lengths.set(segment, end);
  state.tail = record.kind === Kind.end ? { segment: segment + 1, at: 0 } : { segment, at: end };
  return state.index.apply(record, segment, at, length);
}

function joined(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const whole = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    whole.set(piece, at);
    at += piece.length;
  }
  return whole;
}
