/**
 * The folders and files of a store, as a reader sees them.
 *
 * @module
 */

import { isNamed } from "./failure.ts";

/** Version of the layout, and name of the folder that has it. */
const LAYOUT = "v1";
/** Digits of a segment's number in its name. */
const DIGITS = 10;
/** A segment that is written to while it is read is read again, so often. */
const MAX_READINGS = 5;

/** Name of a segment of the log. */
export function segmentName(segment: number): string {
  return String(segment).padStart(DIGITS, "0");
}

/** The two folders. */
interface Folders {
  /** Segments of the log. */
  readonly log: FileSystemDirectoryHandle;
  /** Values of large entries, one in each file. */
  readonly large: FileSystemDirectoryHandle;
}

/** Finds, reads and removes files. */
export class Files {
  readonly #path: readonly string[];
  #folders: Promise<Folders> | undefined;
  #segment: { readonly number: number; readonly handle: FileSystemFileHandle } | undefined;

  /** @param names Names of the folders that lead to the root, legal as they are. */
  constructor(names: readonly string[]) {
    this.#path = [...names, LAYOUT];
  }

  /** The folders, made where they are missing. */
  folders(): Promise<Folders> {
    const found = this.#folders ??= this.#open();
    found.catch(() => this.forget());
    return found;
  }

  /** Forgets what was found, since it is gone. */
  forget(): void {
    this.#folders = undefined;
    this.#segment = undefined;
  }

  /** Numbers of the segments, in order. */
  async segments(): Promise<number[]> {
    return (await this.#names("log")).filter((name) => /^\d+$/.test(name)).map(Number)
      .sort((a, b) => a - b);
  }

  /** Names of the files of large entries. */
  largeNames(): Promise<string[]> {
    return this.#names("large");
  }

  /**
   * Reads a segment from a position on, or just a part.
   *
   * @returns The bytes; `undefined` where there is no such segment, or a shorter one.
   */
  async readSegment(
    number: number,
    from: number,
    to?: number,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    for (let tries = 1;; tries++) {
      try {
        return await this.#readPart(number, from, to);
      } catch (error) {
        this.#segment = undefined;
        if (isGone(error)) return undefined;
        if (!isDisturbed(error) || tries === MAX_READINGS) throw error;
      }
    }
  }

  /** Removes a segment. */
  async removeSegment(number: number): Promise<void> {
    const { log } = await this.folders();
    await log.removeEntry(segmentName(number));
  }

  /** Opens the file of a large entry. */
  async openLarge(name: string): Promise<File> {
    const { large } = await this.folders();
    return await (await large.getFileHandle(name)).getFile();
  }

  /** Removes the file of a large entry. */
  async removeLarge(name: string): Promise<void> {
    const { large } = await this.folders();
    await large.removeEntry(name);
  }

  async #readPart(
    number: number,
    from: number,
    to: number | undefined,
  ): Promise<Uint8Array<ArrayBuffer> | undefined> {
    let handle = this.#segment?.number === number ? this.#segment.handle : undefined;
    if (handle === undefined) {
      const { log } = await this.folders();
      handle = await log.getFileHandle(segmentName(number));
      this.#segment = { number, handle };
    }
    const file = await handle.getFile();
    if (file.size < from) return undefined;
    if (file.size === from) return new Uint8Array();
    return new Uint8Array(await file.slice(from, to).arrayBuffer());
  }

  async #names(folder: keyof Folders): Promise<string[]> {
    try {
      return await Array.fromAsync((await this.folders())[folder].keys());
    } catch (error) {
      if (!isGone(error)) throw error;
      this.forget();
      return await Array.fromAsync((await this.folders())[folder].keys());
    }
  }

  async #open(): Promise<Folders> {
    let root = await navigator.storage.getDirectory();
    for (const name of this.#path) root = await root.getDirectoryHandle(name, { create: true });
    const [log, large] = await Promise.all(
      ["log", "large"].map((name) => root.getDirectoryHandle(name, { create: true })),
    );
    return { log, large };
  }
}

/** Whether a file or its folder is not there; Firefox calls a folder that was removed unknown. */
export function isGone(error: unknown): boolean {
  return isNamed(error, "NotFoundError", "UnknownError");
}

/** Whether a file was written to or removed while it was read. */
export function isDisturbed(error: unknown): boolean {
  return isNamed(error, "NotReadableError", "AbortError");
}
