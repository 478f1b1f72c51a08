/**
 * Every option of every verb, with values that no option takes: each is refused when the function is
 * wrapped, by an error that names the option.
 *
 * @module
 */

import { block, blockSync } from "../../lib/function/block.ts";
import {
  CREATE_OPTIONS,
  DEFAULT_OPTIONS,
  LRU_OPTIONS,
  MEMORY_OPTIONS,
  PERSISTENT_OPTIONS,
  PRUNE_OPTIONS,
} from "../../lib/function/check_options.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cached } from "../../lib/function/decorators/mod.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { withCache } from "../../lib/function/web/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";

/** Types are no help to a caller from JavaScript, so they are put aside here. */
// deno-lint-ignore no-explicit-any
type Untyped = any;

const fn = (a: number, b: number) => a + b;
const store = memoryStore();
const deja = createCache({ store, onEvent: () => {} });
const persistent = deja.persistent("f", fn);

interface Verb {
  readonly options: readonly string[];
  readonly call: (options: Untyped) => unknown;
}

const FILTER = ["kind", "tag", "expired", "where", "generations"];
const BLOCK = PERSISTENT_OPTIONS.filter((name) => !["name", "batch", "outFiles"].includes(name));

const VERBS: Readonly<Record<string, Verb>> = {
  "cache()": { options: MEMORY_OPTIONS, call: (options) => cache(fn, options) },
  "cache(options)": { options: MEMORY_OPTIONS, call: (options) => cache(options) },
  "lruCache()": {
    options: LRU_OPTIONS,
    call: (options) => lruCache({ maxEntries: 1, ...options }, fn),
  },
  "persistent()": {
    options: PERSISTENT_OPTIONS,
    call: (options) => deja.persistent(fn, options),
  },
  "createCache()": { options: CREATE_OPTIONS, call: (options) => createCache(options) },
  "with()": { options: DEFAULT_OPTIONS, call: (options) => deja.with(options) },
  "block()": { options: BLOCK, call: (options) => block("b", 1, (x) => x, options) },
  "blockSync()": {
    options: MEMORY_OPTIONS.filter((name) => name !== "name"),
    call: (options) => blockSync("b", 1, (x) => x, options),
  },
  "cached()": {
    options: [...MEMORY_OPTIONS, "attributes", "persistent"],
    call: (options) => cached(options),
  },
  "withCache()": {
    options: ["store", "name", "shared", "onEvent"],
    call: (options) => withCache(() => new Response(), { store, ...options }),
  },
  "map()": {
    options: ["concurrency", "onProgress", "signal", "retry"],
    call: (options) => (persistent as Untyped).map([], options),
  },
  "prune()": { options: PRUNE_OPTIONS, call: (options) => deja.prune(options) },
  "entries()": {
    options: FILTER,
    call: (options) => Array.fromAsync(persistent.entries(options)),
  },
  "clear()": { options: FILTER, call: (options) => persistent.clear(options) },
  "get()": { options: ["at"], call: (options) => persistent.get({ args: [1, 2], ...options }) },
};

/** What no option takes, in words. */
const WRONG: Readonly<Record<string, unknown>> = {
  "null": null,
  "NaN": NaN,
  "a symbol": Symbol("s"),
  "a bigint": 5n,
  "a Map": new Map([["ttl", 5]]),
  "a Date that is none": new Date(NaN),
  "a class": class Odd {},
  "a generator function": function* odd() {},
  "an array of numbers": [1],
  "a promise": Promise.resolve(1),
};

/** What is wrong for all options but a few. */
const MOSTLY_WRONG: readonly (readonly [what: string, value: unknown, but: readonly string[]])[] = [
  ["an empty string", "", ["version", "tag"]],
  ["a number below zero", -1, ["version", "at"]],
  ["an object with other properties", { odd: 1 }, []],
  [
    "an async function",
    // A bundler must not make something else of it.
    new Function("return async () => 1")(),
    ["onEvent", "onProgress"],
  ],
];

/** What a call throws or rejects with. */
async function failureOf(call: () => unknown): Promise<unknown> {
  try {
    await call();
  } catch (error) {
    return error;
  }
  return undefined;
}

for (const [verb, { options, call }] of Object.entries(VERBS)) {
  test(`${verb} refuses for each of its options what no option takes, and names it`, async () => {
    for (const option of options) {
      const wrong = [
        ...Object.entries(WRONG),
        ...MOSTLY_WRONG.filter(([, , but]) => !but.includes(option)),
      ];
      for (const [what, value] of wrong) {
        const error = await failureOf(() => call({ [option]: value }));
        const isRefused = error instanceof TypeError || error instanceof RangeError;
        assert.isTrue(isRefused, `${what} as ${option} gave ${String(error)}`);
        assert.include((error as Error).message, option, `${what} as ${option}`);
      }
    }
  });

  test(`${verb} refuses an option that there is not, and options that are no object`, async () => {
    for (const unknown of ["odd", "tttl", "constructor"]) {
      const error = await failureOf(() => call({ [unknown]: 1 }));
      assert.instanceOf(error, TypeError);
      assert.match((error as Error).message, new RegExp(`^Unknown option "${unknown}" of `));
    }
    // Where the test itself adds an option, what it is given is spread.
    if (["lruCache()", "withCache()", "get()", "cache(options)"].includes(verb)) return;
    for (const wrong of [new Map(), new Date(), [], 5, "ttl"]) {
      const error = await failureOf(() => call(wrong));
      assert.instanceOf(error, TypeError);
      assert.match((error as Error).message, /^The options of \w+ must be an object, received /);
    }
  });
}

test("a time without an end is refused where it makes no sense, when it wraps", () => {
  for (const [option, why] of [["minDuration", "no result"], ["lease", "has to run out"]]) {
    assert.throws(
      () => deja.persistent("f", fn, { [option]: Infinity }),
      RangeError,
      new RegExp(`^${option} must be finite, received Infinity: .*${why}`),
    );
  }
});

test("block() and blockSync() take no options that only functions have a need of", async () => {
  for (const option of ["name", "batch", "outFiles"]) {
    const error = await failureOf(() => block("b", 1, (x) => x, { [option]: ["x"] } as Untyped));
    assert.match((error as Error).message, new RegExp(`^Unknown option "${option}" of block: `));
  }
  assert.throws(
    () => blockSync("b", 1, (x) => x, { name: "c" } as Untyped),
    TypeError,
    /^Unknown option "name" of blockSync: /,
  );
});
