/** Brackets and commas among tokens. */

import type { SourceToken } from "./token.ts";

const CLOSING: Readonly<Record<string, string>> = { "(": ")", "[": "]", "{": "}" };

/** Whether a token is the opening bracket `text`. */
export function isOpening(token: SourceToken, text: string): boolean {
  return token.type === "other" && token.text === text;
}

/** Position of the bracket that closes the one at `open`. */
export function closing(tokens: readonly SourceToken[], open: number): number {
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
export function splitAtCommas(tokens: readonly SourceToken[]): SourceToken[][] {
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
