/**
 * Hashing a stream.
 *
 * @module
 */
import type { Blake3Options } from "./blake3.ts";
import { createHasher } from "./hasher.ts";

/**
 * Hashes a stream of bytes with BLAKE3, in memory that does not grow with the stream.
 *
 * @param stream The bytes. The stream is read to its end, or cancelled if it yields something else.
 * @param options As for `blake3`.
 * @returns A promise of the digest in a new array.
 * @throws {TypeError | RangeError} As `blake3` does; an error of the stream rejects the promise.
 *
 * @example
 * ```ts
 * import { blake3, hashStream } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * const digest = await hashStream(new Blob(["a", "bc"]).stream());
 * assert.deepEqual(digest, blake3(new TextEncoder().encode("abc")));
 * ```
 */
export async function hashStream(
  stream: ReadableStream<Uint8Array>,
  options?: Blake3Options,
): Promise<Uint8Array<ArrayBuffer>> {
  using hasher = createHasher(options);
  const reader = stream.getReader();
  try {
    for (let next = await reader.read(); !next.done; next = await reader.read()) {
      hasher.update(next.value);
    }
  } catch (error) {
    // A stream that failed by itself rejects this once more; the first error is the one to report.
    await reader.cancel(error).catch(() => {});
    throw error;
  } finally {
    reader.releaseLock();
  }
  return hasher.digest(options?.length);
}
