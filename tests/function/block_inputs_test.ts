import { blockSync } from "../../lib/function/block.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../lib/function/events.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { until } from "./_kinds.ts";
import { fromText } from "./_recorder.ts";

function setUp() {
  const events: CacheEvent[] = [];
  const deja = createCache({ store: memoryStore(), onEvent: (event) => events.push(event) });
  return { deja, events };
}

test("a block counts by inputs that its body does not take as a parameter", async () => {
  const { deja } = setUp();
  const double = (n: number) => deja.block("double", n, () => n * 2);
  assert.deepEqual([await double(1), await double(2), await double(1)], [2, 4, 2]);
  const sizes = (rows: number[], k: number) =>
    deja.block("sizes", { rows, k }, ({ rows }) => rows.length + k);
  assert.deepEqual([await sizes([1], 1), await sizes([1], 5), await sizes([1, 2], 5)], [2, 6, 7]);
  const sync = (n: number) => blockSync("sync", n, () => n * 2, { freeVariables: "ignore" });
  assert.deepEqual([sync(1), sync(2)], [2, 4]);
});

test("a block counts by inputs that its body takes under another name, or deeper", async () => {
  const { deja } = setUp();
  type Inputs = { at: { x: number; y: number }; by?: number };
  const run = (inputs: Inputs) =>
    deja.block("run", inputs, ({ at: { x }, by: factor = 2 }) => x * factor + inputs.at.y);
  assert.deepEqual(
    [
      await run({ at: { x: 1, y: 0 } }),
      await run({ at: { x: 1, y: 7 } }),
      await run({ at: { x: 1, y: 7 }, by: 3 }),
    ],
    [2, 9, 10],
  );
});

test("ignore and key of a block name inputs, whether its body takes them or not", async () => {
  const { deja } = setUp();
  let runs = 0;
  const run = (rows: number[], log: string, tag: string) =>
    deja.block("run", { rows, log, tag }, ({ rows: all }) => all.length + 0 * ++runs, {
      ignore: ["log"],
      key: { tag: (tag: string) => tag.length },
      freeVariables: "ignore",
    });
  for (const [log, tag] of [["a", "x"], ["b", "y"]]) assert.equal(await run([1], log, tag), 1);
  assert.equal(runs, 1);
  await run([1], "a", "longer");
  assert.equal(runs, 2);
  await rejects(
    deja.block("run", { rows: 1 }, ({ rows }) => rows, { ignore: ["nope"] }),
    TypeError,
    /^ignore names "nope", which is no parameter of run; it has rows/,
  );
});

test("a signal among the inputs of a block does not count", async () => {
  const { deja } = setUp();
  let runs = 0;
  const run = () =>
    deja.block("run", { n: 1, signal: new AbortController().signal }, ({ n }) => n + 0 * ++runs);
  await run();
  await run();
  assert.equal(runs, 1);
});

test("a block that reads its one input where it stands is told how to name it", async () => {
  const { deja, events } = setUp();
  // From text, since a bundler renames what has the name of something else.
  const body = fromText<() => number>("((n) => () => n * 2)(21)");
  const told = () => events.filter((event) => event.type === "free-variable");
  assert.equal(await deja.block("unnamed", 21, body), 42);
  await until(() => told().length > 0);
  assert.deepInclude(told()[0], { variable: "n", remedy: "{ n } as the inputs" });
  events.splice(0);
  assert.equal(await deja.block("named", { n: 21 }, body), 42);
  assert.equal(await deja.block("given", 21, (n) => n * 2), 42);
  await deja.block("other", { k: 1 }, body);
  await until(() => told().length > 0);
  assert.deepEqual(told().map(({ name, remedy }) => [name, remedy]), [
    ["other", "{ k, n } as the inputs"],
  ]);
});

test("blockSync() tells once of variables that the key does not see, and not of inputs", async () => {
  const events: CacheEvent[] = [];
  const options = { onEvent: (event: CacheEvent) => void events.push(event) };
  const told = () => events.filter((event) => event.type === "free-variable");
  const body = () => fromText<(x: unknown) => number>("((n, rate) => () => n * rate)(21, 2)");
  assert.equal(blockSync("sync told", { n: 21 }, body(), options), 42);
  await until(() => told().length > 0);
  assert.deepInclude(told()[0], {
    name: "sync told",
    variable: "rate",
    remedy: "{ n, rate } as the inputs",
  });
  events.splice(0);
  blockSync("sync told", { n: 21 }, body(), options);
  blockSync("sync silent", { n: 21, rate: 2 }, body(), options);
  blockSync("sync closed", { n: 21 }, body(), { ...options, closure: () => ({ rate: 2 }) });
  blockSync("sync ignored", { n: 21 }, body(), { ...options, freeVariables: "ignore" });
  blockSync("sync last", 1, body(), options);
  await until(() => told().length > 1);
  assert.deepEqual(told().map(({ name, variable }) => [name, variable]), [
    ["sync last", "n"],
    ["sync last", "rate"],
  ]);
});

test('blockSync() fails with freeVariables: "error", once it is known what is read', async () => {
  const events: CacheEvent[] = [];
  const run = () =>
    blockSync("sync strict", 1, fromText<(x: number) => number>("((rate) => (x) => x * rate)(2)"), {
      freeVariables: "error",
      onEvent: (event) => void events.push(event),
    });
  assert.equal(run(), 2);
  await until(() => events.some(({ type }) => type === "free-variable"));
  assert.throws(run, TypeError, /^sync strict reads rate, which the key does not see/);
});

test("blockSync() asks the closure of each run, and not that of the first", () => {
  const run = (rate: number) =>
    blockSync("rated", 1, (x) => x * rate, { closure: () => ({ rate }) });
  assert.deepEqual([run(2), run(3), run(2)], [2, 3, 2]);
});

test("inputs of a block are not told of as variables that the key does not see", async () => {
  const { deja, events } = setUp();
  const body = fromText<(inputs: { rows: number[] }) => number>(
    "((rows, k, other) => ({ rows }) => rows.length + k + other)([1], 2, 3)",
  );
  const strict = { freeVariables: "error" } as const;
  await rejects(
    deja.block("run", { rows: [1], k: 2 }, body, strict),
    TypeError,
    /^run reads other, which the key does not see/,
  );
  const heard = events.filter((event) => event.type === "free-variable");
  assert.deepEqual(heard.map(({ variable }) => variable), ["other"]);
  await rejects(
    deja.block("run", { rows: [1], k: 2 }, body, strict),
    TypeError,
    /^run reads other/,
  );
  assert.equal(await deja.block("run", { rows: [1], k: 2, other: 3 }, body, strict), 6);
});
