/**
 * How a store says that a write came under a lease that is not held: whoever reads the error can
 * tell that from a store that fails.
 *
 * @module
 */

import { StoreError } from "../errors.ts";

/** Makes the error for a write under a lease that is not held, or not this key's or this store's. */
export function lostLease(store: string, key: string): StoreError {
  return new StoreError(
    `Cannot set ${
      JSON.stringify(key)
    } in the ${store} store: its lease is no longer held; take it again`,
    { store, operation: "lease" },
  );
}

/** Whether a `set` failed since its lease is not held, and not since the store fails. */
export function isLostLease(error: unknown): boolean {
  return error instanceof StoreError && error.operation === "lease";
}
