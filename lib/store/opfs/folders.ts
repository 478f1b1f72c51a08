/**
 * Folders of the origin private file system, found by their names and remembered.
 *
 * @module
 */

/** Handles to remember; each is small, but keys may name any number of folders. */
const MAX_REMEMBERED = 256;

/** Finds folders below a root, and makes them. */
export class Folders {
  readonly #openRoot: () => Promise<FileSystemDirectoryHandle>;
  readonly #found = new Map<string, Promise<FileSystemDirectoryHandle>>();

  /** @param openRoot Opens the root, again each time that it was forgotten. */
  constructor(openRoot: () => Promise<FileSystemDirectoryHandle>) {
    this.#openRoot = openRoot;
  }

  /**
   * Finds the folder that `names` lead to.
   *
   * @throws {DOMException} A `NotFoundError` where one is missing and `create` is false.
   */
  find(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
    const path = names.join("/");
    const known = this.#found.get(path);
    if (known !== undefined) return known;
    if (this.#found.size >= MAX_REMEMBERED) this.#found.clear();
    const found = this.#open(names, create);
    this.#found.set(path, found);
    found.catch(() => {
      if (this.#found.get(path) === found) this.#found.delete(path);
    });
    return found;
  }

  /** Forgets all folders, since one of them is gone. */
  forget(): void {
    this.#found.clear();
  }

  async #open(names: readonly string[], create: boolean): Promise<FileSystemDirectoryHandle> {
    if (names.length === 0) return await this.#openRoot();
    const parent = await this.find(names.slice(0, -1), create);
    return await parent.getDirectoryHandle(names[names.length - 1], { create });
  }
}
