/**
 * Cases about stores that can only be read.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import { check, checkEntry, checkMissing, checkRejects, sample, type StoreCase } from "./_case.ts";

const SIZES = [0, 1, 100, 0x10000, 0x100001];

/** The cases; each needs `supports.readOnly`. */
export const cases: readonly StoreCase[] = ([
  {
    name: "reads what was put there by another way, and misses all else",
    body: async ({ store, fill }) => {
      for (const size of SIZES) await fill(`name/${size}`, sample(size));
      for (const size of SIZES) await checkEntry(store, `name/${size}`, sample(size));
      await checkMissing(store, "name/2");
      await checkMissing(store, "name");
    },
  },
  {
    name: "refuses to write and to delete with a StoreError",
    body: async ({ store, fill }) => {
      await fill("key", sample(10));
      await checkRejects(() => store.set("key", sample(20)), StoreError, "set()");
      await checkRejects(() => store.delete("key"), StoreError, "delete()");
      await checkEntry(store, "key", sample(10));
    },
  },
  {
    name: "refuses a wrong key, an aborted signal, and a closed handle",
    body: async ({ store }) => {
      await checkRejects(() => store.get(""), RangeError, "get() of an empty key");
      const signal = AbortSignal.abort(new SyntaxError("The reason"));
      await checkRejects(
        () => store.get("key", { signal }),
        SyntaxError,
        "get() with an aborted signal",
      );
      check(store.name !== "", "name is no text");
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await checkRejects(() => store.get("key"), StoreError, "get() after closing");
    },
  },
] satisfies StoreCase[]).map((each) => ({ ...each, forReadOnly: true }));
