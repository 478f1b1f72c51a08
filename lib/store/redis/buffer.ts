/**
 * The `Buffer` of Node's world, which Deno and Bun have as well and the clients ask for.
 *
 * @module
 */

/** The class, as far as it is used here. */
interface BufferClass {
  from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array;
  allocUnsafe(length: number): Uint8Array;
}

/** The class itself. */
export function bufferClass(): BufferClass {
  return (globalThis as unknown as { Buffer: BufferClass }).Buffer;
}

/** The same memory as a `Buffer`: other arrays are refused, or written as a list of numbers. */
export function toBuffer(argument: string | Uint8Array): string | Uint8Array {
  if (typeof argument === "string") return argument;
  return bufferClass().from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/**
 * An array to be filled completely and handed to a client. It is not zeroed first, which for a
 * large value would take as long as filling it.
 */
export function allocate(length: number): Uint8Array {
  return bufferClass().allocUnsafe(length);
}
