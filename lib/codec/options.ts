/**
 * What callers may say about an encoding or a decoding.
 *
 * @module
 */

/** How instances of one class are written and read. */
export interface ClassCodec {
  /** The class itself: its direct instances are written by this codec, those of subclasses not. */
  // deno-lint-ignore no-explicit-any -- a registry holds classes of every type at once.
  readonly class: abstract new (...args: any[]) => object;
  /** Gives the data that stands for an instance: anything that can be encoded. */
  // deno-lint-ignore no-explicit-any
  readonly encode: (instance: any) => unknown;
  /** Makes an instance of the data. It should check them, since bytes may come from anywhere. */
  // deno-lint-ignore no-explicit-any
  readonly decode: (data: any) => object;
  /** Earlier names of the class, which records written then still bear. */
  readonly aliases?: readonly string[] | undefined;
}

/** Classes by the name that stands for them in the bytes. */
export type ClassRegistry = Readonly<Record<string, ClassCodec>>;

/** Options of `encode`. */
export interface EncodeOptions {
  /** Classes whose instances may be written; all others are refused. */
  readonly classes?: ClassRegistry | undefined;
  /** Whether the `stack` of errors is written: not unless asked, since it tells of file paths. */
  readonly stack?: boolean | undefined;
  /**
   * Whether the bytes, if few, may be a part of a buffer of 8 KiB, of which other results are other
   * parts; not unless asked. It saves an allocation, which takes V8 as long as encoding a small
   * object. Nobody writes into such a part again, but it keeps the whole buffer in memory, and
   * transferring its `buffer` empties all parts: ask for it where the bytes are written out soon.
   */
  readonly pooled?: boolean | undefined;
}

/** Options of `decode`. */
export interface DecodeOptions {
  /** Classes whose instances may be read; all others are refused. */
  readonly classes?: ClassRegistry | undefined;
}

/** Turns a function into the text that stands for it in a key. */
export type CodeOf = (fn: (...args: never[]) => unknown) => string;

/** Options of `encodeCanonical` and `stableHash`. */
export interface CanonicalOptions {
  /** Classes whose instances may be written; all others are refused. */
  readonly classes?: ClassRegistry | undefined;
  /**
   * Whether a `Map` or `Set` means the same in every order of its entries; not unless asked, since
   * whoever iterates over one sees the order.
   */
  readonly unordered?: boolean | undefined;
  /** Gives the text that stands for a function; without it a function is refused. */
  readonly codeOf?: CodeOf | undefined;
}
