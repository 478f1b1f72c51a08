/**
 * The methods that a store may have or not.
 *
 * @module
 */

import type { Store } from "./store.ts";

const OPTIONAL = ["lease", "getStream", "setStream"] as const;

/**
 * Deletes from a wrapper round a store what the store does not have, so that only what works is
 * there to be called.
 */
export function deleteMissing(
  wrapper: Pick<Store, typeof OPTIONAL[number]>,
  store: Store,
): void {
  for (const method of OPTIONAL) if (store[method] === undefined) delete wrapper[method];
}
