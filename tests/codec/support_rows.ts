/**
 * What the support table speaks of: kinds of values, and what becomes of them.
 *
 * @module
 */

import type { ClassRegistry } from "../../lib/codec/mod.ts";

/** What becomes of a value that is stored and read back. */
export type Stored = "exact" | "exact, with `encodeAsync`" | "refused" | "loses";

/** One kind of value. */
export interface Row {
  /** What the kind is called. */
  readonly name: string;
  /** Makes values of the kind; some take time. */
  readonly make: () => unknown;
  /** What becomes of it when it is stored; `exact` unless it says otherwise. */
  readonly stored?: Stored;
  /** What is not kept, in words. */
  readonly loses?: string;
  /** Whether it can be part of a key, with "yes" unless it says otherwise. */
  readonly key?: "with `encodeCanonicalAsync`" | "refused";
  /** Tells what is to be compared, where that is not the values themselves. */
  readonly told?: (value: unknown) => unknown;
  /** The classes that are registered. */
  readonly classes?: ClassRegistry;
  /** Whether the stack of errors is asked for. */
  readonly stack?: true;
  /** Name of a global without which a runtime goes without the kind. */
  readonly needs?: string;
}

class Point {
  constructor(readonly x: number, readonly y: number) {}
}

const classes: ClassRegistry = {
  Point: {
    class: Point,
    encode: ({ x, y }: Point) => [x, y],
    decode: ([x, y]: [number, number]) => new Point(x, y),
  },
};

const refused = { stored: "refused", key: "refused" } as const;
const later = {
  stored: "exact, with `encodeAsync`",
  key: "with `encodeCanonicalAsync`",
} as const;

function own(key: PropertyKey, value: unknown, enumerable = true): object {
  return Object.defineProperty({ a: 1 }, key, { value, enumerable });
}

function cyclic(): object {
  const object: Record<string, unknown> = { list: [] };
  object.self = object;
  (object.list as unknown[]).push(object, new Map([[object, object]]), new Set([object]));
  return object;
}

function shared(): unknown {
  const [object, date, bytes] = [{ a: 1 }, new Date(0), new Uint8Array(4)];
  return [object, date, bytes, { object, date, bytes }];
}

function viewsOfOneBuffer(): unknown {
  const { buffer } = Uint8Array.from({ length: 32 }, (_, i) => i);
  return [new Uint16Array(buffer, 0, 8), new Float64Array(buffer, 8, 2), new DataView(buffer, 4)];
}

/** The bytes of each view after a write through the first, which shows in all that share. */
function sharing(value: unknown): string {
  const views = value as readonly ArrayBufferView[];
  const bytes = views.map(({ buffer, byteOffset, byteLength }) =>
    new Uint8Array(buffer, byteOffset, byteLength)
  );
  bytes[0].fill(99, 4);
  return bytes.map((each) => each.join(" ")).join("; ");
}

function deep(): unknown {
  let value: unknown = "bottom";
  for (let i = 0; i < 10_000; i++) value = i % 2 === 0 ? [value] : { inner: value };
  return value;
}

/** The kinds of the levels from the top down, and what is at the bottom. */
function levels(value: unknown): string {
  const found: string[] = [];
  while (typeof value === "object" && value !== null) {
    found.push(Array.isArray(value) ? "a" : "o");
    value = Array.isArray(value) ? value[0] : (value as { inner: unknown }).inner;
  }
  return found.join("") + String(value);
}

function detached(): ArrayBuffer {
  const buffer = new ArrayBuffer(8);
  structuredClone(buffer, { transfer: [buffer] });
  return buffer;
}

const VIEWS = [Int8Array, Uint8Array, Uint8ClampedArray, Int16Array, Uint16Array, Int32Array];
const WIDE_VIEWS = [Uint32Array, Float32Array, Float64Array, BigInt64Array, BigUint64Array];

const ERRORS = [Error, EvalError, RangeError, ReferenceError, SyntaxError, TypeError, URIError];

const body = () => new Uint8Array([1, 2, 3]);

