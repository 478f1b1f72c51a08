/**
 * Encoding of what takes time to read.
 *
 * @module
 */

import { EncodeError } from "../errors.ts";
import { Encoder } from "./_encoder.ts";
import { formOf } from "./_forms.ts";
import { describeKind } from "./_kinds.ts";
import { copyOf } from "./internal.ts";
import type { Load } from "./_openings.ts";
import type { EncodeOptions } from "./options.ts";

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
export async function encodeAsync(
  value: unknown,
  options?: EncodeOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const encoder = new Encoder(false);
  encoder.configure(options);
  const loads = encoder.loads = new Map<object, Load>();
  encoder.encode(value);
  if (loads.size > 0) {
    await Promise.all(Array.from(loads, async ([owner, load]) => {
      load.parts = await loaded(owner, load.path);
    }));
    encoder.encodeAgain(value);
  }
  return copyOf(encoder.writer.bytes, encoder.writer.length);
}

async function loaded(owner: object, path: string): Promise<readonly unknown[]> {
  try {
    return await formOf(owner)!.load!(owner as never);
  } catch (cause) {
    throw new EncodeError({
      path,
      found: describeKind(owner),
      reason: `reading it failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      cause,
    });
  }
}
