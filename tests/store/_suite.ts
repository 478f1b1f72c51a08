/**
 * The conformance suite on the harness: the runtimes' own runners, skips counted with a reason.
 *
 * @module
 */

import { type StoreSubject, storeSuite } from "../../lib/store/mod.ts";
import { type Runtime, runtime, test, testOn } from "../harness.ts";

/** Runs the suite on every runtime. */
export function runSuite(
  name: string,
  factory: () => StoreSubject | Promise<StoreSubject>,
): Promise<void> {
  return storeSuite(name, factory, {
    test,
    skip: (title, because) => testOn([], because, title, () => {}),
  });
}

/** Runs the suite on `runtimes`; elsewhere it counts as one skipped test. */
export async function runSuiteOn(
  runtimes: readonly Runtime[],
  because: string,
  name: string,
  factory: () => StoreSubject | Promise<StoreSubject>,
): Promise<void> {
  if (runtimes.includes(runtime)) await runSuite(name, factory);
  else testOn(runtimes, because, `${name} store: passes the conformance suite`, () => {});
}
