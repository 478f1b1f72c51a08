import { CacheMissError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { KINDS, reasonOf } from "./_kinds.ts";

const START = 1_800_000_000_000;
const ABSENT = "0".repeat(64);

// deno-lint-ignore no-explicit-any -- both kinds of caches at once.
type Untyped = any;

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: byKey() looks at a result by its key alone, and runs nothing`, async () => {
    let runs = 0;
    const f = make((x: unknown) => {
      runs++;
      return [x];
    });
    // One is found by its argument itself, the other by its key.
    for (const arg of [5, { deep: 5 }]) {
      const reference = (f.cached as Untyped).byKey(await f.key(arg));
      assert.isFalse(await reference.has());
      assert.isUndefined(await reference.peek());
      assert.isFalse(await reference.delete());
      await f.call(arg);
      assert.isTrue(await reference.has());
      assert.deepEqual(await reference.peek(), [arg]);
      assert.deepEqual(await reference.get(), [arg]);
      assert.deepEqual([reference.key, reference.name], [await f.key(arg), "f"]);
      assert.isTrue(await reference.delete());
      assert.isFalse(await f.has(arg));
      assert.isFalse(await reference.has());
      await rejects((async () => await reference.get())(), CacheMissError);
    }
    assert.equal(runs, 2);
    const absent = (f.cached as Untyped).byKey(ABSENT);
    assert.deepEqual([await absent.has(), await absent.delete()], [false, false]);
  });

  test(`${kind}: byKey() asks validate and the time, as has() and peek() do`, async () => {
    await withFakeTime(START, async (clock) => {
      let valid = true;
      const f = make((x: number) => x, {
        ttl: "1s",
        staleIfError: "1h",
        validate: () => valid,
      });
      await f.call(1);
      const reference = (f.cached as Untyped).byKey(await f.key(1));
      assert.deepEqual([await reference.has(), await reference.peek()], [true, 1]);
      valid = false;
      assert.deepEqual([await reference.has(), await reference.peek()], [false, undefined]);
      valid = true;
      clock.advance(1500);
      assert.deepEqual([await reference.has(), await reference.peek()], [false, undefined]);
    });
  });

  test(`${kind}: byKey() of a kept error has it, shows no value, and throws it`, async () => {
    const f = make((x: number) => {
      throw new RangeError(`no ${x}`);
    }, { errors: true });
    await reasonOf(f.call(1));
    const reference = (f.cached as Untyped).byKey(await f.key(1));
    assert.isTrue(await reference.has());
    assert.isUndefined(await reference.peek());
    await rejects((async () => await reference.get())(), RangeError, /no 1/);
  });

  test(`${kind}: reference() can be looked at and deleted too`, async () => {
    const f = make((x: number) => x * 2);
    const reference = await (f.cached as Untyped).reference(21);
    assert.deepEqual([await reference.has(), await reference.peek()], [true, 42]);
    assert.isTrue(await reference.delete());
    assert.isFalse(await f.has(21));
  });

  test(`${kind}: byKey() refuses what is no key`, () => {
    const { cached } = make((x: number) => x);
    for (const wrong of ["", "abc", ABSENT.slice(1), `../${ABSENT}`, `${ABSENT}@5`, 5, {}, null]) {
      assert.throws(
        () => (cached as Untyped).byKey(wrong),
        TypeError,
        /^byKey takes the key of a call, 64 hexadecimal digits as key\(\) gives them, received /,
      );
    }
  });
}

test("byKey() in memory finds a call that is under way", async () => {
  const started = Promise.withResolvers<number>();
  const f = cache((_x: number) => started.promise);
  const first = f(1);
  const reference = f.byKey(f.key(1));
  assert.isTrue(reference.has());
  started.resolve(7);
  assert.deepEqual(await Promise.all([first, reference.get(), reference.peek()]), [7, 7, 7]);
});

test("byKey() removes the older generations of a result too", async () => {
  await withFakeTime(START, async (clock) => {
    let rate = 1;
    const f = createCache({ store: memoryStore(), onEvent: () => {} }).persistent(
      "f",
      (x: number) => x * rate++,
      { expiry: "append" },
    );
    await f(10);
    clock.advance(1000);
    await f.refresh(10);
    assert.lengthOf(await Array.fromAsync(f.entries({ generations: "all" })), 2);
    assert.isTrue(await f.byKey(await f.key(10)).delete());
    assert.isEmpty(await Array.fromAsync(f.entries({ generations: "all" })));
  });
});

test("byKey() of a function of arrays is about one element", async () => {
  const f = createCache({ store: memoryStore(), onEvent: () => {} }).persistent(
    "f",
    (xs: number[]) => xs.map((x) => x * 2),
    { batch: ["xs"] },
  );
  await f([1, 2]);
  const reference = f.byKey(await f.key([2]));
  assert.equal(await reference.peek() as unknown, 4);
  assert.deepEqual(await (await f.reference([2])).peek(), [4]);
  assert.isTrue(await reference.delete());
  assert.deepEqual([await f.has([1]), await f.has([2])], [true, false]);
});
