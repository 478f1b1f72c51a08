/**
 * The cores in WebAssembly. Compiling is synchronous: they are small enough for that, and a hash
 * that had to be awaited could not key a synchronous function.
 *
 * @module
 */
import { SIMD_CORE, WORD_CORE } from "../../wasm/cores.ts";
import { type Core, DIGEST_BYTES, OUTPUT_ADDRESS } from "./core.ts";
import { withoutRelaxed } from "./relaxed.ts";

/** The cores that are WebAssembly: with SIMD, and for engines without it. */
export type WasmCoreName = "simd" | "wasm";

/** The exports of a core's module. */
type WasmExports = Pick<Core, "hash" | "brief" | "parent" | "expand" | "path"> & {
  readonly memory: WebAssembly.Memory;
};

/**
 * The WebAssembly module of a backend, for a build step that writes it into a file. A host that
 * forbids compiling from bytes can load the file and pass it to `configureHash`. Every engine that
 * has the backend takes it, so it does without relaxed SIMD.
 *
 * @param name The backend.
 * @returns The bytes of the module, in a new array.
 *
 * @example
 * ```ts
 * import { wasmBytes } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * assert.isTrue(WebAssembly.validate(wasmBytes("wasm")));
 * ```
 */
export function wasmBytes(name: WasmCoreName): Uint8Array<ArrayBuffer> {
  return withoutRelaxed(moduleBytes(name));
}

/** The module of a backend that is the fastest on this engine. */
export function fastestBytes(name: WasmCoreName): Uint8Array<ArrayBuffer> {
  const bytes = moduleBytes(name);
  return WebAssembly.validate(bytes) ? bytes : withoutRelaxed(bytes);
}

/** The module of a backend as it was built. */
function moduleBytes(name: WasmCoreName): Uint8Array<ArrayBuffer> {
  const digits = name === "simd" ? SIMD_CORE : WORD_CORE;
  if (typeof Uint8Array.fromHex === "function") return Uint8Array.fromHex(digits);
  const bytes = new Uint8Array(digits.length / 2);
  // A loop, because a callback for each byte takes longer than compiling the module does.
  for (let i = 0; i < bytes.length; i++) {
    bytes[i] = Number.parseInt(digits.slice(2 * i, 2 * i + 2), 16);
  }
  return bytes;
}

/**
 * Makes a core of a compiled module.
 *
 * @throws {TypeError} If the module is another one, or the host does not allow WebAssembly.
 */
export function createWasmCore(name: WasmCoreName, module: WebAssembly.Module): Core {
  const instance = new WebAssembly.Instance(module);
  const exports = instance.exports as unknown as Partial<WasmExports>;
  const { memory, hash, brief, parent, expand, path } = exports;
  if (memory === undefined || !hash || !parent || !expand) {
    throw new TypeError("Expected the module of a hashing core, received another module");
  }
  const bytes = new Uint8Array(memory.buffer as ArrayBuffer);
  const digest = bytes.subarray(OUTPUT_ADDRESS, OUTPUT_ADDRESS + DIGEST_BYTES);
  return { name, bytes, digest, path, hash, brief, parent, expand };
}
