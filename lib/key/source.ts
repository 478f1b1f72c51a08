/**
 * The source of a function as tokens in a normal form: comments, layout and quote style gone, and
 * with them most of what one runtime prints otherwise than another.
 *
 * Dropping line breaks is safe where they cannot change the meaning. Where they can (after
 * `return`, before `++` and the like), the break stays as a token of its own.
 *
 * @module
 */

import jsTokens from "js-tokens";
import { closing } from "./brackets.ts";
import type { SourceToken } from "./token.ts";

/** Names after which a line break ends the statement, or makes a keyword a plain name. */
const BREAK_AFTER = new Set(["return", "break", "continue", "yield", "async", "accessor", "using"]);
/** Tokens that mean something else when a line break stands before them. */
const BREAK_BEFORE = new Set(["++", "--", "using"]);
/** Keywords after which a template cannot be tagged. */
const BEFORE_EXPRESSION = new Set(
  "return throw typeof void delete in instanceof case do else new".split(" "),
);

const LINE_BREAK: SourceToken = { type: "other", text: "\n" };

/** Tokens of `source` in normal form. */
export function normalTokens(source: string): SourceToken[] {
  const tokens: SourceToken[] = [];
  let broken = false;
  for (const lexed of jsTokens(source)) {
    const { type, value } = lexed;
    if (isDoubtful(lexed, tokens.at(-1))) return rawTokens(source, tokens);
    switch (type) {
      case "LineTerminatorSequence":
        broken = true;
        continue;
      case "MultiLineComment":
        broken ||= /[\n\r\u2028\u2029]/.test(value);
        continue;
      case "WhiteSpace":
      case "SingleLineComment":
        continue;
      default: {
        const token = normalToken(type, value, tokens);
        if (broken && breakMatters(tokens.at(-1), token)) tokens.push(LINE_BREAK);
        broken = false;
        append(tokens, token);
      }
    }
  }
  dropComputedName(tokens);
  dropOwnName(tokens);
  return withBooleans(tokens);
}

/** One text for the tokens, the same for equal code. */
export function tokensText(tokens: readonly SourceToken[]): string {
  return tokens.map((token) => token.text).join(" ");
}

/** Names after which a slash may open a RegExp or divide: without a parser, nobody can tell. */
const BEFORE_DOUBTFUL_SLASH = new Set([
  "of",
  "yield",
  "await",
  "async",
  "get",
  "set",
  "static",
  "let",
]);

/**
 * Whether a token may have been misread. A slash taken for a division where it opens a RegExp would
 * turn what follows into comments and strings that are none, and edits there would not count.
 */
function isDoubtful(
  { type, value, ...rest }: { type: string; value: string; closed?: boolean },
  previous: SourceToken | undefined,
): boolean {
  if (type === "Invalid" || rest.closed === false) return true;
  return type === "Punctuator" && value.startsWith("/") && previous !== undefined &&
    (previous.text === "}" ||
      (previous.type === "name" && BEFORE_DOUBTFUL_SLASH.has(previous.text)));
}

/** What was read so far, which has the parameters in it, and then the source as it stands. */
function rawTokens(source: string, read: readonly SourceToken[]): SourceToken[] {
  return [...read, { type: "other", text: `raw ${source}` }];
}

function normalToken(type: string, value: string, before: readonly SourceToken[]): SourceToken {
  switch (type) {
    case "StringLiteral":
      return { type: "string", text: JSON.stringify(cooked(value.slice(1, -1))) };
    case "NoSubstitutionTemplate":
      return isTagged(before)
        ? { type: "other", text: value.replace(/\r\n?/g, "\n") }
        : { type: "string", text: JSON.stringify(cooked(value.slice(1, -1))) };
    case "NumericLiteral":
      return { type: "number", text: normalNumber(value) };
    case "IdentifierName":
      return { type: "name", text: value };
    default:
      // The language itself reads every line break of a template as this one.
      return { type: "other", text: value.replace(/\r\n?/g, "\n") };
  }
}

/** Appends a token, without the commas and semicolons that printers add or leave out at will. */
function append(tokens: SourceToken[], token: SourceToken): void {
  const { text } = token;
  if (token.type === "other") {
    if (text === "}") {
      while (tokens.at(-1)?.text === ";") tokens.pop();
      if (isComma(tokens.at(-1))) tokens.pop();
    } else if (text === ")") {
      if (isComma(tokens.at(-1))) tokens.pop();
    } else if (text === "]") {
      const before = tokens.at(-2)?.text;
      if (isComma(tokens.at(-1)) && before !== "," && before !== "[") tokens.pop();
    } else if (text === "=>" && tokens.at(-1)?.type === "name") {
      const parameter = tokens.pop()!;
      tokens.push({ type: "other", text: "(" }, parameter, { type: "other", text: ")" });
    }
  }
  tokens.push(token);
}

function isComma(token: SourceToken | undefined): boolean {
  return token?.type === "other" && token.text === ",";
}

function breakMatters(previous: SourceToken | undefined, next: SourceToken): boolean {
  if (previous === undefined || next.text === "}" || next.text === ";") return false;
  const endsOperand = previous.type !== "other" || previous.text === ")" || previous.text === "]";
  return (BREAK_BEFORE.has(next.text) && endsOperand) ||
    (previous.type === "name" && BREAK_AFTER.has(previous.text));
}

