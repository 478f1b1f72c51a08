/**
 * Whether a folder can be written to, and why not.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../../errors.ts";
import { failure } from "./failure.ts";
import type { Files } from "./files.ts";
import { temporaryName, type Writer } from "./writer.ts";

/** What is known of the right to write. */
export class Writability {
  readonly #root: string;
  readonly #readOnly: boolean;
  /** What kept a probe from being written. */
  #refusal: { readonly cause: unknown } | undefined;

  /**
   * @param root The folder of the store.
   * @param readOnly Whether the store was opened to change nothing.
   */
  constructor(root: string, readOnly: boolean) {
    this.#root = root;
    this.#readOnly = readOnly;
  }

  /** Whether the store may be changed. */
  get allowed(): boolean {
    return !this.#readOnly && this.#refusal === undefined;
  }

  /** What kept a probe from being written, if so. */
  get cause(): unknown {
    return this.#refusal?.cause;
  }

  /** Makes a folder, and finds out by writing whether writing works. */
  async probe(files: Files, writer: Writer, folder: string): Promise<void> {
    try {
      await writer.makeFolder(folder);
      const probe = `${folder}/${temporaryName()}`;
      files.createNow(probe, new Uint8Array(0));
      files.remove(probe);
    } catch (cause) {
      this.#refusal = { cause };
    }
  }

  /**
   * Checks that the store may be changed.
   *
   * @throws {StoreError} It may not.
   */
  check(operation: StoreOperation): void {
    if (this.allowed) return;
    if (this.#refusal !== undefined) throw failure(this.#root, operation, this.#refusal.cause);
    throw new StoreError(
      `Cannot ${operation} in the cache at ${this.#root}: it was opened with readOnly`,
      { store: "fs", operation },
    );
  }
}
