/**
 * Digests of files that are remembered beyond this process. Loaded when a large file is read.
 *
 * @module
 */

import { encodeCanonical, stableHash } from "../../codec/mod.ts";
import { blake3, toHex } from "../../hash/mod.ts";
import { type Disk, isSame, type Status } from "./disk.ts";

type Digest = Uint8Array<ArrayBuffer>;

/**
 * Remembers digests of files where other processes find them. A name says all that tells a file from
 * what it was before, so that one name never stands for two digests.
 */
export interface DigestMemory {
  /** What stands under a name; `undefined` where nothing does. Never rejects. */
  get(name: string): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Puts bytes under a name; left out where nothing may be stored. Never rejects. */
  readonly set?: ((name: string, bytes: Uint8Array) => Promise<void>) | undefined;
}

/** Digits of the hash that names a file: enough that no two ever meet. */
const NAME_DIGITS = 32;
const DIGEST_BYTES = 32;

/**
 * BLAKE3 of a file as `memory` has it, or as `hash` gives it, which is remembered then.
 *
 * @param status What stood at the path before.
 */
export async function remembered(
  memory: DigestMemory,
  disk: Disk,
  path: string,
  status: Status,
  hash: () => Promise<Digest>,
): Promise<Digest> {
  const { size, mtimeNs, ctimeNs, ino, dev } = status;
  const name = stableHash([path, size, mtimeNs, ctimeNs, ino, dev]).slice(0, NAME_DIGITS);
  const known = digestIn(await memory.get(name), name);
  if (known !== undefined) return known;
  const digest = await hash();
  // Only where nothing has changed under the reading.
  if (isSame(disk.status(path), status)) await memory.set?.(name, withCheck(digest, name));
  return digest;
}

/** A digest as it is stored: with what tells damage, and that it belongs to the name. */
function withCheck(digest: Digest, name: string): Digest {
  const bytes = new Uint8Array(2 * DIGEST_BYTES);
  bytes.set(digest);
  bytes.set(blake3(encodeCanonical([name, digest])), DIGEST_BYTES);
  return bytes;
}

function digestIn(bytes: Digest | undefined, name: string): Digest | undefined {
  if (bytes?.length !== 2 * DIGEST_BYTES) return undefined;
  const digest = bytes.slice(0, DIGEST_BYTES);
  return toHex(withCheck(digest, name)) === toHex(bytes) ? digest : undefined;
}
