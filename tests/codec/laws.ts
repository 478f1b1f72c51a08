/**
 * What the laws of the codec speak of: when two values are the same, and values at random.
 *
 * @module
 */

import fc from "fast-check";

/** How values are compared. */
export interface Comparison {
  /** Whether the order of properties and the sharing of objects count: for values, not for keys. */
  readonly exact: boolean;
}

/** Whether two values are the same: written without regard to how the codec tells them apart. */
export function isSame(
  a: unknown,
  b: unknown,
  comparison: Comparison,
  met: Map<object, object> = new Map(),
): boolean {
  if (!isObject(a) || !isObject(b)) return Object.is(a, b);
  if (Object.getPrototypeOf(a) !== Object.getPrototypeOf(b)) return false;
  if (comparison.exact || met.get(a) === b) {
    if (met.has(a)) return met.get(a) === b;
    met.set(a, b);
  }
  const each = (x: unknown, y: unknown) => isSame(x, y, comparison, met);
  const all = (x: readonly unknown[], y: readonly unknown[]) =>
    x.length === y.length && x.every((item, i) => each(item, y[i]));
  if (!Object.is(inner(a), inner(b))) return false;
  if (a instanceof Map || a instanceof Set) return all([...a], [...b as typeof a]);
  if (a instanceof ArrayBuffer || ArrayBuffer.isView(a)) return all(bytesOf(a), bytesOf(b));
  if (Array.isArray(a) && a.length !== (b as unknown[]).length) return false;
  const [keysOfA, keysOfB] = [keys(a), keys(b)];
  if (!comparison.exact) { for (const list of [keysOfA, keysOfB]) list.sort(); }
  return all(keysOfA, keysOfB) &&
    keysOfA.every((key) => each(Reflect.get(a, key), Reflect.get(b, key)));
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}

/** The primitive that a boxed value, a `Date` or a `RegExp` comes to. */
function inner(value: object): unknown {
  if (value instanceof Date) return value.getTime();
  if (value instanceof RegExp) return String(value);
  const isBoxed = [Number, String, Boolean, BigInt].some((type) => value instanceof type);
  return isBoxed ? value.valueOf() : undefined;
}

/** Own keys that count: for errors also the hidden ones, but not what engines add of their own. */
function keys(value: object): string[] {
  const hidden = value instanceof Error
    ? ["message", "cause", "errors"].filter((key) => Object.hasOwn(value, key))
    : [];
  return [...hidden, ...Object.keys(value)];
}

function bytesOf(value: object): number[] {
  return ArrayBuffer.isView(value)
    ? [...new Uint8Array(value.buffer, value.byteOffset, value.byteLength)]
    : [...new Uint8Array(value as ArrayBuffer)];
}

/** An object with own properties of any name, `__proto__` too. */
export function objectOf(entries: readonly (readonly [string, unknown])[], bare = false): object {
  const object = bare ? Object.create(null) : {};
  for (const [key, value] of entries) setOwn(object, key, value);
  return object;
}

function setOwn<T extends object>(object: T, key: string, value: unknown): T {
  const flags = { writable: true, configurable: true, enumerable: true };
  return Object.defineProperty(object, key, { value, ...flags });
}

const errorClasses = [Error, TypeError, RangeError, SyntaxError, URIError];

function classOf(error: Error): ErrorConstructor {
  return errorClasses.find(({ prototype }) => prototype === Object.getPrototypeOf(error)) ?? Error;
}

/** A copy with the same meaning: properties in the opposite order, nothing shared, other offsets. */
export function retold(value: unknown): unknown {
  if (!isObject(value)) return value;
  const entries = () =>
    Object.keys(value).reverse().map((key) => [key, retold(Reflect.get(value, key))] as const);
  if (Array.isArray(value)) {
    const array: unknown[] = [];
    array.length = value.length;
    for (const [key, each] of entries()) setOwn(array, key, each);
    return array;
  }
  if (value instanceof Map) return new Map([...value].map(([a, b]) => [retold(a), retold(b)]));
  if (value instanceof Set) return new Set([...value].map(retold));
  if (value instanceof Uint8Array) {
    const room = new Uint8Array(value.length + 3);
    room.set(value, 1);
    return room.subarray(1, value.length + 1);
  }
  if (value instanceof Error) {
    const cause = "cause" in value ? { cause: retold(value.cause) } : undefined;
    const error = new (classOf(value))(value.message, cause);
    for (const [key, each] of entries()) setOwn(error, key, each);
    return error;
  }
  const prototype = Object.getPrototypeOf(value);
  if (prototype === Object.prototype) return objectOf(entries());
  return prototype === null ? objectOf(entries(), true) : structuredClone(value);
}

