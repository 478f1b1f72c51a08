/** Defaults that are constants: read from tokens, never run. */

import { closing, splitAtCommas } from "./brackets.ts";
import type { SourceToken } from "./token.ts";

/** Names that stand for constants, unless a parameter takes one. */
export const CONSTANT_NAMES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", NaN],
  ["Infinity", Infinity],
]);

/** A value that is known before the code runs. */
interface Constant {
  readonly value: unknown;
}

/** A constant, and the position behind it. */
interface Parsed extends Constant {
  readonly end: number;
}

type Operator = (a: never, b: never) => unknown;

// Runtimes that fold constants print `86400` where others print `60 * 60 * 24`.
const UNARY: Readonly<Record<string, (operand: never) => unknown>> = {
  "-": (a: number) => -a,
  "+": (a: number) => +a,
  "~": (a: number) => ~a,
  "!": (a: unknown) => !a,
  void: () => undefined,
};

/** Operators by what they do, and how closely they bind. */
const BINARY: ReadonlyMap<string, readonly [precedence: number, apply: Operator]> = new Map<
  string,
  readonly [number, Operator]
>([
  ["|", [1, (a: number, b: number) => a | b]],
  ["^", [2, (a: number, b: number) => a ^ b]],
  ["&", [3, (a: number, b: number) => a & b]],
  ["<<", [4, (a: number, b: number) => a << b]],
  [">>", [4, (a: number, b: number) => a >> b]],
  [">>>", [4, (a: number, b: number) => a >>> b]],
  ["+", [5, (a: number, b: number) => a + b]],
  ["-", [5, (a: number, b: number) => a - b]],
  ["*", [6, (a: number, b: number) => a * b]],
  ["/", [6, (a: number, b: number) => a / b]],
  ["%", [6, (a: number, b: number) => a % b]],
  ["**", [7, (a: number, b: number) => a ** b]],
]);

const POWER = 7;

/**
 * The value of a constant expression: literals, arrays and objects of them, and what arithmetic
 * makes of primitives.
 */
export function constantOf(tokens: readonly SourceToken[]): Constant | undefined {
  const parsed = binaryAt(tokens, 0, 1);
  return parsed?.end === tokens.length ? { value: parsed.value } : undefined;
}

/** Reads operators that bind at least as closely as `precedence`, and their operands. */
function binaryAt(
  tokens: readonly SourceToken[],
  start: number,
  precedence: number,
): Parsed | undefined {
  let left = operandAt(tokens, start);
  while (left !== undefined && left.end < tokens.length) {
    const { type, text } = tokens[left.end];
    const [binds, apply] = (type === "other" ? BINARY.get(text) : undefined) ?? [0];
    if (apply === undefined || binds < precedence) break;
    // A power takes what stands to its right first.
    const right = binaryAt(tokens, left.end + 1, binds === POWER ? POWER : binds + 1);
    if (right === undefined) return undefined;
    left = applied(apply, [left.value, right.value], right.end);
  }
  return left;
}

function operandAt(tokens: readonly SourceToken[], start: number): Parsed | undefined {
  const first = tokens[start];
  if (first === undefined) return undefined;
  const apply = first.type !== "string" && Object.hasOwn(UNARY, first.text)
    ? UNARY[first.text]
    : undefined;
  if (apply !== undefined) {
    const operand = operandAt(tokens, start + 1);
    return operand && applied(apply as Operator, [operand.value], operand.end);
  }
  if (first.type !== "other") {
    const literal = literalOf(first);
    return literal && { value: literal.value, end: start + 1 };
  }
  const close = closing(tokens, start);
  const value = bracketed(first, tokens.slice(start + 1, close));
  return value && { value: value.value, end: close + 1 };
}

/** What an operator makes of primitives that cannot take long. */
function applied(
  apply: Operator,
  operands: readonly unknown[],
  end: number,
): Parsed | undefined {
  const isSimple = operands.every((operand) =>
    operand === null || (typeof operand !== "object" && typeof operand !== "bigint")
  );
  const isNegated = operands.length === 1 && typeof operands[0] === "bigint";
  if (!isSimple && !isNegated) return undefined;
  try {
    return { value: apply(...operands as [never, never]), end };
  } catch {
    return undefined; // Such as +1n, which throws at each call.
  }
}

/** What stands in brackets: an array, an object or an expression. */
function bracketed(
  { text }: SourceToken,
  tokens: readonly SourceToken[],
): Constant | undefined {
  if (text === "(") return constantOf(tokens);
  if (text !== "[" && text !== "{") return undefined;
  const parts = splitAtCommas(tokens);
  if (text === "[") {
    const values = parts.map(constantOf);
    return allKnown(values) ? { value: values.map(({ value }) => value) } : undefined;
  }
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

/** The name that a token gives a property. */
export function propertyName(token: SourceToken): string {
  return token.type === "string" ? JSON.parse(token.text) : token.text;
}
