/**
 * What the log says, in memory: where each entry stands, who holds a lease, and the bytes of the
 * entries that were used last.
 *
 * @module
 */

import { Kind, type LogRecord } from "./record.ts";

/** Where an entry stands. */
export interface Entry {
  /** Moment of expiry in milliseconds since the epoch, `Infinity` for never. */
  readonly expires: number;
  /** Size of the value in bytes. */
  readonly size: number;
  /** The segment with its record. */
  readonly segment: number;
  /** Position of the record in the segment. */
  readonly start: number;
  /** Length of the record in bytes. */
  readonly length: number;
  /** Name of the file with the value, unless it is packed. */
  readonly file: string | undefined;
}

/** A lease that was taken, and perhaps has run out. */
export interface LeaseRow {
  /** The fencing token. */
  readonly token: number;
  /** Until when it lasts, in milliseconds since the epoch. */
  readonly expires: number;
  /** Who took it. */
  readonly holder: string;
}

/** Most bytes of packed values to keep in memory. */
const MAX_RESIDENT_BYTES = 16 * 1024 * 1024;

/** The state that the records lead to. */
export class Index {
  /** Entries by key, the expired ones included. */
  readonly entries: Map<string, Entry> = new Map();
  /** Leases by key, also those that ran out or were given back. */
  readonly leases: Map<string, LeaseRow> = new Map();
  /** The largest token so far. */
  token = 0;
  readonly #resident = new Map<string, Uint8Array<ArrayBuffer>>();
  #residentBytes = 0;

  /**
   * Follows one record.
   *
   * @param length Length of the record in bytes.
   * @returns The name of a file that the record makes useless.
   */
  apply(record: LogRecord, segment: number, start: number, length: number): string | undefined {
    const { kind, key, expires, number, payload } = record;
    this.token = Math.max(this.token, kind === Kind.lease || kind === Kind.token ? number : 0);
    if (kind === Kind.lease) {
      const holder = new TextDecoder().decode(payload);
      this.leases.set(key, { token: number, expires, holder });
    }
    if (kind !== Kind.packed && kind !== Kind.filed && kind !== Kind.deletion) return undefined;
    const before = this.entries.get(key);
    this.#forget(key);
    let file: string | undefined;
    if (kind === Kind.deletion) {
      this.entries.delete(key);
    } else {
      file = kind === Kind.filed ? new TextDecoder().decode(payload) : undefined;
      const size = file === undefined ? payload.length : number;
      this.entries.set(key, { expires, size, segment, start, length, file });
      if (file === undefined) this.remember(key, payload);
    }
    return before?.file === file ? undefined : before?.file;
  }

  /** The live entry under `key`. */
  live(key: string): Entry | undefined {
    const entry = this.entries.get(key);
    return entry !== undefined && entry.expires > Date.now() ? entry : undefined;
  }

  /** Whether an entry has its value in the file of that name. */
  names(file: string): boolean {
    return this.entries.values().some((entry) => entry.file === file);
  }

  /** Whether the lease with that token is still held. */
  holds(key: string, token: number): boolean {
    const row = this.leases.get(key);
    return row !== undefined && row.token === token && row.expires > Date.now();
  }

  /** The bytes of a packed entry, if they are in memory; not to be handed out as they are. */
  resident(key: string): Uint8Array<ArrayBuffer> | undefined {
    const bytes = this.#resident.get(key);
    if (bytes !== undefined) {
      this.#resident.delete(key);
      this.#resident.set(key, bytes);
    }
    return bytes;
  }

  /** Keeps the bytes of a packed entry in memory for a while. */
  remember(key: string, bytes: Uint8Array<ArrayBuffer>): void {
    this.#forget(key);
    // A view of a whole segment would keep all of it.
    const own = bytes.buffer.byteLength > 2 * bytes.length + 256 ? bytes.slice() : bytes;
    this.#resident.set(key, own);
    this.#residentBytes += own.length;
    for (const oldest of this.#resident.keys()) {
      if (this.#residentBytes <= MAX_RESIDENT_BYTES) break;
      this.#forget(oldest);
    }
  }

  /** Bytes of the log that a new one would also have. */
  liveBytes(): number {
    let sum = 0;
    const now = Date.now();
    for (const { expires, length } of this.entries.values()) if (expires > now) sum += length;
    return sum;
  }

  #forget(key: string): void {
    this.#residentBytes -= this.#resident.get(key)?.length ?? 0;
    this.#resident.delete(key);
  }
}
