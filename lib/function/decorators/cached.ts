/** The decorator `cached`. */

import { type AnyFunction, type AttributesOption, Keyer } from "../../key/mod.ts";
import type { MemoryCached } from "../cached_function.ts";
import { checkOptions, MEMORY_OPTIONS, PERSISTENT_OPTIONS, word } from "../check_options.ts";
import { wrapInMemory } from "../memory_cache.ts";
import type { MemoryCacheOptions, PersistentOptions } from "../options.ts";
import { wrapInStore } from "../persistent_cache.ts";
import { defaultScope, type Scope, settingsFor } from "../scope.ts";
import type { Settings } from "../settings.ts";
import { viewOf } from "../wrapper.ts";

/** What of the object counts, and where results go. */
export interface MethodOptions {
  /**
   * What the result depends on besides the arguments: names of properties of `this` (`"size"`, or
   * `"options.size"` further inside), or a function of it, which may look at private state. `this`
   * itself never counts, so objects with equal attributes share results; an object that does not
   * have one is an error at the call. Needed where the method reads `this`; `[]` says that nothing
   * counts. What a method reads of `this` and the names do not list is told of as free variables
   * are.
   */
  readonly attributes?: AttributesOption | undefined;
}

/** Options of {@linkcode cached} for results in memory. */
export interface CachedOptions extends MethodOptions, MemoryCacheOptions {
  /** Whether results are stored. No unless given. */
  readonly persistent?: false;
}

/** Options of {@linkcode cached} for stored results. */
export interface PersistentCachedOptions extends MethodOptions, PersistentOptions {
  /**
   * Stores the results: the method must return a promise, since a store takes its time. Of any
   * other, TypeScript says so.
   */
  readonly persistent: true;
}

/** A decorator of methods and getters. */
export type MethodDecorator = <This, F extends AnyFunction>(
  method: F,
  context: ClassMethodDecoratorContext<This> | ClassGetterDecoratorContext<This>,
) => F;

/**
 * A decorator of methods and getters that return a promise, as those do whose results are stored:
 * make the method `async`, even where it awaits nothing.
 */
export type AsyncMethodDecorator = <
  This,
  // deno-lint-ignore no-explicit-any -- whatever the parameters are.
  F extends (...args: any[]) => PromiseLike<unknown>,
>(
  method: F,
  context: ClassMethodDecoratorContext<This> | ClassGetterDecoratorContext<This>,
) => F;

const OWN_OPTIONS = ["attributes", "persistent"];

/**
 * Caches a method or a getter of a class, with the standard decorators of JavaScript.
 *
 * The method has what cached functions have besides being called, such as `has` and `explain`. Read
 * off an object, as in `scale.times.has(21)`, it is about calls on that object; for private methods
 * there is {@linkcode methodOf}. No decorator can change a type, so TypeScript needs to be told:
 * `scale.times as MemoryCached<(x: number) => number>`.
 *
 * @param options See {@linkcode CachedOptions}.
 * @returns The decorator.
 * @throws {TypeError} An option is wrong; where it is applied: to something else than a method or a
 *   getter, by a compiler with legacy decorators, or to a method that reads `this` without
 *   `attributes`.
 *
 * @example
 * ```ts
 * import { cached } from "@deja/cache/decorators";
 * import { assert } from "chai";
 *
 * let runs = 0;
 * class Scale {
 *   constructor(readonly factor: number) {}
 *
 *   @cached({ attributes: ["factor"], freeVariables: "ignore" })
 *   times(x: number): number {
 *     runs++;
 *     return x * this.factor;
 *   }
 * }
 *
 * assert.equal(new Scale(2).times(21), 42);
 * assert.equal(new Scale(2).times(21), 42); // another object, the same attributes
 * assert.equal(new Scale(3).times(21), 63);
 * assert.equal(runs, 2);
 * ```
 */
export function cached(options?: CachedOptions): MethodDecorator;
/**
 * Caches a method or a getter that returns a promise, in memory or with `persistent: true` in the
 * default store. Like a persistent function, such a method always gives a promise, which is why one
 * that is not `async` does not type-check.
 *
 * @param options See {@linkcode CachedOptions} and {@linkcode PersistentCachedOptions}.
 * @returns The decorator.
 * @throws {TypeError} As of a method in memory.
 *
 * @example
 * ```ts
 * import { createCache, memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore() }); // its cached is this one, on its store
 *
 * class Scale {
 *   constructor(readonly factor: number) {}
 *
 *   @deja.cached({ persistent: true, attributes: ["factor"] })
 *   async times(x: number): Promise<number> {
 *     return await Promise.resolve(x * this.factor);
 *   }
 * }
 *
 * assert.equal(await new Scale(2).times(21), 42);
 * assert.equal(await new Scale(2).times(21), 42); // read from the store
 * assert.equal(deja.stats().hits, 1);
 * ```
 */
export function cached(options: CachedOptions | PersistentCachedOptions): AsyncMethodDecorator;
export function cached(
  options: CachedOptions | PersistentCachedOptions = {},
  ...rest: unknown[]
): MethodDecorator {
  // Put on a method itself.
  if (rest.length > 0) checkContext(options, rest[0]);
  return decoratorIn(defaultScope, options);
}

