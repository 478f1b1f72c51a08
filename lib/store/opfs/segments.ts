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
/** Segments to keep open. */
const MAX_OPEN = 32;
/** A segment that is written to while it is read is read again, so often. */
const MAX_READINGS = 5;

/** A segment that was found, and the file as it was then. */
interface Opened {
  readonly handle: FileSystemFileHandle;
  readonly file: File;
}

/** The segments of one log. */
export class Segments {
  readonly #files: Files;
  readonly #opened = new Map<number, Opened>();
  readonly #windows = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();

  /** @param files Where they stand. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Forgets what was read. */
  forget(): void {
    this.#opened.clear();
    this.#windows.clear();
  }

  /**
   * Reads a segment as it is now, from a position on.
   *
   * @returns The bytes; `undefined` where there is no such segment, or a shorter one.
   */
  async rest(segment: number, from: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      return await this.#again(segment, async () => {
        const { file } = await this.#look(segment);
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
      let opened = this.#opened.get(segment);
      if (opened === undefined || opened.file.size < end) opened = await this.#look(segment);
      return await bytesOf(opened.file.slice(from, Math.max(from + WINDOW_BYTES, end)));
    });
  }

  async #look(segment: number): Promise<Opened> {
    const handle = this.#opened.get(segment)?.handle ??
      await (await this.#files.root()).getFileHandle(segmentName(segment));
    const opened = { handle, file: await handle.getFile() };
    this.#opened.set(segment, opened);
    trim(this.#opened, MAX_OPEN);
    return opened;
  }

  async #again<T>(segment: number, read: () => Promise<T>): Promise<T> {
    for (let tries = 1;; tries++) {
      try {
        return await read();
      } catch (error) {
        this.#opened.delete(segment);
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
