/**
 * Writing whole files, so that nobody ever sees a part of one.
 *
 * @module
 */

import { type Files, MAX_SYNC_BYTES, problemOf } from "./files.ts";
import { markRoot } from "./root.ts";

/** How often a writer starts again when the folders vanish under it. */
const ATTEMPTS = 5;

/** Puts content into a new file, at once or in the background. */
export type Fill = (path: string) => void | Promise<void>;

/** Writes files below the root of one store. */
export class Writer {
  readonly #files: Files;
  readonly #root: string;
  readonly #durable: boolean;

  /**
   * @param files The file system.
   * @param root The folder that everything stands in, which is marked as a cache when it is made.
   * @param durable Whether to wait for the disk.
   */
  constructor(files: Files, root: string, durable: boolean) {
    this.#files = files;
    this.#root = root;
    this.#durable = durable;
  }

  /** Makes a folder of the store, and marks the root where this made it. */
  async makeFolder(folder: string): Promise<void> {
    await markRoot(this.#files, this.#root);
    this.#files.makeFolder(folder);
    if (!this.#durable) return;
    for (let path = folder; path.length >= this.#root.length; path = parentOf(path)) {
      await this.#syncFolder(parentOf(path));
    }
  }

  /**
   * Writes a file beside its place and moves it there; leaves nothing else behind.
   *
   * @param path Its place.
   * @param fill Writes the content. Called again where the folder had to be made first.
   * @param before Called right before the move; it prevents that by throwing. What it has to wait
   *   for is awaited, and then it is called again.
   */
  async place(
    path: string,
    fill: Fill,
    before: () => Promise<void> | undefined,
  ): Promise<void> {
    const folder = parentOf(path);
    for (let attempt = 1;; attempt++) {
      const temporary = `${folder}/${temporaryName()}`;
      try {
        await fill(temporary);
        for (let wait = before(); wait !== undefined; wait = before()) await wait;
        this.#moveOver(temporary, path);
        break;
      } catch (error) {
        this.#removeQuietly(temporary);
        if (attempt === ATTEMPTS || problemOf(error) !== "not-found") throw error;
        await this.makeFolder(folder);
      }
    }
    if (this.#durable) await this.#syncFolder(folder);
  }

  /** Makes the {@linkcode Fill} of bytes. */
  fillWith(content: Uint8Array): Fill {
    return (path) => {
      if (content.length <= MAX_SYNC_BYTES && !this.#durable) {
        return this.#files.createNow(path, content);
      }
      return this.fillPieces(path, (file) => file.write(content));
    };
  }

  /** Makes a file and writes it piece by piece. */
  async fillPieces(
    path: string,
    write: (file: Awaited<ReturnType<Files["create"]>>) => Promise<void>,
  ): Promise<void> {
    const file = await this.#files.create(path);
    try {
      await write(file);
      if (this.#durable) await file.sync();
    } finally {
      await file.close();
    }
  }

  /** Waits for the disk after something was removed from a folder, where that is wanted. */
  async removed(path: string): Promise<void> {
    if (this.#durable) await this.#syncFolder(parentOf(path));
  }

  async #syncFolder(folder: string): Promise<void> {
    // Windows opens no folders, and keeps what was moved in its journal.
    if (!this.#files.windows) await this.#files.syncFolder(folder);
  }

  #moveOver(from: string, to: string): void {
    try {
      this.#files.rename(from, to);
    } catch (error) {
      // Runtimes and systems disagree on how they refuse to put a file over a folder.
      if (!isFolder(this.#files, to)) throw error;
      this.#files.removeTree(to);
      this.#files.rename(from, to);
    }
  }

  #removeQuietly(path: string): void {
    try {
      this.#files.remove(path);
    } catch {
      // It was moved or never made, or it is found by the next listing: no reader takes it for an
      // entry.
    }
  }
}

/** Whether a folder stands at `path`. */
export function isFolder(files: Files, path: string): boolean {
  try {
    return files.status(path).isFolder;
  } catch {
    return false;
  }
}

/** A name that no entry and no other writer has. */
export function temporaryName(): string {
  return `.${crypto.randomUUID()}.tmp`;
}

/** Whether a file's name is that of a file that is being written. */
export function isTemporary(name: string): boolean {
  return name.startsWith(".") && name.endsWith(".tmp");
}

function parentOf(path: string): string {
  return path.slice(0, path.lastIndexOf("/"));
}