/** Whether a template after these tokens is an argument of a tag, which sees its raw text. */
function isTagged(before: readonly SourceToken[]): boolean {
  const previous = before.at(-1);
  if (previous === undefined) return false;
  if (previous.type === "name") {
    const owner = before.at(-2)?.text;
    return owner === "." || owner === "?." || !BEFORE_EXPRESSION.has(previous.text);
  }
  return previous.text.startsWith("#") ||
    [")", "]", "}", "`"].some((end) => previous.text.endsWith(end));
}

/**
 * Writes the name of a method plainly where it is computed. Runtimes without decorators put them
 * there, as in `[(_dec$2 = [dec()], "m")]`, under numbers that change with whatever else the file
 * decorates; and what a method is called does not change what it does.
 */
function dropComputedName(tokens: SourceToken[]): void {
  const open = tokens.findIndex(({ text }) => text === "[" || text === "(" || text === "=>");
  if (tokens[open]?.text !== "[") return;
  const close = closing(tokens, open);
  if (tokens[close + 1]?.text !== "(") return;
  const last = tokens.slice(open, close).findLast(({ text }) => text !== ")")!;
  const isName = last.type === "string" && /^"[A-Za-z_$][\w$]*"$/.test(last.text);
  tokens.splice(
    open,
    close - open + 1,
    isName ? { type: "name", text: last.text.slice(1, -1) } : { type: "other", text: "[]" },
  );
}

/**
 * The source without the expression of a computed name, which is evaluated where the class stands,
 * and is no part of what the function does.
 */
export function withoutComputedName(source: string): string {
  let depth = 0;
  let start = -1;
  let at = 0;
  for (const { type, value } of jsTokens(source)) {
    const end = at + value.length;
    if (type === "Punctuator") {
      if (start < 0) {
        if (value === "(" || value === "=>" || value === "{") return source;
        if (value === "[") start = at;
      }
      if (value === "[") depth++;
      else if (value === "]" && --depth === 0) {
        return `${source.slice(0, start)}[""]${source.slice(end)}`;
      }
    }
    at = end;
  }
  return source;
}

/**
 * Drops the name of a `function` that does not refer to itself: some runtimes do, and the name is
 * a part of the key on its own.
 */
function dropOwnName(tokens: SourceToken[]): void {
  let at = tokens[0]?.text === "async" ? 1 : 0;
  if (tokens[at]?.text !== "function") return;
  if (tokens[++at]?.text === "*") at++;
  const name = tokens[at];
  if (name?.type !== "name") return;
  const uses = tokens.filter((token) => token.type === "name" && token.text === name.text);
  if (uses.length === 1) tokens.splice(at, 1);
}

/** What binds closer than `!`, so that `!0` before it is not a whole operand. */
const BINDS_CLOSER = new Set([".", "?.", "[", "(", "**"]);

/** Writes `!0` and `!1` as `true` and `false`, which some printers turn into them. */
function withBooleans(tokens: readonly SourceToken[]): SourceToken[] {
  const folded: SourceToken[] = [];
  for (let at = 0; at < tokens.length; at++) {
    const [token, operand, next] = tokens.slice(at, at + 3);
    const isBoolean = token.type === "other" && token.text === "!" && operand?.type === "number" &&
      (operand.text === "0" || operand.text === "1") && !BINDS_CLOSER.has(next?.text);
    if (isBoolean) {
      folded.push({ type: "name", text: operand.text === "0" ? "true" : "false" });
      at++;
    } else folded.push(token);
  }
  return folded;
}

function normalNumber(literal: string): string {
  const digits = literal.replaceAll("_", "");
  if (digits.endsWith("n")) return `${BigInt(digits.slice(0, -1))}n`;
  // A leading zero makes a number octal in sloppy code, which `Number` does not know.
  return /^0\d/.test(digits) ? digits : String(Number(digits));
}

const SIMPLE_ESCAPES: Readonly<Record<string, string>> = {
  b: "\b",
  f: "\f",
  n: "\n",
  r: "\r",
  t: "\t",
  v: "\v",
};

/** The value of a string literal or template, given what stands between its quotes. */
function cooked(raw: string): string {
  if (!raw.includes("\\")) return raw.replace(/\r\n?/g, "\n");
  return raw.replace(
    /\r\n?|\\(?:u\{([\da-fA-F]+)\}|u([\da-fA-F]{4})|x([\da-fA-F]{2})|(0(?!\d))|([0-3][0-7]{0,2}|[4-7][0-7]?)|(\r\n|[^]))/g,
    (match, braced, four, two, nul, octal, other) => {
      if (match[0] === "\r") return "\n";
      const hex = braced ?? four ?? two;
      if (hex !== undefined) return String.fromCodePoint(Number.parseInt(hex, 16));
      if (nul !== undefined) return "\0";
      if (octal !== undefined) return String.fromCharCode(Number.parseInt(octal, 8));
      if (/^[\r\n\u2028\u2029]/.test(other)) return "";
      return SIMPLE_ESCAPES[other] ?? other;
    },
  );
}
