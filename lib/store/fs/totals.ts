/**
 * An estimate of how much a store holds, kept by all its processes without a scan.
 *
 * The file `ROOT/upkeep/totals` is a row of records. The first is what the last upkeep counted, the
 * later ones are what was added since. Where the first is no such count, one is due.
 *
 * | offset | bytes | field                                                                   |
 * |--------|-------|-------------------------------------------------------------------------|
 * | 0      | 8     | entries, float64 little-endian                                          |
 * | 8      | 8     | bytes, float64 little-endian                                            |
 * | 16     | 8     | in the first record its moment, milliseconds since the epoch; or else 0 |
 *
 * Only some of the changes are recorded, chosen by chance, and each with the weight that makes up
 * for the others: so the expected total is right, also when processes die in between, and a change
 * costs little. A row that grew long is counted anew.
 *
 * @module
 */

import { isMissing } from "./failure.ts";
import type { Files } from "./files.ts";

const RECORD_BYTES = 24;
/** A row of more records takes longer to read than the changes that it saves. */
const MAX_RECORDS = 20_000;

/** How much a store holds. */
export interface Totals {
  /** Entries. */
  readonly entries: number;
  /** Bytes of their files. */
  readonly bytes: number;
  /** When they were counted, in milliseconds since the epoch. */
  readonly counted: number;
}

/** The file of the totals. */
export class TotalsFile {
  readonly #files: Files;
  readonly #folder: string;
  readonly #path: string;

  /**
   * @param files The file system.
   * @param folder Where it stands; that may be missing.
   */
  constructor(files: Files, folder: string) {
    this.#files = files;
    this.#folder = folder;
    this.#path = `${folder}/totals`;
  }

  /** Adds a change. */
  add(entries: number, bytes: number): void {
    const record = encode({ entries, bytes, counted: 0 });
    try {
      this.#files.append(this.#path, record);
    } catch (error) {
      if (!isMissing(error)) throw error;
      this.#files.makeFolder(this.#folder);
      this.#files.append(this.#path, record);
    }
  }

  /** Bytes of the file so far. */
  size(): number {
    try {
      return this.#files.status(this.#path).size;
    } catch (error) {
      if (isMissing(error)) return 0;
      throw error;
    }
  }

  /** The estimate; `undefined` where it has to be counted anew. */
  read(): Totals | undefined {
    const records = this.#records();
    const totals = sum(records);
    const known = totals.counted > 0 && Object.values(totals).every(Number.isFinite);
    return known && records.length <= MAX_RECORDS ? totals : undefined;
  }

  /**
   * Makes the content of a new file from what was counted.
   *
   * @param counted What there was.
   * @param since Size of the file when the counting began: later changes are kept, since most of
   *   them were not counted.
   */
  renewed(counted: Totals, since: number): Uint8Array<ArrayBuffer> {
    const later = sum(this.#records().slice(Math.ceil(since / RECORD_BYTES)));
    return encode({
      entries: counted.entries + later.entries,
      bytes: counted.bytes + later.bytes,
      counted: counted.counted,
    });
  }

  #records(): Totals[] {
    let content: Uint8Array;
    try {
      // One more than is wanted tells that there are too many.
      const limit = RECORD_BYTES * (MAX_RECORDS + 1);
      content = this.#files.readStart(this.#path, limit).start;
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
    const view = new DataView(content.buffer, content.byteOffset, content.byteLength);
    return Array.from({ length: Math.floor(content.length / RECORD_BYTES) }, (_, i) => ({
      entries: view.getFloat64(i * RECORD_BYTES, true),
      bytes: view.getFloat64(i * RECORD_BYTES + 8, true),
      counted: view.getFloat64(i * RECORD_BYTES + 16, true),
    }));
  }
}

function sum(records: readonly Totals[]): Totals {
  let [entries, bytes] = [0, 0];
  for (const record of records) {
    entries += record.entries;
    bytes += record.bytes;
  }
  return { entries, bytes, counted: records[0]?.counted ?? 0 };
}

function encode({ entries, bytes, counted }: Totals): Uint8Array<ArrayBuffer> {
  const content = new Uint8Array(RECORD_BYTES);
  const view = new DataView(content.buffer);
  view.setFloat64(0, entries, true);
  view.setFloat64(8, bytes, true);
  view.setFloat64(16, counted, true);
  return content;
}
