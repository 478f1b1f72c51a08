import { EncodeError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import type { CacheOptions } from "../../lib/function/options.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { fromText, Recorder } from "./_recorder.ts";

/** The key of a call without arguments of the function with this source. */
function keyOf(source: string, options: CacheOptions = {}): string {
  return cache(fromText(source), { name: "f", ...options }).key();
}

/** Sources that are the same code, and one that is not. */
const SOURCES: Readonly<Record<string, { same: readonly string[]; edited: string }>> = {
  "comments": {
    same: ["(a) => a + 1", "(a) => a + 1 // one more", "(a /* number */) => /* more */ a + 1"],
    edited: "(a) => a + 2 // one more",
  },
  "layout": {
    same: ["(a) => { return a + 1; }", "(a)=>{return a+1}", "(a) =>\n{\n\treturn a + 1;\n}"],
    edited: "(a) => { return\na + 1; }",
  },
  "quotes": {
    same: [`(a) => a + "b"`, "(a) => a + 'b'", "(a) => a + `b`", `(a) => a + "\\x62"`],
    edited: "(a) => a + 'B'",
  },
  "trailing commas and the parentheses of a single parameter": {
    same: ["(a) => [a, 1]", "a => [a, 1,]", "(a,) => [a, 1]"],
    edited: "(a) => [a, 1,,]",
  },
  "the spelling of a number": {
    same: ["(a) => a * 1000", "(a) => a * 1_000", "(a) => a * 1e3", "(a) => a * 0x3e8"],
    edited: "(a) => a * 1000n",
  },
  "the own name of a function": {
    same: ["(function (a) { return a })", "(function first(a) { return a })"],
    edited: "(function (a) { return first(a) })",
  },
};

for (const [what, { same, edited }] of Object.entries(SOURCES)) {
  test(
    `code: ${what} do not count, an edit does`.replace(/(name|spelling.*) do/, "$1 does"),
    () => {
      const keys = same.map((source) => keyOf(source));
      assert.deepEqual(new Set(keys), new Set([keys[0]]));
      assert.notEqual(keyOf(edited), keys[0]);
    },
  );
}

test('code "ignore" keeps the results through an edit, and says apart by name and version', () => {
  const options: CacheOptions = { code: "ignore" };
  const key = keyOf("() => 1", options);
  assert.equal(keyOf("() => 2", options), key);
  assert.notEqual(keyOf("() => 1"), key);
  assert.notEqual(keyOf("() => 1", { ...options, name: "g" }), key);
  assert.notEqual(keyOf("() => 1", { ...options, version: 2 }), key);
});

test("code takes a fingerprint of the user's in place of the source", () => {
  const key = keyOf("() => 1", { code: "abc" });
  assert.equal(keyOf("() => 2", { code: "abc" }), key);
  assert.notEqual(keyOf("() => 1", { code: "abd" }), key);
  assert.notEqual(keyOf("() => 1", { code: "source () => 1" }), keyOf("() => 1"));
  assert.equal(keyOf("() => 1", { code: "source" }), keyOf("() => 1"));
});

test('code "ignore" binds arguments as the source does', () => {
  const options: CacheOptions = { code: "ignore", ignore: ["log"] };
  const f = cache(fromText("(a, b = 2, log) => a + b"), options);
  assert.equal(f.key(1), f.key(1, 2, () => {}));
  assert.notEqual(f.key(1), f.key(1, 3));
});

test('native, bound and proxied functions work with code "ignore"', () => {
  const recorder = new Recorder();
  const options: CacheOptions = { code: "ignore", onEvent: recorder.onEvent };
  const bound = function (this: number, x: number) {
    return this + x;
  }.bind(40);
  const proxied = new Proxy((x: number) => x + 1, {});
  for (const [fn, result] of [[Math.sqrt, Math.sqrt(2)], [bound, 42], [proxied, 3]] as const) {
    const cached = cache(fn, options);
    assert.deepEqual([cached(2), cached(2)], [result, result]);
    assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
    assert.notEqual(cached.key(2), cached.key(3));
  }
});

test("version changes the key, and the number 1 is not the text 1", () => {
  const keys = [undefined, 1, "1", 2, "2"].map((version) =>
    keyOf("() => 1", version === undefined ? {} : { version })
  );
  assert.equal(new Set(keys).size, 5);
});

test("name changes the key", () => {
  assert.notEqual(keyOf("() => 1", { name: "f" }), keyOf("() => 1", { name: "g" }));
});

test("closure changes the key when a variable is assigned", () => {
  const recorder = new Recorder();
  let rate = 2;
  const times = cache((x: number) => x * rate, {
    closure: () => ({ rate }),
    onEvent: recorder.onEvent,
  });
  assert.equal(times(10), 20);
  rate = 3;
  assert.equal(times(10), 30);
  rate = 2;
  assert.equal(times(10), 20);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "hit"]);
});

