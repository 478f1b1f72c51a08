/**
 * Values that are easily taken for one another and mean different things, so that each has a
 * canonical form of its own. All pairs of the table are compared, so a new value is compared with
 * all there are.
 *
 * @module
 */

/** The text of a value's source, as its name, and how to make it anew. */
type NearMiss = readonly [name: string, make: () => unknown];

/** Primitives, by group. Each is a value of its own. */
const PRIMITIVES: Readonly<Record<string, readonly unknown[]>> = {
  nothing: [undefined, null],
  booleans: [true, false],
  numbers: [
    ...[0, -0, 1, -1, 2, 10, 12, 32, -32, -33, 127, 128, -128, -129, 255, 256, 65_535, 65_536],
    ...[2 ** 31 - 1, 2 ** 31, -(2 ** 31), 2 ** 32 - 1, 2 ** 32, 2 ** 53 - 1, 2 ** 53, 2 ** 53 + 2],
    ...[2 ** 63, 2 ** 64, 1e21, 0.1, 0.2, 0.1 + 0.2, 0.3, 1.5, -1.5, 1 + Number.EPSILON],
    ...[Math.fround(0.1), 1e-7, Number.MIN_VALUE, -Number.MIN_VALUE, Number.MAX_VALUE],
    ...[NaN, Infinity, -Infinity, 49, 97, 1_000, 0xd4, 0xc0],
  ],
  bigints: [
    ...[0n, 1n, -1n, 2n, 10n, 255n, 256n, 2n ** 31n, 2n ** 32n, 2n ** 53n, 2n ** 53n + 1n],
    ...[2n ** 63n, -(2n ** 63n), 2n ** 64n - 1n, 2n ** 64n, -(2n ** 64n), 2n ** 128n, 10n ** 21n],
  ],
  texts: [
    ...["", " ", "\0", "\0\0", "a", "A", "a ", " a", "a\0", "ab", "ba", "aa", "\u00e9", "e\u0301"],
    ...["0", "-0", "1", "1n", "01", "1.0", "1e21", "NaN", "Infinity", "undefined", "null", "true"],
    ...[
      "false",
      "[]",
      "{}",
      "[1]",
      "1,2",
      "a,b",
      "a','b",
      'a","b',
      "'a'",
      '"a"',
      "[object Object]",
    ],
    ...[
      "\ud800",
      "\udc00",
      "\ud83c",
      "\ud83c\udf7a",
      "\udf7a\ud83c",
      "\ufffd",
      "\ufeff",
      "\ufeffa",
    ],
    ...["\u0131", "i", "I", "\u0130", "ss", "ß", "ﬁ", "fi", "\r\n", "\n", "\r", "\u2028"],
    ...["1970-01-01T00:00:00.000Z", "/a/g", "https://a.example/", "a=1", "Symbol(a)", "__proto__"],
    "a".repeat(31),
    "a".repeat(32),
    "a".repeat(255),
    "a".repeat(256),
  ],
};

const now = 1_700_000_000_000;

