/**
 * The checks on what callers hand to the hash.
 *
 * @module
 */
import { DIGEST_BYTES } from "./core.ts";

/** Bytes to hash: any view, at any offset, or a whole buffer. */
export type HashInput = Uint8Array | ArrayBuffer | ArrayBufferView;

/** The longest digest that can be asked for at once, in bytes. */
export const MAX_DIGEST_BYTES = 2 ** 30;

/** Views the input as bytes, without copying. */
export function toBytes(input: HashInput): Uint8Array {
  if (input instanceof Uint8Array && input.length > 0) return input;
  try {
    if (ArrayBuffer.isView(input)) {
      // A typed array whose buffer is gone claims to be empty, and only its methods tell.
      if (!(input instanceof DataView)) Uint8Array.prototype.at.call(input, 0);
      return input instanceof Uint8Array
        ? input
        : new Uint8Array(input.buffer, input.byteOffset, input.byteLength);
    }
    if (input as unknown instanceof ArrayBuffer) return new Uint8Array(input);
  } catch (cause) {
    throw new TypeError("Expected bytes to hash, received a detached buffer", { cause });
  }
  throw new TypeError(
    `Expected bytes to hash (a typed array, a DataView or an ArrayBuffer), received ${
      describe(input)
    }`,
  );
}

/** Checks the key of a keyed hash. */
export function checkKey(key: Uint8Array): void {
  if (!(key instanceof Uint8Array)) {
    throw new TypeError(`Expected a key of 32 bytes in a Uint8Array, received ${describe(key)}`);
  }
  if (key.length !== DIGEST_BYTES) {
    throw new RangeError(`Expected a key of 32 bytes, received ${key.length} bytes`);
  }
}

/** Checks the length of a digest. */
export function checkLength(length: number): void {
  if (typeof length !== "number") {
    throw new TypeError(`Expected a digest length in bytes, received ${describe(length)}`);
  }
  if (!Number.isInteger(length) || length < 0 || length > MAX_DIGEST_BYTES) {
    throw new RangeError(
      `Expected a digest length from 0 to ${MAX_DIGEST_BYTES} bytes, received ${length}`,
    );
  }
}

/** Checks the array that a digest of `length` bytes shall be written into. */
export function checkInto(into: Uint8Array, length: number): void {
  if (!(into instanceof Uint8Array)) {
    throw new TypeError(`Expected a Uint8Array to write into, received ${describe(into)}`);
  }
  if (into.length === length && length > 0) return;
  try {
    // An array whose buffer is gone claims to be empty, and only its methods tell.
    Uint8Array.prototype.at.call(into, 0);
  } catch (cause) {
    throw new TypeError("Expected bytes to write into, received a detached buffer", { cause });
  }
  if (into.length !== length) {
    throw new RangeError(
      `Expected ${length} bytes to write into, the length of the digest, received ${into.length}`,
    );
  }
}

/** Says what a value is, for a message. */
export function describe(value: unknown): string {
  if (value === null || value === undefined) return String(value);
  if (typeof value !== "object") return `a ${typeof value}`;
  return `an object (${Object.prototype.toString.call(value).slice(8, -1)})`;
}
