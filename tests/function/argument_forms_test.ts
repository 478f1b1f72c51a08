import type { CacheOptions } from "../../lib/function/options.ts";
import { file } from "../../lib/key/mod.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";
import { KINDS } from "./_kinds.ts";

/** Something that is keyed on only with `classes`. */
class Point {
  readonly x: number;
  readonly y: number;

  constructor(x: number, y: number) {
    this.x = x;
    this.y = y;
  }
}

const classes = {
  point: {
    class: Point,
    encode: ({ x, y }: Point) => [x, y],
    decode: ([x, y]: [number, number]) => new Point(x, y),
  },
};
const LOOSE: CacheOptions = { freeVariables: "ignore" };

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: unordered takes a Map or Set in any order of its entries for the same`, async () => {
    const orders = [[1, 2], [2, 1]];
    for (const unordered of [false, true]) {
      let runs = 0;
      const f = make((..._given: unknown[]) => ++runs, { ...LOOSE, unordered });
      for (const [a, b] of orders) {
        await f.call(new Set([a, b]));
        await f.call({ deep: [new Map([[a, "x"], [b, "x"]])] });
      }
      assert.equal(runs, unordered ? 2 : 4);
      await f.call(new Set([1, 3]));
      assert.equal(runs, unordered ? 3 : 5, "another content is another call");
    }
  });

  test(`${kind}: unordered holds for closed-over values too, and is a part of the key`, async () => {
    let order = [1, 2];
    const closure = () => ({ set: new Set(order) });
    const ordered = make((x: number) => x, { ...LOOSE, closure });
    const free = make((x: number) => x, { ...LOOSE, closure, unordered: true });
    const before = [await ordered.key(1), await free.key(1)];
    assert.notEqual(before[0], before[1]);
    order = [2, 1];
    assert.notEqual(await ordered.key(1), before[0]);
    assert.equal(await free.key(1), before[1]);
  });

  test(`${kind}: classes are for arguments and closed-over values as well as for results`, async () => {
    let runs = 0;
    const origin = new Point(0, 0);
    const f = make((point: Point) => {
      runs++;
      return new Point(point.y, point.x);
    }, { ...LOOSE, classes, closure: () => ({ origin }) });
    assert.deepEqual(await f.call(new Point(1, 2)), new Point(2, 1));
    const again = await f.call(new Point(1, 2));
    assert.instanceOf(again, Point);
    assert.deepEqual(again, new Point(2, 1));
    assert.equal(runs, 1);
    await f.call(new Point(1, 3));
    assert.equal(runs, 2);
    const entries = await f.entries();
    assert.sameDeepMembers(entries.map(({ args }) => args), [[new Point(1, 2)], [new Point(1, 3)]]);
    assert.isTrue(entries.every(({ args }) => args![0] instanceof Point));
    // deno-lint-ignore no-explicit-any -- either kind.
    const { outcome, changed } = await (f.cached as any).explain(new Point(5, 5));
    assert.deepEqual({ outcome, changed }, { outcome: "miss", changed: ["argument point"] });
  });

  test(`${kind}: without classes an instance among the arguments is an error that names it`, async () => {
    const f = make((point: Point) => point.x, LOOSE);
    const error = await f.call(new Point(1, 2)).then(() => undefined, (error) => error);
    assert.match(error.message, /point/);
  });
}

test("entries() lists a file among the arguments by its digest, and explain() tells of another", async () => {
  const deja = createCache({ store: memoryStore(), ...LOOSE });
  const f = deja.persistent("f", (_input: unknown, n: number) => n, { validate: () => true });
  const [one, two] = ["one", "two"].map((text) => file(new Blob([text])));
  await f(one, 1);
  await f(one, 1);
  assert.deepInclude(f.stats(), { hits: 1, misses: 1, problems: 0 });
  const [{ args }] = await Array.fromAsync(f.entries());
  assert.match((args![0] as { file: string }).file, /^[0-9a-f]{64}$/);
  assert.equal(args![1], 1);
  assert.deepEqual((await f.explain(two, 1)).changed, ["argument _input"]);
  assert.equal((await f.explain(file(new Blob(["one"])), 1)).outcome, "hit");
});

test("entries() of a cache lists arguments with classes that it does not know as unknown", async () => {
  const store = memoryStore();
  await createCache({ store, ...LOOSE }).persistent("f", (p: Point) => p.x, { classes })(
    new Point(1, 2),
  );
  const [entry] = await Array.fromAsync(createCache({ store }).entries());
  assert.deepInclude(entry, { args: undefined, value: 1 });
});
