/** Arrays that are not a plain list of elements. */

/**
 * Longest array that is searched for properties beyond its indices, such as those of a
 * `RegExpExecArray`. Listing the keys of a long array costs more than encoding it.
 */
const MAX_ARRAY_SEARCHED = 128;

/** Whether an array has holes, or properties beyond its indices. */
export function isSparse(array: readonly unknown[]): boolean {
  const { length } = array;
  for (let i = 0; i < length; i++) {
    if (array[i] === undefined && !(i in array)) return true;
  }
  return length <= MAX_ARRAY_SEARCHED && Object.keys(array).length !== length;
}
