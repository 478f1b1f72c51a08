/**
 * Streams of bytes, for stores that keep whole values.
 *
 * @module
 */

import type { StoreCallOptions } from "./store.ts";

/**
 * Reads a stream to its end.
 *
 * @returns Its bytes, in an array of their own.
 * @throws {TypeError} A piece is not a Uint8Array.
 * @throws Whatever the stream fails with, or the reason of the signal.
 */
export async function readStream(
  stream: ReadableStream<Uint8Array>,
  { signal }: StoreCallOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const pieces: Uint8Array[] = [];
  for await (const piece of piecesOf(stream, { signal })) pieces.push(new Uint8Array(piece));
  return join(pieces);
}

/** Puts pieces together, in an array of their own. */
export function join(pieces: readonly Uint8Array[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(pieces.reduce((length, piece) => length + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}

/**
 * The pieces of a stream, each checked; the stream is cancelled where not all of them are taken.
 *
 * @throws {TypeError} A piece is not a Uint8Array.
 * @throws Whatever the stream fails with, or the reason of the signal.
 */
export async function* piecesOf(
  stream: ReadableStream<Uint8Array>,
  { signal }: StoreCallOptions,
): AsyncGenerator<Uint8Array, void, undefined> {
  const reader = stream.getReader();
  const abort = () => void reader.cancel(signal!.reason).catch(() => {});
  signal?.addEventListener("abort", abort);
  let ended = false;
  try {
    signal?.throwIfAborted();
    while (true) {
      const { done, value } = await reader.read();
      signal?.throwIfAborted();
      if (done) break;
      if (!(value instanceof Uint8Array)) {
        throw new TypeError(`A store keeps a stream of Uint8Arrays, received a ${typeof value}`);
      }
      yield value;
    }
    ended = true;
  } catch (error) {
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    if (!ended) await reader.cancel().catch(() => {});
    reader.releaseLock();
  }
}

/** Length of the pieces in which bytes in memory are streamed. */
const PIECE_BYTES = 0x10000;

/** A stream of bytes that are the stream's own from now on. */
export function streamOf(bytes: Uint8Array<ArrayBuffer>): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  return new ReadableStream({
    pull(controller) {
      if (at >= bytes.length) controller.close();
      else controller.enqueue(bytes.slice(at, at += PIECE_BYTES));
    },
  });
}