const anyText: fc.Arbitrary<string> = fc.oneof(
  fc.string({ unit: "grapheme" }),
  fc.string({ unit: fc.integer({ max: 0xffff, min: 0 }).map((unit) => String.fromCharCode(unit)) }),
  fc.constantFrom("__proto__", "constructor", "0", "1", "length", "toJSON", ""),
);

const leaf: fc.Arbitrary<unknown> = fc.oneof(
  fc.constantFrom<unknown>(undefined, null, true, false, 0, -0, 1, -1, NaN, Infinity, 1n, "1"),
  fc.integer(),
  fc.maxSafeInteger(),
  fc.double(),
  fc.bigInt(),
  anyText,
  fc.date({ noInvalidDate: false }),
  fc.constantFrom(/a/, /a/g, /[/]\n/iu, /(?<b>b)/sy).map(({ source, flags }) =>
    new RegExp(source, flags)
  ),
  fc.oneof(fc.double(), fc.boolean(), fc.string(), fc.bigInt()).map(Object),
  fc.uint8Array(),
  fc.int16Array(),
  fc.float32Array(),
  fc.float64Array(),
  fc.bigInt64Array(),
  fc.uint8Array().map((bytes) => bytes.slice().buffer),
  fc.uint8Array().map((bytes) => new DataView(bytes.slice().buffer)),
);

/** Values at random, of every kind and some levels deep. */
export const anyValue: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const value = tie("value");
  const entries = fc.array(fc.tuple(anyText, value), { maxLength: 6 });
  return {
    value: fc.oneof(
      { maxDepth: 4, withCrossShrink: true },
      leaf,
      fc.array(value, { maxLength: 6 }),
      fc.sparseArray(value, { maxNumElements: 4, maxLength: 12 }),
      fc.tuple(entries, fc.boolean()).map(([list, bare]) => objectOf(list, bare)),
      fc.array(fc.tuple(value, value), { maxLength: 4 }).map((list) => new Map(list)),
      fc.array(value, { maxLength: 4 }).map((list) => new Set(list)),
      fc.tuple(fc.constantFrom(...errorClasses), anyText, entries, fc.option(value)).map(
        ([Class, message, list, cause]) => {
          const error = new Class(message, cause === null ? undefined : { cause });
          const known = ["name", "message", "stack", "cause", "__proto__", "toString"];
          for (const [key, each] of list) if (!known.includes(key)) setOwn(error, key, each);
          return error;
        },
      ),
    ),
  };
}).value;

/** Values out of so few parts that two of them are often the same. */
export const commonValue: fc.Arbitrary<unknown> = fc.letrec((tie) => {
  const value = tie("value");
  const key = fc.constantFrom("a", "b", "0");
  return {
    value: fc.oneof(
      { maxDepth: 2 },
      fc.constantFrom<unknown>(0, -0, 1, 1n, "1", true, undefined, null, "a"),
      fc.array(value, { maxLength: 2 }),
      fc.array(fc.tuple(key, value), { maxLength: 2 }).map((list) => objectOf(list)),
      fc.array(fc.tuple(value, value), { maxLength: 1 }).map((list) => new Map(list)),
      fc.array(value, { maxLength: 2 }).map((list) => new Set(list)),
    ),
  };
}).value;

/** Graphs at random: every node may point at every other, and at itself. */
export const anyGraph: fc.Arbitrary<unknown> = fc.array(
  fc.record({
    kind: fc.constantFrom("array", "object", "map", "set", "error"),
    edges: fc.array(fc.nat(), { maxLength: 5 }),
  }),
  { minLength: 1, maxLength: 24 },
).map((plan) => {
  const nodes = plan.map(({ kind }): object => {
    if (kind === "array") return [];
    if (kind === "map") return new Map();
    if (kind === "set") return new Set();
    return kind === "error" ? new Error("node") : {};
  });
  plan.forEach(({ edges }, from) => {
    const node = nodes[from];
    edges.forEach((edge, i) => {
      const to = nodes[edge % nodes.length];
      if (Array.isArray(node)) node.push(to);
      else if (node instanceof Map) node.set(i % 2 === 0 ? i : to, to);
      else if (node instanceof Set) node.add(to);
      else setOwn(node, `edge${i}`, to);
    });
  });
  return nodes[0];
});