test("closure changes the key when a closed-over array is mutated", () => {
  const recorder = new Recorder();
  const rates = [1, 2];
  const total = cache((x: number) => rates.reduce((sum, rate) => sum + rate * x, 0), {
    closure: () => ({ rates }),
    onEvent: recorder.onEvent,
  });
  assert.equal(total(10), 30);
  rates.push(3);
  assert.equal(total(10), 60);
  rates.pop();
  assert.equal(total(10), 30);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "hit"]);
});

test("closure tells two functions of equal source apart, on one store", async () => {
  const { persistent } = createCache({ store: memoryStore() });
  const recorder = new Recorder();
  const timesBy = (rate: number) =>
    persistent("times", (x: number) => x * rate, {
      closure: () => ({ rate }),
      onEvent: recorder.onEvent,
    });
  assert.equal(await timesBy(2)(10), 20);
  assert.equal(await timesBy(3)(10), 30);
  assert.equal(await timesBy(2)(10), 20);
  assert.deepEqual(recorder.take(), ["miss", "store", "miss", "store", "hit"]);
});

test("closure keys on closed-over functions by their code", () => {
  const withHelper = (helper: string) => {
    const round = fromText(helper);
    return keyOf("(x) => round(x)", { closure: () => ({ round }) });
  };
  assert.equal(withHelper("(x) => x | 0"), withHelper("x => x|0 // whole"));
  assert.notEqual(withHelper("(x) => x | 0"), withHelper("(x) => x | 1"));
});

test("closure counts a cached function with its own closure and version", () => {
  let rate = 1;
  const inner = (version: number) =>
    cache(fromText("(x) => x * rate"), { name: "inner", version, closure: () => ({ rate }) });
  const outer = (helper: ReturnType<typeof inner>) =>
    cache(fromText("(x) => helper(x)"), { name: "outer", closure: () => ({ helper }) });
  const first = outer(inner(1));
  const key = first.key(1);
  assert.equal(outer(inner(1)).key(1), key);
  assert.notEqual(outer(inner(2)).key(1), key);
  rate = 2;
  assert.notEqual(first.key(1), key);
  rate = 1;
  assert.equal(first.key(1), key);
});

test("a cached function that is cached again follows its closure", () => {
  let rate = 2;
  const inner = cache((x: number) => x * rate, { closure: () => ({ rate }) });
  const outer = cache(inner);
  assert.equal(outer(10), 20);
  rate = 3;
  assert.equal(inner(10), 30);
  assert.equal(outer(10), 30);
});

test("a cached function that is cached again counts with its version", () => {
  const outerKey = (version: number) => cache(cache(fromText("() => 1"), { version })).key();
  assert.equal(outerKey(1), outerKey(1));
  assert.notEqual(outerKey(1), outerKey(2));
});

test("a closed-over value without a byte form is refused with its path", async () => {
  const options: CacheOptions = { name: "f", closure: () => ({ tools: [new WeakMap()] }) };
  const error = await rejects(
    createCache({ store: memoryStore() }).persistent((x: number) => x, options)(1),
    EncodeError,
    /a WeakMap at closure\(\)\.tools\[0\].+give a value that stands for it instead/,
  );
  assert.equal(error.path, "closure().tools[0]");
  assert.throws(() => cache((x: number) => x, options)(1), EncodeError, /closure\(\)\.tools\[0\]/);
});

test("a closure that throws is named in the error, which has what it threw as its cause", async () => {
  const thrown = new Error("not ready");
  const options = {
    closure: () => {
      throw thrown;
    },
  };
  const f = createCache({ store: memoryStore() }).persistent("f", (x: number) => x, options);
  const error = await rejects(f(1), TypeError, /^closure of f failed: not ready; correct the /);
  assert.strictEqual(error.cause, thrown);
  assert.throws(() => cache((x: number) => x, options)(1), TypeError, /^closure of .* not ready;/);
});

test("the key of a call is the same in memory and in a store", async () => {
  const options: CacheOptions = { name: "f", version: 3, closure: () => ({ a: 1 }) };
  const fn = (x: number, y = "z") => `${x} ${y}`;
  const { persistent } = createCache({ store: memoryStore(), namespace: "apart" });
  assert.equal(await persistent(fn, options).key(1), cache(fn, options).key(1, "z"));
});
