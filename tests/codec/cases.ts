/** Values that the codec must carry. No two of them mean the same. */

function cyclicObject(): Record<string, unknown> {
  const object: Record<string, unknown> = { name: "cycle" };
  object.self = object;
  return object;
}

function cyclicArray(): unknown[] {
  const array: unknown[] = [1];
  array.push(array);
  return array;
}

function cyclicMap(): Map<string, unknown> {
  const map = new Map<string, unknown>();
  map.set("self", map);
  return map;
}

function withProperties<T extends object>(object: T, properties: object): T {
  return Object.assign(object, properties);
}

function sparse(length: number, entries: Record<number, unknown>): unknown[] {
  const array: unknown[] = Object.assign([], entries);
  array.length = length;
  return array;
}

function nullObject(properties: object): object {
  return Object.assign(Object.create(null), properties);
}

/** Makes the object whose only own property is really called `__proto__`. */
function ownProto(): object {
  return Object.defineProperty({}, "__proto__", {
    value: 1,
    enumerable: true,
    configurable: true,
    writable: true,
  });
}

const text = (length: number, unit: string) => unit.repeat(length);

/** Name of each case, and how to make its value anew. */
export const CASES: readonly (readonly [name: string, make: () => unknown])[] = [
  ["undefined", () => undefined],
  ["null", () => null],
  ["true", () => true],
  ["false", () => false],
  ...[
    0,
    1,
    23,
    127,
    128,
    255,
    256,
    65_535,
    65_536,
    2 ** 31,
    2 ** 32 - 1,
    2 ** 32,
    2 ** 53 - 1,
    2 ** 53,
  ]
    .flatMap((number): (readonly [string, () => unknown])[] => [
      [`${number}`, () => number],
      ...(number === 0 ? [] : [[`-${number}`, () => -number] as const]),
      [`${number}n`, () => BigInt(number)],
      ...(number === 0 ? [] : [[`-${number}n`, () => -BigInt(number)] as const]),
      ...(number > 2 ** 32 ? [] : [[`${number}.25`, () => number + 0.25] as const]),
    ]),
  ["-0", () => -0],
  ["NaN", () => NaN],
  ["Infinity", () => Infinity],
  ["-Infinity", () => -Infinity],
  ["smallest number", () => Number.MIN_VALUE],
  ["largest number", () => Number.MAX_VALUE],
  ["bigint of 64 bits", () => 2n ** 64n],
  ["bigint of 1000 bits", () => 3n ** 631n],
  ["empty string", () => ""],
  ["string that looks like a number", () => "1"],
  ["string that looks like a name", () => "undefined"],
  ...[1, 31, 32, 48, 49, 255, 256, 65_535, 65_536].flatMap((
    length,
  ): (readonly [string, () => unknown])[] => [
    [`${length} ASCII characters`, () => text(length, "a")],
    [`${length} Cyrillic characters`, () => text(length, "ж")],
    [`${length} emoji`, () => text(length, "🍺")],
  ]),
  ["string with NUL", () => "a\0b"],
  ["string with a byte order mark", () => "\ufeffa"],
  ["composed é", () => "\u00e9"],
  ["combining é", () => "e\u0301"],
  ["lone high surrogate", () => "\ud800"],
  ["lone low surrogate", () => "a\udc00"],
  ["epoch", () => new Date(0)],
  ["Date with milliseconds", () => new Date(1_514_862_245_678)],
  ["Date before the epoch", () => new Date(-1)],
  ["Date after 32 bits", () => new Date(2 ** 32 * 1000)],
  ["Date after 34 bits", () => new Date(2 ** 34 * 1000 + 1)],
  ["first Date", () => new Date(-8.64e15)],
  ["last Date", () => new Date(8.64e15)],
  ["invalid Date", () => new Date(NaN)],
  ["RegExp", () => /a+[/]b/],
  ["RegExp with flags", () => /a+[/]b/giu],
  ["RegExp under way", () => Object.assign(/a+[/]b/giu, { lastIndex: 5 })],
  ["empty array", () => []],
  ["array of undefined", () => [undefined]],
  ["array of null", () => [null]],
  ["array of a hole", () => sparse(1, {})],
  ["array of two holes", () => sparse(2, {})],
  ["array with a hole", () => sparse(3, { 0: 1, 2: 3 })],
  ["huge sparse array", () => sparse(2 ** 32 - 1, { 7: "seven" })],
  ["nested array", () => [[1, 2], [3]]],
  ["other nesting", () => [[1], [2, 3]]],
  ["flat array", () => [1, 2, 3]],
  ["array with a property", () => withProperties([1, 2, 3], { extra: true })],
  ["match result", () => /(b)(?<c>c)?/.exec("abc")],
  ["array of 15", () => Array.from({ length: 15 }, (_, i) => i)],
  ["array of 16", () => Array.from({ length: 16 }, (_, i) => i)],
  ["array of 70 000", () => Array.from({ length: 70_000 }, (_, i) => i % 300)],
  ["empty object", () => ({})],
  ["object", () => ({ a: 1, b: "two", c: [3] })],
  ["object with undefined", () => ({ a: undefined })],
  ["object with null", () => ({ a: null })],
  ["object with an empty key", () => ({ "": 1 })],
  ["object with a lone surrogate in a key", () => ({ "\ud800": 1 })],
  ["object with integer-like keys", () => ({ 10: "ten", 9: "nine", a: 1 })],
  ["object with quotes in a key", () => ({ "a','b": 1 })],
  ["own __proto__", ownProto],
  ["own hasOwnProperty", () => ({ hasOwnProperty: 1, constructor: 2, toString: 3 })],
  ["object of 16", () => Object.fromEntries(Array.from({ length: 16 }, (_, i) => [`k${i}`, i]))],
  [
    "object of 70 000",
    () => Object.fromEntries(Array.from({ length: 70_000 }, (_, i) => [`k${i}`, i])),
  ],
  ["null-prototype object", () => nullObject({ a: 1, b: "two", c: [3] })],
  ["empty null-prototype object", () => nullObject({})],
  ["empty Map", () => new Map()],
  ["Map", () => new Map<unknown, unknown>([["a", 1], [2, "b"], [{ k: 1 }, new Map()]])],
  [
    "Map in other order",
    () => new Map<unknown, unknown>([[2, "b"], ["a", 1], [{ k: 1 }, new Map()]]),
  ],
  ["Map with odd keys", () => new Map<unknown, unknown>([[NaN, 1], [undefined, 2], [null, 3]])],
  ["empty Set", () => new Set()],
  ["Set", () => new Set([1, "1", true])],
  ["Set in other order", () => new Set(["1", 1, true])],
  ["array of the Set's values", () => [1, "1", true]],
  ["empty ArrayBuffer", () => new ArrayBuffer(0)],
  ["ArrayBuffer", () => new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer],
  ["DataView", () => new DataView(new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer)],
  ...([
    "Uint8Array",
    "Int8Array",
    "Uint8ClampedArray",
    "Int16Array",
    "Uint16Array",
    "Int32Array",
    "Uint32Array",
    "Float32Array",
    "Float64Array",
    "BigInt64Array",
    "BigUint64Array",
    "Float16Array",
  ] as const).map((name) =>
    [
      `${name} of 8 bytes`,
      () => new globalThis[name](new Uint8Array([1, 2, 3, 4, 5, 6, 7, 8]).buffer),
    ] as const
  ),
  ["Uint8Array of 300 bytes", () => new Uint8Array(300).fill(7)],
  ["Uint8Array of 70 000 bytes", () => new Uint8Array(70_000).fill(7)],
  ["Float64Array of special numbers", () => new Float64Array([-0, NaN, Infinity])],
  ["Error", () => new Error("broken")],
  ["Error without a message", () => new Error()],
  ["Error with an empty message", () => new Error("")],
  ["TypeError", () => new TypeError("broken")],
  ["Error with a cause", () => new Error("broken", { cause: new RangeError("inner") })],
  ["Error with an undefined cause", () => new Error("broken", { cause: undefined })],
  ["Error with properties", () => withProperties(new Error("broken"), { code: "E_BAD", at: [1] })],
  ["AggregateError", () => new AggregateError([new Error("a"), 1], "several")],
  ...typeof SuppressedError === "undefined" ? [] : [
    ["SuppressedError", () => new SuppressedError(new Error("a"), [1], "both")] as const,
    ["SuppressedError of nothing", () => new SuppressedError(undefined, undefined)] as const,
  ],
  ["Error with what a SuppressedError has", () => {
    return withProperties(new Error("a"), { error: 1, suppressed: 2 });
  }],
  ["object like an Error", () => ({ name: "Error", message: "broken" })],
  ["cyclic object", cyclicObject],
  ["cyclic array", cyclicArray],
  ["cyclic Map", cyclicMap],
  ["cycle further up", () => {
    const root: Record<string, unknown> = { name: "cycle" };
    root.self = { name: "cycle", self: root };
    return root;
  }],
];
