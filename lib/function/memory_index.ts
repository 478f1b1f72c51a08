/** What a memory cache finds the result of a call by. */

import type { Keyer, Readings } from "../key/mod.ts";

/** What a memory cache finds a result by: a primitive argument itself, or a marked key. */
export type IndexKey = unknown;

/** Stands before a key in hexadecimal, so that it is told from an argument that is a string. */
const KEY_MARK = "\0";

/** The index key of a call with this key. */
export function indexOfKey(hex: string): IndexKey {
  return KEY_MARK + hex;
}

/** The key in hexadecimal, or `undefined` where the index is an argument. */
export function keyOfIndex(index: IndexKey): string | undefined {
  return typeof index === "string" && index.startsWith(KEY_MARK) ? index.slice(1) : undefined;
}

/**
 * Whether an argument can be an index key: a primitive that `Map` tells apart as keys do. It takes
 * 0 for -0, and `undefined` stands for a default.
 */
export function isIndex(arg: unknown): boolean {
  switch (typeof arg) {
    case "number":
      return arg !== 0 || 1 / arg > 0;
    case "string":
      return arg.charCodeAt(0) !== 0;
    case "boolean":
    case "bigint":
      return true;
    default:
      return arg === null;
  }
}

/** Goes from calls of one function to index keys, and from those to keys and arguments. */
export class CallIndex {
  /** Whether a first argument that is a primitive says all of a call. */
  readonly isUnary: boolean;
  readonly #keyer: Keyer;

  /** @param keyer Makes the keys of the function. */
  constructor(keyer: Keyer) {
    this.#keyer = keyer;
    this.isUnary = keyer.isUnary;
  }

  /**
   * The index key of a call.
   *
   * @param readings Notes what the files among the arguments hold.
   * @throws {EncodeError} An argument or a closed-over value has no byte form.
   */
  of(args: readonly unknown[], self?: unknown, readings?: Readings): IndexKey {
    if (this.isUnary && args.length > 0 && isIndex(args[0])) return args[0];
    return indexOfKey(this.#keyer.key(args, readings, self).hex);
  }

  /** The key of the call in hexadecimal. */
  hexOf(index: IndexKey): string {
    return keyOfIndex(index) ?? this.#keyer.key([index]).hex;
  }

  /** The bound arguments of a call. */
  argsOf(index: IndexKey, args: readonly unknown[], self?: unknown): readonly unknown[] {
    if (keyOfIndex(index) === undefined) return [index];
    return this.#keyer.decodeArguments(args, undefined, self);
  }
}
