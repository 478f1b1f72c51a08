/**
 * The `Buffer` of Node's world, which Deno and Bun have as well and the clients ask for.
 *
 * @module
 */

/** The class, as far as it is used here. */
interface BufferClass {
  isBuffer(value: unknown): boolean;
  from(buffer: ArrayBufferLike, offset: number, length: number): Uint8Array;
  allocUnsafe(length: number): Uint8Array;
}

/** The class itself. */
export function bufferClass(): BufferClass {
  return (globalThis as unknown as { Buffer: BufferClass }).Buffer;
}

/** The same memory as a `Buffer`: other arrays are refused, or written as a list of numbers. */
export function toBuffer(argument: string | Uint8Array): string | Uint8Array {
  if (typeof argument === "string" || bufferClass().isBuffer(argument)) return argument;
  return bufferClass().from(argument.buffer, argument.byteOffset, argument.byteLength);
}

/** Smaller arrays are had about as fast as they are kept. */
const MIN_KEPT_BYTES = 32 * 1024;
/** Larger ones are not worth their memory. */
const MAX_KEPT_BYTES = 4 * 1024 * 1024;

/**
 * Arrays to be handed to a client, of which the last is kept for the next large value: the system
 * takes as long to give new memory as it takes to fill it.
 */
export class Staging {
  /** The memory that was made for this alone: a small `Buffer` shares its memory with strangers. */
  readonly #own = new WeakSet<ArrayBuffer>();
  #kept: ArrayBuffer | undefined;

  /** An array to be filled completely. */
  take(length: number): Uint8Array {
    const kept = this.#kept;
    if (kept === undefined || length < MIN_KEPT_BYTES || length > kept.byteLength) {
      return this.#allocate(length);
    }
    this.#kept = undefined;
    return new Uint8Array(kept, 0, length);
  }

  /** Takes an array back that nobody will read any more: the server has it. */
  giveBack({ buffer }: Uint8Array): void {
    if (buffer instanceof ArrayBuffer && this.#own.has(buffer)) this.#kept = buffer;
  }

  /** Memory that is not zeroed first, which for a large value would take as long as filling it. */
  #allocate(length: number): Uint8Array {
    const bytes = bufferClass().allocUnsafe(length);
    const { buffer } = bytes;
    const isWhole = buffer instanceof ArrayBuffer && buffer.byteLength === length;
    if (isWhole && length >= MIN_KEPT_BYTES && length <= MAX_KEPT_BYTES) this.#own.add(buffer);
    return bytes;
  }
}
