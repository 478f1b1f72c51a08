/**
 * BLAKE3 for every runtime: a plain hash, a keyed hash and key derivation, with digests of any
 * length, in one shot, in pieces or from a stream. It needs no permission, fetches nothing and does
 * nothing until the first hash.
 *
 * ```ts
 * import { blake3, toHex } from "@deja/cache/hash";
 *
 * toHex(blake3(new TextEncoder().encode("hello")));
 * ```
 *
 * @see {@link https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf} for the function.
 * @module
 */
export { configureHash, type HashBackend, hashBackend, type HashConfiguration } from "./backend.ts";
export { blake3, blake3Hex, type Blake3Options } from "./blake3.ts";
export { createHasher, type Hasher } from "./hasher.ts";
export type { HashInput } from "./input.ts";
export type { HashOptions } from "./mode.ts";
export { hashParallel, type ParallelOptions } from "./parallel.ts";
export { createHashPool, type HashPool, type HashPoolOptions } from "./pool.ts";
export { hashStream } from "./stream.ts";
export { toBase64Url, toHex } from "./text.ts";
export { wasmBytes, type WasmCoreName } from "./wasm.ts";
export { borrowWindow, HASH_WINDOW_BYTES, type HashWindow } from "./window.ts";
