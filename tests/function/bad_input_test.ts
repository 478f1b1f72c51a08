import { createCache, invalidateTags } from "../../lib/function/create_cache.ts";
import { otelListener } from "../../lib/function/otel/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { KINDS } from "./_kinds.ts";
import { written } from "./_recorder.ts";

/** Types are no help to a caller from JavaScript, so they are put aside here. */
// deno-lint-ignore no-explicit-any
type Untyped = any;

/** Asserts that what throws or rejects does so with a `TypeError` whose message matches. */
async function refuses(act: () => unknown, message: RegExp): Promise<void> {
  let error: unknown;
  try {
    await act();
  } catch (thrown) {
    error = thrown;
  }
  assert.instanceOf(error, TypeError, `It was taken, and ${message} was expected`);
  assert.match((error as TypeError).message, message);
}

const BAD_FILTERS: readonly (readonly [filter: unknown, message: RegExp])[] = [
  [{ tags: ["t"] }, /^Unknown option "tags" of (clear|entries): did you mean "tag"\?$/],
  [{ kid: "error" }, /^Unknown option "kid" of (clear|entries): did you mean "kind"\?$/],
  [{ name: "nope" }, /^Unknown option "name" of \w+: .*it takes kind, tag, expired, where/],
  [1, /^The options of \w+ must be an object, received 1$/],
  ["error", /^The options of \w+ must be an object, received "error"$/],
  [null, /^The options of \w+ must be an object, received null$/],
  [{ tag: 1 }, /^Option "tag" of \w+ must be a string, received 1$/],
  [{ kind: "errors" }, /^Option "kind" of \w+ must be "value" or "error", received "errors"$/],
  [{ expired: 1 }, /^Option "expired" of \w+ must be true or false, received 1$/],
  [{ where: "x" }, /^Option "where" of \w+ must be a function of an entry, received "x"$/],
];

const BAD_QUERIES: readonly (readonly [query: unknown, message: RegExp])[] = [
  ["abc", /^get takes the key of a call or its arguments, such as .+received "abc"$/],
  [null, /^get takes the key of a call.+received null$/],
  [undefined, /^get takes the key of a call.+received undefined$/],
  [{}, /^get takes the key of a call.+received an object$/],
  [{ key: 5 }, /^get takes the key of a call.+received \{ key: 5 \}$/],
  [{ args: 5 }, /^get takes the key of a call.+received an object$/],
  [{ key: "a", kee: 1 }, /^Unknown option "kee" of get/],
];

const BAD_MAPS: readonly (readonly [options: unknown, message: RegExp])[] = [
  [5, /^The options of map must be an object, received 5$/],
  [null, /^The options of map must be an object, received null$/],
  [{ concurency: 1 }, /^Unknown option "concurency" of map: did you mean "concurrency"\?$/],
  [{ foo: 1 }, /^Unknown option "foo" of map: it takes concurrency, onProgress, signal, retry$/],
  [
    { concurrency: "2" },
    /^Option "concurrency" of map must be a positive integer or Infinity, received "2"$/,
  ],
  [{ retry: "3" }, /^Option "retry" of map must be a number of retries, or .+ received "3"$/],
  [{ retry: true }, /^Option "retry" of map must be .+ received true$/],
  [{ retry: {} }, /^retry of map needs times, such as \{ times: 3 \}$/],
  [{ retry: { tims: 3 } }, /^Unknown option "tims" of retry of map: did you mean "times"\?$/],
  [{ retry: { times: "3" } }, /^Option "times" of retry of map must be .+ received "3"$/],
  [{ onProgress: 5 }, /^Option "onProgress" of map must be a function, received 5$/],
  [{ signal: {} }, /^Option "signal" of map must be an AbortSignal, received an object$/],
];

