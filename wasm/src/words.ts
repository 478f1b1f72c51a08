/**
 * The kernel for one chain of blocks without SIMD: sixteen words of state and sixteen of message in
 * local variables. As elsewhere, the rounds are a loop, and the message is permuted at its end.
 *
 * @module
 */
import { BLOCK_BYTES, INITIAL_WORDS, ROOT } from "../../lib/hash/core.ts";
import { CHAIN, PERMUTATION, QUARTERS, ROUNDS } from "./blake3.ts";
import { CHAIN_PARAMETERS, lastBlock, NEXT_BLOCK } from "./chain.ts";
import { type Arithmetic, get, locals, quarterRound, set, times } from "./wat.ts";

/** Arithmetic on single words. */
const words: Arithmetic = {
  add: (a, b) => `(i32.add ${a} ${b})`,
  xor: (a, b) => `(i32.xor ${a} ${b})`,
  setRotated: (name, value, count) => set(name, `(i32.rotr ${value} (i32.const ${count}))`),
};

/** A quarter round. */
function quarter(index: number): string {
  const names = QUARTERS[index].map((word) => `v${word}`);
  return quarterRound(words, names, [2 * index, 2 * index + 1].map((word) => get(`m${word}`)))
    .join("\n");
}

/** Moves every message word to its next place: each cycle of the permutation is one rotation. */
function permute(): string {
  const moves: string[] = [];
  const placed = new Set<number>();
  for (let start = 0; start < PERMUTATION.length; start++) {
    if (placed.has(start)) continue;
    moves.push(set("t", get(`m${start}`)));
    let place = start;
    for (; PERMUTATION[place] !== start; place = PERMUTATION[place]) {
      moves.push(set(`m${place}`, get(`m${PERMUTATION[place]}`)));
      placed.add(place);
    }
    moves.push(set(`m${place}`, get("t")));
    placed.add(place);
  }
  return moves.join("\n");
}

/** `$chain`; the chaining value stays in memory between two blocks, to leave room for the rest. */
export const WORDS: string = `
(func $chain ${CHAIN_PARAMETERS}
  (local $size i32) (local $left i32) (local $to i32) (local $t i32)
  ${locals("v", 16, "i32")} ${locals("m", 16, "i32")}
  ${
  times(8, (i) => `
  (i32.store (i32.const ${CHAIN + 4 * i}) (i32.load offset=${4 * i} (local.get $key)))`)
}
  (local.set $first (i32.or (local.get $first) (local.get $flags)))
  (local.set $size (i32.const ${BLOCK_BYTES}))
  (loop $block
    (if (i32.le_u (local.get $length) (i32.const ${BLOCK_BYTES}))
      (then ${lastBlock("")} (local.set $to (local.get $out)))
      (else (local.set $to (i32.const ${CHAIN}))))
    ${times(8, (i) => set(`v${i}`, `(i32.load (i32.const ${CHAIN + 4 * i}))`))}
    ${times(4, (i) => set(`v${8 + i}`, `(i32.const ${INITIAL_WORDS[i]})`))}
    (local.set $v12 (local.get $low))
    (local.set $v13 (local.get $high))
    (local.set $v14 (local.get $size))
    (local.set $v15 (local.get $first))
    ${times(16, (i) => set(`m${i}`, `(i32.load offset=${4 * i} (local.get $start))`))}
    (local.set $left (i32.const ${ROUNDS}))
    (loop $rounds
      ${times(8, quarter)}
      ${permute()}
      (br_if $rounds (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.and (local.get $first) (i32.const ${ROOT}))
      (then ${
  times(8, (i) =>
    `(i32.store offset=${32 + 4 * i} (local.get $out)
          (i32.xor ${get(`v${8 + i}`)} (i32.load (i32.const ${CHAIN + 4 * i}))))`)
}))
    ${
  times(8, (i) => `
    (i32.store offset=${4 * i} (local.get $to) (i32.xor ${get(`v${i}`)} ${get(`v${8 + i}`)}))`)
}
    ${NEXT_BLOCK}))`;
