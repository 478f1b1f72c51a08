/**
 * Hashing what the caller writes straight into the memory of the core.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import {
  BRIEF_BYTES,
  type Core,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  KEYED_HASH,
  LENT_ADDRESS,
  ROOT,
  WINDOW_BYTES,
} from "./core.ts";
import { checkKey } from "./input.ts";

/** Size of {@linkcode HashWindow.bytes}. */
export const HASH_WINDOW_BYTES: number = WINDOW_BYTES;

/**
 * A piece of the core's memory, lent to one writer at a time. Whoever builds a message byte by byte
 * can build it here: then hashing it copies nothing, and allocates nothing.
 */
export class HashWindow implements Disposable {
  /** The core that hashes the window. */
  readonly #core: Core;
  #lent = false;
  /** Where the message goes. What stands here on loan is left over from others. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The last digest of the core, 32 bytes: any later hash, by anyone, overwrites it. */
  readonly digest: Uint8Array<ArrayBuffer>;

  /**
   * Makes the window of a core.
   *
   * @param core The core whose memory is lent.
   */
  constructor(core: Core) {
    this.#core = core;
    this.bytes = core.bytes.subarray(LENT_ADDRESS, LENT_ADDRESS + WINDOW_BYTES);
    this.digest = core.digest;
  }

  /**
   * Hashes the message at the start of {@linkcode HashWindow.bytes}. Up to 64 bytes behind it may
   * be overwritten.
   *
   * @param length Length of the message in bytes.
   * @param key A key of 32 bytes, for a keyed hash.
   * @returns {@linkcode HashWindow.digest}, which is not a copy.
   * @throws {TypeError} If the window was given back.
   * @throws {RangeError} If the window has no such length, or the key is not 32 bytes long.
   */
  hash(length: number, key?: Uint8Array): Uint8Array<ArrayBuffer> {
    if (!this.#lent) throw new TypeError("Expected a window on loan, received one given back");
    if (!Number.isInteger(length) || length < 0 || length > WINDOW_BYTES) {
      throw new RangeError(`Expected a length from 0 to ${WINDOW_BYTES} bytes, received ${length}`);
    }
    const core = this.#core;
    const hash = length <= BRIEF_BYTES && core.brief || core.hash;
    if (key === undefined) hash(INITIAL_ADDRESS, LENT_ADDRESS, length, 0, 0, ROOT);
    else {
      checkKey(key);
      core.bytes.set(key, KEY_ADDRESS);
      hash(KEY_ADDRESS, LENT_ADDRESS, length, 0, 0, KEYED_HASH | ROOT);
    }
    return this.digest;
  }

  /** Gives the window back. Doing so twice is harmless. */
  release(): void {
    this.#lent = false;
  }

  /** Gives the window back. */
  [Symbol.dispose](): void {
    this.release();
  }

  /**
   * Lends the window of a core.
   *
   * @param core The core that hashes at present.
   * @returns The window, unless it is on loan already.
   */
  static lend(core: Core): HashWindow | undefined {
    if (current === undefined || current.#core !== core) current = new HashWindow(core);
    if (current.#lent) return undefined;
    current.#lent = true;
    return current;
  }
}

let current: HashWindow | undefined;

/**
 * Borrows the core's window, in which a message can be written and hashed in place. Other hashes
 * may go on meanwhile; only the window itself is the borrower's alone.
 *
 * @returns The window, or `undefined` while somebody else has it: then write into an array of your
 * own and call `blake3`, which gives the same digest. The same goes for a message that turns out to
 * be longer than the window.
 *
 * @example
 * ```ts
 * import { blake3, borrowWindow, toHex } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * using loan = borrowWindow();
 * if (loan !== undefined) {
 *   loan.bytes.set([1, 2, 3]);
 *   assert.equal(toHex(loan.hash(3)), toHex(blake3(new Uint8Array([1, 2, 3]))));
 * }
 * ```
 */
export function borrowWindow(): HashWindow | undefined {
  return HashWindow.lend(currentCore());
}
