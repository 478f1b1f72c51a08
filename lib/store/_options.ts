/**
 * What every store checks of its options before it looks at any: that there are no others.
 *
 * @module
 */

import { unknownOption } from "../unknown_option.ts";

/**
 * Checks the names of options, so that one that is misspelt is not taken for one that was left out.
 *
 * @param verb The function that was called, such as `httpStore()`.
 * @param options What it was given.
 * @param known Every option that it takes, so that the compiler misses one that is left out here.
 * @throws {TypeError} `options` is not an object, or has an option that there is not.
 */
export function checkOptionNames<T extends object>(
  verb: string,
  options: T,
  known: Readonly<Record<keyof NoInfer<T>, true>>,
): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    const found = options === null ? "null" : Array.isArray(options) ? "an array" : typeof options;
    throw new TypeError(`The options of ${verb} must be an object, received ${found}`);
  }
  for (const option of Object.keys(options)) {
    if (!Object.hasOwn(known, option)) throw unknownOption(verb, option, Object.keys(known));
  }
}
