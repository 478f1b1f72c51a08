import { OMITTED } from "../../lib/codec/internal.ts";
import { encodeCanonical } from "../../lib/codec/mod.ts";
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

test("encodeCanonical() keys on functions by the text it is given, and refuses them without", () => {
  const codeOf = (fn: { name: string }) => `code of ${fn.name}`;
  const a = encodeCanonical({ fn: function a() {} }, { codeOf });
  assert.notDeepEqual(a, encodeCanonical({ fn: function b() {} }, { codeOf }));
  assert.notDeepEqual(a, encodeCanonical({ fn: "code of a" }, { codeOf }));
  assert.throws(() => encodeCanonical({ fn: function a() {} }), EncodeError, /a function at \.fn/);
});

function error(properties: object): Error {
  return Object.assign(new Error("x"), properties);
}

function array(properties: object): unknown[] {
  return Object.assign([1, 2], properties);
}
