/**
 * The log, and the index that it leads to.
 *
 * ```text
 * PATH/
 *   v1/                     version of this layout
 *     log/0000000001        segments of the log, in order (see ./record.ts); the last one grows
 *     large/0b5c...         the value of a large entry, and nothing else
 * ```
 *
 * Readers elsewhere may be anywhere in it. So it only ever grows at its end and shrinks at its
 * start: cleaning writes the live records of the oldest segment again at the end and then removes
 * the segment. A deletion may go with its segment, since nothing older is left that it hides.
 *
 * @module
 */

import { type Files, segmentName } from "./files.ts";
import { Index } from "./index.ts";
import { Kind, type PlacedRecord, readRecord, readRecords, writeRecord } from "./record.ts";
import type { Writer } from "./writer.ts";

/** A segment that is longer ends: a stream copies no more than that for each write. */
const SEGMENT_BYTES = 1024 * 1024;
/** Segments to read ahead. */
const READ_AHEAD = 4;
/** A log that is cleaned while it is read is read again, so often. */
const MAX_READINGS = 20;

/** Where the log ends. */
interface Tail {
  readonly segment: number;
  readonly at: number;
}

/** The log of one store. */
export class Log {
  /** What the log said when it was last looked at. */
  index: Index = new Index();
  readonly #files: Files;
  #tail: Tail = { segment: 1, at: 0 };
  /** Lengths of the segments. */
  #lengths = new Map<number, number>();
  /** Segments that are to be cleaned, and the keys that stood in each. */
  #victims: [segment: number, keys: readonly string[]][] = [];

  /** @param files Where it stands. */
  constructor(files: Files) {
    this.#files = files;
  }

  /**
   * Follows what was written since.
   *
   * @returns Whether that was anything.
   */
  async catchUp(): Promise<boolean> {
    const { segment, at } = this.#tail;
    const bytes = await this.#files.readSegment(segment, at);
    if (bytes === undefined) {
      // Either the writer has not begun this segment yet, or it is gone with all before it.
      const last = (await this.#files.segments()).at(-1) ?? 0;
      if (last === segment - 1 && at === 0) return false;
      await this.rebuild();
      return true;
    }
    if (bytes.length === 0) return false;
    this.#tail = follow(this.index, this.#lengths, this.#tail, bytes);
    if (this.#tail.segment !== segment) await this.catchUp();
    this.#victims = [];
    return true;
  }

  /** Reads all of it. */
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
    const { segment, at } = this.#tail;
    const length = records.reduce((sum, record) => sum + record.length, 0);
    const all = at + length < SEGMENT_BYTES
      ? records
      : [...records, writeRecord({ kind: Kind.end })];
    const { log: folder } = await this.#files.folders();
    const bytes = joined(all);
    await writer.append({ folder, name: segmentName(segment), at, bytes });
    const useless: string[] = [];
    for (const record of all) useless.push(...this.#apply(record));
    return useless;
  }

  /** Whether a segment waits to be cleaned: more than half of the log is garbage. */
  isToBeCleaned(): boolean {
    return this.#victims.length > 0;
  }

  /** Cleans the oldest segment. Only for the holder of the turn, whose index is fresh. */
  async clean(writer: Writer): Promise<void> {
    const [segment, keys] = this.#victims[0];
    const bytes = await this.#files.readSegment(segment, 0);
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
    this.#lengths.delete(segment);
    this.#victims = this.#victims.filter(([other]) => other !== segment);
    for (const name of useless) await this.#files.removeLarge(name).catch(() => {});
  }

  async #readAll(): Promise<boolean> {
    const segments = await this.#files.segments();
    // Readers go on with the old index meanwhile.
    const index = new Index();
    const lengths = new Map<number, number>();
    const readings = new Map<number, Promise<Uint8Array<ArrayBuffer> | undefined>>();
    let tail: Tail = { segment: 1, at: 0 };
    for (const [i, segment] of segments.entries()) {
      for (const next of segments.slice(i, i + READ_AHEAD)) {
        if (readings.has(next)) continue;
        const reading = this.#files.readSegment(next, 0);
        reading.catch(() => {}); // Thrown below, unless another one is first.
        readings.set(next, reading);
      }
      const bytes = await readings.get(segment);
      readings.set(segment, Promise.resolve(undefined));
      if (bytes === undefined) return false;
      // What follows a damage in a segment is lost, but not what follows the segment.
      tail = follow(index, lengths, { segment, at: 0 }, bytes);
    }
    this.index = index;
    this.#lengths = lengths;
    this.#tail = tail;
    this.#victims = [];
    return true;
  }

  /** Follows a record that was written at the tail. */
  #apply(bytes: Uint8Array<ArrayBuffer>): string[] {
    const { segment, at } = this.#tail;
    const record = readRecord(bytes, 0)!;
    const useless = this.index.apply(record, segment, at, bytes.length);
    this.#tail = grown(this.#lengths, this.#tail, record);
    if (record.kind === Kind.end && this.#victims.length === 0) this.#chooseVictims();
    return useless === undefined ? [] : [useless];
  }

  /** Plans to clean all segments where more than half is garbage. */
  #chooseVictims(): void {
    const total = this.#lengths.values().reduce((sum, length) => sum + length, 0);
    if (total <= 2 * this.index.liveBytes() + SEGMENT_BYTES) return;
    const keys = new Map<number, string[]>();
    for (const segment of this.#lengths.keys()) keys.set(segment, []);
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

/** Follows bytes that stand at a tail, and finds the next one. */
function follow(
  index: Index,
  lengths: Map<number, number>,
  from: Tail,
  bytes: Uint8Array<ArrayBuffer>,
): Tail {
  let tail = from;
  for (const record of readRecords(bytes)) {
    index.apply(record, tail.segment, tail.at, record.end - record.start);
    tail = grown(lengths, tail, record);
    if (record.kind === Kind.end) break;
  }
  return tail;
}

/** The tail behind a record that stands at one. */
function grown(
  lengths: Map<number, number>,
  { segment, at }: Tail,
  { kind, start, end }: PlacedRecord,
): Tail {
  const length = at + end - start;
  lengths.set(segment, length);
  return kind === Kind.end ? { segment: segment + 1, at: 0 } : { segment, at: length };
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
