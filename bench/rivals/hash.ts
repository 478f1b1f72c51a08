/**
 * The other BLAKE3s. Their versions are pinned in `deno.json`.
 *
 * @module
 */
import { toHex } from "../../lib/hash/mod.ts";

/** A BLAKE3, in the forms that it offers. Digests are 32 bytes. */
export interface Contender {
  /** Gives the digest in an array of its own. */
  readonly hash: (bytes: Uint8Array) => Uint8Array;
  /** Writes the digest into an array of the caller's, if it can. */
  readonly into?: (bytes: Uint8Array, into: Uint8Array<ArrayBuffer>) => unknown;
  /** Gives the digest as hexadecimal text, in the fastest way there is to that. */
  readonly hex: (bytes: Uint8Array) => string;
}

/** How to get hold of each rival; what does not load in a runtime rejects there. */
export const RIVALS: Readonly<Record<string, () => Promise<Contender>>> = {
  "blake3-jit": async () => {
    const { hash, hashInto } = await import("blake3-jit");
    return { hash, into: hashInto, hex: (bytes) => toHex(hash(bytes)) };
  },
  "@huggingface/blake3-jit": async () => {
    const { hash, hashInto } = await import("@huggingface/blake3-jit");
    return { hash, into: hashInto, hex: (bytes) => toHex(hash(bytes)) };
  },
  "hash-wasm": async () => {
    const { createBLAKE3 } = await import("hash-wasm");
    const hasher = await createBLAKE3();
    return {
      hash: (bytes) => hasher.init().update(bytes).digest("binary"),
      hex: (bytes) => hasher.init().update(bytes).digest("hex"),
    };
  },
  "@noble/hashes": async () => {
    const { blake3 } = await import("@noble/hashes/blake3.js");
    return {
      hash: blake3,
      into: (bytes, into) => blake3.create().update(bytes).digestInto(into),
      hex: (bytes) => toHex(blake3(bytes)),
    };
  },
  "blake3-wasm": async () => {
    const { hash } = await import("blake3-wasm");
    const run = (bytes: Uint8Array) => hash(bytes as Parameters<typeof hash>[0]);
    return {
      hash: (bytes) => run(bytes) as Uint8Array,
      hex: (bytes) => run(bytes).toString("hex"),
    };
  },
};
