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
 * | 1 | 1 byte, {@linkcode Kind} | marker: the array it opens is a composite, see below |
 * | 2 | sign byte (0 or 1), magnitude big-endian without leading zeros | `bigint` |
 * | 3 | index into {@linkcode VIEW_NAMES}, then the viewed bytes, little-endian | buffers and views |
 * | 4 | unsigned 32-bit big-endian | reference to an object met before |
 * | 5 | UTF-16 code units, little-endian | string with a lone surrogate |
 *
 * | composite | elements after the marker |
 * |---|---|
 * | `Map` | key, value, key, value, ... |
 * | `Set` | value, value, ... |
 * | `Error` | class name, message or `undefined`, map of own properties |
 * | `NullObject` | map of own properties |
 * | `RegExp` | source, flags, `lastIndex` |
 * | `SparseArray` | length, key, value, key, value, ... (holes, or properties beyond the indices) |
 * | `Code` | normalised source of a function (keys only) |
 *
 * A reference counts objects in the order in which they open, from 0, when a value is stored. In a
 * key it counts the enclosing objects outwards, from 0 for the nearest, so that only cycles use it
 * and sharing does not show.
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
} as const;

/** Payloads of {@linkcode Ext.CONSTANT}. */
export const Constant = { UNDEFINED: 0, INVALID_DATE: 1, OMITTED: 2 } as const;

/** Payloads of {@linkcode Ext.MARKER}: what kind of composite an array is. */
export const Kind = {
  MAP: 1,
  SET: 2,
  ERROR: 3,
  NULL_OBJECT: 4,
  REGEXP: 5,
  SPARSE_ARRAY: 6,
  CODE: 7,
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
] as const;

/** The native error classes: the only ones whose instances the codec rebuilds by itself. */
export const ERROR_NAMES = [
  "Error",
  "EvalError",
  "RangeError",
  "ReferenceError",
  "SyntaxError",
  "TypeError",
  "URIError",
  "AggregateError",
] as const;

/**
 * Deepest nesting that is written or read, counted in containers. The same on every runtime and in
 * both directions, so that nothing is written that cannot be read; a stack holds it everywhere.
 */
export const MAX_DEPTH = 1000;

/** Stands for an argument that is left out of a key on purpose. */
export const OMITTED: unique symbol = Symbol("omitted");
