/**
 * The kernel for one chain of blocks, with SIMD: the four rows of the state are four vectors, so
 * that four quarter rounds are one.
 *
 * @module
 */
import { BLOCK_BYTES, INITIAL_WORDS, ROOT } from "../../lib/hash/core.ts";
import { CHAIN, ROUNDS } from "./blake3.ts";
import { CHAIN_PARAMETERS, lastBlock, NEXT_BLOCK } from "./chain.ts";
import { pick, vectors } from "./vectors.ts";
import { get, locals, ROTATIONS, set, times } from "./wat.ts";

/**
 * One half of four quarter rounds, on the message words of `$m<word>`.
 *
 * A compression is one long chain of dependent steps, and the rotation of `b` stands on it. It is
 * split: `rotr(b ^ c) = rotr(b) ^ shr(c) ^ shl(c)`, where `rotr(b)` is ready long before `c` is. The
 * two shifts of `c` need not run at the same time then, which they seldom can, since few units of a
 * processor shift. That is two more operations, but a chunk takes a twelfth less on V8
 * (`bench:hash`, 1 KiB); JavaScriptCore does not mind.
 */
function half(word: number, [first, second]: readonly [number, number]): string {
  const left = (row: string) => `(i32x4.shl ${get(row)} (i32.const ${32 - second}))`;
  const right = (row: string) => `(i32x4.shr_u ${get(row)} (i32.const ${second}))`;
  return [
    set("a", vectors.add(vectors.add(get("a"), get(`m${word}`)), get("b"))),
    vectors.setRotated("d", vectors.xor(get("d"), get("a")), first),
    set("b", vectors.xor(left("b"), right("b"))),
    set("c", vectors.add(get("c"), get("d"))),
    set("b", vectors.xor(vectors.xor(get("b"), left("c")), right("c"))),
  ].join("\n");
}

/** Four quarter rounds, on the message words of `$m<first>` and the vector after it. */
function quarters(first: number): string {
  return ROTATIONS.map((rotations, index) => half(first + index, rotations)).join("\n");
}

/** The chaining value that went into the root, which `lastBlock` keeps. */
const VALUE = [0, 16].map((offset) => `(v128.load (i32.const ${CHAIN + offset}))`);

/** Moves the rows `a`, `c` and `d` round by some lanes, so that diagonals become columns or back. */
function turn(steps: Readonly<Record<string, number>>): string {
  return Object.entries(steps).map(([row, step]) =>
    set(row, pick(row, row, [0, 1, 2, 3].map((lane) => (lane + step) % 4)))
  ).join("\n");
}

/**
 * The kernel `$rows`, with the whole state in registers.
 *
 * The words of a message stand in the order of their use: those of the columns in `$m0` and `$m1`,
 * those of the diagonals in `$m2` and `$m3`. The diagonals are made by turning all rows but `b`,
 * which is the last to be ready; `$m2` and `$m3` are turned to match.
 */
export const ROW_KERNEL: string = `
(func $rows ${CHAIN_PARAMETERS}
  (local $size i32) (local $left i32)
  (local $h0 v128) (local $h1 v128)
  (local $a v128) (local $b v128) (local $c v128) (local $d v128)
  ${locals("m", 4, "v128")} ${locals("n", 4, "v128")}
  (local.set $h0 (v128.load (local.get $key)))
  (local.set $h1 (v128.load offset=16 (local.get $key)))
  (local.set $first (i32.or (local.get $first) (local.get $flags)))
  (local.set $size (i32.const ${BLOCK_BYTES}))
  (loop $block
    (if (i32.le_u (local.get $length) (i32.const ${BLOCK_BYTES}))
      (then ${
  lastBlock(`
        (v128.store (i32.const ${CHAIN}) (local.get $h0))
        (v128.store (i32.const ${CHAIN + 16}) (local.get $h1))`)
}))
    (local.set $a (local.get $h0))
    (local.set $b (local.get $h1))
    (local.set $c (v128.const i32x4 ${INITIAL_WORDS.slice(0, 4).join(" ")}))
    (local.set $d (i32x4.replace_lane 3 (i32x4.replace_lane 2 (i32x4.replace_lane 1
      (i32x4.splat (local.get $low)) (local.get $high)) (local.get $size)) (local.get $first)))
    ${times(4, (i) => set(`n${i}`, `(v128.load offset=${16 * i} (local.get $start))`))}
    (local.set $m0 ${pick("n0", "n1", [0, 2, 4, 6])})
    (local.set $m1 ${pick("n0", "n1", [1, 3, 5, 7])})
    (local.set $m2 ${pick("n2", "n3", [6, 0, 2, 4])})
    (local.set $m3 ${pick("n2", "n3", [7, 1, 3, 5])})
    (local.set $left (i32.const ${ROUNDS}))
    (loop $rounds
      ${quarters(0)}
      ${turn({ a: 3, c: 1, d: 2 })}
      ${quarters(2)}
      ${turn({ a: 1, c: 3, d: 2 })}
      ;; The message permutation, in terms of the order above.
      (local.set $n0 ${pick("m0", "m1", [1, 5, 7, 2])})
      (local.set $n1 ${pick("m2", "m3", [2, 7, 2, 7])})
      (local.set $n1 ${pick("m0", "n1", [3, 4, 0, 5])})
      (local.set $n2 ${pick("m1", "m2", [0, 7, 0, 7])})
      (local.set $n2 ${pick("m3", "n2", [0, 4, 5, 1])})
      (local.set $n3 ${pick("m1", "m3", [2, 6, 2, 6])})
      (local.set $m3 ${pick("m2", "n3", [1, 5, 4, 0])})
      ${times(3, (i) => set(`m${i}`, get(`n${i}`)))}
      (br_if $rounds (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))
    (if (i32.and (local.get $first) (i32.const ${ROOT}))
      (then
        ;; From memory, so that no register holds the value that went in for the whole block.
        (v128.store offset=32 (local.get $out) ${vectors.xor(get("c"), VALUE[0])})
        (v128.store offset=48 (local.get $out) ${vectors.xor(get("d"), VALUE[1])})))
    (local.set $h0 ${vectors.xor(get("a"), get("c"))})
    (local.set $h1 ${vectors.xor(get("b"), get("d"))})
    ${NEXT_BLOCK})
  (v128.store (local.get $out) (local.get $h0))
  (v128.store offset=16 (local.get $out) (local.get $h1)))`;
