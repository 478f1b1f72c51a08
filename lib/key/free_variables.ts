/**
 * The names that a function reads and does not define: what its result may depend on and no key
 * sees.
 *
 * The parser is loaded when the first function is looked at, so that it is no part of what every
 * program loads.
 *
 * @module
 */

import type { AssignmentProperty, MemberExpression, Node, ObjectPattern, Program } from "acorn";
import { LruMap } from "../lru.ts";
import { type AnyFunction, originalOf, sourceOf } from "./function_code.ts";
import { withoutComputedName } from "./source.ts";

// One promise each, since not every runtime settles imports in their order, and of equal
// definitions the one that was evaluated last is to be looked at last.
let parser: Promise<typeof import("acorn")> | undefined;
let analyzer: Promise<typeof import("eslint-scope")> | undefined;

/** What was looked at last: a factory makes functions of one source again and again. */
const known = new LruMap<string, readonly string[]>({ maxEntries: 500 });

/**
 * The free variables of a function, without those that every program has.
 *
 * @param fn The function; of a wrapper, the original is looked at.
 * @returns The names in the order in which they first stand in the source; none where the source
 *   is hidden or cannot be read.
 * @throws Whatever loading the parser rejects with.
 */
export async function freeVariables(fn: AnyFunction): Promise<readonly string[]> {
  const source = sourceOf(originalOf(fn));
  if (source === undefined) return [];
  let names = known.get(source);
  if (names === undefined) known.set(source, names = await namesFreeIn(source));
  return names;
}

async function namesFreeIn(source: string): Promise<readonly string[]> {
  const [program, { analyze }] = await Promise.all([
    programOf(source),
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

/** What a method reads of `this`. */
export interface ThisReads {
  /** Properties read by their names, in the order in which they first stand in the source. */
  readonly names: readonly string[];
  /** Methods that it calls on `this` or `super`, as they are written there. */
  readonly calls: readonly string[];
  /** Whether it hands `this` on as a whole, so that anything of it may be read. */
  readonly isHandedOn: boolean;
}

/**
 * What a method reads of `this`: private names with `#`. What it only sets does not count.
 *
 * @param fn The method; of a wrapper, the original is looked at.
 * @throws Whatever loading the parser rejects with.
 */
export async function readsOfThis(fn: AnyFunction): Promise<ThisReads> {
  const source = sourceOf(originalOf(fn));
  const program = source === undefined ? undefined : await programOf(source);
  const reads = new ReadsOfThis();
  if (program !== undefined) reads.collect(program, 0);
  return { names: [...reads.names], calls: [...reads.calls], isHandedOn: reads.isHandedOn };
}

/** A node of the syntax tree, whatever it is. */
type SyntaxNode = Node & Readonly<Record<string, unknown>>;

/** Functions with a `this` of their own. */
const OWN_THIS = new Set(["FunctionExpression", "FunctionDeclaration"]);

/** Collects what is read of the `this` of a method, which is the outermost that has one. */
class ReadsOfThis {
  readonly names = new Set<string>();
  readonly calls = new Set<string>();
  isHandedOn = false;

  collect(node: Node, depth: number): void {
    const { type } = node;
    // The class or object literal round the source is no surrounding of its own.
    const inner = depth + (OWN_THIS.has(type) ? 1 : 0);
    if (inner > 1 || (type === "ClassBody" && depth > 0)) return;
    if (type === "ThisExpression") {
      this.isHandedOn = true;
      return;
    }
    const taken = this.#take(node);
    for (const part of Object.values(node).flat()) {
      if (typeof part?.type === "string" && !taken.includes(part)) this.collect(part, inner);
    }
  }

  /** Takes what a node says of `this`, and gives the parts that are done with. */
  #take(node: Node): readonly unknown[] {
    const { type, object, callee, left, right, id, init, operator } = node as SyntaxNode;
    const name = memberOf(node);
    if (name !== undefined) {
      if ((object as Node).type === "ThisExpression") this.names.add(name);
      return [object];
    }
    if (type === "CallExpression") {
      const method = memberOf(callee as Node);
      if (method === undefined) return [];
      const owner = (callee as MemberExpression).object.type === "Super" ? "super" : "this";
      this.calls.add(`${owner}.${method}`);
      return [callee];
    }
    if (type === "VariableDeclarator") return this.#destructure(id as Node, init);
    if (type === "AssignmentExpression" && operator === "=") {
      const isSet = memberOf(left as Node) !== undefined;
      return isSet ? [left] : this.#destructure(left as Node, right);
    }
    // Whether an object has a private name is no read of it.
    return operator === "in" && (left as Node).type === "PrivateIdentifier" ? [right] : [];
  }

  /** Takes the names that a pattern reads of `this`. */
  #destructure(pattern: Node, value: unknown): readonly unknown[] {
    if ((value as Node | null)?.type !== "ThisExpression" || pattern.type !== "ObjectPattern") {
      return [];
    }
    for (const property of (pattern as ObjectPattern).properties) {
      const { key } = property as AssignmentProperty;
      if (property.type === "Property" && !property.computed && key.type === "Identifier") {
        this.names.add(key.name);
      } else this.isHandedOn = true;
    }
    return [value];
  }
}

/** The name of a property of `this` or `super`; `undefined` where a node reads none by its name. */
function memberOf(node: Node): string | undefined {
  if (node.type !== "MemberExpression") return undefined;
  const { object, property, computed } = node as MemberExpression;
  if ((object.type !== "ThisExpression" && object.type !== "Super") || computed) return undefined;
  if (property.type === "Identifier") return property.name;
  return property.type === "PrivateIdentifier" ? `#${property.name}` : undefined;
}

/** The syntax tree of a function; `undefined` where its source cannot be read. */
async function programOf(source: string): Promise<Program | undefined> {
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
