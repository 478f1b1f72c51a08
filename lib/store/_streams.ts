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
  const abort = () => cancelQuietly(reader, signal!.reason);
  signal?.addEventListener("abort", abort);
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
  } catch (error) {
    cancelQuietly(reader, error);
    throw error;
  } finally {
    signal?.removeEventListener("abort", abort);
    // Nothing happens to one that has ended.
    cancelQuietly(reader);
    reader.releaseLock();
  }
}

/** A stream that a caller gives to be stored: what it fails with is its owner's matter. */
export class Source {
  /** What the stream failed with, if it did. */
  failure: { readonly error: unknown } | undefined;
  /** Its pieces. */
  readonly pieces: AsyncGenerator<Uint8Array, void, undefined>;

  /**
   * @param stream The stream.
   * @param options The signal that gives it up.
   * @param checkSize Throws where so many bytes are too many, which then fails the stream.
   */
  constructor(
    stream: ReadableStream<Uint8Array>,
    options: StoreCallOptions,
    checkSize?: (size: number) => void,
  ) {
    this.pieces = this.#read(stream, options, checkSize);
  }

  async *#read(
    stream: ReadableStream<Uint8Array>,
    options: StoreCallOptions,
    checkSize?: (size: number) => void,
  ): AsyncGenerator<Uint8Array, void, undefined> {
    let size = 0;
    try {
      for await (const piece of piecesOf(stream, options)) {
        checkSize?.(size += piece.length);
        yield piece;
      }
    } catch (error) {
      this.failure = { error };
      throw error;
    }
  }
}

/** Tells a stream that nobody has begun to read that nobody will, without waiting for its source. */
export function cancelUnread(stream: ReadableStream<Uint8Array>, reason: unknown): void {
  if (!stream.locked) stream.cancel(reason).catch(() => {});
}

/** Tells a source that nobody reads on, without waiting for it: it may never answer. */
function cancelQuietly(reader: ReadableStreamDefaultReader<Uint8Array>, reason?: unknown): void {
  reader.cancel(reason).catch(() => {});
}

/** Length of the pieces in which bytes in memory are streamed. */
const PIECE_BYTES = 0x10000;

/** Where the pieces of a stream come from. */
export interface PieceSource<T> {
  /** Gives the next piece, or `undefined` after the last. */
  readonly next: () => Promise<T | undefined> | T | undefined;
  /**
   * Lets go of what is held, once nobody reads on: because the stream was cancelled, or given up by
   * the signal, maybe while a piece is waited for. Not called after the last piece or a failure.
   */
  readonly letGo?: (reason: unknown) => unknown;
  /** Pieces that are asked for before they are read; 1 by default. */
  readonly ahead?: number;
}

/**
 * A stream that a store gives: it ends with the reason of the signal as soon as that is aborted, also
 * while a piece is waited for. The signal costs one listener, and nothing for each piece.
 */
export function pulledStream<T extends Uint8Array>(
  { next, letGo, ahead = 1 }: PieceSource<T>,
  { signal }: StoreCallOptions = {},
): ReadableStream<T> {
  let over = false;
  let abort = () => {};
  const end = () => {
    over = true;
    signal?.removeEventListener("abort", abort);
  };
  const cancel = async (reason: unknown) => {
    end();
    await letGo?.(reason);
  };
  return new ReadableStream({
    start(controller) {
      abort = () => {
        controller.error(signal!.reason);
        // Nobody is left to hear of what fails now.
        cancel(signal!.reason).catch(() => {});
      };
      signal?.addEventListener("abort", abort);
      if (signal?.aborted) abort();
    },
    async pull(controller) {
      try {
        const piece = await next();
        if (over) return;
        if (piece !== undefined) return controller.enqueue(piece);
        end();
        controller.close();
      } catch (error) {
        end();
        throw error;
      }
    },
    cancel,
  }, { highWaterMark: ahead });
}

/** A stream of bytes that are the stream's own from now on. */
export function streamOf(
  bytes: Uint8Array<ArrayBuffer>,
  options?: StoreCallOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  let at = 0;
  const next = () => at < bytes.length ? bytes.slice(at, at += PIECE_BYTES) : undefined;
  return pulledStream({ next }, options);
}

/**
 * Turns chunks into a stream that asks for them as they are read.
 *
 * @param letGo Makes a chunk that is waited for come soon, or fail, once nobody reads on: chunks
 *   cannot be told before, and their source may be silent for long.
 */
export function streamFrom<T extends Uint8Array>(
  chunks: AsyncGenerator<T, void>,
  letGo: () => unknown = () => {},
  options?: StoreCallOptions,
): ReadableStream<T> {
  return pulledStream({
    next: async () => (await chunks.next()).value ?? undefined,
    letGo: async () => {
      await letGo();
      await chunks.return();
    },
  }, options);
}

/** The same bytes in pieces of one size, but for the last, and memory of their own. */
export async function* chunksOf(
  pieces: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void, undefined> {
  let chunk = new Uint8Array(size);
  let filled = 0;
  for await (const piece of pieces) {
    for (let at = 0; at < piece.length;) {
      const part = piece.subarray(at, at + size - filled);
      chunk.set(part, filled);
      at += part.length;
      filled += part.length;
      if (filled < size) continue;
      yield chunk;
      chunk = new Uint8Array(size);
      filled = 0;
    }
  }
  if (filled > 0) yield chunk.subarray(0, filled);
}

/** The first and then the rest, which is told also if nobody gets so far. */
export async function* startingWith<T>(
  first: T,
  rest: AsyncGenerator<T, void, undefined>,
): AsyncGenerator<T, void, undefined> {
  try {
    yield first;
    yield* rest;
  } finally {
    await rest.return();
  }
}
