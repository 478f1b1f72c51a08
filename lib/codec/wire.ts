/**
 * The wire format: every byte that the codec writes beyond plain MessagePack.
 *
 * Plain MessagePack carries `null`, booleans, numbers, well-formed strings, `Uint8Array` (bin),
 * dense arrays and plain objects (maps with string keys). The rest is carried by extension types,
 * so that any MessagePack reader can walk over what we write:
 *
 * | ext type | payload | carries |
 * |---|---|---|
 * | -1 | as in the MessagePack specification | `Date` (timestamp 32, 64 or 96) |
 * | 0 | 1 byte, {@linkcode Constant} | `undefined`, invalid `Date`, an omitted argument |
 * | 1 | {@linkcode Kind}, then for some a byte of its own | marker: the array it opens is a composite |
 * | 2 | sign byte (0 or 1), magnitude big-endian without leading zeros | `bigint` |
 * | 3 | index into {@linkcode VIEW_NAMES}, then the viewed bytes, little-endian | buffers and views |
 * | 4 | unsigned 32-bit big-endian | reference to an object met before |
 * | 5 | UTF-16 code units, little-endian | string with a lone surrogate |
 * | 6 | unsigned 16-bit big-endian | marker: the array it opens is a record of that shape |
 *
 * | composite | elements after the marker |
 * |---|---|
 * | `Map` | key, value, key, value, ... |
 * | `Set` | value, value, ... |
 * | `Error`, index into {@linkcode ERROR_NAMES} | message or `undefined`, key, value, key, value, ... |
 * | `NullObject` | key, value, key, value, ... |
 * | `RegExp` | source, flags, `lastIndex` |
 * | `SparseArray` | length, key, value, key, value, ... (holes, or properties beyond the indices) |
 * | `Code` | normalised source of a function (keys only) |
 * | `Boxed` | the primitive in it |
 * | `ResizableBuffer` | largest length, bytes |
 * | `SharedView`, index into {@linkcode VIEW_NAMES} | buffer, offset in bytes, length in elements |
 * | `Instance` | name of the class in the registry, data |
 * | `URL`, `URLSearchParams` | text |
 * | `Headers` | name, value, name, value, ... |
 * | `Temporal`, index into {@linkcode TEMPORAL_NAMES} | text; for `Duration` its ten fields |
 * | `DOMException` | message, name |
 * | `Blob` | bytes, type |
 * | `File` | bytes, type, name, time of the last change |
 * | `Request` | URL, method, redirect, `Headers`, body or `null` |
 * | `Response` | status, status text, `Headers`, body or `null` |
 *
 * **Records.** Each map that holds 1 to {@linkcode MAX_SHAPE_KEYS} keys defines the next shape when
 * it ends, counted from 0: its keys in their order. An array that opens with a negative fixint
 * (`-1 - shape`), or with extension 6 from shape 32 on, is an object of that shape, and holds its
 * values alone; if the last of them is an empty array, it may be left out. A plain array that opens
 * with such a number writes it as an int 8.
 *
 * In a key the names of an object stand in canonical order. An object is a record where the last one
 * at its depth that has a shape has the same names and {@linkcode MIN_RECORD_DEPTH} containers are
 * round it, and nowhere else: that takes no memory of all shapes, and no list of them decides what
 * a key is. Where the order of `Map` and `Set` does not count, there are no records.
 *
 * **References** count objects in the order in which they open, from 0, when a value is stored. In a
 * key they count the enclosing objects outwards, from 0 for the nearest, so that only cycles use
 * them and sharing does not show.
 *
 * @module
 */

/** Extension type codes. */
export const Ext = {
  TIMESTAMP: -1,
  CONSTANT: 0,
  MARKER: 1,
  BIGINT: 2,
  VIEW: 3,
  REFERENCE: 4,
  UTF16: 5,
  SHAPE: 6,
} as const;

/** Payloads of {@linkcode Ext.CONSTANT}. */
export const Constant = { UNDEFINED: 0, INVALID_DATE: 1, OMITTED: 2 } as const;

/** First byte of the payload of {@linkcode Ext.MARKER}: what kind of composite an array is. */
export const Kind = {
  MAP: 1,
  SET: 2,
  ERROR: 3,
  NULL_OBJECT: 4,
  REGEXP: 5,
  SPARSE_ARRAY: 6,
  CODE: 7,
  BOXED: 8,
  RESIZABLE_BUFFER: 9,
  SHARED_VIEW: 10,
  INSTANCE: 11,
  URL: 12,
  URL_SEARCH_PARAMS: 13,
  HEADERS: 14,
  TEMPORAL: 15,
  DOM_EXCEPTION: 16,
  BLOB: 17,
  FILE: 18,
  REQUEST: 19,
  RESPONSE: 20,
} as const;

/** Buffers and views by their number on the wire. New names go to the end, none is ever reused. */
export const VIEW_NAMES = [
  "ArrayBuffer",
  "DataView",
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
  "Uint8Array",
] as const;

/** The native error classes: the only ones whose instances need no registry. */
export const ERROR_NAMES = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
  "SuppressedError",
] as const;

/** What an error of a native class, by its number, has besides its message, and hides from loops. */
export function hiddenParts(number: number): string[] {
  const own = ERROR_NAMES[number] === "SuppressedError" ? ["error", "suppressed"] : ["errors"];
  return ["cause", ...own, "stack"];
}

/** The classes of `Temporal` by their number on the wire. */
export const TEMPORAL_NAMES = [
  "Instant",
  "ZonedDateTime",
  "PlainDate",
  "PlainTime",
  "PlainDateTime",
  "PlainYearMonth",
  "PlainMonthDay",
  "Duration",
] as const;

/**
 * Deepest nesting that is written or read, counted in containers. The same on every runtime and in
 * both directions, so that nothing is written that cannot be read. No stack has to hold it.
 */
export const MAX_DEPTH = 20_000;

/** Nesting down to which the native stack is used; what is deeper is kept in frames of our own. */
export const RECURSIVE_DEPTH = 128;

/** Most keys of a map that defines a shape: objects with more are dictionaries. */
export const MAX_SHAPE_KEYS = 32;

/**
 * Containers round the first objects of a key that may be records. The arguments of a call are less
 * deep and seldom alike, and looking after them would take a twentieth of the time of a small key.
 */
export const MIN_RECORD_DEPTH = 2;

/** Most shapes of one value; later maps define none. */
export const MAX_SHAPES = 65_536;

/**
 * Most containers that one key may open. Sharing is expanded in keys, so a small graph can stand
 * for a tree without end; this turns a hang into an error.
 */
export const MAX_KEY_CONTAINERS = 10_000_000;

/** Largest sum of the lengths to which the resizable buffers of one value may grow. */
export const MAX_RESERVED_BYTES: number = 2 ** 30;

/** Stands for an argument that is left out of a key on purpose. */
export const OMITTED: unique symbol = Symbol("omitted");
