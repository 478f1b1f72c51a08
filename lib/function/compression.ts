/** Compressed payloads. Loaded where there are any. */

import { DecodeError } from "../errors.ts";

/** Most bytes that a compressed payload may have, for each byte that it is compressed to. */
const MAX_EXPANSION = 1100;

/** Bytes in the form of gzip. */
export async function compressed(bytes: Uint8Array<ArrayBuffer>): Promise<Uint8Array<ArrayBuffer>> {
  return await through(bytes, new CompressionStream("gzip"), Infinity);
}

/**
 * What bytes in the form of gzip stand for.
 *
 * @throws {DecodeError} They cannot be decompressed.
 */
export async function decompressed(
  bytes: Uint8Array<ArrayBuffer>,
): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await through(bytes, new DecompressionStream("gzip"), bytes.length * MAX_EXPANSION);
  } catch (cause) {
    throw new DecodeError("The result cannot be decompressed", { offset: 0, cause });
  }
}

async function through(
  bytes: Uint8Array<ArrayBuffer>,
  transform: CompressionStream | DecompressionStream,
  limit: number,
): Promise<Uint8Array<ArrayBuffer>> {
  const reader = new Blob([bytes]).stream().pipeThrough(transform).getReader();
  const pieces: Uint8Array<ArrayBuffer>[] = [];
  let length = 0;
  for (let read = await reader.read(); !read.done; read = await reader.read()) {
    pieces.push(read.value as Uint8Array<ArrayBuffer>);
    length += read.value.length;
    if (length > limit) {
      await reader.cancel();
      throw new RangeError(`It grows to more than ${limit} bytes`);
    }
  }
  return await new Blob(pieces).bytes();
}
