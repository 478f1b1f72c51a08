/**
 * Values one after the other, for more data than memory holds.
 *
 * @module
 */

import { DecodeError } from "../errors.ts";
import { encodeAsync } from "./async.ts";
import { Decoder } from "./_decoder.ts";
import { Boundary } from "./_boundary.ts";
import type { DecodeOptions, EncodeOptions } from "./options.ts";

/**
 * Encodes values one after the other, as they are asked for: only one is in memory at a time. The
 * bytes are a MessagePack stream, that is, the values in a row with nothing in between.
 *
 * @param values The values. Each is encoded by itself: references do not reach from one to another.
 * @param options As for `encodeAsync`.
 * @returns The bytes. The stream fails with the {@linkcode EncodeError} of a value that has no byte
 * form; cancelling it ends the iteration.
 *
 * @example
 * ```ts
 * import { decodeStream, encodeStream } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * function* rows() {
 *   for (let id = 0; id < 3; id++) yield { id, name: `row ${id}` };
 * }
 * const read = await Array.fromAsync(decodeStream(encodeStream(rows())));
 * assert.deepEqual(read, [...rows()]);
 * ```
 */
export function encodeStream(
  values: AsyncIterable<unknown> | Iterable<unknown>,
  options?: EncodeOptions,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const iterator = Symbol.asyncIterator in values
    ? values[Symbol.asyncIterator]()
    : values[Symbol.iterator]();
  return new ReadableStream<Uint8Array<ArrayBuffer>>({
    async pull(controller) {
      const { done, value } = await iterator.next();
      if (done === true) controller.close();
      else controller.enqueue(await encodeAsync(value, options));
    },
    async cancel(reason) {
      await iterator.return?.(reason);
    },
  }, { highWaterMark: 0 });
}

/**
 * Decodes the values of a stream, one at a time, each as soon as its last byte is there: only one
 * is in memory at a time.
 *
 * @param stream The bytes, cut anywhere, such as a response's body or a file's.
 * @param options As for `decode`.
 * @yields The values in their order.
 * @throws {DecodeError} Where the bytes are truncated, corrupted or foreign, with the offset from
 * the start of the stream.
 *
 * @example
 * ```ts
 * import { decodeStream, encode } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const stream = ReadableStream.from([encode("a"), encode({ b: 1 })]);
 * assert.deepEqual(await Array.fromAsync(decodeStream(stream)), ["a", { b: 1 }]);
 * ```
 */
export async function* decodeStream(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
  options?: DecodeOptions,
): AsyncGenerator<unknown, void, undefined> {
  let boundary = new Boundary();
  let offset = 0;
  let pieces: Uint8Array[] = [];
  for await (const chunk of chunksOf(stream)) {
    let start = 0;
    while (start < chunk.length) {
      const end = boundary.find(chunk, start);
      pieces.push(chunk.subarray(start, end ?? chunk.length));
      if (end === undefined) break;
      const bytes = joined(pieces);
      yield decodeAt(bytes, offset, options);
      boundary = new Boundary();
      pieces = [];
      offset += bytes.length;
      start = end;
    }
  }
  // What is left is a value without its end, and decoding it says where it breaks off.
  if (pieces.length > 0) decodeAt(joined(pieces), offset, options);
}

/** Reads a stream also where the runtime cannot iterate over one. */
async function* chunksOf(
  stream: ReadableStream<Uint8Array> | AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array, void, undefined> {
  if (!("getReader" in stream)) {
    yield* stream;
    return;
  }
  const reader = stream.getReader();
  try {
    for (let read = await reader.read(); !read.done; read = await reader.read()) yield read.value;
  } finally {
    await reader.cancel();
  }
}

function decodeAt(bytes: Uint8Array, start: number, options: DecodeOptions | undefined): unknown {
  try {
    return new Decoder(bytes, options).decode();
  } catch (error) {
    if (!(error instanceof DecodeError) || start === 0) throw error;
    const offset = start + error.offset;
    throw new DecodeError(`${error.message}, in the value that starts at byte ${start}`, {
      offset,
      cause: error,
    });
  }
}

function joined(pieces: readonly Uint8Array[]): Uint8Array {
  if (pieces.length === 1) return pieces[0];
  const bytes = new Uint8Array(pieces.reduce((sum, piece) => sum + piece.length, 0));
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
