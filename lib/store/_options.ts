/**
 * What every store checks of its options: that there are no others, and of what type they are.
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

/** What an option may be, and how to say so. */
const TYPES = { boolean: "true or false", function: "a function" } as const;

/**
 * Checks that options which are on or off, and those that are functions, are so indeed: `"no"` is
 * not taken for a yes, nor a missing function found out when it is called.
 *
 * @param verb The function that was called, such as `httpStore()`.
 * @param options What it was given.
 * @param types The types of some of its options.
 * @throws {TypeError} One of them is there and of another type.
 */
export function checkOptionTypes<T extends object>(
  verb: string,
  options: T,
  types: Readonly<Partial<Record<keyof NoInfer<T>, keyof typeof TYPES>>>,
): void {
  for (const [option, type] of Object.entries<keyof typeof TYPES>(types as Record<string, never>)) {
    const value: unknown = Reflect.get(options, option);
    if (value === undefined || typeof value === type) continue;
    throw new TypeError(
      `Option ${JSON.stringify(option)} of ${verb} must be ${TYPES[type]}, received ${
        String(value)
      }`,
    );
  }
}
