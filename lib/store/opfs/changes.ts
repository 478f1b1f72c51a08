/**
 * Changes that wait for their turn, and which of them go together in one write.
 *
 * @module
 */

import type { Index } from "./index.ts";

/** Bytes of records that go into one write. */
const BATCH_BYTES = 1024 * 1024;

/** What a change comes to once it is its turn. */
export interface Outcome<T> {
  /** What to write, if anything. */
  readonly record?: Uint8Array<ArrayBuffer>;
  /** What the caller gets once that is written. */
  readonly result: T;
}

/** A change that waits for its turn. */
export interface Change extends Required<Omit<ChangeOptions, "signal">> {
  /** Decides on what to write. */
  readonly make: (index: Index) => Outcome<unknown>;
  /** Settled once it is written. */
  readonly done: PromiseWithResolvers<unknown>;
  /** Gives it up, if it is still waiting. */
  readonly signal: AbortSignal | undefined;
}

/** What a change may depend on. */
export interface ChangeOptions {
  /** What the change is about. */
  readonly claims: readonly string[];
  /**
   * Whether it does the same whatever the index says. Any other change waits for those before it
   * that claim the same.
   */
  readonly blind?: boolean;
  /** How much it writes, about. */
  readonly bytes?: number;
  /** Gives it up, if it is still waiting. */
  readonly signal?: AbortSignal | undefined;
}

/** Takes the changes for the next write from a queue, in the order they came. */
export function takeTogether(queue: Change[]): Change[] {
  const claimed = new Set<string>();
  let bytes = 0;
  let count = 0;
  for (const change of queue) {
    if (count > 0 && bytes + change.bytes > BATCH_BYTES) break;
    if (!change.blind && change.claims.some((claim) => claimed.has(claim))) break;
    for (const claim of change.claims) claimed.add(claim);
    bytes += change.bytes;
    count++;
  }
  return queue.splice(0, count);
}
