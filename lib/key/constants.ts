/** Defaults that are constants: read from tokens, never run. */

import { closing, splitAtCommas } from "./brackets.ts";
import type { SourceToken } from "./token.ts";

const CONSTANT_NAMES: ReadonlyMap<string, unknown> = new Map<string, unknown>([
  ["true", true],
  ["false", false],
  ["null", null],
  ["undefined", undefined],
  ["NaN", NaN],
  ["Infinity", Infinity],
]);

/** The value of a constant expression: a literal, or an array or object of them. */
export function constantOf(tokens: readonly SourceToken[]): { value: unknown } | undefined {
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

/** The name that a token gives a property. */
export function propertyName(token: SourceToken): string {
  return token.type === "string" ? JSON.parse(token.text) : token.text;
}
