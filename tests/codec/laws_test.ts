import fc from "fast-check";
import { decode, encode, encodeCanonical, stableHash } from "../../lib/codec/mod.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { assert, test } from "../harness.ts";
import { anyGraph, anyValue, commonValue, isSame, retold } from "./laws.ts";
import { NEAR_MISSES } from "./near_misses.ts";

const RUNS = 1000;
/** Random cases are the same in every run; what one finds is found again. */
const options = { numRuns: RUNS, seed: 4, endOnFailure: false };

const canonical = (value: unknown): string => toHex(encodeCanonical(value));

test(`decode() after encode() is identity over ${RUNS} random values`, () => {
  fc.assert(
    fc.property(anyValue, (value) => isSame(decode(encode(value)), value, { exact: true })),
    options,
  );
});

test(`decode() after encode() keeps cycles and sharing over ${RUNS} random graphs`, () => {
  fc.assert(
    fc.property(anyGraph, (value) => isSame(decode(encode(value)), value, { exact: true })),
    options,
  );
});

test(`decode() after encodeCanonical() keeps the meaning of ${RUNS} random values`, () => {
  const records = fc.array(fc.record({ a: anyValue, b: anyValue, list: fc.array(anyValue) }));
  fc.assert(
    fc.property(fc.oneof(anyValue, records), (value) => {
      assert.isTrue(isSame(decode(encodeCanonical(value)), value, { exact: false }));
    }),
    options,
  );
});

test(`decode() after encode() is identity over ${NEAR_MISSES.length} near misses`, () => {
  const exact = ([, make]: typeof NEAR_MISSES[number]) =>
    isSame(decode(encode(make())), make(), { exact: true });
  assert.deepEqual(NEAR_MISSES.filter((each) => !exact(each)).map(([name]) => name), []);
});

test(`equal meaning has an equal key over ${RUNS} random values told in another way`, () => {
  fc.assert(
    fc.property(anyValue, (value) => {
      assert.equal(canonical(retold(value)), canonical(value));
      assert.equal(stableHash(retold(value)), stableHash(value));
    }),
    options,
  );
});

test("equal meaning has an equal key over all near misses made anew", () => {
  for (const [name, make] of NEAR_MISSES) assert.equal(canonical(make()), canonical(make()), name);
});

const pairs = NEAR_MISSES.length * (NEAR_MISSES.length - 1) / 2;
test(`different meaning has a different key over ${pairs} pairs of near misses`, () => {
  assert.isAtLeast(NEAR_MISSES.length, 300);
  const keys = NEAR_MISSES.map(([name, make]) => ({ name, key: canonical(make()) }));
  keys.forEach((a, i) =>
    keys.slice(i + 1).forEach((b) => {
      if (a.key === b.key) assert.fail(`${a.name} and ${b.name} have the same key`);
    })
  );
});

test("different meaning has a different key also inside of other values", () => {
  const wrappers = [
    (value: unknown) => [value],
    (value: unknown) => ({ a: value }),
    (value: unknown) => [1, value, 2],
    (value: unknown) => new Map([[value, value]]),
  ];
  for (const wrap of wrappers) {
    const seen = new Map<string, string>();
    for (const [name, make] of NEAR_MISSES) {
      const value = make();
      // A Map has one zero for a key, and so has a Set.
      if (Object.is(value, -0)) continue;
      const key = canonical(wrap(value));
      assert.isUndefined(seen.get(key), `${name} and ${seen.get(key)} have the same key`);
      seen.set(key, name);
    }
  }
});

test(`two of ${RUNS * 10} random pairs have the same key if and only if they mean the same`, () => {
  let same = 0;
  fc.assert(
    fc.property(commonValue, commonValue, (a, b) => {
      const means = isSame(a, b, { exact: false });
      if (means) same++;
      assert.equal(canonical(a) === canonical(b), means);
    }),
    { ...options, numRuns: RUNS * 10 },
  );
  assert.isAbove(same, RUNS / 10);
});

test(`${RUNS} random pairs of any values have the same key if and only if they mean the same`, () => {
  fc.assert(
    fc.property(anyValue, anyValue, (a, b) => {
      assert.equal(canonical(a) === canonical(b), isSame(a, b, { exact: false }));
    }),
    options,
  );
});
