/**
 * Reads the segments of the log. A browser takes about as long to read 64 KiB of a file as to read
 * one record, so records are read with their neighbours.
 *
 * @module
 */

import { type Files, isDisturbed, isGone, segmentName } from "./files.ts";

/** Bytes to read at once: more of them take longer (`deno task bench:opfs`). */
const WINDOW_BYTES = 64 * 1024;
/** Windows to keep. */
const MAX_WINDOWS = 32;
/** Segments to look at before it is known which are needed. */
const LOOK_AHEAD = 2;
/** Segments to keep open. */
const MAX_OPEN = 32;
/** A segment that is written to while it is read is read again, so often. */
const MAX_READINGS = 5;

/** The segments of one log. */
export class Segments {
  readonly #files: Files;
  readonly #handles = new Map<number, Promise<FileSystemFileHandle>>();
  /** Segments as they were when they were last looked at. */
  readonly #snapshots = new Map<number, Promise<File>>();
  readonly #windows = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  /** @param files Where they stand. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Forgets what was read. */
  forget(): void {
    this.#handles.clear();
    this.#snapshots.clear();
    this.#windows.clear();
  }

  /** Finds all segments, and looks at those that will be asked for first. */
  async lookAhead(): Promise<number[]> {
    const segments = await this.#files.segments();
    for (const segment of segments.slice(-LOOK_AHEAD)) this.#look(segment).catch(() => {});
    return segments;
  }

  /**
   * Reads a segment from a position on.
   *
   * @param ahead Whether it may be as it was in a look ahead, and not as it is now.
   * @returns The bytes; `undefined` where there is no such segment, or a shorter one.
   */
  async rest(
    segment: number,
    from: number,
    ahead = false,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await this.#again(segment, async () => {
        const seen = ahead ? this.#snapshots.get(segment) : undefined;
        const file = await (seen ?? this.#look(segment));
        if (file.size < from) return undefined;
        return file.size === from ? new Uint8Array() : await bytesOf(file.slice(from));
      });
    } catch (error) {
      if (isGone(error)) return undefined;
      throw error;
    }
  }

  /**
   * Reads a part that was written some time ago.
   *
   * @returns The bytes, to be left as they are; `undefined` where the segment is shorter.
   */
  async part(
    segment: number,
    start: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    const from = start - start % WINDOW_BYTES;
    const name = `${segment} ${from}`;
    let window = await this.#windows.get(name);
    if (window === undefined || window.length < end - from) {
      const reading = this.#readWindow(segment, from, end);
      this.#windows.set(name, reading);
      reading.catch(() => this.#windows.delete(name));
      trim(this.#windows, MAX_WINDOWS);
      window = await reading;
    }
    return window.length < end - from ? undefined : window.subarray(start - from, end - from);
  }

  async #readWindow(
    segment: number,
    from: number,
    end: number,
  ): Promise<Uint8Array<ArrayBuffer>> {
    return await this.#again(segment, async () => {
      let file = await (this.#snapshots.get(segment) ?? this.#look(segment));
      if (file.size < end) file = await this.#look(segment);
      return await bytesOf(file.slice(from, Math.max(from + WINDOW_BYTES, end)));
    });
  }

  #look(segment: number): Promise<File> {
    let handle = this.#handles.get(segment);
    if (handle === undefined) {
      const name = segmentName(segment);
      handle = this.#files.root().then((root) => root.getFileHandle(name));
      this.#handles.set(segment, handle);
      trim(this.#handles, MAX_OPEN);
    }
    const file = handle.then((found) => found.getFile());
    this.#snapshots.set(segment, file);
    trim(this.#snapshots, MAX_OPEN);
    return file;
  }

  async #again<T>(segment: number, read: () => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await read();
      } catch (error) {
        this.#handles.delete(segment);
        this.#snapshots.delete(segment);
        if (!isDisturbed(error) || tries === MAX_READINGS) throw error;
      }
    }
  }
}

async function bytesOf(blob: Blob): Promise<Uint8Array<ArrayBuffer>> {
  return new Uint8Array(await blob.arrayBuffer());
}

/** Removes what has been in a map for longest. */
function trim(map: Map<unknown, unknown>, most: number): void {
  for (const key of map.keys()) {
    if (map.size <= most) break;
    map.delete(key);
  }
}
