/**
 * The checksum of the log's records. It is to find what a crash or a disk damaged, and not what
 * somebody forged: so it is a mixing of words that is fast from its first call on, where BLAKE3
 * would first have its core compiled, which takes longer than all else about a first hit
 * (`deno task bench:opfs`).
 *
 * @see {@link https://github.com/aappleby/smhasher/blob/master/src/MurmurHash3.cpp} for the mixing
 *   of each of the two lanes.
 * @module
 */

const FIRST_SEED = 0x6d656d6f;
const SECOND_SEED = 0x64656a61;

/** The checksum of the bytes `from` one position `to` another, as two unsigned words. */
export function checksum(view: DataView, from: number, to: number): [number, number] {
  let a = FIRST_SEED;
  let b = SECOND_SEED;
  const words = to - (to - from) % 4;
  let at = from;
  for (; at < words; at += 4) {
    const word = view.getInt32(at, true);
    a = absorb(a, word);
    b = absorb(b, ~word);
  }
  let last = 0;
  for (let shift = 0; at < to; at++, shift += 8) last |= view.getUint8(at) << shift;
  const length = to - from;
  a = absorb(a, last) ^ length;
  b = absorb(b, ~last) ^ length;
  return [finish(a), finish(b)];
}

function absorb(state: number, word: number): number {
  let mixed = Math.imul(word, 0xcc9e2d51);
  mixed = Math.imul((mixed << 15) | (mixed >>> 17), 0x1b873593) ^ state;
  return (Math.imul((mixed << 13) | (mixed >>> 19), 5) + 0xe6546b64) | 0;
}

function finish(state: number): number {
  let mixed = Math.imul(state ^ (state >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
