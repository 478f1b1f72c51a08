/**
 * Finds code that makes code out of strings.
 *
 * @module
 */

import jsTokens from "js-tokens";

/** What the code contains that a strict content security policy forbids. */
export function forbidden(code: string): string[] {
  const words = [...jsTokens(code)].filter(({ type }) =>
    !["WhiteSpace", "LineTerminatorSequence", "MultiLineComment", "SingleLineComment"].includes(
      type,
    )
  );
  return words.flatMap(({ type, value }, index) => {
    if (type !== "IdentifierName") return [];
    if (value === "eval") return ["eval"];
    const isCalled = value === "Function" &&
      (words[index + 1]?.value === "(" || words[index - 1]?.value === "new");
    return isCalled ? ["Function()"] : [];
  });
}
