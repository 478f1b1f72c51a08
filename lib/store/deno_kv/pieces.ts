/**
 * Bytes cut into pieces that are as long as a value of the database may be.
 *
 * @module
 */

import { MAX_VALUE_BYTES } from "./kv.ts";

/** Parts of the bytes, each as long as a chunk but the last. */
export function* slicesOf(bytes: Uint8Array): Generator<Uint8Array> {
  for (let at = 0; at < bytes.length; at += MAX_VALUE_BYTES) {
    yield bytes.subarray(at, at + MAX_VALUE_BYTES);
  }
}

/** The same bytes in pieces that are as long as a chunk, but the last, and memory of their own. */
export async function* chunksOf(
  pieces: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  let chunk = new Uint8Array(MAX_VALUE_BYTES);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + chunk.length - filled);
      chunk.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < chunk.length) continue;
      yield chunk;
      chunk = new Uint8Array(MAX_VALUE_BYTES);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** The first and then the rest. */
export async function* startingWith<T>(first: T, rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield first;
  yield* rest;
}
