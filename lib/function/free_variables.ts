/** Saying out loud what a function reads and its key does not see. */

import { freeVariables, readsOfThis } from "../key/free_variables.ts";
import { originalOf, sourceOf } from "../key/function_code.ts";
import type { AnyFunction, AttributesOption, CodeOption } from "../key/mod.ts";

/** What to give in place of a value that is no data. */
const STAND_IN =
  " (in place of a client, a module or the like, a string such as its version or URL)";

/** What becomes of variables that the key does not see. */
export type FreeVariablesOption = "warn" | "error" | "ignore";

/** What is known of a function whose variables are looked at. */
export interface FreeVariablesSettings {
  readonly name: string;
  readonly code: CodeOption;
  readonly closure: (() => unknown) | undefined;
  readonly attributes?: AttributesOption | undefined;
  /** Names of the inputs of a block, which the key sees. */
  readonly inputs?: readonly string[] | undefined;
}

/** One variable that a key does not see. */
export interface UnseenVariable {
  readonly variable: string;
  /** The line to write, for all variables of its kind. */
  readonly remedy: string;
  /** Name of the function in `closure` that reads it; `undefined` where the function itself does. */
  readonly within?: string | undefined;
}

/**
 * Finds the variables that a function, or one in its `closure`, reads, that are no globals, that the
 * `closure` does not name, and that do not have the name of the function itself; and of a method
 * with `attributes`, what it reads of `this` besides those. Where the code is no part of the key,
 * none: whoever says so answers for the closed-over values too.
 *
 * @throws Whatever loading the parser rejects with.
 */
export async function unseenVariables(
  fn: AnyFunction,
  settings: FreeVariablesSettings,
): Promise<UnseenVariable[]> {
  const { code, closure, name, attributes, inputs = [] } = settings;
  if (code !== "source") return [];
  const [found, unlisted] = await Promise.all([
    freeVariables(fn),
    unlistedReads(fn, attributes),
  ]);
  const values = closure === undefined ? undefined : valuesOf(closure);
  // A function that calls itself does so under its own name.
  const named = new Set([name, ...inputs, ...Object.keys(values ?? {})]);
  if (closure !== undefined) {
    for (const variable of await freeVariables(closure as AnyFunction)) named.add(variable);
  }
  const unseen = new Map<string, string | undefined>();
  const add = (variables: readonly string[], within: string | undefined) => {
    for (const variable of variables) {
      if (!named.has(variable) && !unseen.has(variable)) unseen.set(variable, within);
    }
  };
  add(found, undefined);
  for (const [own, helper] of functionsIn(values)) {
    add((await freeVariables(helper)).filter((variable) => variable !== own), own);
  }
  if (unseen.size === 0) return unlisted;
  const isBlock = settings.inputs !== undefined;
  const remedyFor = (variables: readonly string[]) =>
    isBlock && closure === undefined && (inputs.length > 0 || fn.length === 0)
      // What the block does not take as its argument may be what was given: only a name tells.
      ? `{ ${[...inputs, ...variables].join(", ")} } as the inputs`
      : closureWith(closure, Object.keys(values ?? {}), variables);
  const own = [...unseen.keys()].filter((variable) => unseen.get(variable) === undefined);
  const remedies = { own: remedyFor(own), all: remedyFor([...unseen.keys()]) };
  return [...unseen].map(([variable, within]): UnseenVariable => ({
    variable,
    remedy: within === undefined ? remedies.own : remedies.all,
    within,
  })).concat(unlisted);
}

