/** Saying out loud what a function reads and its key does not see. */

import { type AnyFunction, type CodeOption, freeVariables } from "../key/mod.ts";

/** What becomes of variables that the key does not see. */
export type FreeVariablesOption = "warn" | "error" | "ignore";

/** What is known of a function whose variables are looked at. */
export interface FreeVariablesSettings {
  readonly name: string;
  readonly code: CodeOption;
  readonly closure: (() => unknown) | undefined;
}

/** One variable that a key does not see. */
export interface UnseenVariable {
  readonly variable: string;
  /** The line to write. */
  readonly remedy: string;
}

/**
 * Finds the variables that a function reads, that are no globals, that its `closure` does not
 * name, and that do not have the name of the function itself. Where the code is no part of the key, none: whoever says so answers for the closed-over
 * values too.
 *
 * @throws Whatever loading the parser rejects with.
 */
export async function unseenVariables(
  fn: AnyFunction,
  { code, closure, name }: FreeVariablesSettings,
): Promise<UnseenVariable[]> {
  if (code !== "source") return [];
  const found = await freeVariables(fn);
  if (found.length === 0) return [];
  // A function that calls itself does so under its own name.
  const named = [name, ...closure === undefined ? [] : await namedBy(closure)];
  return found.filter((variable) => !named.includes(variable)).map((variable) => ({
    variable,
    remedy: remedyFor([...named.slice(1), variable]),
  }));
}

/** The error of a function that must not read variables unseen. */
export function unseenError(name: string, unseen: readonly UnseenVariable[]): TypeError {
  const names = unseen.map(({ variable }) => variable);
  return new TypeError(
    `${name || "A cached function"} reads ${names.join(", ")}, which the key does not see: write ` +
      `${remedyFor(names)}, or pass what it needs as arguments`,
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
