/**
 * The kernels for one chain of blocks that compute word by word: sixteen words of state in local
 * variables.
 *
 * There are two, since engines differ. In one the rounds are a loop, as they are elsewhere, and the
 * message is in local variables too, which are permuted at its end. In the other they are written
 * out, and read the message from memory: V8 takes 0.7 of the time for that, and JavaScriptCore 1.4
 * to 1.7 times as long (`bench:hash`, 1 KiB). The second takes SIMD to copy the message.
 *
 * @module
 */
import { BLOCK_BYTES, INITIAL_WORDS, ROOT } from "../../lib/hash/core.ts";
import { CHAIN, MESSAGE, PERMUTATION, QUARTERS, ROUNDS, schedule } from "./blake3.ts";
import { CHAIN_PARAMETERS, lastBlock, NEXT_BLOCK } from "./chain.ts";
import { type Arithmetic, get, interleave, locals, quarterRound, set, times } from "./wat.ts";

/** Arithmetic on single words. */
const words: Arithmetic = {
  add: (a, b) => `(i32.add ${a} ${b})`,
  xor: (a, b) => `(i32.xor ${a} ${b})`,
  setRotated: (name, value, count) => set(name, `(i32.rotr ${value} (i32.const ${count}))`),
};

/** The steps of a quarter round, on the message words that `read` reads. */
function quarter(index: number, read: (word: number) => string): string[] {
  const names = QUARTERS[index].map((word) => `v${word}`);
  return quarterRound(words, names, [read(2 * index), read(2 * index + 1)]);
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

const LOOP_OF_ROUNDS = `
    ${times(16, (i) => set(`m${i}`, `(i32.load offset=${4 * i} (local.get $start))`))}
    (local.set $left (i32.const ${ROUNDS}))
    (loop $rounds
      ${times(8, (index) => quarter(index, (word) => get(`m${word}`)).join("\n"))}
      ${permute()}
      (br_if $rounds (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))`;

/**
 * One round after the other. Two quarter rounds side by side are a little faster on V8.
 *
 * The message is copied first, four words at a time: a processor makes a load wait that reads what
 * several stores have just written, and whoever writes a message may do so byte by byte.
 */
function lineOfRounds(): string {
  const copy = times(4, (i) => `
    (v128.store (i32.const ${MESSAGE + 16 * i}) (v128.load offset=${16 * i} (local.get $start)))`);
  const rounds = schedule().flatMap((order) => {
    const read = (word: number) => `(i32.load (i32.const ${MESSAGE + 4 * order[word]}))`;
    const pair = (i: number) => [quarter(2 * i, read), quarter(2 * i + 1, read)];
    return [0, 1, 2, 3].map((i) => interleave(pair(i), [0, 0]));
  });
  return [copy, ...rounds].join("\n");
}

/** A kernel. The chaining value between two blocks is in the first eight words of the state. */
function kernel(name: string, variables: string, rounds: string): string {
  const keepValue = times(8, (i) => `(i32.store (i32.const ${CHAIN + 4 * i}) ${get(`v${i}`)})`);
  return `
(func $${name} ${CHAIN_PARAMETERS}
  (local $size i32) (local $left i32)
  ${locals("v", 16, "i32")} ${variables}
  ${times(8, (i) => set(`v${i}`, `(i32.load offset=${4 * i} (local.get $key))`))}
  (local.set $first (i32.or (local.get $first) (local.get $flags)))
  (local.set $size (i32.const ${BLOCK_BYTES}))
  (loop $block
    (if (i32.le_u (local.get $length) (i32.const ${BLOCK_BYTES})) (then ${lastBlock(keepValue)}))
    ${times(4, (i) => set(`v${8 + i}`, `(i32.const ${INITIAL_WORDS[i]})`))}
    (local.set $v12 (local.get $low))
    (local.set $v13 (local.get $high))
    (local.set $v14 (local.get $size))
    (local.set $v15 (local.get $first))
    ${rounds}
    (if (i32.and (local.get $first) (i32.const ${ROOT}))
      (then ${
    times(8, (i) =>
      `(i32.store offset=${32 + 4 * i} (local.get $out)
          (i32.xor ${get(`v${8 + i}`)} (i32.load (i32.const ${CHAIN + 4 * i}))))`)
  }))
    ${times(8, (i) => set(`v${i}`, `(i32.xor ${get(`v${i}`)} ${get(`v${8 + i}`)})`))}
    ${NEXT_BLOCK})
  ${times(8, (i) => `(i32.store offset=${4 * i} (local.get $out) ${get(`v${i}`)})`)})`;
}

/** The kernel with a loop of rounds, under a name. */
export function wordLoop(name: string): string {
  return kernel(name, `(local $t i32) ${locals("m", 16, "i32")}`, LOOP_OF_ROUNDS);
}

/** The kernel with the rounds written out, under a name. */
export function wordLine(name: string): string {
  return kernel(name, "", lineOfRounds());
}
