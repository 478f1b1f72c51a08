/**
 * The names that a function reads and does not define: what its result may depend on and no key
 * sees.
 *
 * The parser is loaded when the first function is looked at, so that it is no part of what every
 * program loads.
 *
 * @module
 */

import type { MemberExpression, Node, Program } from "acorn";
import { type AnyFunction, originalOf, sourceOf } from "./function_code.ts";
import { withoutComputedName } from "./source.ts";

// One promise each, since not every runtime settles imports in their order, and of equal
// definitions the one that was evaluated last is to be looked at last.
let parser: Promise<typeof import("acorn")> | undefined;
let analyzer: Promise<typeof import("eslint-scope")> | undefined;

/**
 * The free variables of a function, without those that every program has.
 *
 * @param fn The function; of a wrapper, the original is looked at.
 * @returns The names in the order in which they first stand in the source; none where the source
 *   is hidden or cannot be read.
 * @throws Whatever loading the parser rejects with.
 */
export async function freeVariables(fn: AnyFunction): Promise<string[]> {
  const [program, { analyze }] = await Promise.all([
    programOf(fn),
    analyzer ??= import("eslint-scope"),
  ]);
  if (program === undefined) return [];
  const { globalScope } = analyze(program as never, { ecmaVersion: 2025, sourceType: "script" });
  const names = globalScope?.through.map(({ identifier }) => identifier.name as string) ?? [];
  const probed = new Set<string>();
  collectProbed(program, probed);
  return [...new Set(names)].filter((name) =>
    name !== "arguments" && !(name in globalThis) && !probed.has(name)
  );
}

/** What is a global of some runtimes and not of others. */
const OF_HOSTS = /^(?:Bun|Buffer|Deno|document|global|navigator|process|self|window)$/;

/** Adds the globals of hosts that a function asks for with `typeof` before it reads them. */
function collectProbed(node: Node, names: Set<string>): void {
  const { type, operator, argument } = node as SyntaxNode;
  if (type === "UnaryExpression" && operator === "typeof") {
    const { name } = argument as { readonly name?: string };
    if (name !== undefined && OF_HOSTS.test(name)) names.add(name);
  }
  for (const part of Object.values(node).flat()) {
    if (typeof part?.type === "string") collectProbed(part, names);
  }
}

/**
 * The properties of `this` that a method reads by their names. What it only sets does not count,
 * nor what it calls, which is code.
 *
 * @param fn The method; of a wrapper, the original is looked at.
 * @returns The names in the order in which they first stand in the source, private ones with `#`.
 * @throws Whatever loading the parser rejects with.
 */
export async function readAttributes(fn: AnyFunction): Promise<string[]> {
  const program = await programOf(fn);
  const names = new Set<string>();
  if (program !== undefined) collectAttributes(program, names, 0);
  return [...names];
}

/** A node of the syntax tree, whatever it is. */
type SyntaxNode = Node & Readonly<Record<string, unknown>>;

/** Functions with a `this` of their own. */
const OWN_THIS = new Set(["FunctionExpression", "FunctionDeclaration"]);

/** Adds what is read of the `this` of the method, which is the outermost that has one. */
function collectAttributes(node: Node, names: Set<string>, depth: number): void {
  const parts = node as SyntaxNode;
  const { type } = node;
  // The class or object literal round the source is no surrounding of its own.
  const inner = depth + (OWN_THIS.has(type) ? 1 : 0);
  if (inner > 1 || (type === "ClassBody" && depth > 0)) return;
  if (type === "MemberExpression") {
    const { object, property, computed } = parts as unknown as MemberExpression;
    if (object.type === "ThisExpression" && !computed) {
      if (property.type === "Identifier") names.add(property.name);
      else if (property.type === "PrivateIdentifier") names.add(`#${property.name}`);
    }
  }
  for (const [key, part] of Object.entries(parts)) {
    const isTaken = (key === "callee" && type === "CallExpression") ||
      (key === "left" && type === "AssignmentExpression" && parts.operator === "=");
    for (const each of Array.isArray(part) ? part : [part]) {
      if (typeof each?.type !== "string") continue;
      if (isTaken && each.object?.type === "ThisExpression" && !each.computed) continue;
      collectAttributes(each, names, inner);
    }
  }
}

/** The syntax tree of a function; `undefined` where its source is hidden or cannot be read. */
async function programOf(fn: AnyFunction): Promise<Program | undefined> {
  const source = sourceOf(originalOf(fn));
  if (source === undefined) return undefined;
  const { parse } = await (parser ??= import("acorn"));
  return parsed(withoutComputedName(source), (text) =>
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
