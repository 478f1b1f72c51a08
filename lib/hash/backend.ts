/**
 * The choice of the core, made once, at the first hash. This is the only file that knows what the
 * cores are.
 *
 * @module
 */
import { environmentVariable } from "../environment.ts";
import type { Core, CoreName } from "./core.ts";
import { choosePath, look } from "./path.ts";
import { createReferenceCore } from "./reference.ts";
import { createWasmCore, fastestBytes } from "./wasm.ts";

/** What computes the hash: WebAssembly with SIMD, WebAssembly without, or plain TypeScript. */
export type HashBackend = CoreName;

/** Options of {@linkcode configureHash}. */
export interface HashConfiguration {
  /** The backend to use; without it, the fastest that works here. */
  readonly backend?: HashBackend;
  /**
   * The compiled module of a WebAssembly backend, for hosts that forbid compiling from bytes. It is
   * that of `backend`, or of `"simd"`.
   */
  readonly module?: WebAssembly.Module;
}

const BACKENDS: readonly HashBackend[] = ["simd", "wasm", "js"];

let chosen: Core | undefined;
/** Hashes until the kernels of the core are timed, of `wait`; 0 for never. */
let left = 0;
let wait = 0;
let times: number[] = [];

/** The core that hashes in this program. */
export function currentCore(): Core {
  if (chosen === undefined) return use(chooseCore());
  if (left > 0 && --left === 0) left = wait = look(chosen, times, wait);
  return chosen;
}

function use(core: Core): Core {
  left = wait = choosePath(core);
  times = [Infinity, Infinity];
  return chosen = core;
}

/**
 * Says which backend computes the hash here. The digests do not depend on it.
 *
 * @returns The backend, which this call chooses if nothing was hashed yet.
 * @throws {RangeError} If the variable `DEJA_HASH` names no backend.
 *
 * @example
 * ```ts
 * import { hashBackend } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * assert.include(["simd", "wasm", "js"], hashBackend());
 * ```
 */
export function hashBackend(): HashBackend {
  return currentCore().name;
}

/**
 * Decides which backend computes the hash, in place of the choice made at the first hash. The
 * environment variable `DEJA_HASH` (`simd`, `wasm` or `js`) does the same from outside; in Deno it
 * counts only where reading it is allowed already.
 *
 * @param configuration The backend, or a compiled module of one. Nothing goes back to the choice
 * by default.
 * @throws {RangeError} If there is no such backend.
 * @throws {TypeError} If `module` is not the module of a backend.
 * @throws {WebAssembly.CompileError} If the host cannot run the backend asked for.
 *
 * @example
 * ```ts
 * import { configureHash, hashBackend, wasmBytes } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * configureHash({ backend: "js" });
 * assert.equal(hashBackend(), "js");
 *
 * // Where bytes cannot be compiled, the module comes from a file that a build step wrote.
 * configureHash({ module: new WebAssembly.Module(wasmBytes("simd")) });
 * assert.equal(hashBackend(), "simd");
 * configureHash();
 * ```
 */
export function configureHash(configuration: HashConfiguration = {}): void {
  const { backend, module } = configuration;
  if (module !== undefined) {
    const name = checkBackend(backend ?? "simd");
    if (name === "js" || !(module instanceof WebAssembly.Module)) {
      throw new TypeError("Expected a WebAssembly.Module of the backend simd or wasm");
    }
    use(createWasmCore(name, module));
  } else if (backend !== undefined) use(createCore(checkBackend(backend)));
  else chosen = undefined;
}

/** The core that the environment asks for, or else the first one that this host can run. */
function chooseCore(): Core {
  const setting = environmentVariable("DEJA_HASH");
  if (setting) return createCore(checkBackend(setting));
  for (const backend of ["simd", "wasm"] as const) {
    try {
      return createCore(backend);
    } catch {
      // Not an error: this host has no SIMD, or no WebAssembly, or a policy against compiling it.
    }
  }
  return createCore("js");
}

function createCore(backend: HashBackend): Core {
  if (backend === "js") return createReferenceCore();
  return createWasmCore(backend, new WebAssembly.Module(fastestBytes(backend)));
}

function checkBackend(name: string): HashBackend {
  const backend = BACKENDS.find((backend) => backend === name);
  if (backend === undefined) {
    throw new RangeError(`Expected a hash backend (${BACKENDS.join(", ")}), received ${name}`);
  }
  return backend;
}
