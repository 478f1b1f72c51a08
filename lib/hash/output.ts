/**
 * Taking the digest out of a core.
 *
 * @module
 */
import { BLOCK_BYTES, type Core, DIGEST_BYTES, OUTPUT_ADDRESS } from "./core.ts";

/** Copies a digest out, after a call that had the flag `ROOT`. */
export function readDigest(core: Core, length: number): Uint8Array<ArrayBuffer> {
  if (length === DIGEST_BYTES) return new Uint8Array(core.digest);
  if (length <= BLOCK_BYTES) return core.bytes.slice(OUTPUT_ADDRESS, OUTPUT_ADDRESS + length);
  const digest = new Uint8Array(length);
  for (let offset = 0, counter = 0; offset < length; offset += BLOCK_BYTES, counter++) {
    core.expand(counter, 0);
    const end = OUTPUT_ADDRESS + Math.min(BLOCK_BYTES, length - offset);
    digest.set(core.bytes.subarray(OUTPUT_ADDRESS, end), offset);
  }
  return digest;
}
