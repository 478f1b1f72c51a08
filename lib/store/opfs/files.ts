/**
 * The folders and files of a store, as a reader sees them.
 *
 * @module
 */

import { isNamed } from "./failure.ts";

/** Version of the layout. It is part of names: to open one more folder would take its time. */
const LAYOUT = "v1";
/** Name of the folder with the values of large entries, one in each file. */
const LARGE = `${LAYOUT}-large`;
/** Names of the segments of the log. */
const SEGMENT = new RegExp(`^${LAYOUT}-(\\d+)$`);
/** Digits of a segment's number in its name. */
const DIGITS = 10;

/** Name of the file with the saved index. */
export const INDEX_NAME = `${LAYOUT}-index`;

/** Name of a segment of the log. */
export function segmentName(segment: number): string {
  return `${LAYOUT}-${String(segment).padStart(DIGITS, "0")}`;
}

/** Finds, reads and removes files. */
export class Files {
  readonly #path: readonly string[];
  #root: Promise<FileSystemDirectoryHandle> | undefined;
  #large: Promise<FileSystemDirectoryHandle> | undefined;

  /** @param names Names of the folders that lead to the root, legal as they are. */
  constructor(names: readonly string[]) {
    this.#path = names;
  }

  /** The folder with the log and the index, made where it is missing. */
  root(): Promise<FileSystemDirectoryHandle> {
    const found = this.#root ??= this.#open();
    found.catch(() => this.forget());
    return found;
  }

  /** The folder with the values of large entries, made where it is missing. */
  large(): Promise<FileSystemDirectoryHandle> {
    const found = this.#large ??= this.root().then((root) =>
      root.getDirectoryHandle(LARGE, { create: true })
    );
    found.catch(() => this.forget());
    return found;
  }

  /** Forgets the folders that were found, since they are gone. */
  forget(): void {
    this.#root = undefined;
    this.#large = undefined;
  }

  /** Numbers of the segments, in order. */
  async segments(): Promise<number[]> {
    const names = await this.#names(() => this.root());
    return names.flatMap((name) => SEGMENT.exec(name)?.[1] ?? []).map(Number).sort((a, b) => a - b);
  }

  /** Names of the files of large entries. */
  largeNames(): Promise<string[]> {
    return this.#names(() => this.large());
  }

  /** Reads the file with the saved index; `undefined` where there is none, or it is being written. */
  async readIndex(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const file = await (await this.root()).getFileHandle(INDEX_NAME);
      return new Uint8Array(await (await file.getFile()).arrayBuffer());
    } catch (error) {
      if (isGone(error) || isDisturbed(error)) return undefined;
      throw error;
    }
  }

  /** Removes the file with the saved index, if there is one. */
  async removeIndex(): Promise<void> {
    try {
      await (await this.root()).removeEntry(INDEX_NAME);
    } catch (error) {
      if (!isGone(error)) throw error;
    }
  }

  /** Removes a segment. */
  async removeSegment(number: number): Promise<void> {
    await (await this.root()).removeEntry(segmentName(number));
  }

  /** Opens the file of a large entry. */
  async openLarge(name: string): Promise<File> {
    return await (await (await this.large()).getFileHandle(name)).getFile();
  }

  /** Removes the file of a large entry. */
  async removeLarge(name: string): Promise<void> {
    await (await this.large()).removeEntry(name);
  }

  async #names(folder: () => Promise<FileSystemDirectoryHandle>): Promise<string[]> {
    try {
      return await Array.fromAsync((await folder()).keys());
    } catch (error) {
      if (!isGone(error)) throw error;
      this.forget();
      return await Array.fromAsync((await folder()).keys());
    }
  }

  async #open(): Promise<FileSystemDirectoryHandle> {
    let root = await navigator.storage.getDirectory();
    for (const name of this.#path) root = await root.getDirectoryHandle(name, { create: true });
    return root;
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
