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
 *
 * @param methodsOf Makes the methods, for calls on an object, or on none.
 */
export function makeWrapper<F extends AnyFunction, M extends object>(
  original: F,
  keyer: Keyer,
  call: (this: unknown, ...args: unknown[]) => unknown,
  methodsOf: (self: unknown) => M,
): M {
  const methods = methodsOf(undefined);
  Object.defineProperties(call, {
    name: { value: original.name, configurable: true },
    length: { value: original.length, configurable: true },
  });
  Object.defineProperties(call, {
    ...Object.getOwnPropertyDescriptors(methods),
    wrapped: { value: original, enumerable: true },
  });
  registerWrapper(call as AnyFunction, original, () => keyer.identity());
  makers.set(call, viewMaker(original, keyer, call, methodsOf));
  return call as unknown as M;
}

/** Makes the views of each wrapper, see {@linkcode viewOf}. */
const makers = new WeakMap<object, ViewMaker>();

/** Makes further views of what each view is one of. */
type ViewMaker = (self: object) => object;

/**
 * A wrapper as it is read off an object: called as ever, and with methods that are about calls on
 * that object. One for each object, for as long as that lives.
 *
 * @param wrapper A wrapper, or a view of one.
 * @returns `undefined` where it is neither.
 */
export function viewOf(wrapper: object, self: object): object | undefined {
  return makers.get(wrapper)?.(self);
}

function viewMaker(
  original: AnyFunction,
  keyer: Keyer,
  call: Call,
  methodsOf: (self: unknown) => object,
): ViewMaker {
  const views = new WeakMap<object, object>();
  // Most views are only called, so that their methods are made when they are asked for.
  const selves = new WeakMap<object, object>();
  let prototype: object | undefined;
  const makePrototype = () => {
    const made = Object.create(Function.prototype, { wrapped: { value: original } });
    for (const name of Object.keys(methodsOf(undefined))) {
      Object.defineProperty(made, name, {
        get(this: object) {
          return Reflect.get(methodsOf(selves.get(this)), name);
        },
      });
    }
    return made;
  };
  const make: ViewMaker = (self) => {
    const known = views.get(self);
    if (known !== undefined) return known;
    const view = function (this: unknown, ...args: unknown[]): unknown {
      return call.apply(this, args);
    };
    Object.defineProperties(view, {
      name: { value: original.name, configurable: true },
      length: { value: original.length, configurable: true },
    });
    Object.setPrototypeOf(view, prototype ??= makePrototype());
    registerWrapper(view as AnyFunction, original, () => keyer.identity());
    selves.set(view, self);
    views.set(self, view);
    makers.set(view, make);
    return view;
  };
  return make;
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
