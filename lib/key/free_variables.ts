/**
 * The names that a function reads and does not define: what its result may depend on and no key
 * sees.
 *
 * The parser is loaded when the first function is looked at, so that it is no part of what every
 * program loads.
 *
 * @module
 */

import type { Program } from "acorn";
import { type AnyFunction, originalOf, sourceOf } from "./function_code.ts";

/**
 * The free variables of a function, without those that every program has.
 *
 * @param fn The function; of a wrapper, the original is looked at.
 * @returns The names in the order in which they first stand in the source; none where the source
 *   is hidden or cannot be read.
 * @throws Whatever loading the parser rejects with.
 */
export async function freeVariables(fn: AnyFunction): Promise<string[]> {
  const source = sourceOf(originalOf(fn));
  if (source === undefined) return [];
  const [{ parse }, { analyze }] = await Promise.all([import("acorn"), import("eslint-scope")]);
  const program = parsed(source, (text) =>
    parse(text, {
      ecmaVersion: "latest",
      // Sloppy code reads more programs, and no name differs by it.
      sourceType: "script",
      ranges: true,
      allowAwaitOutsideFunction: true,
      allowImportExportEverywhere: true,
      allowSuperOutsideMethod: true,
      checkPrivateFields: false,
    }));
  if (program === undefined) return [];
  const { globalScope } = analyze(program as never, { ecmaVersion: 2025, sourceType: "script" });
  const names = globalScope?.through.map(({ identifier }) => identifier.name as string) ?? [];
  return [...new Set(names)].filter((name) => name !== "arguments" && !(name in globalThis));
}

/** What a source may be a piece of: how an expression, a method or a member of a class is printed. */
const SURROUNDINGS: readonly (readonly [before: string, after: string])[] = [
  ["(", ")"],
  ["({", "})"],
  ["(class {", "})"],
];

function parsed(source: string, parse: (text: string) => Program): Program | undefined {
  for (const [before, after] of SURROUNDINGS) {
    try {
      // The line break ends a comment at the end of the source.
      return parse(`${before}${source}\n${after}`);
    } catch {
      // Not a piece of that; what is a piece of nothing has no names that could be told.
    }
  }
  return undefined;
}
