/**
 * Values to bytes and back, exactly, and the canonical form that keys are made of.
 *
 * The bytes are valid MessagePack, with extension types for all that plain MessagePack cannot say
 * (`wire.ts` has the table), so any MessagePack reader in any language can look inside. Reading
 * them runs no code. What has no byte form is refused with the path to it, never altered.
 *
 * ```ts
 * import { decode, encode, stableHash } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const value = { when: new Date(0), tags: new Set(["a"]), counts: new Map([["a", -0]]) };
 * assert.deepEqual(decode(encode(value)), value);
 * assert.equal(stableHash({ a: 1, b: 2 }), stableHash({ b: 2, a: 1 }));
 * ```
 *
 * @module
 */

import { Decoder } from "./_decoder.ts";
import { encoded, hashCanonical } from "./internal.ts";
import type { CanonicalOptions, DecodeOptions, EncodeOptions } from "./options.ts";

export { encodeAsync, encodeCanonicalAsync, stableHashAsync } from "./async.ts";
export { decodeStream, encodeStream } from "./stream.ts";
export { MAX_DEPTH } from "./wire.ts";
export { DecodeError, DejaError, type DejaErrorCode, EncodeError } from "../errors.ts";
export type {
  CanonicalOptions,
  ClassCodec,
  ClassRegistry,
  CodeOf,
  DecodeOptions,
  EncodeOptions,
} from "./options.ts";

/**
 * Encodes a value so that {@linkcode decode} gives it back: primitives and their boxes, plain and
 * null-prototype objects, arrays with holes and all, `Date`, `RegExp`, `Map`, `Set`, buffers and
 * views, native errors with `cause`, `URL`, `URLSearchParams`, `Headers`, the types of `Temporal`,
 * and instances of the classes that `options` registers; shared and cyclic references are kept.
 *
 * Of a view, only the viewed bytes are stored. Views that share a buffer share one again. What
 * takes time to read, such as a `Blob`, is for {@linkcode encodeAsync}.
 *
 * @param value What to encode.
 * @param options Registered classes, whether the stack of errors is kept, and whether the bytes may
 * be a part of a larger buffer.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form, with the path to it.
 *
 * @example
 * ```ts
 * import { decode, encode } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const bytes = encode([1n, new Date(0), new Map([["key", undefined]])]);
 * assert.deepEqual(decode(bytes), [1n, new Date(0), new Map([["key", undefined]])]);
 *
 * class Point {
 *   constructor(readonly x: number, readonly y: number) {}
 * }
 * const classes = {
 *   Point: {
 *     class: Point,
 *     encode: ({ x, y }: Point) => [x, y],
 *     decode: ([x, y]: [number, number]) => new Point(x, y),
 *     aliases: ["Vector"], // the name in older bytes
 *   },
 * };
 * assert.deepEqual(decode(encode(new Point(1, 2), { classes }), { classes }), new Point(1, 2));
 * ```
 */
export function encode(value: unknown, options?: EncodeOptions): Uint8Array<ArrayBuffer> {
  return encoded("plain", value, options);
}

/**
 * Encodes a value so that equal meaning gives equal bytes and different meaning different bytes,
 * on every runtime: properties are sorted by code unit, shared references are written out, cycles
 * point back at the enclosing object. `Map` and `Set` keep their order, since a function sees it,
 * unless `unordered` is set. Buffers count by type and content alone, errors without their stack.
 *
 * @param value What to encode.
 * @param options Registered classes, collections without order, and what stands for a function.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form, with the path to it. What takes time to
 * read is for {@linkcode encodeCanonicalAsync}.
 *
 * @example
 * ```ts
 * import { encodeCanonical } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * assert.deepEqual(encodeCanonical({ a: 1, b: 2 }), encodeCanonical({ b: 2, a: 1 }));
 * assert.notDeepEqual(encodeCanonical(0), encodeCanonical(-0));
 * ```
 */
export function encodeCanonical(
  value: unknown,
  options?: CanonicalOptions,
): Uint8Array<ArrayBuffer> {
  return encoded("canonical", value, options);
}

/**
 * The BLAKE3 of the canonical form of a value: the same text for equal meaning, on every runtime
 * and for ever, and another text for any other meaning.
 *
 * @param value What to hash.
 * @param options As for {@linkcode encodeCanonical}.
 * @returns The digest, 64 lower-case hexadecimal digits.
 * @throws {EncodeError} Where something has no byte form, with the path to it.
 *
 * @example
 * ```ts
 * import { stableHash } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * assert.equal(stableHash({ a: 1, b: [2] }), stableHash({ b: [2], a: 1 }));
 * assert.notEqual(stableHash(["a','b"]), stableHash(["a", "b"]));
 * ```
 */
export function stableHash(value: unknown, options?: CanonicalOptions): string {
  return hashCanonical(value, options);
}

/**
 * Decodes what {@linkcode encode} wrote. Reading runs no code and allocates in proportion to the
 * input.
 *
 * @param bytes One encoded value, all of it and nothing else.
 * @param options Registered classes.
 * @returns The value, which shares no memory with `bytes`.
 * @throws {DecodeError} Where the bytes are truncated, corrupted or foreign, with the offset.
 *
 * @example
 * ```ts
 * import { decode, DecodeError, encode } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const bytes = encode({ a: 1 });
 * assert.deepEqual(decode(bytes), { a: 1 });
 * assert.throws(() => decode(bytes.subarray(0, 2)), DecodeError, /truncated|more elements/);
 * ```
 */
export function decode(bytes: Uint8Array, options?: DecodeOptions): unknown {
  return new Decoder(bytes, options).decode();
}