/** Arrays, and what looks like them. */
const ARRAYS: readonly NearMiss[] = [
  ["[]", () => []],
  ["[[]]", () => [[]]],
  ["[[], []]", () => [[], []]],
  ["[[[]]]", () => [[[]]]],
  ["[[[]], []]", () => [[[]], []]],
  ["[[], [[]]]", () => [[], [[]]]],
  ["[undefined]", () => [undefined]],
  ["[null]", () => [null]],
  ["[hole]", () => new Array(1)],
  ["[hole, hole]", () => new Array(2)],
  ["[undefined, hole]", () => Object.assign(new Array(2), { 0: undefined })],
  ["[hole, undefined]", () => Object.assign(new Array(2), { 1: undefined })],
  ["[undefined, undefined]", () => [undefined, undefined]],
  ["[1]", () => [1]],
  ["['1']", () => ["1"]],
  ["[1n]", () => [1n]],
  ["[true]", () => [true]],
  ["[-1]", () => [-1]],
  ["[-1, 1]", () => [-1, 1]],
  ["[-2, 1]", () => [-2, 1]],
  ["[-1n, 1]", () => [-1n, 1]],
  ["[0]", () => [0]],
  ["[-0]", () => [-0]],
  ["[1, 2]", () => [1, 2]],
  ["[2, 1]", () => [2, 1]],
  ["[[1, 2]]", () => [[1, 2]]],
  ["[[1], 2]", () => [[1], 2]],
  ["[1, [2]]", () => [1, [2]]],
  ["[[1], [2]]", () => [[1], [2]]],
  ["[1, 2, undefined]", () => [1, 2, undefined]],
  ["[1, 1]", () => [1, 1]],
  ["['a', 'b']", () => ["a", "b"]],
  ["['ab']", () => ["ab"]],
  ["['ab', '']", () => ["ab", ""]],
  ["['', 'ab']", () => ["", "ab"]],
  ["['a,b']", () => ["a,b"]],
  ["[\"a','b\"]", () => ["a','b"]],
  ["[1, 2] with x: 3", () => Object.assign([1, 2], { x: 3 })],
  ["[1, 2, x]", () => [1, 2, "x", 3]],
  ["[1, 2] with '-1': 3", () => Object.assign([1, 2], { "-1": 3 })],
  ["[1, 2] with '01': 3", () => Object.assign([1, 2], { "01": 3 })],
  ["{0: 1, 1: 2, length: 2}", () => ({ 0: 1, 1: 2, length: 2 })],
  ["{0: 1, 1: 2}", () => ({ 0: 1, 1: 2 })],
  ["[[1, 'a']]", () => [[1, "a"]]],
  ["[{}]", () => [{}]],
  ["[{}, {}]", () => [{}, {}]],
  ["[{a: 1}, {a: 2}]", () => [{ a: 1 }, { a: 2 }]],
  ["[{a: 2}, {a: 1}]", () => [{ a: 2 }, { a: 1 }]],
  ["[{a: 1, b: 2}]", () => [{ a: 1, b: 2 }]],
  ["[{a: 1}, {b: 2}]", () => [{ a: 1 }, { b: 2 }]],
];

function own(key: string, value: unknown): object {
  return Object.defineProperty({}, key, { value, enumerable: true });
}

function bare(properties: object): object {
  return Object.assign(Object.create(null), properties);
}

/** Objects, null prototypes, and properties that are there or not. */
const OBJECTS: readonly NearMiss[] = [
  ["{}", () => ({})],
  ["null {}", () => bare({})],
  ["{a: undefined}", () => ({ a: undefined })],
  ["null {a: undefined}", () => bare({ a: undefined })],
  ["{a: null}", () => ({ a: null })],
  ["{a: 1}", () => ({ a: 1 })],
  ["null {a: 1}", () => bare({ a: 1 })],
  ["{a: '1'}", () => ({ a: "1" })],
  ["{a: 1n}", () => ({ a: 1n })],
  ["{a: true}", () => ({ a: true })],
  ["{A: 1}", () => ({ A: 1 })],
  ["{b: 1}", () => ({ b: 1 })],
  ["{'': 1}", () => ({ "": 1 })],
  ["{' ': 1}", () => ({ " ": 1 })],
  ["{1: 'a'}", () => ({ 1: "a" })],
  ["{01: 'a'}", () => ({ "01": "a" })],
  ["{a: 1, b: undefined}", () => ({ a: 1, b: undefined })],
  ["{a: 1, b: 2}", () => ({ a: 1, b: 2 })],
  ["{a: 2, b: 1}", () => ({ a: 2, b: 1 })],
  ["{a: {b: 1}}", () => ({ a: { b: 1 } })],
  ["{a: {}, b: 1}", () => ({ a: {}, b: 1 })],
  ["{a: {b: {}}}", () => ({ a: { b: {} } })],
  ["{'a.b': 1}", () => ({ "a.b": 1 })],
  ["{'a\":1,\"b': 2}", () => ({ 'a":1,"b': 2 })],
  ["{a: [1, 2]}", () => ({ a: [1, 2] })],
  ["{a: [1], b: 2}", () => ({ a: [1], b: 2 })],
  ["{a: [1, {b: 2}]}", () => ({ a: [1, { b: 2 }] })],
  ["{a: [1], b: [2]}", () => ({ a: [1], b: [2] })],
  ["{a: [[1], {b: [2]}]}", () => ({ a: [[1], { b: [2] }] })],
  ["{\u00e9: 1}", () => ({ "\u00e9": 1 })],
  ["{e\u0301: 1}", () => ({ "e\u0301": 1 })],
  ["{'\\ud800': 1}", () => ({ "\ud800": 1 })],
  ["{'\\ufffd': 1}", () => ({ "\ufffd": 1 })],
  ["{own __proto__: null}", () => own("__proto__", null)],
  ["{own __proto__: 1}", () => own("__proto__", 1)],
  ["{own __proto__: {a: 1}}", () => own("__proto__", { a: 1 })],
  ["{constructor: 1}", () => ({ constructor: 1 })],
  ["{toJSON: 1}", () => ({ toJSON: 1 })],
  ["{then: 1}", () => ({ then: 1 })],
  ["{length: 0}", () => ({ length: 0 })],
  ["{size: 0}", () => ({ size: 0 })],
  ["{name: 'Error', message: 'a'}", () => ({ name: "Error", message: "a" })],
  ["{source: 'a', flags: 'g'}", () => ({ source: "a", flags: "g" })],
  ["{href: ...}", () => ({ href: "https://a.example/" })],
];

