/**
 * Streams in and out of the store.
 *
 * @module
 */

import { pulledStream } from "../_streams.ts";
import type { StoreCallOptions } from "../store.ts";

/** The pieces of a stream whose length is not known. */
export class Source {
  /** Whether all pieces were read. */
  ended = false;
  /** Whether the stream failed. */
  failed = false;
  /** What it failed with. */
  error: unknown;
  readonly #pieces: AsyncIterator<Uint8Array>;

  /** @param pieces The pieces. */
  constructor(pieces: AsyncIterator<Uint8Array>) {
    this.#pieces = pieces;
  }

  /** Reads until there are so many bytes, or all. */
  async start(enough: number): Promise<Uint8Array<ArrayBuffer>> {
    const pieces: Uint8Array<ArrayBuffer>[] = [];
    let size = 0;
    for (let piece; size < enough && (piece = await this.#next()) !== undefined;) {
      pieces.push(piece);
      size += piece.length;
    }
    return new Uint8Array(await new Blob(pieces).arrayBuffer());
  }

  /** Yields what was read and then all that comes, and lets go of the stream in the end. */
  async *rest(start: Uint8Array<ArrayBuffer>): AsyncGenerator<Uint8Array<ArrayBuffer>> {
    try {
      yield start;
      for (let piece; (piece = await this.#next()) !== undefined;) yield piece;
    } finally {
      await this.#pieces.return?.();
    }
  }

  /** Tells the stream that nothing more is read of it, without waiting for that. */
  letGo(): void {
    this.#pieces.return?.().catch(() => {});
  }

  /** The next piece, in memory of its own. */
  async #next(): Promise<Uint8Array<ArrayBuffer> | undefined> {
    try {
      const { done, value } = await this.#pieces.next();
      this.ended = done === true;
      return done ? undefined : new Uint8Array(value);
    } catch (error) {
      this.failed = true;
      this.error = error;
      throw error;
    }
  }
}

/**
 * A stream of a file whose errors are those of the store.
 *
 * @param file The file.
 * @param options The signal of the call.
 * @param failed Words the error of a file that cannot be read on.
 */
export function blobStream(
  file: Blob,
  options: StoreCallOptions,
  failed: (error: unknown) => unknown,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = file.stream().getReader();
  return pulledStream({
    next: async () => {
      try {
        return (await reader.read()).value as Uint8Array<ArrayBuffer> | undefined;
      } catch (error) {
        throw failed(error);
      }
    },
    letGo: (reason) => reader.cancel(reason),
  }, options);
}
