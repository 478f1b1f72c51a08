/**
 * BLAKE3 in plain TypeScript: the core for hosts that forbid WebAssembly, and the yardstick that
 * the WebAssembly cores are checked against.
 *
 * @module
 */
import {
  BLOCK_BYTES,
  CHUNK_BYTES,
  CHUNK_END,
  CHUNK_START,
  type Core,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  INITIAL_WORDS,
  MEMORY_BYTES,
  OUTPUT_ADDRESS,
  PARENT,
  ROOT,
  SCRATCH_ADDRESS,
  WINDOW_ADDRESS,
} from "./core.ts";

// Places in the memory as indices of 32-bit words. The root node is kept apart from the window, so
// that `expand` can compress it once more.
const OUTPUT = OUTPUT_ADDRESS >>> 2;
const WINDOW = WINDOW_ADDRESS >>> 2;
const ROOT_KEY = SCRATCH_ADDRESS >>> 2;
const ROOT_BLOCK = ROOT_KEY + 8;
const STACK = ROOT_BLOCK + 16;
const BLOCK_WORDS = BLOCK_BYTES >>> 2;
const VALUE_WORDS = 8;

/** The core in plain TypeScript. */
export function createReferenceCore(): Core {
  const memory = new ArrayBuffer(MEMORY_BYTES);
  const bytes = new Uint8Array(memory);
  const words = new Int32Array(memory);
  words.set(INITIAL_WORDS, INITIAL_ADDRESS >>> 2);
  let rootLength = 0;
  let rootFlags = 0;

  /** Compresses one node. The root is also remembered, for `expand`. */
  function node(
    key: number,
    block: number,
    length: number,
    counterLow: number,
    counterHigh: number,
    flags: number,
  ): void {
    if (flags & ROOT) {
      words.copyWithin(ROOT_KEY, key, key + VALUE_WORDS);
      words.copyWithin(ROOT_BLOCK, block, block + BLOCK_WORDS);
      rootLength = length;
      rootFlags = flags;
      compress(words, key, block, length, 0, 0, flags, OUTPUT);
    } else {
      compress(words, key, block, length, counterLow, counterHigh, flags, OUTPUT);
    }
  }

  /** Hashes the chunk of `length` bytes at the address `start`. */
  function chunk(
    key: number,
    start: number,
    length: number,
    counterLow: number,
    counterHigh: number,
    flags: number,
  ): void {
    let block = start >>> 2;
    let value = key;
    let position = flags & ~ROOT | CHUNK_START;
    let left = length;
    for (; left > BLOCK_BYTES; left -= BLOCK_BYTES) {
      compress(words, value, block, BLOCK_BYTES, counterLow, counterHigh, position, OUTPUT);
      value = OUTPUT;
      position = flags & ~ROOT;
      block += BLOCK_WORDS;
    }
    // Whatever lies behind a short last block must read as zeros.
    const end = start + length;
    if (left < BLOCK_BYTES) bytes.fill(0, end, end + BLOCK_BYTES - left);
    node(value, block, left, counterLow, counterHigh, position | CHUNK_END | flags & ROOT);
  }

  return {
    name: "js",
    bytes,
    digest: bytes.subarray(OUTPUT_ADDRESS, OUTPUT_ADDRESS + DIGEST_BYTES),
    hash(key, start, length, counterLow, counterHigh, flags) {
      const keyWord = key >>> 2;
      if (length <= CHUNK_BYTES) {
        chunk(keyWord, start, length, counterLow, counterHigh, flags);
        return;
      }
      const inner = flags & ~ROOT;
      let top = STACK;
      for (let offset = 0, index = 1; offset < length; offset += CHUNK_BYTES, index++) {
        const size = Math.min(CHUNK_BYTES, length - offset);
        chunk(keyWord, start + offset, size, counterLow + index - 1, counterHigh, inner);
        words.copyWithin(top, OUTPUT, OUTPUT + VALUE_WORDS);
        top += VALUE_WORDS;
        if (offset + size === length) break;
        // More follows, so every pair of equal subtrees that this chunk completes is joined.
        for (let count = index; (count & 1) === 0; count >>>= 1) {
          top -= VALUE_WORDS;
          const pair = top - VALUE_WORDS;
          compress(words, keyWord, pair, BLOCK_BYTES, 0, 0, inner | PARENT, pair);
        }
      }
      // The right edge of the tree: join what is left, from the last chunk up.
      for (top -= 2 * VALUE_WORDS; top > STACK; top -= VALUE_WORDS) {
        compress(words, keyWord, top, BLOCK_BYTES, 0, 0, inner | PARENT, top);
      }
      node(keyWord, STACK, BLOCK_BYTES, 0, 0, flags | PARENT);
    },
    parent(key, flags) {
      node(key >>> 2, WINDOW, BLOCK_BYTES, 0, 0, flags | PARENT);
    },
    expand(counterLow, counterHigh) {
      compress(words, ROOT_KEY, ROOT_BLOCK, rootLength, counterLow, counterHigh, rootFlags, OUTPUT);
    },
  };
}

