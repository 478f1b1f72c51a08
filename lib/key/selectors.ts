/**
 * What callers say of single parameters: leave one out of the key, or key on something made of it.
 *
 * @module
 */

import { stableHash } from "../codec/mod.ts";
import type { ObjectPattern, Signature } from "./signature.ts";

/** Returned by a function in the option `key`: the parameter is then no part of the key. */
export const OMIT: unique symbol = Symbol.for("deja.omit");

/** Gives what a parameter is keyed on, or {@linkcode OMIT}. */
// deno-lint-ignore no-explicit-any -- each parameter has a type of its own.
export type KeyMapper = (value: any) => unknown;

/** Mappers that hand on what they keep, so that their own code need not count. */
const pruning = new WeakSet<KeyMapper>();

/** Whether `mapper` was made by {@linkcode dropIf} or {@linkcode dropIfEqual}. */
export function isPruning(mapper: KeyMapper | ((...args: never[]) => unknown)): boolean {
  return pruning.has(mapper as KeyMapper);
}

/**
 * Keeps a parameter out of the key where it has certain values, so that a parameter added later
 * leaves the entries valid that were made without it. Use it in the option `key`, together with a
 * `code` that does not change with the source.
 *
 * @param drop Says of a value whether to leave it out.
 * @returns What the option `key` takes for a parameter.
 * @throws {TypeError} `drop` is not a function.
 *
 * @example
 * ```ts
 * import { cache, dropIf } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const scale = cache((x: number, factor = 1) => x * factor, {
 *   key: { factor: dropIf((factor: number) => factor === 1) },
 * });
 * scale(21);
 * assert.isTrue(scale.has(21, 1));
 * assert.isFalse(scale.has(21, 2));
 * ```
 */
export function dropIf<T>(drop: (value: T) => boolean): (value: T) => unknown {
  if (typeof drop !== "function") {
    throw new TypeError(`dropIf() takes a function of the value, received ${typeof drop}`);
  }
  const mapper = (value: T): unknown => {
    const answer: unknown = drop(value);
    if (answer instanceof Promise) {
      answer.catch(() => {});
      // It would count as a yes, with which all calls would share one result.
      throw new TypeError("it returned a promise, not true or false");
    }
    return answer ? OMIT : value;
  };
  pruning.add(mapper);
  return mapper;
}

/**
 * As {@linkcode dropIf}, for values that equal one value by content.
 *
 * @param dropped The value to leave out: anything that can be a key.
 * @returns What the option `key` takes for a parameter.
 * @throws {EncodeError} `dropped` has no byte form.
 *
 * @example
 * ```ts
 * import { createCache, dropIfEqual, memoryStore } from "@deja/cache";
 * import { assert } from "chai";
 *
 * const deja = createCache({ store: memoryStore() });
 * const before = deja.persistent("sum", (a: number) => a, { code: "ignore" });
 * await before(2);
 *
 * const after = deja.persistent("sum", (a: number, list: number[] = []) => a + list.length, {
 *   code: "ignore",
 *   key: { list: dropIfEqual([]) },
 * });
 * assert.isTrue(await after.has(2)); // the entry that was made before there was a list
 * assert.isFalse(await after.has(2, [1]));
 * ```
 */
export function dropIfEqual<T>(dropped: T): (value: T) => unknown {
  const hash = stableHash(dropped);
  return dropIf((value) => value === dropped || stableHash(value) === hash);
}

/** Where in the arguments something stands: the parameter's position, and names inside it. */
export interface Selector {
  readonly index: number;
  readonly path: readonly string[];
}

/**
 * Finds what names stand for: a parameter (`options`), a property of one (`options.verbose`), or a
 * name or property in a destructured one (`verbose`).
 *
 * @param option The option that has the names, for messages.
 * @throws {TypeError} A name stands for nothing.
 */
export function selectorsOf(
  { parameters }: Signature,
  option: string,
  names: readonly string[],
  functionName: string,
): Map<string, Selector> {
  return new Map(names.map((name) => {
    const [head, ...path] = name.split(".");
    for (const [index, { name: own, pattern }] of parameters.entries()) {
      if (own === head) return [name, { index, path }];
      const inner = pattern === undefined ? undefined : pathTo(head, pattern);
      if (inner !== undefined) return [name, { index, path: [...inner, ...path] }];
    }
    const known = parameters.flatMap(({ name, pattern }) => [name ?? namesIn(pattern)].flat());
    throw new TypeError(
      `${option} names ${JSON.stringify(name)}, which is no parameter of ` +
        `${functionName || "the function"}; ` +
        (known.length === 0 ? "it has no parameter with a name" : `it has ${known.join(", ")}`),
    );
  }));
}

/** The names of properties that lead to `name`, breadth first. */
function pathTo(name: string, { properties }: ObjectPattern): string[] | undefined {
  for (const property of properties) {
    if (property.name === name || property.key === name) return [property.key];
  }
  for (const { key, pattern } of properties) {
    const inner = pattern === undefined ? undefined : pathTo(name, pattern);
    if (inner !== undefined) return [key, ...inner];
  }
  return undefined;
}

function namesIn(pattern: ObjectPattern | undefined): string[] {
  return pattern?.properties.flatMap(({ name, key, pattern }) =>
    pattern === undefined ? [name ?? key] : namesIn(pattern)
  ) ?? [];
}
