/** Making the wrapper of a function. */

import {
  type AnyFunction,
  type AttributesOption,
  type Keyer,
  registerWrapper,
} from "../key/mod.ts";
import type { Settings } from "./settings.ts";

/** Any function, as the caches call it. */
export type Call = (...args: unknown[]) => unknown;

/**
 * Dresses a caller up as the original: its name and length, the methods, and a note of where it
 * came from, so that keys see the original's code.
 */
export function makeWrapper<F extends AnyFunction, M extends object>(
  original: F,
  keyer: Keyer,
  call: (this: unknown, ...args: unknown[]) => unknown,
  methods: M,
): M {
  Object.defineProperties(call, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
  Object.defineProperties(call, {
    ...Object.getOwnPropertyDescriptors(methods),
    wrapped: { value: original, enumerable: true },
  });
  registerWrapper(call as AnyFunction, original, () => keyer.identity());
  return call as unknown as M;
}

/**
 * Warns of an arrow function that reads the `this` of its surroundings and does not say what it
 * depends on: the instances of a class may answer for each other.
 */
export function warnOfSurroundings(
  keyer: Keyer,
  { name, closure, code, freeVariables }: Settings,
): void {
  if (
    freeVariables === "ignore" || closure !== undefined || code !== "source" ||
    keyer.readsThis !== "of its surroundings"
  ) {
    return;
  }
  console.warn(
    `déjà: ${name || "an arrow function"} reads this, which the key does not see: name what its ` +
      "result depends on, such as closure: () => ({ size: this.size })",
  );
}

/**
 * Refuses a call whose result may depend on `this`, which no key sees.
 *
 * @throws {TypeError} The function reads `this`, and the call has one.
 */
export function checkThis(
  self: unknown,
  keyer: Keyer,
  name: string,
  attributes: AttributesOption | undefined,
): void {
  if (self === undefined || attributes !== undefined || keyer.readsThis !== "of the call") return;
  throw new TypeError(
    `Cannot cache a call of ${name || "this function"} as a method: it reads this, which the ` +
      "key does not see; pass what it needs as arguments, or name what counts with the decorator " +
      'cached({ attributes: ["size"] })',
  );
}
