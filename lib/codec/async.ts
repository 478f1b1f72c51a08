/**
 * Encoding of what takes time to read.
 *
 * @module
 */

import { blake3Hex } from "../hash/mod.ts";
import { Encoder } from "./_encoder.ts";
import { fill, type Loads } from "./_loads.ts";
import { copyOf } from "./internal.ts";
import type { CanonicalOptions, EncodeOptions } from "./options.ts";

/**
 * Encodes a value as `encode` does, and besides what takes time to read: `Blob`, `File`, and
 * `Request` and `Response` as data (method, status, headers and body). `decode` reads the bytes.
 *
 * A body is read from a clone, so a request or response can still be used. The value must not
 * change before the promise settles: it is walked once to find what has to be read, and once more
 * to write it.
 *
 * @param value What to encode.
 * @param options Registered classes, and whether the stack of errors is kept.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form or cannot be read, with the path to it.
 *
 * @example
 * ```ts
 * import { decode, encodeAsync } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const bytes = await encodeAsync({ response: new Response("hello", { status: 201 }) });
 * const { response } = decode(bytes) as { response: Response };
 * assert.equal(response.status, 201);
 * assert.equal(await response.text(), "hello");
 * ```
 */
export function encodeAsync(
  value: unknown,
  options?: EncodeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return encodedLater(new Encoder(false), value, options);
}

/**
 * Encodes a value as `encodeCanonical` does, and besides what takes time to read: `Blob`, `File`,
 * and `Request` and `Response` as data. A file counts with its name, type and content, and not with
 * the time of its last change.
 *
 * A body is read from a clone, so a request or response can still be used. The value must not
 * change before the promise settles.
 *
 * @param value What to encode.
 * @param options As for `encodeCanonical`.
 * @returns The bytes, valid MessagePack; the caller owns them.
 * @throws {EncodeError} Where something has no byte form or cannot be read, with the path to it.
 *
 * @example
 * ```ts
 * import { encodeCanonicalAsync } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const form = (text: string) => encodeCanonicalAsync({ part: new Blob([text]) });
 * assert.deepEqual(await form("a"), await form("a"));
 * assert.notDeepEqual(await form("a"), await form("b"));
 * ```
 */
export function encodeCanonicalAsync(
  value: unknown,
  options?: CanonicalOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return encodedLater(new Encoder(true), value, options);
}

/**
 * The BLAKE3 of what {@linkcode encodeCanonicalAsync} gives; where nothing takes time to read, that
 * is the hash of `stableHash`.
 *
 * @param value What to hash.
 * @param options As for `encodeCanonical`.
 * @returns The digest, 64 lower-case hexadecimal digits.
 * @throws {EncodeError} Where something has no byte form or cannot be read, with the path to it.
 *
 * @example
 * ```ts
 * import { stableHash, stableHashAsync } from "@deja/cache/codec";
 * import { assert } from "chai";
 *
 * const hash = (text: string) => stableHashAsync(new Response(text, { status: 201 }));
 * assert.equal(await hash("a"), await hash("a"));
 * assert.notEqual(await hash("a"), await hash("b"));
 * assert.equal(await stableHashAsync({ a: 1 }), stableHash({ a: 1 }));
 * ```
 */
export async function stableHashAsync(
  value: unknown,
  options?: CanonicalOptions,
): Promise<string> {
  return blake3Hex(await encodeCanonicalAsync(value, options));
}

async function encodedLater(
  encoder: Encoder,
  value: unknown,
  options: (EncodeOptions & CanonicalOptions) | undefined,
): Promise<Uint8Array<ArrayBuffer>> {
  encoder.configure(options);
  const loads: Loads = encoder.loads = new Map();
  encoder.encode(value);
  if (await fill(loads)) encoder.encodeAgain(value);
  return copyOf(encoder.writer.bytes, encoder.writer.length);
}
