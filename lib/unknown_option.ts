/**
 * The error for an option that there is not.
 *
 * @module
 */

import { closestMatch } from "leven";

/** From how many letters on a part of a name is a hint at it, as `token` is at `readToken`. */
const MIN_PART_LENGTH = 4;

/**
 * Words what is wrong with an option that nobody knows, and what was probably meant.
 *
 * @param verb The function that was called.
 * @param option The name that it was given.
 * @param known The names of its options.
 * @param alias What others call an option by, if that name is one of those.
 */
export function unknownOption(
  verb: string,
  option: string,
  known: readonly string[],
  alias?: string,
): TypeError {
  const near = nearest(option, known, alias).map((name) => JSON.stringify(name));
  const hint = near.length === 0
    ? `it takes ${known.join(", ") || "none"}`
    : `did you mean ${near.join(" or ")}?`;
  return new TypeError(`Unknown option ${JSON.stringify(option)} of ${verb}: ${hint}`);
}

function nearest(option: string, known: readonly string[], alias: string | undefined): string[] {
  if (alias !== undefined) return known.filter((name) => name === alias);
  const letters = option.toLowerCase();
  const same = known.find((name) => name.toLowerCase() === letters);
  const maxDistance = Math.max(2, Math.floor(option.length / 3));
  const close = same ?? closestMatch(option, known, { maxDistance });
  if (close !== undefined) return [close];
  if (letters.length < MIN_PART_LENGTH) return [];
  return known.filter((name) => name.toLowerCase().includes(letters));
}
