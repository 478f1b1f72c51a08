/**
 * What the tests of the seeds' behaviours share.
 *
 * @module
 */

import {
  type Cache,
  createCache,
  type CreateCacheOptions,
} from "../../../lib/function/create_cache.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";
import { testOn, withTempFolder } from "../../harness.ts";

/** Makes a cache with a memory of its own, whose functions may count their runs in variables. */
export function fresh(options: CreateCacheOptions = {}): Cache & { readonly store: Store } {
  const store = options.store ?? memoryStore();
  return { ...createCache({ freeVariables: "ignore", ...options, store }), store };
}

/** Keeps the processor busy for at least `duration` milliseconds, as slow work does. */
export function work(duration: number): void {
  const start = performance.now();
  while (performance.now() - start < duration);
}

/** The keys of everything in a store. */
export async function keysIn(store: Store): Promise<string[]> {
  const keys = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys.sort();
}

/** A test with a fresh folder, and Node's `fs` to look into it. */
export function testFiles(
  name: string,
  body: (folder: string, fs: typeof import("node:fs")) => Promise<void>,
): void {
  const { process } = globalThis as unknown as {
    process?: { getBuiltinModule(name: string): typeof import("node:fs") };
  };
  testOn(
    ["deno", "bun"],
    "needs a file system with paths",
    name,
    () => withTempFolder((folder) => body(folder, process!.getBuiltinModule("node:fs"))),
  );
}
