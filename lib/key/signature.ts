/**
 * The parameters of a function, read from its source, and the binding of arguments to them.
 *
 * @module
 */

import { OMITTED } from "../codec/internal.ts";
import type { SourceToken } from "./source.ts";

/** A parameter of a function. */
export interface Parameter {
  /** Its name; `undefined` where it is destructured. */
  readonly name: string | undefined;
  /** Whether it takes all remaining arguments. */
  readonly rest: boolean;
  /** Its default where that is a constant; otherwise a missing argument is keyed as missing. */
  readonly fallback: unknown;
}

/** What the source of a function says of how it is called. */
export interface Signature {
  readonly parameters: readonly Parameter[];
  /** Whether its result can depend on a `this`: of the call, or of where an arrow stands. */
  readonly readsThis: "no" | "of the call" | "of its surroundings";
  /** Whether it can see how many arguments it was given. */
  readonly readsArguments: boolean;
}

/** Reads the signature from the normal tokens of a function, method, accessor or arrow function. */
export function signatureOf(tokens: readonly SourceToken[]): Signature {
  const open = parameterListStart(tokens);
  const close = closing(tokens, open);
  const isArrow = tokens[close + 1]?.text === "=>";
  const reads = namesReadIn(tokens.slice(open));
  const readsThis = reads.has("this") || reads.has("super");
  return {
    parameters: splitAtCommas(tokens.slice(open + 1, close)).map(parameterOf),
    readsThis: !readsThis ? "no" : isArrow ? "of its surroundings" : "of the call",
    readsArguments: !isArrow && reads.has("arguments"),
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
  const parameter: Parameter = { name: undefined, rest: false, fallback: undefined };
  return {
    parameters: Array.from({ length }, () => parameter),
    readsThis: "no",
    readsArguments: false,
  };
}

/**
 * Binds the arguments of a call: every spelling of the same call gives the same array. Missing
 * arguments and `undefined` become the default, ignored ones a mark, and what goes beyond the
 * parameters follows as it is.
 */
export function bind(
  { parameters, readsArguments }: Signature,
  ignored: ReadonlySet<string>,
  args: readonly unknown[],
): unknown[] {
  const bound: unknown[] = [];
  let position = 0;
  for (const { name, rest, fallback } of parameters) {
    const omit = name !== undefined && ignored.has(name);
    if (rest) {
      bound.push(omit ? OMITTED : args.slice(position));
      position = args.length;
      break;
    }
    const given = args[position++];
    bound.push(omit ? OMITTED : given === undefined ? fallback : given);
  }
  for (; position < args.length; position++) bound.push(args[position]);
  if (readsArguments) bound.push(args.length);
  return bound;
}

/** The first parenthesis that is not a part of a computed name, such as `[key(1)](x) {}`. */
function parameterListStart(tokens: readonly SourceToken[]): number {
  let at = 0;
  while (at < tokens.length && !isOpening(tokens[at], "(")) {
    at = isOpening(tokens[at], "[") ? closing(tokens, at) + 1 : at + 1;
  }
  return at;
}

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

function isOpening(token: SourceToken, text: string): boolean {
  return token.type === "other" && token.text === text;
}

/** Position of the bracket that closes the one at `open`. */
function closing(tokens: readonly SourceToken[], open: number): number {
  let depth = 0;
  for (let at = open; at < tokens.length; at++) {
    if (tokens[at].type !== "other") continue;
    const { text } = tokens[at];
    const isMiddle = text.startsWith("}") && text.endsWith("${");
    if (isMiddle) continue;
    if (text in CLOSING || text.endsWith("${")) depth++;
    else if (/^[)\]}]/.test(text) && --depth === 0) return at;
  }
  return tokens.length;
}

/** The parts between the commas of one list; an elision is an empty part. */
function splitAtCommas(tokens: readonly SourceToken[]): SourceToken[][] {
  if (tokens.length === 0) return [];
  const parts: SourceToken[][] = [];
  let start = 0;
  for (let at = 0; at <= tokens.length; at++) {
    const token = tokens[at];
    if (token === undefined || (token.type === "other" && token.text === ",")) {
      parts.push(tokens.slice(start, at));
      start = at + 1;
    } else if (token.type === "other" && (token.text in CLOSING || token.text.endsWith("${"))) {
      at = closing(tokens, at);
    }
  }
  return parts;
}

function parameterOf(tokens: readonly SourceToken[]): Parameter {
  const rest = tokens[0].text === "...";
  const first = tokens[rest ? 1 : 0];
  const name = first?.type === "name" ? first.text : undefined;
  const patternEnd = name === undefined ? closing(tokens, rest ? 1 : 0) : rest ? 1 : 0;
  const hasDefault = tokens[patternEnd + 1]?.text === "=";
  const constant = hasDefault ? constantOf(tokens.slice(patternEnd + 2)) : undefined;
  return { name, rest, fallback: constant?.value };
}

const CONSTANT_NAMES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", NaN],
  ["Infinity", Infinity],
]);

/** The value of a constant expression: a literal, or an array or object of them. */
function constantOf(tokens: readonly SourceToken[]): { value: unknown } | undefined {
  const [first] = tokens;
  if (first === undefined) return undefined;
  if (tokens.length === 1) return literalOf(first);
  if (first.text === "-" && tokens.length === 2 && tokens[1].type === "number") {
    const { value } = literalOf(tokens[1])!;
    return { value: -(value as number) };
  }
  if (first.type !== "other" || closing(tokens, 0) !== tokens.length - 1) return undefined;
  const parts = splitAtCommas(tokens.slice(1, -1));
  if (first.text === "[") {
    const values = parts.map(constantOf);
    return allKnown(values) ? { value: values.map(({ value }) => value) } : undefined;
  }
  if (first.text === "{") {
    const entries = parts.map(([key, colon, ...rest]) =>
      colon?.text === ":" && key.type !== "other" && key.text !== '"__proto__"' &&
        key.text !== "__proto__"
        ? { key, constant: constantOf(rest) }
        : undefined
    );
    if (entries.some((entry) => entry?.constant === undefined)) return undefined;
    return {
      value: Object.fromEntries(
        entries.map((entry) => [propertyName(entry!.key), entry!.constant!.value]),
      ),
    };
  }
  return undefined;
}

function allKnown(
  values: readonly ({ value: unknown } | undefined)[],
): values is { value: unknown }[] {
  return values.every((value) => value !== undefined);
}

function literalOf(token: SourceToken): { value: unknown } | undefined {
  if (token.type === "string") return { value: JSON.parse(token.text) };
  if (token.type === "number") {
    const { text } = token;
    if (text.endsWith("n")) return { value: BigInt(text.slice(0, -1)) };
    return /^0\d/.test(text) ? undefined : { value: Number(text) };
  }
  return token.type === "name" && CONSTANT_NAMES.has(token.text)
    ? { value: CONSTANT_NAMES.get(token.text) }
    : undefined;
}

function propertyName(token: SourceToken): string {
  return token.type === "string" ? JSON.parse(token.text) : token.text;
}
