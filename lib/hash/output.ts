/**
 * Taking the digest out of a core.
 *
 * @module
 */
import { BLOCK_BYTES, type Core, DIGEST_BYTES, OUTPUT_ADDRESS } from "./core.ts";

/**
 * Copies a digest out, after a call that had the flag `ROOT`: into an array of `length` bytes, or
 * into a new one.
 */
export function readDigest(
  core: Core,
  length: number,
  into?: Uint8Array<ArrayBuffer>,
): Uint8Array<ArrayBuffer> {
  if (length === DIGEST_BYTES) {
    // A copy by the constructor takes less than a new array that is filled afterwards.
    if (into === undefined) return new Uint8Array(core.digest);
    into.set(core.digest);
    return into;
  }
  const digest = into ?? new Uint8Array(length);
  for (let offset = 0, counter = 0; offset < length; offset += BLOCK_BYTES, counter++) {
    if (counter > 0) core.expand(counter, 0);
    const end = OUTPUT_ADDRESS + Math.min(BLOCK_BYTES, length - offset);
    digest.set(core.bytes.subarray(OUTPUT_ADDRESS, end), offset);
  }
  return digest;
}