/** What a method reads of `this` and does not list, where it lists what counts. */
async function unlistedReads(
  fn: AnyFunction,
  attributes: AttributesOption | undefined,
): Promise<UnseenVariable[]> {
  if (!Array.isArray(attributes)) return [];
  const listed = attributes.map((name) => name.split(".")[0]);
  const { names, calls, isHandedOn } = await readsOfThis(fn);
  const unlisted = names.filter((name) => !listed.includes(name));
  const all = JSON.stringify([...attributes, ...unlisted.filter((name) => !name.startsWith("#"))]);
  const given = "attributes: (self) => ..., a function that gives what the result depends on";
  const unnamed = [
    ...calls.filter((call) => !listed.includes(call.slice(call.indexOf(".") + 1)))
      .map((call) => `${call}()`),
    ...isHandedOn ? ["this"] : [],
  ];
  return [
    ...unlisted.map((name) => ({
      variable: `this.${name}`,
      remedy: name.startsWith("#")
        ? "attributes: (self) => ..., a function that reads what is private"
        : `attributes: ${all}`,
    })),
    ...unnamed.map((variable) => ({ variable, remedy: given })),
  ];
}

/** What is to be written about variables that a key does not see. */
function unseenText(unseen: readonly UnseenVariable[]): { names: string; remedies: string } {
  const names = unseen.map(({ variable }) => variable);
  const remedies = new Set(unseen.map(({ remedy }) => remedy));
  const isOfThis = unseen.every(({ variable }) => /^(?:this|super)\b/.test(variable));
  return {
    names: names.join(", "),
    remedies: [...remedies].join(" and ") + (isOfThis ? "" : STAND_IN),
  };
}

/** The error of a function that must not read variables unseen. */
export function unseenError(name: string, unseen: readonly UnseenVariable[]): TypeError {
  const { names, remedies } = unseenText(unseen);
  return new TypeError(
    `${name || "A cached function"} reads ${names}, which the key does not see: write ` +
      `${remedies}, or pass what it needs as arguments`,
  );
}

/** The warning of a function that reads variables unseen. */
export function unseenWarning(name: string, unseen: readonly UnseenVariable[]): string {
  const { names, remedies } = unseenText(unseen);
  return `déjà: ${name || "a cached function"} reads ${names}, which its key does not see: write ` +
    `${remedies}, or freeVariables: "ignore" where no result depends on ` +
    (unseen.length === 1 ? "it" : "them");
}

/** What a closure gives by name; `undefined` where it gives no names. */
function valuesOf(closure: () => unknown): Readonly<Record<string, unknown>> | undefined {
  try {
    const values = closure();
    if (typeof values === "function") return { [values.name]: values };
    return typeof values === "object" && values !== null ? { ...values } : undefined;
  } catch {
    // Whoever makes a key meets the same, and it is told there.
    return undefined;
  }
}

/** The functions among closed-over values, by name; what a cached function reads, it tells itself. */
function functionsIn(values: unknown): [name: string, fn: AnyFunction][] {
  const found: [string, AnyFunction][] = [];
  const seen = new Set<unknown>();
  const look = (value: unknown, name: string) => {
    if (value === null || seen.size > MOST_LOOKED_AT || seen.has(value)) return;
    if (typeof value === "function") {
      seen.add(value);
      if (originalOf(value as AnyFunction) === value) found.push([name, value as AnyFunction]);
    } else if (typeof value === "object" && isPlain(value)) {
      seen.add(value);
      for (const [key, part] of Object.entries(value)) look(part, key);
    }
  };
  look(values, "");
  return found;
}

/** Objects and functions of a closure that are looked into: more of them are data. */
const MOST_LOOKED_AT = 1000;

function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return Array.isArray(value) || prototype === Object.prototype || prototype === null;
}

/** A closure as it is written, and some names more. */
function closureWith(
  closure: (() => unknown) | undefined,
  named: readonly string[],
  more: readonly string[],
): string {
  const source = closure === undefined ? undefined : sourceOf(closure as AnyFunction);
  const [, written] = /^\(\)\s*=>\s*\(\{([^]{0,200}?),?\s*\}\)$/.exec(source ?? "") ?? [];
  // A comment would swallow what follows it.
  const names = written === undefined || /\/[/*]/.test(written)
    ? [...new Set(named)].filter((name) => /^[\p{L}_$][\p{L}\p{N}_$]*$/u.test(name))
    : [written.trim().replace(/\s+/g, " ")].filter((text) => text !== "");
  return `closure: () => ({ ${[...names, ...more].join(", ")} })`;
}
