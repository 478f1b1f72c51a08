/** A token of normalised source. */
export interface SourceToken {
  /** The token's kind: a name or keyword, a literal, or anything else. */
  readonly type: "name" | "string" | "number" | "other";
  /** Normal text of the token; strings are JSON strings. */
  readonly text: string;
}
