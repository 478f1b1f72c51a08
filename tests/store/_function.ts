/**
 * A cached function over a store that fails.
 *
 * @module
 */

import { StoreError } from "../../lib/errors.ts";
import type { Store } from "../../lib/store/mod.ts";
import { type CacheEvent, createCache } from "../../mod.ts";
import { assert } from "../harness.ts";

/**
 * Checks that a function works over a store that fails, and that each failure is an event. Closes the
 * store.
 *
 * @param message What the errors of the store say.
 */
export async function checkFunctionOver(store: Store, message = /./): Promise<void> {
  const events: CacheEvent[] = [];
  const deja = createCache({ store, onEvent: (event) => events.push(event) });
  const double = deja.persistent("double", (x: number) => 2 * x);
  assert.equal(await double(21), 42);
  const thrown = new RangeError("Its own");
  const failing = deja.persistent("failing", (_: number): number => {
    throw thrown;
  });
  assert.strictEqual(await failing(1).catch((error) => error), thrown);
  const errors = events.filter(({ type }) => type === "store-error");
  assert.isNotEmpty(errors);
  await store[Symbol.asyncDispose]();
  for (const event of errors) {
    const { error } = event as { error: unknown };
    assert.instanceOf(error, StoreError);
    assert.match((error as StoreError).message, message);
  }
}