/** All kinds, by group. */
export const ROWS: Readonly<Record<string, readonly Row[]>> = {
  "Primitives": [
    { name: "`undefined`, `null`, booleans", make: () => [undefined, null, true, false] },
    { name: "numbers, with `-0`, `NaN` and infinities", make: () => [0, -0, NaN, -Infinity, 0.1] },
    { name: "bigints of any size", make: () => [0n, -1n, 2n ** 64n, -(3n ** 700n)] },
    { name: "strings", make: () => ["", "a\0b", "\ufeffж🍺", "e\u0301"] },
    { name: "strings with lone surrogates", make: () => ["\ud800", "a\udc00", "\udc00\ud800"] },
    { name: "boxed primitives", make: () => [1, "a", true, 1n, -0].map(Object) },
    { name: "symbols", make: () => Symbol("a"), ...refused },
    { name: "functions (keys of closures take their code)", make: () => () => 1, ...refused },
  ],
  "Objects": [
    { name: "plain objects, with the order of their keys", make: () => ({ b: 1, a: { c: [] } }) },
    { name: "integer-like keys", make: () => ({ 10: "ten", 9: "nine", "01": 1, "-1": 2 }) },
    { name: "a key called `__proto__`", make: () => own("__proto__", { x: 1 }) },
    { name: "null-prototype objects", make: () => Object.assign(Object.create(null), { a: 1 }) },
    { name: "references to one object from many places", make: shared },
    { name: "cycles", make: cyclic },
    { name: "10,000 levels", make: deep, told: levels },
    { name: "instances of registered classes", make: () => new Point(1, 2), classes },
    { name: "instances of other classes", make: () => new Point(1, 2), ...refused },
    {
      name: "getters",
      make: () => Object.defineProperty({}, "a", { get: () => 1, enumerable: true }),
      stored: "loses",
      loses: "the value is kept, not the getter",
    },
    {
      name: "properties named by symbols",
      make: () => own(Symbol.for("b"), 2),
      stored: "loses",
      loses: "left out",
    },
    {
      name: "properties that are not enumerable",
      make: () => own("b", 2, false),
      stored: "loses",
      loses: "left out",
    },
  ],
  "Arrays and collections": [
    { name: "arrays", make: () => [1, [2, [3, []]], "four"] },
    { name: "arrays with holes", make: () => Object.assign(new Array(4), { 1: undefined }) },
    { name: "arrays with other properties", make: () => Object.assign([1, 2], { a: 3 }) },
    { name: "results of `RegExp.exec`", make: () => /(b)(?<c>c)?/.exec("abc") },
    { name: "`Map`, with its order", make: () => new Map<unknown, unknown>([[{}, 1], [NaN, {}]]) },
    { name: "`Set`, with its order", make: () => new Set([2, "1", [1], new Set()]) },
    { name: "instances of subclasses", make: () => new (class Mine extends Map {})(), ...refused },
    { name: "`WeakMap`, `WeakSet`, `WeakRef`", make: () => new WeakMap(), ...refused },
  ],
  "Binary data": [
    { name: "`ArrayBuffer`", make: () => [new ArrayBuffer(0), body().buffer] },
    { name: "resizable `ArrayBuffer`", make: () => new ArrayBuffer(4, { maxByteLength: 64 }) },
    { name: "typed arrays", make: () => [...VIEWS, ...WIDE_VIEWS].map((View) => new View(3)) },
    { name: "`Float16Array`", make: () => new Float16Array([1.5, -0]), needs: "Float16Array" },
    { name: "`DataView`", make: () => new DataView(body().buffer, 1) },
    { name: "views that share a buffer", make: viewsOfOneBuffer, told: sharing },
    { name: "detached buffers", make: detached, ...refused },
  ],
  "Dates and patterns": [
    { name: "`Date`, also invalid", make: () => [new Date(0), new Date(-1), new Date(NaN)] },
    { name: "`RegExp`", make: () => [/a+[/]b/giu, new RegExp("")] },
    {
      name: "`RegExp` with `lastIndex`",
      make: () => Object.assign(/a/g, { lastIndex: 3 }),
    },
    ...[
      ["Instant", "2026-03-29T12:00:00.000000001Z"],
      ["ZonedDateTime", "2026-03-29T12:00:00[Europe/Paris]"],
      ["PlainDate", "2026-03-29[u-ca=japanese]"],
      ["PlainTime", "12:00:00.5"],
      ["PlainDateTime", "2026-03-29T12:00:00"],
      ["PlainYearMonth", "2026-03"],
      ["PlainMonthDay", "03-29"],
      ["Duration", "P1Y2M3DT90M0.000001S"],
    ].map(([name, text]): Row => ({
      name: `\`Temporal.${name}\``,
      make: () => Temporal[name as "Instant"].from(text),
      needs: "Temporal",
    })),
  ],
  "Errors": [
    { name: "the native classes", make: () => ERRORS.map((Class) => new Class("broken")) },
    { name: "`cause`", make: () => new Error("a", { cause: new TypeError("b", { cause: 1 }) }) },
    { name: "`AggregateError`", make: () => new AggregateError([new Error("a"), 1], "several") },
    {
      name: "`SuppressedError`",
      make: () => new SuppressedError(new Error("a"), 1, "both"),
      needs: "SuppressedError",
    },
    { name: "own properties", make: () => Object.assign(new Error("a"), { code: "E", at: [1] }) },
    { name: "`stack`, with the option `stack`", make: () => new Error("a"), stack: true },
    { name: "`DOMException`", make: () => new DOMException("a", "AbortError") },
    {
      name: "instances of other classes",
      make: () => new (class Mine extends Error {})(),
      ...refused,
    },
  ],
  "Web": [
    { name: "`URL`", make: () => new URL("https://a.example/b?c=1#d") },
    { name: "`URLSearchParams`", make: () => new URLSearchParams("b=2&a=1&b=ж") },
    { name: "`Headers`", make: () => new Headers([["a", "1"], ["set-cookie", "x"]]) },
    { name: "`Blob`", make: () => new Blob([body()], { type: "image/png" }), ...later },
    {
      name: "`File`",
      make: () => new File([body()], "a.txt", { type: "text/plain", lastModified: 5 }),
      ...later,
    },
    {
      name: "`Request`, as data",
      make: () => new Request("https://a.example/", { method: "POST", body: body() }),
      ...later,
    },
    {
      name: "`Response`, as data",
      make: () => new Response(body(), { status: 201, headers: { a: "1" } }),
      ...later,
    },
    { name: "`FormData`", make: () => new FormData(), ...refused },
    { name: "streams, sockets and other handles", make: () => new ReadableStream(), ...refused },
    { name: "`Promise`", make: () => Promise.resolve(), ...refused },
  ],
};
