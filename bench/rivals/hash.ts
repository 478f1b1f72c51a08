/**
 * The other BLAKE3s. Their versions are pinned in `deno.json`.
 *
 * @module
 */

/** Hashes bytes into a digest of 32 bytes. */
export type Hash = (bytes: Uint8Array) => Uint8Array;

/** How to get hold of each rival; what does not load in a runtime rejects there. */
export const RIVALS: Readonly<Record<string, () => Promise<Hash>>> = {
  "blake3-jit": async () => (await import("blake3-jit")).hash,
  "@huggingface/blake3-jit": async () => (await import("@huggingface/blake3-jit")).hash,
  "hash-wasm": async () => {
    const { createBLAKE3 } = await import("hash-wasm");
    const hasher = await createBLAKE3();
    return (bytes) => hasher.init().update(bytes).digest("binary");
  },
  "@noble/hashes": async () => (await import("@noble/hashes/blake3.js")).blake3,
  "blake3-wasm": async () => {
    const { hash } = await import("blake3-wasm");
    return (bytes) => hash(bytes as Parameters<typeof hash>[0]) as Uint8Array;
  },
};
