/** Arrays that are not a plain list of elements. */

import { engine } from "../engine.ts";

/**
 * Longest array of numbers that is searched for properties beyond its indices wherever a search
 * may cost more than the encoding: by `bench/codec_bench.ts`, in JavaScriptCore.
 */
const MAX_NUMBERS_SEARCHED = 4096;

/** Longest arrays whose keys are listed, and in JavaScriptCore those that are listed or looped over. */
const MAX_LISTED = 5;
const MAX_LISTED_THERE = 16;
const MAX_LOOPED_THERE = 1024;

/** The last index of an array, by its length. */
const LAST_INDEX = ["", "0", "1", "2", "3", "4"];

/**
 * Whether an array has holes, or properties beyond its indices, such as those of a
 * `RegExpExecArray`.
 *
 * @param all Whether the answer must be right also for long lists of numbers in JavaScriptCore,
 * where their properties are not looked at otherwise.
 */
export function isSparse(array: readonly unknown[], all: boolean): boolean {
  const { length } = array;
  if (length <= MAX_LISTED) {
    // Indices come first: where the last key is the last index, all keys are indices.
    const keys = Object.keys(array);
    return keys.length !== length || length > 0 && keys[length - 1] !== LAST_INDEX[length];
  }
  if (engine() === "javascriptcore") return isSparseThere(array, all);
  // A search by the engine takes half the time of a loop, and finds a hole as if it had a value.
  if (Array.prototype.includes.call(array, undefined) && hasHole(array)) return true;
  return Object.values(array).length !== length;
}

function hasHole(array: readonly unknown[]): boolean {
  for (let i = 0; i < array.length; i++) if (array[i] === undefined && !(i in array)) return true;
  return false;
}

/** As {@linkcode isSparse}, in JavaScriptCore. */
function isSparseThere(array: readonly unknown[], all: boolean): boolean {
  const { length } = array;
  let numbers = true;
  for (let i = 0; i < length; i++) {
    const element = array[i];
    if (typeof element !== "number") {
      if (element === undefined && !(i in array)) return true;
      numbers = false;
    }
  }
  // There are no holes, so what is more than the elements has a name.
  if (length <= MAX_LISTED_THERE) return Object.keys(array).length !== length;
  if (numbers && length > MAX_LOOPED_THERE) {
    return (all || length <= MAX_NUMBERS_SEARCHED) && hasNames(array as readonly number[]);
  }
  let count = 0;
  for (const _ in array) count++;
  // The loop meets inherited properties too.
  return count !== length && Object.keys(array).length !== length;
}

/** Looks for names in a copy that has lost its elements. */
function hasNames(numbers: readonly number[]): boolean {
  let copy: unknown[];
  try {
    copy = structuredClone(numbers) as unknown[];
  } catch {
    // Numbers can be cloned, so there is something else.
    return true;
  }
  copy.length = 0;
  return Object.keys(copy).length > 0;
}
