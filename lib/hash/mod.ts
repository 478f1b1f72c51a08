/**
 * BLAKE3 for every runtime: a plain hash, a keyed hash and key derivation, with digests of any
 * length, in one shot, in pieces, from a stream or on several cores. It needs no permission,
 * fetches nothing and does nothing until the first hash.
 *
 * ```ts
 * import { blake3, blake3Hex, createHasher } from "@deja/cache/hash";
 *
 * const message = new TextEncoder().encode("hello");
 * blake3(message); // 32 bytes
 * blake3Hex(message); // 64 digits
 * blake3(message, { key: new Uint8Array(32) }); // authenticated by a secret of 32 bytes
 * blake3(message, { context: "example.org 2026 session key", length: 64 }); // a derived key
 * blake3(message, { into: new Uint8Array(32) }); // no new array: the fastest for short messages
 * createHasher().update(message).update(message).base64url();
 * ```
 *
 * What computes it is chosen at the first hash: WebAssembly with SIMD, WebAssembly without, or plain
 * TypeScript where the host forbids compiling. All give the same digests. `configureHash` and the
 * environment variable `DEJA_HASH` force the choice; `configureHash` also takes a compiled module.
 *
 * @see {@link https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf} for the function.
 * @module
 */
export { configureHash, type HashBackend, hashBackend, type HashConfiguration } from "./backend.ts";
export { blake3, blake3Hex, type Blake3IntoOptions, type Blake3Options } from "./blake3.ts";
export { createHasher, type Hasher } from "./hasher.ts";
export type { HashInput } from "./input.ts";
export type { HashOptions } from "./mode.ts";
export { hashParallel, type ParallelOptions } from "./parallel.ts";
export { createHashPool, type HashPool, type HashPoolOptions } from "./pool.ts";
export { hashStream } from "./stream.ts";
export { toBase64Url, toHex } from "./text.ts";
export { wasmBytes, type WasmCoreName } from "./wasm.ts";
export { borrowWindow, HASH_WINDOW_BYTES, type HashWindow } from "./window.ts";