for (const [kind, make] of Object.entries(KINDS)) {
  test(`clear() and entries() of ${kind} refuse a wrong filter, and remove nothing`, async () => {
    const f = make((x: number) => x, { tags: ["t"] });
    await f.call(1);
    for (const [filter, message] of BAD_FILTERS) {
      await refuses(() => (f.cached as Untyped).clear(filter), message);
      await refuses(() => (f.entries as Untyped)(filter), message);
    }
    assert.isTrue(await f.has(1));
    await f.clear({ tag: "other" });
    assert.isTrue(await f.has(1));
    await f.clear({ tag: "t" });
    assert.isFalse(await f.has(1));
  });

  test(`get() of ${kind} refuses what has no key`, async () => {
    const { cached } = make((x: number) => x);
    for (const [query, message] of BAD_QUERIES) {
      await refuses(() => (cached as Untyped).get(query), message);
    }
    assert.isUndefined(await (cached as Untyped).get({ key: "0".repeat(64) }));
  });

  test(`map() of ${kind} refuses wrong options, and calls nothing`, async () => {
    let runs = 0;
    const { cached } = make((x: number) => x + 0 * ++runs);
    for (const [options, message] of BAD_MAPS) {
      await refuses(() => (cached as Untyped).map([1, 2], options), message);
    }
    assert.equal(runs, 0);
    assert.deepEqual(await cached.map([1, 2], { retry: { times: 3 } }), [1, 2]);
  });
}

test("a persistent function refuses generations that there are none of, and wrong moments", async () => {
  const f: Untyped = createCache({ store: memoryStore() }).persistent("f", (x: number) => x);
  const generations = /^Option "generations" of entries must be "all" or "latest", received "al"$/;
  await refuses(() => f.entries({ generations: "al" }), generations);
  const moment = /^Option "at" of get must be a Date or milliseconds .+ received "now"$/;
  await refuses(() => f.get({ key: "a", at: "now" }), moment);
});

test("clear() of a cache refuses a wrong filter, and removes what a right one means", async () => {
  const store = memoryStore();
  const deja = createCache({ store, tags: ["t"] });
  const other = createCache({ store });
  const [a, b] = [deja.persistent("a", (x: number) => x), deja.cache((x: number) => x)];
  await a(1);
  b(1);
  for (const [filter, message] of [...BAD_FILTERS, ["other", /received "other"/] as const]) {
    await refuses(() => (deja as Untyped).clear(filter), message);
    await refuses(() => (deja as Untyped).entries(filter), message);
  }
  assert.isTrue(await a.has(1) && b.has(1));
  await other.persistent("c", (x: number) => x, { tags: ["u"] })(1);
  await deja.clear({ tag: "t" });
  assert.isFalse(await a.has(1) || b.has(1));
  const left = await Array.fromAsync(deja.entries());
  assert.deepEqual(left.map(({ name }) => name), ["c"]);
  await deja.clear({ kind: "value", where: ({ name }) => name === "c" });
  assert.isEmpty(await Array.fromAsync(deja.entries()));
});

test("invalidateTags() takes arrays of tags, and refuses what is no tag", async () => {
  const deja = createCache({ store: memoryStore() });
  const f = deja.persistent("f", (x: number) => x, { tags: (x) => [`t${x}`] });
  for (const x of [1, 2, 3]) await f(x);
  assert.equal(await deja.invalidateTags(["t1", "t2"]), 2);
  assert.equal(await deja.invalidateTags("t3", ["t4"]), 1);
  await f(1);
  for (const tags of [5, [5], null, {}, undefined, [["t1"]]]) {
    const message = /^invalidateTags takes tags, which are strings, received /;
    await refuses(() => (deja as Untyped).invalidateTags(tags), message);
    await refuses(() => (deja as Untyped).invalidateTags("t1", tags), message);
    await refuses(() => (invalidateTags as Untyped)(tags), message);
  }
  assert.isTrue(await f.has(1));
});

test("otelListener() refuses wrong options", async () => {
  const untyped: Untyped = otelListener;
  const rows: readonly (readonly [options: unknown, message: RegExp])[] = [
    [5, /^The options of otelListener must be an object, received 5$/],
    [{ tracr: 1 }, /^Unknown option "tracr" of otelListener: did you mean "tracer"\?$/],
    [{ tracer: {} }, /^Option "tracer" of otelListener must be a Tracer .+ received an object$/],
    [{ meter: 1 }, /^Option "meter" of otelListener must be a Meter of .+ received 1$/],
    [{ onEvent: 1 }, /^Option "onEvent" of otelListener must be a function, received 1$/],
  ];
  for (const [options, message] of rows) await refuses(() => untyped(options), message);
  untyped();
});

test("a warning about a function without a name is a whole sentence", async () => {
  const said = await written("warn", () => {
    cache(() => new Response("once"), { freeVariables: "ignore" })();
  });
  assert.match(String(said[0][0]), /^déjà: not-stored in a cached function, the function still/);
});
