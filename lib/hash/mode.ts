/**
 * The modes of BLAKE3: a plain hash, a keyed hash, and key derivation.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import {
  DERIVE_KEY_CONTEXT,
  DERIVE_KEY_MATERIAL,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEYED_HASH,
  ROOT,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import { checkKey, describe } from "./input.ts";
import { readDigest } from "./output.ts";

/** How to hash: plain, with a key, or to derive a key. */
export interface HashOptions {
  /** A secret of 32 bytes: the digest then authenticates the message. */
  readonly key?: Uint8Array;
  /**
   * What the digest will serve for, in words that no other program uses: the digest is then a key
   * derived from the message. Not to be combined with `key`.
   */
  readonly context?: string;
}

/** A mode as a core takes it. */
export interface Mode {
  /** The 32 bytes to start every chunk from; without them, the initial value. */
  readonly key: Uint8Array | undefined;
  /** The flags that every node has. */
  readonly flags: number;
}

const PLAIN: Mode = { key: undefined, flags: 0 };

/** Checks the options and turns them into a mode. The key is the caller's own. */
export function resolveMode(options: HashOptions | undefined): Mode {
  if (options === undefined) return PLAIN;
  const { key, context } = options;
  if (key !== undefined && context !== undefined) {
    throw new TypeError("Expected either a key or a context, received both");
  }
  if (key !== undefined) {
    checkKey(key);
    return { key, flags: KEYED_HASH };
  }
  if (context !== undefined) return { key: contextKey(context), flags: DERIVE_KEY_MATERIAL };
  return PLAIN;
}

/** The key that a context string stands for. */
function contextKey(context: string): Uint8Array {
  if (typeof context !== "string") {
    throw new TypeError(`Expected a context string, received ${describe(context)}`);
  }
  const bytes = new TextEncoder().encode(context);
  if (bytes.length === 0 || bytes.length > WINDOW_BYTES) {
    throw new RangeError(
      `Expected a context of 1 to ${WINDOW_BYTES} bytes, received ${bytes.length} bytes`,
    );
  }
  const core = currentCore();
  core.bytes.set(bytes, WINDOW_ADDRESS);
  core.hash(INITIAL_ADDRESS, WINDOW_ADDRESS, bytes.length, 0, 0, DERIVE_KEY_CONTEXT | ROOT);
  return readDigest(core, DIGEST_BYTES);
}