/** Collections, and the arrays and objects that they could be flattened to. */
const COLLECTIONS: readonly NearMiss[] = [
  ["Map {}", () => new Map()],
  ["Set {}", () => new Set()],
  ["Map {1 => 'a'}", () => new Map([[1, "a"]])],
  ["Map {'1' => 'a'}", () => new Map([["1", "a"]])],
  ["Map {1n => 'a'}", () => new Map([[1n, "a"]])],
  ["Map {'a' => 1}", () => new Map([["a", 1]])],
  ["Map {'a' => undefined}", () => new Map([["a", undefined]])],
  ["Map {undefined => 'a'}", () => new Map([[undefined, "a"]])],
  ["Map {NaN => 'a'}", () => new Map([[NaN, "a"]])],
  ["Map {null => 'a'}", () => new Map([[null, "a"]])],
  ["Map {'a' => 1, 'b' => 2}", () => new Map([["a", 1], ["b", 2]])],
  ["Map {'b' => 2, 'a' => 1}", () => new Map([["b", 2], ["a", 1]])],
  ["Map {{} => 1}", () => new Map([[{}, 1]])],
  ["Map {{a: 1} => 1}", () => new Map([[{ a: 1 }, 1]])],
  ["Map {{} => 1, {} => 1}", () => new Map([[{}, 1], [{}, 1]])],
  ["Map {'a' => Map {}}", () => new Map([["a", new Map()]])],
  ["Map {'a' => {}}", () => new Map([["a", {}]])],
  ["Map {Map {} => 'a'}", () => new Map([[new Map(), "a"]])],
  ["Set {1}", () => new Set([1])],
  ["Set {'1'}", () => new Set(["1"])],
  ["Set {1, 2}", () => new Set([1, 2])],
  ["Set {2, 1}", () => new Set([2, 1])],
  ["Set {'a', 1}", () => new Set(["a", 1])],
  ["Set {[1, 2]}", () => new Set([[1, 2]])],
  ["Set {[]}", () => new Set([[]])],
  ["Set {Set {}}", () => new Set([new Set()])],
  ["Set {undefined}", () => new Set([undefined])],
  ["Set {NaN}", () => new Set([NaN])],
  ["[Map {}]", () => [new Map()]],
  ["[Set {}]", () => [new Set()]],
];

const VIEWS = [
  ...["Uint8Array", "Int8Array", "Uint8ClampedArray", "Int16Array", "Uint16Array", "Int32Array"],
  ...["Uint32Array", "Float32Array", "Float64Array", "BigInt64Array", "BigUint64Array"],
  ...["Float16Array", "DataView"],
] as const;

type View = "Uint8Array"; // All of them are made in the same way.

/** Buffers: the same bytes in every type, the same numbers in every type, and no bytes at all. */
const BUFFERS: readonly NearMiss[] = [
  ...VIEWS.flatMap((name): NearMiss[] => [
    [`${name} of no bytes`, () => new globalThis[name as View](new ArrayBuffer(0))],
    [`${name} of 8 bytes`, () => new globalThis[name as View](new Uint8Array(8).fill(1).buffer)],
    [`${name} of 16 bytes`, () => new globalThis[name as View](new Uint8Array(16).fill(1).buffer)],
  ]),
  ["ArrayBuffer of no bytes", () => new ArrayBuffer(0)],
  ["ArrayBuffer of 8 bytes", () => new Uint8Array(8).fill(1).buffer],
  ["ArrayBuffer of 16 bytes", () => new Uint8Array(16).fill(1).buffer],
  ["Uint8Array [1, 2]", () => new Uint8Array([1, 2])],
  ["Uint8Array [2, 1]", () => new Uint8Array([2, 1])],
  ["Uint16Array [1, 2]", () => new Uint16Array([1, 2])],
  ["Float32Array [1, 2]", () => new Float32Array([1, 2])],
  ["Float64Array [1, 2]", () => new Float64Array([1, 2])],
  ["Float64Array [0]", () => new Float64Array([0])],
  ["Float64Array [-0]", () => new Float64Array([-0])],
];

