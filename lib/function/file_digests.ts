/** Digests of files, remembered in the store for other processes. */

import type { StoreOperation } from "../errors.ts";
import type { DigestMemory } from "../key/mod.ts";
import type { StoreHandle } from "./store_handle.ts";

/** What their store keys start with; those of functions end in more digits. */
const ROOT = "file/";
/** For how long a digest is remembered, in milliseconds: what is read again is stored again. */
const KEEP_MS = 30 * 86_400_000;

/**
 * Remembers digests in a store.
 *
 * @param writes Whether it may store any.
 * @param report Hears of failures of the store.
 */
export function digestsIn(
  handle: StoreHandle,
  writes: boolean,
  report: (error: unknown, operation: StoreOperation) => void,
): DigestMemory {
  return {
    get: async (name) => {
      try {
        return await (await handle.store()).get(ROOT + name);
      } catch (error) {
        report(error, "get");
        return undefined;
      }
    },
    set: !writes ? undefined : async (name, bytes) => {
      try {
        const store = await handle.store();
        if (store.supports.readOnly === true) return;
        await store.set(ROOT + name, bytes, { expires: Date.now() + KEEP_MS });
      } catch (error) {
        report(error, "set");
      }
    },
  };
}
