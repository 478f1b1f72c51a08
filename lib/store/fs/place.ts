/**
 * What the parts of a store share: where its files are.
 *
 * @module
 */

import type { Files } from "./files.ts";

/** A writer that takes longer has died. */
export const ABANDONED_AFTER_MS = 3_600_000;

/** The files of one store. */
export interface Place {
  /** The file system. */
  readonly files: Files;
  /** The folder of all entries. */
  readonly entries: string;
  /** The folder of all leases. */
  readonly leases: string;
  /** Path of the entry under a key. */
  pathOf(key: string): string;
  /** Whether what is useless may be removed. */
  mayRemove(): boolean;
}
