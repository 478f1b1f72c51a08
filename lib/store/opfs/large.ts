/**
 * Large entries: each value in a file of its own, with a name that is never used again.
 *
 * @module
 */

import type { Files } from "./files.ts";
import type { Entry, Index } from "./index.ts";
import type { Writer } from "./writer.ts";

/** The bytes of a value, in pieces that are gone afterwards. */
export type Pieces = AsyncIterable<Uint8Array<ArrayBuffer>> | Iterable<Uint8Array<ArrayBuffer>>;

/** The files of large entries. */
export class LargeFiles {
  readonly #files: Files;
  readonly #lockName: string;
  readonly #openWriter: () => Promise<Writer>;

  /**
   * @param files Where they stand.
   * @param lockName How the names of the locks start.
   * @param openWriter Gives the writer.
   */
  constructor(files: Files, lockName: string, openWriter: () => Promise<Writer>) {
    this.#files = files;
    this.#lockName = lockName;
    this.#openWriter = openWriter;
  }

  /**
   * Puts pieces into a file, which `use` makes part of an entry; removes the file where it fails.
   *
   * @returns What `use` resolves to.
   */
  async put<T>(pieces: Pieces, use: (name: string, size: number) => Promise<T>): Promise<T> {
    const name = crypto.randomUUID();
    // The lock says that the file is no orphan although no entry names it.
    return await navigator.locks.request(this.#lockOf(name), async () => {
      try {
        return await use(name, await this.#write(name, pieces));
      } catch (error) {
        const writer = await this.#openWriter();
        await writer.finish(name).catch(() => {});
        await this.remove(name).catch(() => {});
        throw error;
      }
    });
  }

  /** Opens the file of an entry, and makes sure that it is whole. */
  async open({ file, size }: Entry): Promise<File> {
    const opened = await this.#files.openLarge(file!);
    if (opened.size === size) return opened;
    throw new DOMException(`The file has ${opened.size} bytes of ${size}`, "NotFoundError");
  }

  /** Removes a file. */
  async remove(name: string): Promise<void> {
    await this.#files.removeLarge(name);
  }

  /**
   * Removes the files that a writer left behind when it died.
   *
   * @param look Gives the index as it is now.
   */
  async sweep(look: () => Promise<Index>): Promise<void> {
    for (const name of await this.#files.largeNames()) {
      if ((await look()).names(name)) continue;
      await navigator.locks.request(this.#lockOf(name), { ifAvailable: true }, async (lock) => {
        if (lock !== null && !(await look()).names(name)) await this.remove(name);
      });
    }
  }

  async #write(name: string, pieces: Pieces): Promise<number> {
    const writer = await this.#openWriter();
    // A listing tells whether the folders that are remembered are still there.
    await this.#files.segments();
    const folder = await this.#files.large();
    let at = 0;
    for await (const bytes of pieces) {
      const { length } = bytes;
      await writer.part({ folder, name, at, bytes, last: false });
      at += length;
    }
    await writer.part({ folder, name, at, bytes: new Uint8Array(), last: true });
    return at;
  }

  #lockOf(name: string): string {
    return `${this.#lockName}//large/${name}`;
  }
}