/** Objects of the other native classes. */
const NATIVES: readonly NearMiss[] = [
  ["Date 0", () => new Date(0)],
  ["Date 1", () => new Date(1)],
  ["Date -1", () => new Date(-1)],
  ["Date 1000", () => new Date(1000)],
  ["Date now", () => new Date(now)],
  ["Date now + 1", () => new Date(now + 1)],
  ["now", () => now],
  ["Date invalid", () => new Date(NaN)],
  ["/a/", () => /a/],
  ["/a/g", () => /a/g],
  ["/a/i", () => /a/i],
  ["/a/gi", () => /a/gi],
  ["/a/u", () => /a/u],
  ["/a/v", () => /a/v],
  ["/b/", () => /b/],
  ["/(?:)/", () => new RegExp("")],
  ["Error", () => new Error()],
  ["Error ''", () => new Error("")],
  ...["Error", "EvalError", "RangeError", "ReferenceError", "SyntaxError", "TypeError", "URIError"]
    .map((name): NearMiss => [`${name} 'a'`, () => new globalThis[name as "Error"]("a")]),
  ["Error 'b'", () => new Error("b")],
  ["Error 'a' with code", () => Object.assign(new Error("a"), { code: 1 })],
  ["Error 'a' with other code", () => Object.assign(new Error("a"), { code: "1" })],
  ["Error 'a' caused by undefined", () => new Error("a", { cause: undefined })],
  ["Error 'a' caused by 'b'", () => new Error("a", { cause: "b" })],
  ["Error 'a' caused by Error 'b'", () => new Error("a", { cause: new Error("b") })],
  ["AggregateError [] 'a'", () => new AggregateError([], "a")],
  ["AggregateError [1] 'a'", () => new AggregateError([1], "a")],
  ["AggregateError [Error] 'a'", () => new AggregateError([new Error("b")], "a")],
];

const moment = "2026-03-29T12:00:00";

/** Objects of classes that not every runtime has, or that wrap what a text could say. */
const WRAPPED: readonly NearMiss[] = [
  ["boxed 1", () => Object(1)],
  ["boxed '1'", () => Object("1")],
  ["boxed 1n", () => Object(1n)],
  ["boxed true", () => Object(true)],
  ["boxed false", () => Object(false)],
  ["boxed 0", () => Object(0)],
  ["boxed -0", () => Object(-0)],
  ["boxed NaN", () => Object(NaN)],
  ["boxed ''", () => Object("")],
  ["URL", () => new URL("https://a.example/")],
  ["URL with a path", () => new URL("https://a.example/b")],
  ["URL with a hash", () => new URL("https://a.example/#")],
  ["URL with a query", () => new URL("https://a.example/?a=1")],
  ["URLSearchParams", () => new URLSearchParams("")],
  ["URLSearchParams a=1", () => new URLSearchParams("a=1")],
  ["URLSearchParams a=1&b=2", () => new URLSearchParams("a=1&b=2")],
  ["URLSearchParams b=2&a=1", () => new URLSearchParams("b=2&a=1")],
  ["Headers", () => new Headers()],
  ["Headers a: 1", () => new Headers({ a: "1" })],
  ["Headers a: 1, 2", () => new Headers([["a", "1"], ["a", "2"]])],
  ["Headers a: 1, b: 2", () => new Headers({ a: "1", b: "2" })],
  ["DOMException", () => new DOMException("a", "AbortError")],
  ["other DOMException", () => new DOMException("a", "TimeoutError")],
  ["resizable buffer", () => new ArrayBuffer(8, { maxByteLength: 16 })],
  ["more resizable buffer", () => new ArrayBuffer(8, { maxByteLength: 17 })],
  ["ArrayBuffer of 8 zeros", () => new ArrayBuffer(8)],
  ["Error 'a' with what a SuppressedError has", () => {
    return Object.assign(new Error("a"), { error: 1, suppressed: 2 });
  }],
  ...typeof SuppressedError === "undefined" ? [] : [
    ["SuppressedError 1, 2", () => new SuppressedError(1, 2, "a")] as const,
    ["SuppressedError 2, 1", () => new SuppressedError(2, 1, "a")] as const,
  ],
  ...typeof Temporal === "undefined" ? [] : [
    ["Instant", () => Temporal.Instant.from(`${moment}Z`)],
    ["Instant, a nanosecond later", () => Temporal.Instant.from(`${moment}.000000001Z`)],
    ["ZonedDateTime in UTC", () => Temporal.ZonedDateTime.from(`${moment}[UTC]`)],
    ["ZonedDateTime in Paris", () => Temporal.ZonedDateTime.from(`${moment}[Europe/Paris]`)],
    ["PlainDateTime", () => Temporal.PlainDateTime.from(moment)],
    ["PlainDate", () => Temporal.PlainDate.from(moment)],
    ["PlainDate, Japanese", () => Temporal.PlainDate.from(`${moment}[u-ca=japanese]`)],
    ["PlainTime", () => Temporal.PlainTime.from(moment)],
    ["PlainYearMonth", () => Temporal.PlainYearMonth.from(moment)],
    ["PlainMonthDay", () => Temporal.PlainMonthDay.from(moment)],
    ["Duration of a minute", () => Temporal.Duration.from("PT1M")],
    ["Duration of 60 seconds", () => Temporal.Duration.from("PT60S")],
    ["text of an Instant", () => `${moment}Z`],
    ["text of a PlainDateTime", () => moment],
  ] satisfies NearMiss[],
];