/** Rotates a word to the right. */
function rotate(word: number, count: number): number {
  return word >>> count | word << 32 - count;
}

/**
 * The compression function. Reads the chaining value at word `key` and the block at word `block`;
 * writes the new chaining value to word `out`, and behind it, for the root, the other half of the
 * output. The state lives in local variables, which engines keep in registers; the seven rounds
 * are a loop, because unrolled they are too long for an engine to optimise well.
 */
function compress(
  words: Int32Array,
  key: number,
  block: number,
  length: number,
  counterLow: number,
  counterHigh: number,
  flags: number,
  out: number,
): void {
  let m0 = words[block + 0];
  let m1 = words[block + 1];
  let m2 = words[block + 2];
  let m3 = words[block + 3];
  let m4 = words[block + 4];
  let m5 = words[block + 5];
  let m6 = words[block + 6];
  let m7 = words[block + 7];
  let m8 = words[block + 8];
  let m9 = words[block + 9];
  let m10 = words[block + 10];
  let m11 = words[block + 11];
  let m12 = words[block + 12];
  let m13 = words[block + 13];
  let m14 = words[block + 14];
  let m15 = words[block + 15];
  let v0 = words[key + 0];
  let v1 = words[key + 1];
  let v2 = words[key + 2];
  let v3 = words[key + 3];
  let v4 = words[key + 4];
  let v5 = words[key + 5];
  let v6 = words[key + 6];
  let v7 = words[key + 7];
  let v8 = 0x6a09e667;
  let v9 = 0xbb67ae85 | 0;
  let v10 = 0x3c6ef372;
  let v11 = 0xa54ff53a | 0;
  let v12 = counterLow | 0;
  let v13 = counterHigh | 0;
  let v14 = length;
  let v15 = flags;

  for (let round = 0;; round++) {
    // The columns.
    v0 = (v0 + v4 + m0) | 0;
    v12 = rotate(v12 ^ v0, 16);
    v8 = (v8 + v12) | 0;
    v4 = rotate(v4 ^ v8, 12);
    v0 = (v0 + v4 + m1) | 0;
    v12 = rotate(v12 ^ v0, 8);
    v8 = (v8 + v12) | 0;
    v4 = rotate(v4 ^ v8, 7);
    v1 = (v1 + v5 + m2) | 0;
    v13 = rotate(v13 ^ v1, 16);
    v9 = (v9 + v13) | 0;
    v5 = rotate(v5 ^ v9, 12);
    v1 = (v1 + v5 + m3) | 0;
    v13 = rotate(v13 ^ v1, 8);
    v9 = (v9 + v13) | 0;
    v5 = rotate(v5 ^ v9, 7);
    v2 = (v2 + v6 + m4) | 0;
    v14 = rotate(v14 ^ v2, 16);
    v10 = (v10 + v14) | 0;
    v6 = rotate(v6 ^ v10, 12);
    v2 = (v2 + v6 + m5) | 0;
    v14 = rotate(v14 ^ v2, 8);
    v10 = (v10 + v14) | 0;
    v6 = rotate(v6 ^ v10, 7);
    v3 = (v3 + v7 + m6) | 0;
    v15 = rotate(v15 ^ v3, 16);
    v11 = (v11 + v15) | 0;
    v7 = rotate(v7 ^ v11, 12);
    v3 = (v3 + v7 + m7) | 0;
    v15 = rotate(v15 ^ v3, 8);
    v11 = (v11 + v15) | 0;
    v7 = rotate(v7 ^ v11, 7);

    // The diagonals.
    v0 = (v0 + v5 + m8) | 0;
    v15 = rotate(v15 ^ v0, 16);
    v10 = (v10 + v15) | 0;
    v5 = rotate(v5 ^ v10, 12);
    v0 = (v0 + v5 + m9) | 0;
    v15 = rotate(v15 ^ v0, 8);
    v10 = (v10 + v15) | 0;
    v5 = rotate(v5 ^ v10, 7);
    v1 = (v1 + v6 + m10) | 0;
    v12 = rotate(v12 ^ v1, 16);
    v11 = (v11 + v12) | 0;
    v6 = rotate(v6 ^ v11, 12);
    v1 = (v1 + v6 + m11) | 0;
    v12 = rotate(v12 ^ v1, 8);
    v11 = (v11 + v12) | 0;
    v6 = rotate(v6 ^ v11, 7);
    v2 = (v2 + v7 + m12) | 0;
    v13 = rotate(v13 ^ v2, 16);
    v8 = (v8 + v13) | 0;
    v7 = rotate(v7 ^ v8, 12);
    v2 = (v2 + v7 + m13) | 0;
    v13 = rotate(v13 ^ v2, 8);
    v8 = (v8 + v13) | 0;
    v7 = rotate(v7 ^ v8, 7);
    v3 = (v3 + v4 + m14) | 0;
    v14 = rotate(v14 ^ v3, 16);
    v9 = (v9 + v14) | 0;
    v4 = rotate(v4 ^ v9, 12);
    v3 = (v3 + v4 + m15) | 0;
    v14 = rotate(v14 ^ v3, 8);
    v9 = (v9 + v14) | 0;
    v4 = rotate(v4 ^ v9, 7);

    if (round === 6) break;

    // The message permutation is two cycles of eight words.
    const t0 = m0;
    m0 = m2;
    m2 = m3;
    m3 = m10;
    m10 = m12;
    m12 = m9;
    m9 = m11;
    m11 = m5;
    m5 = t0;
    const t1 = m1;
    m1 = m6;
    m6 = m4;
    m4 = m7;
    m7 = m13;
    m13 = m14;
    m14 = m15;
    m15 = m8;
    m8 = t1;
  }

  if (flags & ROOT) {
    words[out + 8] = v8 ^ words[key + 0];
    words[out + 9] = v9 ^ words[key + 1];
    words[out + 10] = v10 ^ words[key + 2];
    words[out + 11] = v11 ^ words[key + 3];
    words[out + 12] = v12 ^ words[key + 4];
    words[out + 13] = v13 ^ words[key + 5];
    words[out + 14] = v14 ^ words[key + 6];
    words[out + 15] = v15 ^ words[key + 7];
  }
  words[out + 0] = v0 ^ v8;
  words[out + 1] = v1 ^ v9;
  words[out + 2] = v2 ^ v10;
  words[out + 3] = v3 ^ v11;
  words[out + 4] = v4 ^ v12;
  words[out + 5] = v5 ^ v13;
  words[out + 6] = v6 ^ v14;
  words[out + 7] = v7 ^ v15;
}
