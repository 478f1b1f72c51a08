/** Saying out loud what a function reads and its key does not see. */

import { freeVariables, readAttributes } from "../key/free_variables.ts";
import type { AnyFunction, AttributesOption, CodeOption } from "../key/mod.ts";

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
  /** The line to write. */
  readonly remedy: string;
}

/**
 * Finds the variables that a function reads, that are no globals, that its `closure` does not
 * name, and that do not have the name of the function itself; and of a method with `attributes`,
 * what it reads of `this` besides those. Where the code is no part of the key, none: whoever says
 * so answers for the closed-over values too.
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
    unlistedAttributes(fn, attributes),
  ]);
  if (found.length === 0) return unlisted;
  // A function that calls itself does so under its own name.
  const named = [name, ...closure === undefined ? [] : await namedBy(closure)];
  const isNamed = (variable: string) => named.includes(variable) || inputs.includes(variable);
  const isBlock = settings.inputs !== undefined;
  const variables = found.filter((variable) => !isNamed(variable)).map((variable) => ({
    variable,
    remedy: isBlock && closure === undefined && (inputs.length > 0 || fn.length === 0)
      // What the block does not take as its argument may be what was given: only a name tells.
      ? `{ ${[...inputs, variable].join(", ")} } as the inputs`
      : remedyFor([...named.slice(1), variable]),
  }));
  return [...variables, ...unlisted];
}

/** What a method reads of `this` and does not list, where it lists anything. */
async function unlistedAttributes(
  fn: AnyFunction,
  attributes: AttributesOption | undefined,
): Promise<UnseenVariable[]> {
  // An empty list says that nothing counts.
  if (!Array.isArray(attributes) || attributes.length === 0) return [];
  const listed = attributes.map((name) => name.split(".")[0]);
  const unlisted = (await readAttributes(fn)).filter((name) => !listed.includes(name));
  return unlisted.map((name) => ({
    variable: `this.${name}`,
    remedy: name.startsWith("#")
      ? "attributes: (self) => ..., a function that reads what is private"
      : `attributes: ${JSON.stringify([...attributes, name])}`,
  }));
}

/** The error of a function that must not read variables unseen. */
export function unseenError(name: string, unseen: readonly UnseenVariable[]): TypeError {
  const names = unseen.map(({ variable }) => variable);
  const free = names.filter((variable) => !variable.startsWith("this."));
  const remedies = [
    ...free.length === 0 ? [] : [remedyFor(free)],
    ...unseen.filter(({ variable }) => !free.includes(variable)).map(({ remedy }) => remedy),
  ];
  return new TypeError(
    `${name || "A cached function"} reads ${names.join(", ")}, which the key does not see: write ` +
      `${remedies.join(" and ")}, or pass what it needs as arguments`,
  );
}

/** What a closure reads, and the names that it gives. */
async function namedBy(closure: () => unknown): Promise<string[]> {
  return [...await freeVariables(closure as AnyFunction), ...namesIn(closure)];
}

function namesIn(closure: () => unknown): string[] {
  try {
    const values = closure();
    return typeof values === "object" && values !== null ? Object.keys(values) : [];
  } catch {
    // Whoever makes a key meets the same, and it is told there.
    return [];
  }
}

function remedyFor(names: readonly string[]): string {
  return `closure: () => ({ ${[...new Set(names)].join(", ")} })`;
}
