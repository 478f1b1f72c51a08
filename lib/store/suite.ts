/**
 * The conformance suite: a list of facts that hold for every store, to be run by the tests of
 * whoever writes one.
 *
 * @module
 */

import type { CaseContext, StoreCase, StoreSubject } from "./suite/_case.ts";
import { cases as abortCases } from "./suite/abort.ts";
import { cases as bytesCases } from "./suite/bytes.ts";
import { cases as concurrencyCases } from "./suite/concurrency.ts";
import { cases as expiryCases } from "./suite/expiry.ts";
import { cases as keysCases } from "./suite/keys.ts";
import { cases as leaseCases } from "./suite/lease.ts";
import { lifecycleCases, persistenceCases } from "./suite/lifecycle.ts";
import { cases as listCases } from "./suite/list.ts";
import { cases as readOnlyCases } from "./suite/read_only.ts";
import { cases as streamsCases } from "./suite/streams.ts";
import type { StoreSupports } from "./store.ts";

export type { StoreSubject } from "./suite/_case.ts";

/** Options of {@linkcode storeSuite}. */
export interface StoreSuiteOptions {
  /**
   * Registers one test with the test runner. By default `Deno.test`, or else the global `test` of
   * Bun, Vitest or Jest.
   */
  readonly test?: (name: string, body: () => Promise<void>) => void;
  /**
   * Reports a test that the store's manifest rules out. By default the runner's own skip; if you
   * pass `test` without `skip`, a test that passes and says in its name what it skips.
   */
  readonly skip?: (name: string, because: string) => void;
}

const GROUPS: readonly (readonly [group: string, cases: readonly StoreCase[]])[] = [
  ["bytes", bytesCases],
  ["keys", keysCases],
  ["list", listCases],
  ["expiry", expiryCases],
  ["concurrency", concurrencyCases],
  ["lifecycle", lifecycleCases],
  ["persistence", persistenceCases],
  ["abort", abortCases],
  ["lease", leaseCases],
  ["streams", streamsCases],
  ["read-only", readOnlyCases],
];

/**
 * Registers the tests that every store has to pass, each with a fresh store.
 *
 * Await it at the top level of a test file: it makes one store to read its manifest, by which
 * alone it skips tests. No test sleeps; expiry is tested by replacing `Date.now` meanwhile, so
 * tests must not run side by side.
 *
 * @param name Name of the store, put in front of the tests' names.
 * @param factory Makes a fresh, empty store, and says how to open it again and clean up after it.
 * @param options The test runner to use.
 * @returns A promise that resolves when all tests are registered.
 * @throws {TypeError} No test runner was passed and none was found.
 *
 * @example
 * ```ts
 * import { memoryStore } from "@deja/cache";
 * import { storeSuite } from "@deja/cache/store";
 * import { assert } from "chai";
 *
 * const tests: (() => Promise<void>)[] = [];
 * const skipped: string[] = [];
 * await storeSuite("memory", () => ({ store: memoryStore() }), {
 *   test: (_name, body) => tests.push(body),
 *   skip: (_name, because) => skipped.push(because),
 * });
 * await tests[0]();
 * assert.include(skipped, "supports.persistent is false");
 * ```
 */
export async function storeSuite(
  name: string,
  factory: () => StoreSubject | Promise<StoreSubject>,
  options: StoreSuiteOptions = {},
): Promise<void> {
  const { test, skip } = chooseRunner(options);
  const { supports } = await useSubject(factory, ({ store }) => Promise.resolve(store));
  for (const [group, cases] of GROUPS) {
    for (const each of cases) {
      // What holds of stores that cannot be written to is no fact that others lack.
      if (each.forReadOnly === true && supports.readOnly !== true) continue;
      const title = `${name} store, ${group}: ${each.name}`;
      const because = missing(each, supports);
      if (because !== undefined) skip(title, because);
      else test(title, () => useSubject(factory, (subject) => each.body(contextOf(subject))));
    }
  }
}

/** What the manifest lacks for a case, if anything. */
function missing(
  { needs, bytes = 0, forReadOnly = false }: StoreCase,
  supports: StoreSupports,
): string | undefined {
  const { readOnly = false, maxBytes = Infinity } = supports;
  if (readOnly && !forReadOnly) return "supports.readOnly is true";
  if (bytes > maxBytes) return `supports.maxBytes is ${maxBytes}`;
  return needs !== undefined && supports[needs] !== true ? `supports.${needs} is false` : undefined;
}

function contextOf({ store, reopen, fill }: StoreSubject): CaseContext {
  const lacks = (member: string, claim: string) =>
    new TypeError(`A store with ${claim} needs ${member} in what its factory returns`);
  return {
    store,
    // Asynchronous, so that a synchronous throw is a rejection as well.
    reopen: async () => {
      if (reopen === undefined) throw lacks("reopen", "supports.persistent");
      return await reopen();
    },
    fill: async (key, bytes) => {
      if (fill === undefined) throw lacks("fill", "supports.readOnly");
      await fill(key, bytes);
    },
  };
}

/** Makes a store, hands it to `use`, closes it and cleans up, whatever happens. */
async function useSubject<T>(
  factory: () => StoreSubject | Promise<StoreSubject>,
  use: (subject: StoreSubject) => Promise<T>,
): Promise<T> {
  const subject = await factory();
  try {
    return await use(subject);
  } finally {
    try {
      await subject.store[Symbol.asyncDispose]();
    } finally {
      await subject.cleanup?.();
    }
  }
}

/** What of a runner's `test` function is used here. */
interface RunnerTest {
  (name: string, body: () => Promise<void>): void;
  /** As Deno calls it. */
  readonly ignore?: (name: string, body: () => Promise<void>) => void;
  /** As the others call it. */
  readonly skip?: (name: string, body: () => Promise<void>) => void;
}

function chooseRunner(options: StoreSuiteOptions): Required<StoreSuiteOptions> {
  const { Deno, test: global } = globalThis as {
    Deno?: { test?: RunnerTest };
    test?: RunnerTest;
  };
  const found = options.test ?? Deno?.test ?? global;
  if (typeof found !== "function") {
    throw new TypeError("storeSuite() found no test runner; pass one as options.test");
  }
  const test = (name: string, body: () => Promise<void>) => void found(name, body);
  const own: RunnerTest = found;
  const ignore = own.ignore ?? own.skip ?? own;
  const skip = options.skip ??
    ((name, because) => void ignore(`${name} (skipped: ${because})`, () => Promise.resolve()));
  return { test, skip };
}
