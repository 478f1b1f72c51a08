/**
 * What the kernels for one chain of blocks have in common.
 *
 * `$chain` hashes the `$length` bytes at `$start`, block by block: a chunk, or the single block of a
 * parent. `$first` and `$last` are the additional flags of the first and the last block. It writes
 * a chaining value to `$out`, or 64 bytes where `$last` has `ROOT`.
 *
 * @module
 */
import {
  BLOCK_BYTES,
  CHUNK_END,
  CHUNK_START,
  LINE,
  LOOP,
  OUTPUT_ADDRESS,
  ROOT,
  ROWS,
} from "../../lib/hash/core.ts";
import { get, times } from "./wat.ts";

/** The parameters of `$chain`. */
export const CHAIN_PARAMETERS = `
  (param $key i32) (param $start i32) (param $length i32) (param $low i32) (param $high i32)
  (param $flags i32) (param $first i32) (param $last i32) (param $out i32)`;

/**
 * `$chain` by one of the kernels `$rows`, `$loop` and `$line`. The host says by which, since what is
 * fastest depends on the engine and on the processor.
 */
export const CHAIN_BY_PATH: string = `
(global $path (export "path") (mut i32) (i32.const ${ROWS}))
(func $chain ${CHAIN_PARAMETERS}
  ${callFor(LOOP, "loop")}
  ${callFor(LINE, "line")}
  ${call("rows")})

;; As "hash", for a message of few blocks amid other work: by the two kernels that are short. What
;; is written out has to be fetched anew each time then, which takes longer than it saves.
(func (export "brief")
  (param $key i32) (param $start i32) (param $length i32)
  (param $low i32) (param $high i32) (param $flags i32)
  (local $first i32) (local $last i32) (local $out i32)
  (local.set $first (i32.const ${CHUNK_START}))
  (local.set $last (i32.or (i32.const ${CHUNK_END})
    (i32.and (local.get $flags) (i32.const ${ROOT}))))
  (local.set $flags (i32.and (local.get $flags) (i32.const ${~ROOT})))
  (local.set $out (i32.const ${OUTPUT_ADDRESS}))
  ${callFor(LOOP, "loop")}
  ${call("rows")})`;

function call(kernel: string): string {
  return `(call $${kernel} ${CHAIN_PARAMETERS.match(/(?<=\$)\w+/g)!.map(get).join(" ")})`;
}

function callFor(path: number, kernel: string): string {
  return `(if (i32.eq (global.get $path) (i32.const ${path})) (then ${call(kernel)} (return)))`;
}

/** The last node with the flag `ROOT`; `expand` compresses its last block again. */
export const ROOT_NODE = `
(global $rootBlock (mut i32) (i32.const 0))
(global $rootLength (mut i32) (i32.const 0))
(global $rootFlags (mut i32) (i32.const 0))`;

/**
 * Prepares the last block: a short one is filled up with zeros in place, and that of the root is
 * remembered. `keepValue` keeps the chaining value that goes into it.
 */
export function lastBlock(keepValue: string): string {
  return `
  (local.set $size (local.get $length))
  (local.set $first (i32.or (local.get $first) (local.get $last)))
  (if (i32.lt_u (local.get $size) (i32.const ${BLOCK_BYTES}))
    (then
      (local.set $left (i32.add (local.get $start) (local.get $size)))
      ${times(8, (i) => `(i64.store offset=${8 * i} ${get("left")} (i64.const 0))`)}))
  (if (i32.and (local.get $last) (i32.const ${ROOT}))
    (then
      ${keepValue}
      (global.set $rootBlock (local.get $start))
      (global.set $rootLength (local.get $size))
      (global.set $rootFlags (local.get $first))))`;
}

/** Goes on with the next block, if there is one. */
export const NEXT_BLOCK = `
  (local.set $first (local.get $flags))
  (local.set $start (i32.add (local.get $start) (i32.const ${BLOCK_BYTES})))
  (local.set $length (i32.sub (local.get $length) (i32.const ${BLOCK_BYTES})))
  (br_if $block (i32.gt_s (local.get $length) (i32.const 0)))`;
