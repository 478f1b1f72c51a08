import { decode, encode } from "../../lib/codec/mod.ts";
import { assert, test } from "../harness.ts";
import { CASES } from "./cases.ts";

for (const [name, make] of CASES) {
  test(`decode() gives back what encode() took: ${name}`, () => {
    const value = make();
    assertSame(decode(encode(value)), value);
  });

  // Bun's own clone of a huge sparse array visits every hole, for a minute.
  if (name === "huge sparse array") continue;
  test(`decode(encode()) agrees with structuredClone: ${name}`, () => {
    const value = make();
    const cloned = structuredClone(value);
    // What structured clone drops and we keep is checked above, against the value itself.
    const keptByUsOnly = value instanceof Error || name.includes("null-prototype") ||
      name === "match result" || name === "RegExp under way";
    if (keptByUsOnly) assert.equal(tag(decode(encode(value))), tag(cloned));
    else assertSame(decode(encode(value)), cloned);
  });
}

test("encode() keeps shared references within one value", () => {
  const shared = { a: 1 };
  const date = new Date(0);
  const value = decode(encode([shared, shared, { again: shared }, date, date])) as unknown[];
  assert.strictEqual(value[0], value[1]);
  assert.strictEqual((value[2] as { again: unknown }).again, value[0]);
  assert.strictEqual(value[3], value[4]);
});

test("encode() keeps references to objects of every kind apart", () => {
  const parts = CASES.map(([, make]) => make())
    .filter((part) => typeof part === "object" && part !== null);
  const value = decode(encode([parts, [...parts].reverse()])) as unknown[][];
  value[1].reverse().forEach((part, i) => assert.strictEqual(part, value[0][i]));
});

test("encode() stores only the viewed bytes of a view", () => {
  const { buffer } = new Uint8Array(1000);
  const view = new Uint16Array(buffer, 100, 2);
  assert.isBelow(encode(view).length, 20);
  assert.equal((decode(encode(view)) as Uint16Array).buffer.byteLength, 4);
});

test("decode() shares no memory with its input", () => {
  const bytes = encode(new Uint8Array([1, 2, 3]));
  const value = decode(bytes) as Uint8Array;
  bytes.fill(0);
  assert.deepEqual([...value], [1, 2, 3]);
});

test("encode() works while a getter encodes in turn", () => {
  const value = {
    get inner() {
      return encode("inner").length;
    },
    after: 1,
  };
  assert.deepEqual(decode(encode(value)), { inner: 6, after: 1 });
});

/** Asserts deep equality, kind by kind, including all that `deepEqual` overlooks. */
function assertSame(actual: unknown, expected: unknown, seen = new Map<unknown, unknown>()): void {
  if (typeof expected !== "object" || expected === null) {
    assert.isTrue(Object.is(actual, expected), `${String(actual)} is not ${String(expected)}`);
    return;
  }
  if (seen.has(expected)) {
    assert.strictEqual(actual, seen.get(expected), "the same reference");
    return;
  }
  seen.set(expected, actual);
  assert.equal(tag(actual), tag(expected));
  const found = actual as object;
  assert.strictEqual(Object.getPrototypeOf(found), Object.getPrototypeOf(expected));
  if (expected instanceof ArrayBuffer || ArrayBuffer.isView(expected)) {
    assert.deepEqual(bytesOf(found), bytesOf(expected));
    return;
  }
  if (expected instanceof Date) {
    assert.isTrue(Object.is((found as Date).getTime(), expected.getTime()));
  }
  if (expected instanceof RegExp) {
    assert.equal(String(found), String(expected));
    assert.equal((found as RegExp).lastIndex, expected.lastIndex);
  }
  if (expected instanceof Map) assertSame([...found as typeof expected], [...expected], seen);
  if (expected instanceof Set) assertSame([...found as typeof expected], [...expected], seen);
  if (Array.isArray(expected)) assert.equal((found as unknown[]).length, expected.length);
  const keys = ownKeys(expected);
  assert.deepEqual(ownKeys(found), keys);
  for (const key of keys) {
    assertSame(Reflect.get(found, key), Reflect.get(expected, key), seen);
  }
}

/** Own keys that count: for errors also the hidden ones, but not what engines add of their own. */
function ownKeys(value: object): string[] {
  const hidden = value instanceof Error
    ? ["message", "cause", "errors"].filter((key) => Object.hasOwn(value, key))
    : [];
  return [...hidden, ...Object.keys(value)];
}

function tag(value: unknown): string {
  return Object.prototype.toString.call(value);
}

function bytesOf(value: object): number[] {
  return ArrayBuffer.isView(value)
    ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    : [...new Uint8Array(value as ArrayBuffer)];
}
