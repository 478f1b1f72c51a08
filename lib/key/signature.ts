/**
 * The parameters of a function, read from its source.
 *
 * @module
 */

import { closing, isOpening, splitAtCommas } from "./brackets.ts";
import { CONSTANT_NAMES, constantOf, propertyName } from "./constants.ts";
import type { SourceToken } from "./token.ts";

/** A parameter of a function. */
export interface Parameter {
  /** Its name; `undefined` where it is destructured. */
  readonly name: string | undefined;
  /** Whether it takes all remaining arguments. */
  readonly rest: boolean;
  /** Its default where that is a constant; otherwise a missing argument is keyed as missing. */
  readonly fallback: unknown;
  /** What it is taken apart into, where that is an object pattern with plain names. */
  readonly pattern: ObjectPattern | undefined;
}

/** An object pattern: what a destructured parameter reads of its argument. */
export interface ObjectPattern {
  readonly properties: readonly PatternProperty[];
  /** Whether it takes all remaining properties. */
  readonly rest: boolean;
}

/** One property of an object pattern. */
export interface PatternProperty {
  /** Its name in the argument. */
  readonly key: string;
  /** Its name in the function; `undefined` where it is taken apart in turn. */
  readonly name: string | undefined;
  /** Its default where that is a constant. */
  readonly fallback: unknown;
  /** What it is taken apart into, if so. */
  readonly pattern: ObjectPattern | undefined;
}

/** What the source of a function says of how it is called. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  /** Whether its result can depend on a `this`: of the call, or of where an arrow stands. */
  readonly readsThis: "no" | "of the call" | "of its surroundings";
  /** Whether it can see how many arguments it was given. */
  readonly readsArguments: boolean;
  /** Whether the source shows the parameters; if not, any argument may count. */
  readonly isOpaque: boolean;
}

/** Reads the signature from the normal tokens of a function, method, accessor or arrow function. */
export function signatureOf(tokens: readonly SourceToken[]): Signature {
  const open = parameterListStart(tokens);
  const close = closing(tokens, open);
  const isArrow = tokens[close + 1]?.text === "=>";
  const reads = namesReadIn(tokens.slice(open));
  const isRead = reads.has("this") || reads.has("super");
  const parameters = splitAtCommas(tokens.slice(open + 1, close)).map(parameterOf);
  const readsThis = !isRead ? "no" : isArrow ? "of its surroundings" : "of the call";
  const readsArguments = !isArrow && reads.has("arguments");
  return parameters.some(takesConstantName)
    ? { ...opaqueSignature(parameters.length), readsThis, readsArguments }
    : { parameters, readsThis, readsArguments, isOpaque: false };
}

/** Whether a parameter takes a name that stands for a constant elsewhere, as `Infinity` does. */
function takesConstantName({ name = "", pattern }: Omit<PatternProperty, "key">): boolean {
  return CONSTANT_NAMES.has(name) || pattern?.properties.some(takesConstantName) === true;
}

/**
 * The signature of the body of a block: one argument that counts as a whole, in which options find
 * the names of the inputs as well as those that the body gives them.
 */
export function signatureOfBlock(body: Signature, inputs: readonly string[]): Signature {
  const [parameter] = body.parameters;
  const own = parameter?.pattern?.properties ?? [];
  const others = inputs.filter((key) => own.every((property) => property.key !== key));
  const properties = [
    ...own,
    ...others.map((key) => ({ key, name: key, fallback: undefined, pattern: undefined })),
  ];
  return {
    ...body,
    parameters: [{
      name: parameter?.name,
      rest: false,
      fallback: undefined,
      pattern: { properties, rest: true },
    }],
    // What a function that does so is given is not taken apart.
    readsArguments: true,
  };
}

/** The names that stand for values, but for those in nested functions and classes of their own. */
function namesReadIn(tokens: readonly SourceToken[]): Set<string> {
  const names = new Set<string>();
  for (let at = 0; at < tokens.length; at++) {
    const { type, text } = tokens[at];
    const before = tokens[at - 1]?.text;
    if (type !== "name" || before === "." || before === "?.") continue;
    names.add(text);
    if (text === "function" || text === "class") at = bodyEnd(tokens, at);
  }
  return names;
}

/** Where the body of the function or class that starts at `at` ends. */
function bodyEnd(tokens: readonly SourceToken[], at: number): number {
  let open = at;
  while (open < tokens.length && !isOpening(tokens[open], "{")) {
    open = isOpening(tokens[open], "(") ? closing(tokens, open) + 1 : open + 1;
  }
  return closing(tokens, open);
}

/** The signature of a function whose source tells nothing: so many nameless parameters. */
export function opaqueSignature(length: number): Signature {
  const parameter: Parameter = {
    name: undefined,
    rest: false,
    fallback: undefined,
    pattern: undefined,
  };
  return {
    parameters: Array.from({ length }, () => parameter),
    readsThis: "no",
    readsArguments: false,
    isOpaque: true,
  };
}

/** The first parenthesis that is not a part of a computed name, such as `[key(1)](x) {}`. */
function parameterListStart(tokens: readonly SourceToken[]): number {
  let at = 0;
  while (at < tokens.length && !isOpening(tokens[at], "(")) {
    at = isOpening(tokens[at], "[") ? closing(tokens, at) + 1 : at + 1;
  }
  return at;
}

function parameterOf(tokens: readonly SourceToken[]): Parameter {
  const rest = tokens[0].text === "...";
  return { rest, ...targetOf(tokens.slice(rest ? 1 : 0)) };
}

/** Reads what stands after a `...` or a colon: a name or a pattern, and maybe its default. */
function targetOf(tokens: readonly SourceToken[]): Omit<PatternProperty, "key"> {
  const [first] = tokens;
  const name = first?.type === "name" ? first.text : undefined;
  const end = name === undefined ? closing(tokens, 0) : 0;
  const hasDefault = tokens[end + 1]?.text === "=";
  return {
    name,
    fallback: hasDefault ? constantOf(tokens.slice(end + 2))?.value : undefined,
    pattern: first !== undefined && isOpening(first, "{")
      ? patternOf(tokens.slice(1, end))
      : undefined,
  };
}

/** Reads an object pattern; `undefined` where a computed name hides what it reads. */
function patternOf(tokens: readonly SourceToken[]): ObjectPattern | undefined {
  const properties: PatternProperty[] = [];
  let rest = false;
  for (const part of splitAtCommas(tokens)) {
    const [key, colon] = part;
    if (key.text === "...") {
      rest = true;
      continue;
    }
    if (key.type === "other") return undefined;
    const name = propertyName(key);
    if (name === "__proto__") return undefined;
    properties.push({ key: name, ...targetOf(colon?.text === ":" ? part.slice(2) : part) });
  }
  return { properties, rest };
}
