import { OMITTED } from "../../lib/codec/internal.ts";
import { decode, encode, encodeCanonical } from "../../lib/codec/mod.ts";
import { EncodeError } from "../../lib/errors.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { assert, test } from "../harness.ts";
import { CASES } from "./cases.ts";

const canonical = (value: unknown): string => toHex(encodeCanonical(value));

test("encodeCanonical() tells all values of the table apart", () => {
  const seen = new Map<string, string>();
  for (const [name, make] of [...CASES, ["an omitted argument", () => OMITTED] as const]) {
    const bytes = canonical(make());
    assert.isUndefined(seen.get(bytes), `${name} and ${seen.get(bytes)} have the same bytes`);
    seen.set(bytes, name);
  }
});

test("encodeCanonical() gives the same bytes for a value made anew", () => {
  for (const [name, make] of CASES) assert.equal(canonical(make()), canonical(make()), name);
});

const EQUAL: readonly (readonly [name: string, a: () => unknown, b: () => unknown])[] = [
  [
    "the order of properties",
    () => ({ a: 1, b: { c: 2, d: 3 } }),
    () => ({ b: { d: 3, c: 2 }, a: 1 }),
  ],
  ["the order of properties of an Error", () => error({ a: 1, b: 2 }), () => error({ b: 2, a: 1 })],
  [
    "the order of extra properties of an array",
    () => array({ a: 1, b: 2 }),
    () => array({ b: 2, a: 1 }),
  ],
  ["shared against repeated objects", () => {
    const shared = { a: 1 };
    return [shared, shared];
  }, () => [{ a: 1 }, { a: 1 }]],
  [
    "the payload of NaN",
    () => new Float64Array(new BigUint64Array([0x7ff8000000000001n]).buffer)[0],
    () => NaN,
  ],
  ["integers held as doubles", () => 1.5 + 1.5, () => 3],
  [
    "the offset of a view",
    () => new Uint8Array([0, 1, 2, 3]).subarray(1),
    () => new Uint8Array([1, 2, 3]),
  ],
];

for (const [name, a, b] of EQUAL) {
  test(`encodeCanonical() does not see ${name}`, () =>
    assert.equal(canonical(a()), canonical(b())));
}

/** Objects of which each has the same names, in two orders. */
const records = (): unknown[] =>
  Array.from(
    { length: 50 },
    (_, i) =>
      i % 3 === 0
        ? { name: `n${i}`, place: { y: i, x: -i }, tags: [i] }
        : { tags: [i], place: { x: -i, y: i }, name: `n${i}` },
  );

test("encodeCanonical() writes the names of objects in a row once", () => {
  const text = new TextDecoder().decode(encodeCanonical([records()]));
  for (const name of ["name", "place", "tags"]) assert.lengthOf(text.split(name), 2, name);
  const others = [[{ name: 1 }, { place: 2 }, { name: 3 }]];
  assert.lengthOf(new TextDecoder().decode(encodeCanonical(others)).split("name"), 3);
});

test("encodeCanonical() gives objects in a row the same bytes by whatever way it writes them", () => {
  const value = records();
  const bytes = canonical([value]);
  // An object that a symbol names something of may be more than it seems, and is looked at closely.
  assert.equal(canonical([value.map((each) => tagged(each as object))]), bytes);
  Object.defineProperty(Object.prototype, "inherited", {
    value: 1,
    enumerable: true,
    configurable: true,
  });
  try {
    assert.equal(canonical([value]), bytes);
  } finally {
    delete (Object.prototype as { inherited?: number }).inherited;
  }
  for (const depth of [126, 127, 128, 129, 300]) {
    const [deep, other] = [value, value.map((each) => ({ ...each as object }))].map((list) => {
      let nested: unknown = list;
      for (let i = 0; i < depth; i++) nested = [nested];
      return nested;
    });
    assert.equal(canonical(deep), canonical(other), `${depth}`);
    assert.equal(canonical(decode(encodeCanonical(deep))), canonical(deep), `${depth}`);
    const length = encodeCanonical(deep).length;
    assert.equal(length, encodeCanonical([value]).length + depth - 1, `${depth}`);
  }
});

test("encodeCanonical() counts the objects that cannot repeat too", () => {
  const value = [{ a: 1 }, {}, { a: 2 }, [{ b: 1 }, { b: 2 }, { b: { c: 3 } }], { a: [{}, {}] }];
  assert.deepEqual(decode(encodeCanonical(value)), value);
  assert.isBelow(encodeCanonical([[{ b: 1 }, { b: 2 }]]).indexOf(0xff), 9);
});

test("encodeCanonical() tells of more than 65,536 kinds of objects, each in full", () => {
  const many = Array.from({ length: 65_600 }, (_, i) => ({ [`k${i}`]: i }));
  const value = [[...many, { z: 1 }, { z: 2 }]];
  assert.equal(canonical(decode(encodeCanonical(value))), canonical(value));
  assert.notEqual(canonical(value), canonical([[...many, { z: 1 }, { z: 1 }]]));
});

test("encodeCanonical() does not see the order of objects in a Set, on request", () => {
  const unordered = (value: unknown) => toHex(encodeCanonical(value, { unordered: true }));
  const list = records();
  const value = [list, new Set(list), new Map(list.map((each, i) => [each, i]))];
  const reversed = [
    list,
    new Set(list.toReversed()),
    new Map(list.map((each, i) => [each, i] as const).toReversed()),
  ];
  assert.equal(unordered(value), unordered(reversed));
  assert.notEqual(unordered(value), unordered([list, new Set(list.slice(1)), value[2]]));
  assert.equal(unordered(decode(encodeCanonical(value, { unordered: true }))), unordered(value));
});

test("encodeCanonical() sorts keys by code unit, not by locale or code point", () => {
  const keys = (bytes: Uint8Array) => new TextDecoder().decode(bytes).match(/[a-zA-Zä\uffee🍺]/gu);
  const value = { ä: 0, a: 0, Z: 0, "\uffee": 0, "🍺": 0 };
  assert.deepEqual(keys(encodeCanonical(value)), ["Z", "a", "ä", "🍺", "\uffee"]);
});

test("encodeCanonical() refuses what would expand without end, instead of hanging", () => {
  let bomb: unknown[] = [];
  for (let i = 0; i < 60; i++) bomb = [bomb, bomb];
  assert.throws(() => encodeCanonical(bomb), EncodeError, /shared parts expand/);
});

test("a list of numbers ends where an element is read as something else the second time", () => {
  let reads = 0;
  const list: unknown[] = [1, 2, 3];
  Object.defineProperty(list, 1, { get: () => reads++ % 2 === 0 ? 2 : "two", enumerable: true });
  assert.deepEqual(decode(encode(list)), [1, 2, 3]);
  assert.isAbove(reads, 1);
});

test("encodeCanonical() keys on functions by the text it is given, and refuses them without", () => {
  const codeOf = (fn: { name: string }) => `code of ${fn.name}`;
  const a = encodeCanonical({ fn: function a() {} }, { codeOf });
  assert.notDeepEqual(a, encodeCanonical({ fn: function b() {} }, { codeOf }));
  assert.notDeepEqual(a, encodeCanonical({ fn: "code of a" }, { codeOf }));
  assert.throws(() => encodeCanonical({ fn: function a() {} }), EncodeError, /a function at \.fn/);
});

function tagged(properties: object): object {
  return { ...properties, [Symbol.toStringTag]: "Object" };
}

function error(properties: object): Error {
  return Object.assign(new Error("x"), properties);
}

function array(properties: object): unknown[] {
  return Object.assign([1, 2], properties);
}
