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

/** What stands behind a wrapper, or behind a view of one. */
interface Behind {
  readonly original: AnyFunction;
  readonly keyer: Keyer;
  readonly call: Call;
  readonly methodsOf: MethodsOf;
  readonly prototype: object;
  /** What the methods are about calls on; `undefined` where that is no object. */
  readonly self: object | undefined;
  /** The methods, once one of them was asked for. */
  methods: object | undefined;
  /** Views of the wrapper, by the object that each was read off. */
  views: WeakMap<object, object> | undefined;
}

/** Makes the methods, for calls on an object, or on none. */
type MethodsOf = (self: unknown) => object;

/** Where that stands: with the wrapper, so that whatever stands for a wrapper has its methods. */
const BEHIND = Symbol("deja.behind");

type Wrapper = AnyFunction & { readonly [BEHIND]?: Behind };

/**
 * The prototype of wrappers with the same methods, which are made when one of them is asked for:
 * most wrappers are only called.
 *
 * @param methodsOf Makes the methods of one of them.
 */
export function wrapperPrototype(methodsOf: MethodsOf): object {
  const prototype = Object.create(Function.prototype, {
    wrapped: {
      get(this: Wrapper) {
        return this[BEHIND]?.original;
      },
    },
  });
  for (const name of Object.keys(methodsOf(undefined))) {
    Object.defineProperty(prototype, name, {
      get(this: Wrapper) {
        const behind = this[BEHIND];
        if (behind === undefined) return undefined;
        return Reflect.get(behind.methods ??= behind.methodsOf(behind.self), name);
      },
      // As tests do that put something else in place of a method.
      set(this: Wrapper, value: unknown) {
        Object.defineProperty(this, name, {
          value,
          writable: true,
          enumerable: true,
          configurable: true,
        });
      },
    });
  }
  return prototype;
}

/**
 * Dresses a caller up as the original: its name and length, the methods, and a note of where it
 * came from, so that keys see the original's code.
 *
 * @param prototype Has the methods, see {@linkcode wrapperPrototype}.
 */
export function makeWrapper(
  original: AnyFunction,
  keyer: Keyer,
  call: Call,
  methodsOf: MethodsOf,
  prototype: object,
): object {
  const behind: Behind = {
    original,
    keyer,
    call,
    methodsOf,
    prototype,
    self: undefined,
    methods: undefined,
    views: undefined,
  };
  return dressed(call, behind);
}

/**
 * A wrapper as it is read off an object: called as ever, and with methods that are about calls on
 * that object. One for each object, for as long as that lives.
 *
 * @param wrapper A wrapper, or a view of one.
 * @returns `undefined` where it is neither.
 */
export function viewOf(wrapper: object, self: object): object | undefined {
  const behind = (wrapper as Wrapper)[BEHIND];
  if (behind === undefined) return undefined;
  const views = behind.views ??= new WeakMap();
  const known = views.get(self);
  if (known !== undefined) return known;
  const { call } = behind;
  const view = function (this: unknown, ...args: unknown[]): unknown {
    return call.apply(this, args);
  };
  dressed(view, { ...behind, self, methods: undefined });
  views.set(self, view);
  return view;
}

function dressed(wrapper: Call, behind: Behind): object {
  const { original, keyer, prototype } = behind;
  Object.defineProperty(wrapper, BEHIND, { value: behind });
  // To define what is so already takes longer than to look.
  for (const property of ["name", "length"] as const) {
    const value = original[property];
    if (wrapper[property] !== value) {
      Object.defineProperty(wrapper, property, { value, configurable: true });
    }
  }
  Object.setPrototypeOf(wrapper, prototype);
  registerWrapper(wrapper as AnyFunction, original, () => keyer.identity());
  return wrapper;
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
