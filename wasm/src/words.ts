/**
 * The compression of a single block without SIMD: sixteen words of state and sixteen of message in
 * local variables. As elsewhere, the rounds are a loop, and the message is permuted at its end.
 *
 * @module
 */
import { INITIAL_WORDS, ROOT } from "../../lib/hash/core.ts";
import { PERMUTATION, QUARTERS, ROUNDS } from "./blake3.ts";
import { type Arithmetic, get, locals, mix, ROTATIONS, set, times } from "./wat.ts";

/** Arithmetic on single words. */
const words: Arithmetic = {
  add: (a, b) => `(i32.add ${a} ${b})`,
  xor: (a, b) => `(i32.xor ${a} ${b})`,
  setRotated: (name, value, count) => set(name, `(i32.rotr ${value} (i32.const ${count}))`),
};

/** A quarter round: both halves. */
function quarter(index: number): string {
  const names = QUARTERS[index].map((word) => `v${word}`);
  return ROTATIONS.map((rotations, half) =>
    mix(words, [names], [get(`m${2 * index + half}`)], rotations)
  ).join("\n");
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

/**
 * `$compress` compresses the block at `$block` into the chaining value at `$value`, and writes the
 * new one to `$out`. Where `$flags` has `ROOT`, the other half of the output follows it.
 */
export const WORDS = `
(func $compress
  (param $value i32) (param $block i32) (param $length i32)
  (param $low i32) (param $high i32) (param $flags i32) (param $out i32)
  ${locals("v", 16, "i32")} ${locals("m", 16, "i32")} (local $t i32) (local $left i32)
  ${times(8, (i) => set(`v${i}`, `(i32.load offset=${4 * i} (local.get $value))`))}
  ${times(4, (i) => set(`v${8 + i}`, `(i32.const ${INITIAL_WORDS[i]})`))}
  (local.set $v12 (local.get $low))
  (local.set $v13 (local.get $high))
  (local.set $v14 (local.get $length))
  (local.set $v15 (local.get $flags))
  ${times(16, (i) => set(`m${i}`, `(i32.load offset=${4 * i} (local.get $block))`))}
  (local.set $left (i32.const ${ROUNDS - 1}))
  (block $done (loop $rounds
    ${times(8, quarter)}
    (br_if $done (i32.eqz (local.get $left)))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    ${permute()}
    (br $rounds)))
  (if (i32.and (local.get $flags) (i32.const ${ROOT}))
    (then ${
  times(8, (i) => `
      (i32.store offset=${32 + 4 * i} (local.get $out)
        (i32.xor ${get(`v${8 + i}`)} (i32.load offset=${4 * i} (local.get $value))))`)
}))
  ${
  times(8, (i) => `
  (i32.store offset=${4 * i} (local.get $out) (i32.xor ${get(`v${i}`)} ${get(`v${8 + i}`)}))`)
})`;