/**
 * A cached method with its `has`, `explain` and the like about calls on one object. Read off that
 * object, a public method has them so already; a private one, as in `this.#times`, does not know
 * where it was read, nor does one that another decorator wrapped. (The compiler within Deno cannot
 * decorate private methods so far; those of esbuild, Bun and TypeScript can.)
 *
 * @param method What {@linkcode cached} has decorated. A private getter cannot be had as a function.
 * @param self The object, or for a static method the class.
 * @returns The method: one for each object, called on it or on another as ever. TypeScript needs to
 *   be told of one with `persistent: true`: `as unknown as PersistentCached<...>`.
 * @throws {TypeError} `method` is not a cached function, or `self` not an object.
 *
 * @example
 * ```ts
 * import { cached, methodOf } from "@deja/cache/decorators";
 * import { assert } from "chai";
 *
 * class Scale {
 *   factor = 2;
 *
 *   @cached({ attributes: ["factor"] })
 *   times(x: number): number {
 *     return x * this.factor;
 *   }
 * }
 *
 * const scale = new Scale();
 * scale.times(21);
 * const times = methodOf(scale.times, scale); // within the class, as methodOf(this.#times, this)
 * assert.deepEqual([times.has(21), times.has(22)], [true, false]);
 * ```
 */
export function methodOf<F extends AnyFunction>(method: F, self: object): MemoryCached<F> {
  const isObject = (typeof self === "object" && self !== null) || typeof self === "function";
  if (!isObject) {
    throw new TypeError(`methodOf takes the object of a method, received ${word(self)}`);
  }
  const view = typeof method === "function" ? viewOf(method, self) : undefined;
  if (view !== undefined) return view as MemoryCached<F>;
  throw new TypeError(
    `methodOf takes a method that is cached, such as this.#times, received ${word(method)}`,
  );
}

/** As {@linkcode cached}, within a cache. */
export function decoratorIn(
  scope: Scope,
  options: CachedOptions | PersistentCachedOptions,
): MethodDecorator {
  const known = options.persistent === true ? PERSISTENT_OPTIONS : MEMORY_OPTIONS;
  checkOptions("cached", options, [...known, ...OWN_OPTIONS]);
  const { attributes, persistent = false, ...rest } = options;
  settingsFor(decoratorIn as AnyFunction, scope.defaults, rest, known); // At once, not when applied.
  return (method, context) => {
    checkContext(method, context);
    const name = rest.name ?? String(context.name);
    const settings = {
      ...settingsFor(method, scope.defaults, { ...rest, name }, known),
      attributes,
    };
    checkThisIsNamed(method, settings);
    const { handle, namespace, group } = scope;
    const wrapper = persistent
      ? wrapInStore(method, settings, handle, namespace, group)
      : wrapInMemory(method, settings, group);
    if (attributes !== undefined && context.kind === "method" && !context.private) {
      const bind = binderOf(wrapper, context.name, context.static);
      context.addInitializer(function () {
        bind(this as object);
      });
    }
    return wrapper as unknown as typeof method;
  };
}

/**
 * Lets each object of a class have a view of a method of its own, so that `has` and its like know
 * what object they are about. The class itself is changed, once there is an object: a property of
 * each object would hide the methods of subclasses.
 */
function binderOf(
  wrapper: object,
  name: string | symbol,
  isStatic: boolean,
): (self: object) => void {
  let isDone = false;
  return (self) => {
    if (isDone) return;
    isDone = true;
    let owner: object | null = self;
    while (owner !== null && Object.getOwnPropertyDescriptor(owner, name)?.value !== wrapper) {
      owner = Object.getPrototypeOf(owner);
    }
    // What another decorator wrapped is that one's own affair.
    if (owner === null) return;
    Reflect.defineProperty(owner, name, {
      configurable: true,
      enumerable: false,
      get(this: object) {
        return Object(this) !== this || (this === owner && !isStatic)
          ? wrapper
          : viewOf(wrapper, this)!;
      },
      set(this: object, value: unknown) {
        const own = { value, writable: true, configurable: true, enumerable: true };
        Reflect.defineProperty(this, name, own);
      },
    });
  };
}

/** Checks that a method which reads `this` says what of it counts. */
function checkThisIsNamed(method: AnyFunction, settings: Settings): void {
  if (settings.attributes !== undefined) return;
  if (new Keyer(method, settings).readsThis !== "of the call") return;
  throw new TypeError(
    `cached() of ${settings.name} needs the attributes of this that its result depends on, such ` +
      'as cached({ attributes: ["size"] }), or attributes: [] if it depends on none',
  );
}

/** Checks what a decorator is applied to, and by what kind of compiler. */
function checkContext(method: unknown, context: unknown): void {
  const { kind } = Object(context) as { kind?: unknown };
  if (typeof kind !== "string") {
    throw new TypeError(
      "cached() is a standard decorator, and was called as a legacy one; switch " +
        "experimentalDecorators and emitDecoratorMetadata off in the compiler's options",
    );
  }
  if (kind === "method" || kind === "getter") return;
  throw new TypeError(
    `cached() decorates methods and getters, received a ${kind} (${typeof method}); cache a ` +
      "function, or wrap it in the constructor",
  );
}
