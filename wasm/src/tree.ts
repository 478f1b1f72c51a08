/**
 * The tree: from blocks to chunks to parents to the root. It is the same for every kernel; with
 * lanes, nodes of one level are hashed four at a time.
 *
 * @module
 */
import {
  BLOCK_BYTES,
  CHUNK_BYTES,
  CHUNK_END,
  CHUNK_START,
  OUTPUT_ADDRESS,
  PARENT,
  ROOT,
  ROWS,
  WINDOW_ADDRESS,
} from "../../lib/hash/core.ts";
import { CHAIN, VALUES } from "./blake3.ts";
import { ROOT_NODE } from "./chain.ts";
import { times } from "./wat.ts";

/**
 * With lanes: hashes four nodes while at least three are left to do, or two where rows of vectors
 * are the faster way for one. They cost as much as four, which is less than one by one; what the
 * spare lanes write is overwritten or never read.
 */
const FOUR_AT_ONCE = `
  (if (i32.gt_u (local.get $count)
      (i32.add (i32.const 1) (i32.ne (global.get $path) (i32.const ${ROWS}))))
    (then
      (call $lanes (local.get $key) (local.get $start) (local.get $size)
        (i32.shr_u (local.get $size) (i32.const 6))
        (local.get $low) (local.get $step) (local.get $high)
        (local.get $flags) (local.get $first) (local.get $last) (local.get $out))
      (local.set $start (i32.add (local.get $start) (i32.shl (local.get $size) (i32.const 2))))
      (local.set $low (i32.add (local.get $low) (i32.shl (local.get $step) (i32.const 2))))
      (local.set $out (i32.add (local.get $out) (i32.const 128)))
      (local.set $count (i32.sub (local.get $count) (i32.const 4)))
      (br_if $next (i32.gt_s (local.get $count) (i32.const 0)))
      (return)))`;

/**
 * `$nodes` hashes `$count` nodes of `$size` bytes that lie in a row from `$start` on, and writes
 * their chaining values in a row to `$out`. The counter of node `i` is `$low + i * $step`.
 */
function nodes(hasLanes: boolean): string {
  return `
(func $nodes
  (param $key i32) (param $start i32) (param $size i32) (param $count i32)
  (param $low i32) (param $step i32) (param $high i32)
  (param $flags i32) (param $first i32) (param $last i32) (param $out i32)
  (loop $next
    ${hasLanes ? FOUR_AT_ONCE : ""}
    (call $chain (local.get $key) (local.get $start) (local.get $size)
      (local.get $low) (local.get $high)
      (local.get $flags) (local.get $first) (local.get $last) (local.get $out))
    (local.set $start (i32.add (local.get $start) (local.get $size)))
    (local.set $low (i32.add (local.get $low) (local.get $step)))
    (local.set $out (i32.add (local.get $out) (i32.const 32)))
    (br_if $next (local.tee $count (i32.sub (local.get $count) (i32.const 1))))))`;
}

/**
 * The three functions of a core. Levels of the tree are joined in place: pairs become parents, and
 * a node without a partner moves up as it is, which gives the tree that BLAKE3 prescribes.
 */
const EXPORTS = `
(func (export "hash")
  (param $key i32) (param $start i32) (param $length i32)
  (param $low i32) (param $high i32) (param $flags i32)
  (local $root i32) (local $chunks i32) (local $rest i32) (local $count i32) (local $odd i32)
  (local.set $root (i32.and (local.get $flags) (i32.const ${ROOT})))
  (local.set $flags (i32.xor (local.get $flags) (local.get $root)))
  (if (i32.le_u (local.get $length) (i32.const ${CHUNK_BYTES}))
    (then
      (call $chain (local.get $key) (local.get $start) (local.get $length)
        (local.get $low) (local.get $high) (local.get $flags) (i32.const ${CHUNK_START})
        (i32.or (i32.const ${CHUNK_END}) (local.get $root)) (i32.const ${OUTPUT_ADDRESS}))
      (return)))
  (local.set $chunks (i32.div_u (local.get $length) (i32.const ${CHUNK_BYTES})))
  (local.set $rest (i32.rem_u (local.get $length) (i32.const ${CHUNK_BYTES})))
  (call $nodes (local.get $key) (local.get $start) (i32.const ${CHUNK_BYTES})
    (local.get $chunks) (local.get $low) (i32.const 1) (local.get $high) (local.get $flags)
    (i32.const ${CHUNK_START}) (i32.const ${CHUNK_END}) (i32.const ${VALUES}))
  (if (local.get $rest)
    (then
      (call $chain (local.get $key)
        (i32.add (local.get $start)
          (i32.mul (local.get $chunks) (i32.const ${CHUNK_BYTES})))
        (local.get $rest) (i32.add (local.get $low) (local.get $chunks)) (local.get $high)
        (local.get $flags) (i32.const ${CHUNK_START}) (i32.const ${CHUNK_END})
        (i32.add (i32.const ${VALUES}) (i32.shl (local.get $chunks) (i32.const 5))))
      (local.set $chunks (i32.add (local.get $chunks) (i32.const 1)))))
  (local.set $flags (i32.or (local.get $flags) (i32.const ${PARENT})))
  (local.set $count (local.get $chunks))
  (block $top (loop $level
    (br_if $top (i32.eq (local.get $count) (i32.const 2)))
    (local.set $odd (i32.and (local.get $count) (i32.const 1)))
    (local.set $count (i32.shr_u (local.get $count) (i32.const 1)))
    (call $nodes (local.get $key) (i32.const ${VALUES}) (i32.const ${BLOCK_BYTES})
      (local.get $count) (i32.const 0) (i32.const 0) (i32.const 0) (local.get $flags)
      (i32.const 0) (i32.const 0) (i32.const ${VALUES}))
    (if (local.get $odd)
      (then
        ${
  times(4, (i) => `
        (i64.store offset=${VALUES + 8 * i} (i32.shl (local.get $count) (i32.const 5))
          (i64.load offset=${VALUES + 8 * i} (i32.shl (local.get $count) (i32.const 6))))`)
}
        (local.set $count (i32.add (local.get $count) (i32.const 1)))))
    (br $level)))
  (call $chain (local.get $key) (i32.const ${VALUES}) (i32.const ${BLOCK_BYTES})
    (i32.const 0) (i32.const 0) (local.get $flags) (i32.const 0) (local.get $root)
    (i32.const ${OUTPUT_ADDRESS})))

(func (export "parent") (param $key i32) (param $flags i32)
  (call $chain (local.get $key) (i32.const ${WINDOW_ADDRESS}) (i32.const ${BLOCK_BYTES})
    (i32.const 0) (i32.const 0) (i32.or (local.get $flags) (i32.const ${PARENT}))
    (i32.const 0) (i32.and (local.get $flags) (i32.const ${ROOT}))
    (i32.const ${OUTPUT_ADDRESS})))

(func (export "expand") (param $low i32) (param $high i32)
  (call $chain (i32.const ${CHAIN}) (global.get $rootBlock) (global.get $rootLength)
    (local.get $low) (local.get $high) (global.get $rootFlags)
    (i32.const 0) (i32.const ${ROOT}) (i32.const ${OUTPUT_ADDRESS})))`;

/** The functions of a core on top of `$chain`, and of `$lanes` where there is one. */
export function tree(hasLanes: boolean): string {
  return [ROOT_NODE, nodes(hasLanes), EXPORTS].join("\n");
}
