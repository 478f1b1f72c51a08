/**
 * What several stores can do together.
 *
 * @module
 */

import type { Store, StoreSupports } from "../store.ts";

/**
 * The manifest of a tiered store.
 *
 * @param stores The tiers, the fastest first.
 * @param options Whether other handles are told of changes, and whether slower tiers are written
 *   later.
 */
export function supportsOf(
  stores: readonly Store[],
  { shared, behind }: { readonly shared: boolean; readonly behind: boolean },
): StoreSupports {
  const writable = stores.filter(({ supports }) => supports.readOnly !== true);
  const can = (ability: "lease" | "streams" | "persistent" | "expiry") => (store: Store) =>
    store.supports[ability] === true;
  const most = Math.max(...writable.map(({ supports }) => supports.maxBytes ?? Infinity));
  const streaming = writable.length > 0 ? writable : stores;
  return {
    // What another handle sets must be seen here, and at once what is set here must be seen there.
    persistent: can("persistent")(stores.at(-1)!) && !behind &&
      (shared || stores.every(can("persistent"))),
    /** As it is at the moment: a store over a network may find out that it has none. */
    get lease() {
      return writable.some(can("lease"));
    },
    streams: streaming.some(can("streams")),
    expiry: stores.every(can("expiry")),
    ...(writable.length === 0 ? { readOnly: true } : {}),
    ...(most > 0 && most < Infinity ? { maxBytes: most } : {}),
  };
}
