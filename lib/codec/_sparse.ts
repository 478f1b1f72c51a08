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

/** Keeps indices before names, and orders names by code unit. */
export function byIndexThenName(a: string, b: string): number {
  const indexA = arrayIndex(a);
  const indexB = arrayIndex(b);
  if (indexA !== undefined && indexB !== undefined) return indexA - indexB;
  if (indexA !== undefined) return -1;
  if (indexB !== undefined) return 1;
  return a < b ? -1 : a > b ? 1 : 0;
}

function arrayIndex(key: string): number | undefined {
  const number = Number(key);
  return Number.isInteger(number) && number >= 0 && number < 2 ** 32 - 1 && String(number) === key
    ? number
    : undefined;
}
