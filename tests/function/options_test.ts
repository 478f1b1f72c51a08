import { createCache, persistentCache } from "../../lib/function/create_cache.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";

/** Types are no help to a caller from JavaScript, so they are put aside here. */
// deno-lint-ignore no-explicit-any
type Untyped = (...args: any[]) => any;

const area = (radius: number) => Math.PI * radius ** 2;
const made = createCache({ store: memoryStore() });

/** Every verb, as a call of it with a function and options. */
const VERBS: Readonly<Record<string, (fn: unknown, options?: unknown) => unknown>> = {
  cache: (fn, options) => (cache as Untyped)(fn, options),
  lruCache: (fn, options) =>
    (lruCache as Untyped)(isPlain(options) ? { maxEntries: 1, ...options } : options, fn),
  persistentCache: (fn, options) => (persistentCache as Untyped)("verb", fn, options),
  "createCache().cache": (fn, options) => (made.cache as Untyped)(fn, options),
  "createCache().lru": (fn, options) =>
    (made.lru as Untyped)(isPlain(options) ? { maxEntries: 1, ...options } : options, fn),
  "createCache().persistent": (fn, options) => (made.persistent as Untyped)("verb", fn, options),
};

function isPlain(options: unknown): options is object | undefined {
  return options === undefined || Object.getPrototypeOf(options ?? 0) === Object.prototype;
}

type ErrorClass = typeof TypeError | typeof RangeError;
type Bad = readonly [what: string, value: unknown, type: ErrorClass, message: RegExp];

const bound = area.bind(null);
const BAD_FUNCTIONS: readonly Bad[] = [
  ["undefined", undefined, TypeError, /takes a function, received undefined/],
  ["a number", 5, TypeError, /takes a function, received 5/],
  ["a class", class Circle {}, TypeError, /received the class Circle; wrap a function that makes/],
  ["a native function", Math.sqrt, TypeError, /code of the function "sqrt": it is native, bound/],
  ["a bound function", bound, TypeError, /native, bound or a proxy.+wrap it in an arrow function/],
  ["a proxied function", new Proxy(area, {}), TypeError, /or pass code: "ignore" with a version/],
];

const BAD_OPTIONS: readonly Bad[] = [
  ["null", null, TypeError, /The options of \w+ must be an object, received null/],
  ["an array", [], TypeError, /The options of \w+ must be an object, received an array/],
  ["a string", "7d", TypeError, /The options of \w+ must be an object, received "7d"/],
  [
    "a misspelt option",
    { tttl: 1 },
    TypeError,
    /Unknown option "tttl" of \w+: did you mean "ttl"\?/,
  ],
  ["an option that other libraries have", { maxAge: 5 }, TypeError, /did you mean "ttl"\?/],
  ["an option like no other", { foo: 5 }, TypeError, /"foo" of \w+: it takes name, version/],
  ["an option of another case", { onevent: area }, TypeError, /did you mean "onEvent"\?/],
  [
    "an option like no other",
    { somethingElse: 1 },
    TypeError,
    /Unknown option "somethingElse" of \w+: it takes name, version, closure, ignore, key, ttl, /,
  ],
  ["an inherited name as an option", { constructor: 1 }, TypeError, /Unknown option "constructor"/],
  [
    "a name that is a number",
    { name: 5 },
    TypeError,
    /"name" of \w+ must be a non-empty string, .*5$/,
  ],
  [
    "an empty name",
    { name: "" },
    TypeError,
    /"name" of \w+ must be a non-empty string, received ""/,
  ],
  ["a version that is an object", { version: {} }, TypeError, /"version".+received an object/],
  ["a version that is no number", { version: NaN }, TypeError, /finite number, received NaN/],
  ["a closure that is an object", { closure: {} }, TypeError, /"closure".+must be a function that/],
  ["ignore as a string", { ignore: "radius" }, TypeError, /"ignore".+array of parameter names/],
  [
    "ignore of numbers",
    { ignore: [0] },
    TypeError,
    /"ignore".+array of parameter names, received an array/,
  ],
  ["an empty code", { code: "" }, TypeError, /"code".+"source", "ignore" or a fingerprint/],
  ["a code that is a function", { code: area }, TypeError, /"code".+received a function/],
  ["a listener that is an object", { onEvent: {} }, TypeError, /"onEvent".+must be a function/],
  ["a ttl that is an object", { ttl: {} }, TypeError, /"ttl".+received an object/],
  ["a ttl that is no date", { ttl: new Date(NaN) }, TypeError, /"ttl".+received an object/],
  ["a ttl that is null", { ttl: null }, TypeError, /"ttl".+received null/],
  ["a ttl that is a bigint", { ttl: 5n }, TypeError, /"ttl".+received 5/],
  ["a ttl of zero", { ttl: 0 }, RangeError, /^ttl must be more than 0, received 0$/],
  [
    "a ttl of zero with a unit",
    { ttl: "0s" },
    RangeError,
    /^ttl must be more than 0, received 0s$/,
  ],
  ["a negative ttl", { ttl: -1 }, RangeError, /^ttl must be more than 0, received -1$/],
  ["a negative ttl with a unit", { ttl: "-5m" }, RangeError, /more than 0, received -5m$/],
  [
    "a ttl of NaN",
    { ttl: NaN },
    TypeError,
    /^ttl must be milliseconds or a string such as .+ NaN$/,
  ],
  [
    "a ttl in words",
    { ttl: "soon" },
    TypeError,
    /^ttl must be milliseconds .+ "7d", received "soon"$/,
  ],
  ["a ttl with another unit", { ttl: "5 fortnights" }, TypeError, /received "5 fortnights"$/],
  ["a ttl without a unit", { ttl: "5" }, TypeError, /^ttl must be milliseconds.+received "5"$/],
  ["an empty ttl", { ttl: "" }, TypeError, /^ttl must be milliseconds.+received ""$/],
  ["a key that is no function", { key: 1 }, TypeError, /"key" .* must be an object of functions/],
  ["a key of a parameter that is no function", { key: { radius: 1 } }, TypeError, /"key" .* must/],
  ["a key of no parameter", { key: { size: String } }, TypeError, /key names "size".*has radius/],
];

