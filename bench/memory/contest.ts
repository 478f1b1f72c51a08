/**
 * The contest of `bench/memory_store_bench.ts`: reads of one KiB that is there.
 *
 * @module
 */
import Keyv from "keyv";
import { LRUCache } from "lru-cache";
import { memoryStore, type MemoryStoreOptions } from "../../lib/store/memory.ts";
import { race, timeAwaited, type Timer } from "../shared/race.ts";

/** Nanoseconds for each `get`, by contender. */
export type MemoryFigures = Readonly<Record<string, number>>;

const ENTRIES = 1000;
const BYTES = new Uint8Array(1024).fill(7);
const HOUR_MS = 3_600_000;

/** Reads keys in turn, so that no contender sees the same one twice in a row. */
function reading(get: (key: string) => Promise<unknown>): Timer {
  const keys = Array.from({ length: ENTRIES }, (_, i) => `name/${i}`);
  let at = 0;
  return (count) => timeAwaited(() => get(keys[at = (at + 1) % ENTRIES]), count);
}

async function filled(options: MemoryStoreOptions, expires?: number): Promise<Timer> {
  const store = memoryStore(options);
  for (let i = 0; i < ENTRIES; i++) await store.set(`name/${i}`, BYTES, { expires });
  return reading((key) => store.get(key));
}

/** Runs the contest. */
export async function contest(): Promise<MemoryFigures> {
  const map = new Map<string, Uint8Array>();
  const lru = new LRUCache<string, Uint8Array>({ max: 2 * ENTRIES });
  const keyv = new Keyv<Uint8Array>();
  for (let i = 0; i < ENTRIES; i++) {
    map.set(`name/${i}`, BYTES);
    lru.set(`name/${i}`, BYTES);
    await keyv.set(`name/${i}`, BYTES);
  }
  const contenders = new Map<string, Timer>([
    // deno-lint-ignore require-await -- the least that an asynchronous read can cost.
    ["Map in an async function", reading(async (key) => map.get(key))],
    // deno-lint-ignore require-await
    ["lru-cache in an async function", reading(async (key) => lru.get(key))],
    ["keyv", reading((key) => keyv.get(key))],
    ["by reference", await filled({ clone: false })],
    ["by reference, bounded", await filled({ clone: false, maxEntries: 2 * ENTRIES })],
    ["by reference, with expiry", await filled({ clone: false }, Date.now() + HOUR_MS)],
    ["copied", await filled({})],
    // deno-lint-ignore require-await
    ["Map in an async function, copied", reading(async (key) => map.get(key)!.slice())],
  ]);
  return Object.fromEntries(await race(contenders));
}
