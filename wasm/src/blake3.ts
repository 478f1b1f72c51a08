/**
 * The numbers of BLAKE3 that every kernel is built from, and where each finds its scratch space.
 *
 * | address | bytes | holds |
 * |--------:|------:|-------|
 * |    1024 |   112 | the schedule: for each round, the order of the message words, times the pitch |
 * |    1152 |    32 | the byte orders that rotate every lane by 16 and by 8 |
 * |    1216 |    32 | the chaining value that went into the last block of the root |
 * |    1280 |   256 | the message words of four blocks, transposed into vectors, or of one block |
 * |    1536 |    32 | words of the state of four chains, for which there is no register |
 * |    2048 |  2176 | the chaining values of one level of the tree, and room for three spare lanes |
 *
 * @module
 */
import { SCRATCH_ADDRESS } from "../../lib/hash/core.ts";

/** Address of the schedule. */
export const SCHEDULE = SCRATCH_ADDRESS;
/** Address of the byte orders of rotations. */
export const BYTE_ORDERS = SCRATCH_ADDRESS + 128;
/** Address of the chaining value that went into the last block of the root. */
export const CHAIN = SCRATCH_ADDRESS + 192;
/** Address of the transposed message. */
export const MESSAGE = SCRATCH_ADDRESS + 256;
/** Address of the words of the state of four chains that are not in registers. */
export const PARKED = SCRATCH_ADDRESS + 512;
/** Address of the chaining values of one level of the tree. */
export const VALUES = SCRATCH_ADDRESS + 1024;

/** State words that each of the eight quarter rounds mixes: first the columns, then the diagonals. */
export const QUARTERS: readonly (readonly [number, number, number, number])[] = [
  [0, 4, 8, 12],
  [1, 5, 9, 13],
  [2, 6, 10, 14],
  [3, 7, 11, 15],
  [0, 5, 10, 15],
  [1, 6, 11, 12],
  [2, 7, 8, 13],
  [3, 4, 9, 14],
];

/** How many rounds a compression has. */
export const ROUNDS = 7;

/** The message word that takes the place of each word after a round. */
export const PERMUTATION: readonly number[] = [
  2,
  6,
  3,
  10,
  7,
  0,
  4,
  13,
  1,
  11,
  12,
  5,
  9,
  14,
  15,
  8,
];

/** The order of the message words in each round. */
export function schedule(): number[][] {
  const rounds = [PERMUTATION.map((_, word) => word)];
  while (rounds.length < ROUNDS) {
    const last = rounds[rounds.length - 1];
    rounds.push(PERMUTATION.map((word) => last[word]));
  }
  return rounds;
}
