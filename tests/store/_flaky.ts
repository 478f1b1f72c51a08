/**
 * A store that fails on demand, and says what it was asked.
 *
 * @module
 */

import { StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store, StoreSupports } from "../../lib/store/mod.ts";

/** A store in memory, and the switch that breaks it. */
export interface FlakyStore extends Store {
  /** While true, every call rejects. */
  broken: boolean;
  /** The calls so far, such as `get key`. */
  readonly calls: string[];
  /** While set, `get` reads its bytes and then waits for this before it hands them out. */
  hold: Promise<void> | undefined;
}

/** Makes one, which claims `supports` over what a store in memory claims. */
export function flakyStore(name: string, supports: Partial<StoreSupports> = {}): FlakyStore {
  const inner = memoryStore();
  const calls: string[] = [];
  const check = (operation: "get" | "set" | "delete" | "list", key: string) => {
    calls.push(`${operation} ${key}`);
    if (flaky.broken) throw new StoreError("Broken", { store: name, operation });
  };
  const flaky: FlakyStore = {
    name,
    supports: { ...inner.supports, lease: false, streams: false, ...supports },
    broken: false,
    hold: undefined,
    calls,
    get: async (key, options) => {
      check("get", key);
      const bytes = await inner.get(key, options);
      await flaky.hold;
      return bytes;
    },
    set: async (key, bytes, options) => {
      check("set", key);
      await inner.set(key, bytes, options);
    },
    delete: async (key, options) => {
      check("delete", key);
      return await inner.delete(key, options);
    },
    list: async function* (prefix, options) {
      check("list", prefix ?? "");
      yield* inner.list(prefix, options);
    },
    [Symbol.asyncDispose]: () => inner[Symbol.asyncDispose](),
  };
  return flaky;
}
