/**
 * Removing very many files: in the background and several at once, since in each removal the system
 * may wait for the disk.
 *
 * @module
 */

import type { Files } from "./files.ts";

/**
 * Removals at once. On ext4 with `discard`, which tells the disk of every file by itself, 16 take
 * 50 µs each instead of 160 one after the other (`deno bench -A bench/files_bench.ts`); where nothing
 * waits, as in memory, they take twice the time.
 */
const WIDTH = 16;

/** Files of one process that are on their way out. */
export class Removals {
  readonly #files: Files;
  readonly #running = new Map<string, Promise<void>>();
  /** Ends the wait for the next removal that is over. */
  #wake: (() => void) | undefined;

  /** @param files The file system. */
  constructor(files: Files) {
    this.#files = files;
  }

  /** Whether {@linkcode some} is to be awaited before the next removal. */
  get full(): boolean {
    return this.#running.size >= WIDTH;
  }

  /** The removal of the file at `path`, while it is under way; it never rejects. */
  of(path: string): Promise<void> | undefined {
    return this.#running.get(path);
  }

  /**
   * Starts to remove a file.
   *
   * @param path Its path.
   * @param done Called when it is removed.
   * @param failed Called with what the file system throws instead.
   */
  start(path: string, done: () => void, failed: (error: unknown) => void): void {
    const removal = this.#files.removeInBackground(path).then(done, failed)
      .finally(() => {
        this.#running.delete(path);
        this.#wake?.();
      });
    this.#running.set(path, removal);
  }

  /** Waits until one more is over. */
  async some(): Promise<void> {
    // Not a race of all, which takes longer than to start a removal.
    await new Promise<void>((resolve) => this.#wake = resolve);
  }

  /** Waits until all are over. */
  async all(): Promise<void> {
    await Promise.all(this.#running.values());
  }
}
