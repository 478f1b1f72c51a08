/**
 * The kernel for bulk: four chains of blocks side by side, each in a lane of its own.
 *
 * The message is transposed into memory and each round reads it in the order of the schedule, so
 * that the seven rounds are one loop. Unrolled, the kernel gains nothing on V8 and runs at half the
 * speed on JavaScriptCore, which does not optimise functions of that size well.
 *
 * @module
 */
import { BLOCK_BYTES, INITIAL_WORDS } from "../../lib/hash/core.ts";
import { MESSAGE, PARKED, QUARTERS, ROUNDS, SCHEDULE } from "./blake3.ts";
import { pick, vectors } from "./vectors.ts";
import { get, type Home, interleave, locals, quarterRound, set, times } from "./wat.ts";

/** Bytes between two vectors of the transposed message. */
export const PITCH = 16;

/**
 * The words of the state that are in memory between two additions to them. The other fourteen and
 * what a step needs are just as many as a processor has registers; of sixteen, engines move some to
 * the stack, and others at each step. What `a` and `c` are is not asked for soon, so the way through
 * memory takes no time. With these two, JavaScriptCore is 1.3 times as fast as with none,
 * SpiderMonkey 1.5 times, and V8 1.01 to 1.05 times (64 KiB; `bench:hash`, but for SpiderMonkey).
 * They were found by trial; the three best of 700 other choices, run alone, were no faster.
 */
const PARKED_WORDS: readonly number[] = [0, 10];

/** Steps by which the quarter rounds of a kind run behind the first. */
const COLUMN_DELAYS: readonly number[] = [0, 0, 3, 3];
const DIAGONAL_DELAYS: readonly number[] = [0, 0, 5, 5];

/** Where a variable is parked; `undefined` for one that is not. */
function parkedAt(name: string): number | undefined {
  const place = PARKED_WORDS.findIndex((word) => name === `v${word}`);
  return place < 0 ? undefined : PARKED + 16 * place;
}

/** The variables of the state, of which some are parked. */
const home: Home = {
  read(name) {
    const address = parkedAt(name);
    return address === undefined ? get(name) : `(v128.load (i32.const ${address}))`;
  },
  keep(name) {
    const address = parkedAt(name);
    return address === undefined ? "" : `(v128.store (i32.const ${address}) ${get(name)})`;
  },
};

/** A vector with the same word in every lane. */
function everywhere(word: number): string {
  return `(v128.const i32x4 ${word} ${word} ${word} ${word})`;
}

/** Transposes four vectors and hands each column to `store`. */
function transpose(
  [x0, x1, x2, x3]: readonly string[],
  store: (index: number, column: string) => string,
): string {
  return [
    set("y0", pick(x0, x1, [0, 4, 1, 5])),
    set("y1", pick(x2, x3, [0, 4, 1, 5])),
    set("y2", pick(x0, x1, [2, 6, 3, 7])),
    set("y3", pick(x2, x3, [2, 6, 3, 7])),
    store(0, pick("y0", "y1", [0, 1, 4, 5])),
    store(1, pick("y0", "y1", [2, 3, 6, 7])),
    store(2, pick("y2", "y3", [0, 1, 4, 5])),
    store(3, pick("y2", "y3", [2, 3, 6, 7])),
  ].join("\n");
}

/** The message word at a place of the schedule, of all four lanes. */
function word(place: number): string {
  return `(v128.load offset=${MESSAGE} (i32.load8_u offset=${place} ${get("round")}))`;
}

/** Four quarter rounds: the columns (0), or the diagonals (4). */
function quarters(start: number, delays: readonly number[]): string {
  const rounds = QUARTERS.slice(start, start + 4).map((quarter, i) =>
    quarterRound(
      vectors,
      quarter.map((index) => `v${index}`),
      [word(2 * (start + i)), word(2 * (start + i) + 1)],
      home,
    )
  );
  return interleave(rounds, delays);
}

/**
 * `$lanes` hashes four chains of `$blocks` blocks that lie `$stride` bytes apart, from `$start` on,
 * and writes their chaining values in a row to `$out`. Lane `i` has the counter
 * `$low + i * $step`. `$first` and `$last` are the additional flags of the first and last block.
 */
export const LANES: string = `
(func $lanes
  (param $key i32) (param $start i32) (param $stride i32) (param $blocks i32)
  (param $low i32) (param $step i32) (param $high i32)
  (param $flags i32) (param $first i32) (param $last i32) (param $out i32)
  (local $round i32)
  ${locals("h", 8, "v128")} ${locals("v", 16, "v128")}
  ${locals("p", 4, "i32")} ${locals("x", 4, "v128")} ${locals("y", 4, "v128")}
  (local $t v128) (local $counters v128)
  (local.set $counters (i32x4.add
    (i32x4.splat (local.get $low))
    (i32x4.mul (i32x4.splat (local.get $step)) (v128.const i32x4 0 1 2 3))))
  (local.set $p0 (local.get $start))
  ${times(3, (i) => set(`p${i + 1}`, `(i32.add ${get(`p${i}`)} (local.get $stride))`))}
  ${times(8, (i) => set(`h${i}`, `(v128.load32_splat offset=${4 * i} (local.get $key))`))}
  (local.set $first (i32.or (local.get $first) (local.get $flags)))
  (loop $block
    (local.set $blocks (i32.sub (local.get $blocks) (i32.const 1)))
    (if (i32.eqz (local.get $blocks))
      (then (local.set $first (i32.or (local.get $first) (local.get $last)))))
    ${
  times(4, (quad) => `
    ${times(4, (lane) => set(`x${lane}`, `(v128.load offset=${16 * quad} ${get(`p${lane}`)})`))}
    ${
    transpose(
      ["x0", "x1", "x2", "x3"],
      (i, column) =>
        `(v128.store offset=${MESSAGE + PITCH * (4 * quad + i)}
                        (i32.const 0) ${column})`,
    )
  }`)
}
    ${times(8, (i) => set(`v${i}`, get(`h${i}`)))}
    ${times(4, (i) => set(`v${8 + i}`, everywhere(INITIAL_WORDS[i])))}
    (local.set $v12 (local.get $counters))
    (local.set $v13 (i32x4.splat (local.get $high)))
    (local.set $v14 ${everywhere(BLOCK_BYTES)})
    (local.set $v15 (i32x4.splat (local.get $first)))
    ${times(16, (i) => home.keep(`v${i}`))}
    (local.set $round (i32.const ${SCHEDULE}))
    (loop $rounds
      ${quarters(0, COLUMN_DELAYS)}
      ${quarters(4, DIAGONAL_DELAYS)}
      (local.set $round (i32.add (local.get $round) (i32.const 16)))
      (br_if $rounds (i32.lt_u (local.get $round) (i32.const ${SCHEDULE + 16 * ROUNDS}))))
    ${times(8, (i) => set(`h${i}`, vectors.xor(home.read(`v${i}`), home.read(`v${i + 8}`))))}
    (local.set $first (local.get $flags))
    ${times(4, (lane) => set(`p${lane}`, `(i32.add ${get(`p${lane}`)} (i32.const 64))`))}
    (br_if $block (local.get $blocks)))
  ${
  times(2, (half) =>
    transpose(
      [0, 1, 2, 3].map((i) => `h${4 * half + i}`),
      (lane, value) => `(v128.store offset=${32 * lane + 16 * half} (local.get $out) ${value})`,
    ))
})`;
