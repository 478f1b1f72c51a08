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
   * Registers one test with the test runner. By default `Deno.test`, the global `test` of Vitest or
   * Jest, or that of `bun:test`. `timeout` is for runners that would give a test seconds only:
   * milliseconds after which it has hung.
   */
  readonly test?: (name: string, body: () => Promise<void>, timeout?: number) => void;
  /**
   * Reports a test that the store's manifest rules out. By default the runner's own skip; if you
   * pass `test` without `skip`, a test that passes and says in its name what it skips.
   */
  readonly skip?: (name: string, because: string) => void;
}

/** The largest limit on an entry that is tried: there has to be memory for it some times over. */
const MOST_BYTES = 0x8000000;

/** A test that takes longer has hung; the largest take seconds where a runner allows five. */
const CASE_LIMIT_MS = 300_000;

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
      if (each.forLimited === true && (supports.maxBytes ?? Infinity) > MOST_BYTES) continue;
      const title = `${name} store, ${group}: ${each.name}`;
      const because = missing(each, supports);
      if (because !== undefined) skip(title, because);
      else test(title, () => useSubject(factory, (subject) => each.body(contextOf(subject))));
    }
  }
}

/** What the manifest lacks for a case, if anything. */
function missing(
  { needs = [], bytes = 0, forReadOnly = false }: StoreCase,
  supports: StoreSupports,
): string | undefined {
  const { readOnly = false, maxBytes = Infinity } = supports;
  if (readOnly && !forReadOnly) return "supports.readOnly is true";
  if (bytes > maxBytes) return `supports.maxBytes is ${maxBytes}`;
  const lacking = needs.find((ability) => supports[ability] !== true);
  return lacking === undefined ? undefined : `supports.${lacking} is false`;
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
  (name: string, body: () => Promise<void>, timeout?: number): void;
  /** As Deno calls it. */
  readonly ignore?: (name: string, body: () => Promise<void>) => void;
  /** As the others call it. */
  readonly skip?: (name: string, body: () => Promise<void>) => void;
}

interface Runner {
  readonly test: (name: string, body: () => Promise<void>) => void;
  readonly skip: (name: string, because: string) => void;
}

function chooseRunner(options: StoreSuiteOptions): Runner {
  const { Deno, test: global } = globalThis as {
    Deno?: { test?: RunnerTest };
    test?: RunnerTest;
  };
  const found: RunnerTest | undefined = options.test ?? Deno?.test ?? global ?? bunTest();
  if (typeof found !== "function") {
    throw new TypeError(
      "storeSuite() found no test runner; pass the one of yours, as in " +
        "storeSuite(name, factory, { test })",
    );
  }
  // Deno's has no limit, and takes nothing after the body.
  const limit: [number?] = found === Deno?.test ? [] : [CASE_LIMIT_MS];
  const ignore = found.ignore ?? found.skip ?? found;
  return {
    test: (name, body) => void found(name, body, ...limit),
    skip: options.skip ??
      ((name, because) => void ignore(`${name} (skipped: ${because})`, () => Promise.resolve())),
  };
}

/** The `test` of Bun, which is no global; reached so that no bundler looks for its module. */
function bunTest(): RunnerTest | undefined {
  const { Bun, process } = globalThis as {
    Bun?: unknown;
    process?: { getBuiltinModule?: (name: string) => { readonly test?: RunnerTest } | undefined };
  };
  return Bun === undefined ? undefined : process?.getBuiltinModule?.("bun:test")?.test;
}
