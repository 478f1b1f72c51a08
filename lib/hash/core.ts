/**
 * What every backend of the hash offers: three functions over one block of memory. The plain
 * TypeScript core and the WebAssembly cores share this layout, so nothing above this file knows
 * which one runs.
 *
 * | address | bytes | holds |
 * |--------:|------:|-------|
 * |       0 |    32 | the initial value, with which an unkeyed hash starts |
 * |      32 |    32 | the key, for a keyed hash and for key derivation |
 * |      64 |    64 | the output: a chaining value, or a block of the digest |
 * |    1024 |       | scratch space of the core |
 * |    8192 | 65536 | the window: the bytes to hash, or the two halves of a parent |
 * |   73728 |    64 | room to fill up the last block |
 * |   81920 | 65536 | the second window, which is lent to those who write what they hash |
 * |  147456 |    64 | room to fill up the last block |
 *
 * @see {@link https://github.com/BLAKE3-team/BLAKE3-specs/blob/master/blake3.pdf} for the names.
 * @module
 */

/** Which implementation a core is. */
export type CoreName = "simd" | "wasm" | "js";

/** Kernel for a chain of blocks: the four rows of the state are vectors. */
export const ROWS = 0;
/** Kernel for a chain of blocks: words, with a loop of rounds. */
export const LOOP = 1;
/** Kernel for a chain of blocks: words, with the rounds written out. */
export const LINE = 2;

/** A backend of the hash. Integers are 32 bits wide, and counters come as two halves. */
export interface Core {
  /** Which implementation this is. */
  readonly name: CoreName;
  /** The whole memory, laid out as in the table above. It never grows. */
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** The first 32 bytes of the output. */
  readonly digest: Uint8Array<ArrayBuffer>;
  /** Which kernel hashes a chain of blocks, in a core that has several. */
  readonly path?: WebAssembly.Global<"i32"> | undefined;
  /**
   * Hashes the `length` bytes at the address `start` as one subtree whose first chunk has the given
   * counter. The output is its chaining value, or 64 bytes of digest where `flags` has `ROOT`.
   */
  hash(
    key: number,
    start: number,
    length: number,
    counterLow: number,
    counterHigh: number,
    flags: number,
  ): void;
  /**
   * As {@linkcode Core.hash}, for up to {@linkcode BRIEF_BYTES} that were written just now. Absent
   * where `hash` does as well.
   */
  readonly brief?: Core["hash"] | undefined;
  /** Joins the two chaining values at the start of the window; the output is as in `hash`. */
  parent(key: number, flags: number): void;
  /** Sets the output to block `counter` of the digest, after a call that had the flag `ROOT`. */
  expand(counterLow: number, counterHigh: number): void;
}

/** Address of the initial value. */
export const INITIAL_ADDRESS = 0;
/** Address of the key. */
export const KEY_ADDRESS = 32;
/** Address of the output. */
export const OUTPUT_ADDRESS = 64;
/** Address of the core's scratch space. */
export const SCRATCH_ADDRESS = 1024;
/** Address of the window. */
export const WINDOW_ADDRESS = 8192;
/** Address of the second window. */
export const LENT_ADDRESS = 81920;
/** Size of a window: a power of two of chunks, so that a full window is a whole subtree. */
export const WINDOW_BYTES = 65536;
/** Size of the memory: whole WebAssembly pages. */
export const MEMORY_BYTES = 196608;

/** Longest message that is hashed otherwise amid other work: by `bench:codec`, keys. */
export const BRIEF_BYTES = 256;

/** Bytes in a chunk, the leaf of the tree. */
export const CHUNK_BYTES = 1024;
/** Bytes in a block, what one compression takes in and gives out. */
export const BLOCK_BYTES = 64;
/** Bytes in a chaining value, a key, and a digest unless another length is asked for. */
export const DIGEST_BYTES = 32;

/** Flag: the first block of a chunk. */
export const CHUNK_START = 1;
/** Flag: the last block of a chunk. */
export const CHUNK_END = 2;
/** Flag: a node over two others. */
export const PARENT = 4;
/** Flag: the top of the tree. */
export const ROOT = 8;
/** Flag: every node of a keyed hash. */
export const KEYED_HASH = 16;
/** Flag: every node of the hash of a context string. */
export const DERIVE_KEY_CONTEXT = 32;
/** Flag: every node of a hash whose key came from a context string. */
export const DERIVE_KEY_MATERIAL = 64;

/** The initial value: that of SHA-256. */
export const INITIAL_WORDS: readonly number[] = [
  0x6a09e667,
  0xbb67ae85,
  0x3c6ef372,
  0xa54ff53a,
  0x510e527f,
  0x9b05688c,
  0x1f83d9ab,
  0x5be0cd19,
];