for (const [verb, call] of Object.entries(VERBS)) {
  test(`${verb}() takes what is right`, () => {
    assert.equal((call(area) as typeof area).name, "area");
    for (const ttl of [1, 0.5, Infinity, "90s", "15 m", "1.5h", "7d", "2w", "20ms"]) {
      call(area, { ttl });
    }
    call(area, { ttl: undefined, name: undefined, onEvent: undefined, version: undefined });
  });

  for (const [what, fn, type, message] of BAD_FUNCTIONS) {
    test(`${verb}() refuses ${what} in place of a function`, () => {
      assert.throws(() => call(fn), type, message);
    });
  }

  for (const [what, options, type, message] of BAD_OPTIONS) {
    test(`${verb}() refuses ${what}${isPlain(options) ? "" : " as options"}`, () => {
      assert.throws(() => call(area, options), type, message);
    });
  }

  test(`${verb}() refuses an ignore that names no parameter, and lists those there are`, () => {
    const two: AnyFunction = (width: number, { deep }: { deep: number }, ...more: number[]) =>
      width + deep + more.length;
    const named = { name: "two", ignore: ["debug"] };
    assert.throws(
      () => call(two, verb.includes("ersistent") ? { ignore: ["debug"] } : named),
      TypeError,
      /^ignore names "debug", which is no parameter of (two|verb); it has width, deep, more$/,
    );
    assert.throws(
      () => call(() => 1, { ignore: ["debug"] }),
      TypeError,
      /no parameter with a name/,
    );
  });
}

test("cache() refuses null, and options that are wrong before there is a function", () => {
  const untyped: Untyped = cache;
  assert.throws(() => untyped(null), TypeError, /cache takes a function, received null/);
  assert.throws(() => untyped(), TypeError, /cache takes a function, received undefined/);
  assert.throws(() => untyped({ tlt: 1 }), TypeError, /did you mean "ttl"\?/);
  assert.throws(() => untyped({})("fn"), TypeError, /cache takes a function, received "fn"/);
});

test("cache() has no bound, and says so by not knowing maxEntries", () => {
  const untyped: Untyped = cache;
  assert.throws(() => untyped(area, { maxEntries: 1 }), TypeError, /Unknown option "maxEntries"/);
});

const NAMES: Readonly<Record<string, Untyped>> = {
  persistentCache,
  "createCache().persistent": made.persistent,
};
for (const [verb, persistent] of Object.entries(NAMES)) {
  test(`${verb}() needs a name for an anonymous function`, () => {
    const expected =
      /needs a name for an anonymous function, such as persistentCache\("name", fn\)/;
    assert.throws(() => persistent((x: number) => x), TypeError, expected);
    assert.throws(() => persistent("", (x: number) => x), TypeError, /name/);
    persistent((x: number) => x, { name: "given" });
    persistent("given", (x: number) => x, { name: "given" });
    persistent(area);
  });

  test(`${verb}() refuses two names`, () => {
    assert.throws(
      () => persistent("one", area, { name: "two" }),
      TypeError,
      /has two names, "one" and the option "two"; give one/,
    );
  });

  test(`${verb}() refuses a name that is too long or no text`, () => {
    persistent("n".repeat(850), area);
    assert.throws(
      () => persistent("n".repeat(851), area),
      RangeError,
      /at most 850 characters, received 851/,
    );
    assert.throws(() => persistent("half \ud83d", area), TypeError, /lone surrogate/);
  });

  test(`${verb}() refuses what is neither a name nor a function`, () => {
    assert.throws(() => persistent(5, area), TypeError, /takes a function, received 5/);
    assert.throws(() => persistent("name"), TypeError, /takes a function, received undefined/);
    assert.throws(() => persistent("name", "area"), TypeError, /takes a function, received "area"/);
  });
}