/** Objects that lead back to themselves, along different ways. */
const CYCLES: readonly NearMiss[] = [
  ["object in itself", () => {
    const object: Record<string, unknown> = {};
    object.a = object;
    return object;
  }],
  ["object in an object in itself", () => {
    const object: Record<string, unknown> = {};
    object.a = { a: object };
    return object;
  }],
  ["object around an object in itself", () => {
    const object: Record<string, unknown> = {};
    object.a = object;
    return { a: object };
  }],
  ["array in itself", () => {
    const array: unknown[] = [];
    array.push(array);
    return array;
  }],
  ["array in itself twice", () => {
    const array: unknown[] = [];
    array.push(array, array);
    return array;
  }],
  ["array in an array in itself", () => {
    const array: unknown[] = [];
    array.push([array]);
    return array;
  }],
  ["Map in itself", () => {
    const map = new Map();
    return map.set("a", map);
  }],
  ["Set in itself", () => {
    const set = new Set();
    return set.add(set);
  }],
];

/** Objects with the same names one after the other, and what their bytes look like. */
const RECORDS: readonly NearMiss[] = [
  ["[{a:1},{a:1}]", () => [{ a: 1 }, { a: 1 }]],
  ["[{a:1},{b:1}]", () => [{ a: 1 }, { b: 1 }]],
  ["[{a:1},[1]]", () => [{ a: 1 }, [1]]],
  ["[{a:1},[-1,1]]", () => [{ a: 1 }, [-1, 1]]],
  ["[{a:1},{a:1,b:1}]", () => [{ a: 1 }, { a: 1, b: 1 }]],
  ["[{a:1},{b:1},{a:1}]", () => [{ a: 1 }, { b: 1 }, { a: 1 }]],
  ["[{a:1},{b:1},{b:1}]", () => [{ a: 1 }, { b: 1 }, { b: 1 }]],
  ["[{a:{c:1}},{a:{c:1}}]", () => [{ a: { c: 1 } }, { a: { c: 1 } }]],
  ["[{a:{c:1}},{a:{d:1}}]", () => [{ a: { c: 1 } }, { a: { d: 1 } }]],
  ["[{a:{c:1}},{a:[1]}]", () => [{ a: { c: 1 } }, { a: [1] }]],
  ["[{a:[]},{a:[]}]", () => [{ a: [] }, { a: [] }]],
  ["[{a:[]},{}]", () => [{ a: [] }, {}]],
];

/** All of them. */
export const NEAR_MISSES: readonly NearMiss[] = [
  ...Object.entries(PRIMITIVES).flatMap(([group, values]) =>
    values.map((value, index): NearMiss => [`${group}[${index}]`, () => value])
  ),
  ...ARRAYS,
  ...OBJECTS,
  ...COLLECTIONS,
  ...BUFFERS,
  ...NATIVES,
  ...WRAPPED,
  ...CYCLES,
  ...RECORDS,
];
