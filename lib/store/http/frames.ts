/**
 * How bytes travel between `httpStore` and `serveStore`, so that a body that ends too early is
 * never taken for a whole one, whatever stands between the two.
 *
 * | bytes | field                                                        |
 * |-------|--------------------------------------------------------------|
 * | 4     | `n`, length of the chunk in bytes, uint32 little-endian      |
 * | `n`   | the chunk                                                    |
 *
 * A chunk of no bytes is the end, and nothing follows it.
 *
 * @module
 */

import { DecodeError } from "../../errors.ts";

const LENGTH_BYTES = 4;
const MAX_CHUNK_BYTES = 2 ** 32 - 1;

/** Media type of a body of frames. */
export const FRAMES_TYPE = "application/vnd.deja.frames";

/** Frames bytes that are all here, in memory of its own. */
export function frame(bytes: Uint8Array): Uint8Array<ArrayBuffer> {
  const count = Math.ceil(bytes.length / MAX_CHUNK_BYTES);
  const framed = new Uint8Array(bytes.length + (count + 1) * LENGTH_BYTES);
  let at = 0;
  for (let start = 0; start < bytes.length; start += MAX_CHUNK_BYTES) {
    const chunk = bytes.subarray(start, start + MAX_CHUNK_BYTES);
    framed.set(lengthOf(chunk), at);
    framed.set(chunk, at + LENGTH_BYTES);
    at += LENGTH_BYTES + chunk.length;
  }
  return framed; // The last four bytes are zeros: the end.
}

/** Frames bytes as they come. */
export async function* frames(
  chunks: AsyncIterable<Uint8Array>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  for await (const chunk of chunks) {
    for (let start = 0; start < chunk.length; start += MAX_CHUNK_BYTES) {
      const part = chunk.subarray(start, start + MAX_CHUNK_BYTES);
      yield lengthOf(part);
      yield new Uint8Array(part);
    }
  }
  yield new Uint8Array(LENGTH_BYTES);
}

/**
 * Takes the bytes out of their frames as they come.
 *
 * @throws {DecodeError} The body ends before its end, or goes on after it.
 */
export async function* unframed(
  chunks: AsyncIterable<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<Uint8Array<ArrayBuffer>, void> {
  const length = new Uint8Array(LENGTH_BYTES);
  let known = 0; // Bytes of the length that are here.
  let left = 0; // Bytes of the chunk that are not.
  let offset = 0;
  let ended = false;
  for await (const chunk of chunks) {
    for (let at = 0; at < chunk.length;) {
      if (ended) {
        throw new DecodeError("The body goes on after its end", { offset: offset + at });
      }
      if (left > 0) {
        const part = chunk.subarray(at, at + left);
        at += part.length;
        left -= part.length;
        yield part;
        continue;
      }
      length[known++] = chunk[at++];
      if (known < LENGTH_BYTES) continue;
      known = 0;
      left = new DataView(length.buffer).getUint32(0, true);
      ended = left === 0;
    }
    offset += chunk.length;
  }
  if (!ended) throw new DecodeError(`The body ends after ${offset} bytes, too early`, { offset });
}

function lengthOf(chunk: Uint8Array): Uint8Array<ArrayBuffer> {
  const length = new Uint8Array(LENGTH_BYTES);
  new DataView(length.buffer).setUint32(0, chunk.length, true);
  return length;
}
