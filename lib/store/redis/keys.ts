/**
 * Where an entry stands in Redis.
 *
 * ```text
 * PREFIX:1:entry:{=KEY}    the entry (see ./value.ts)
 * PREFIX:1:lease:{=KEY}    the token of its lease, gone when the lease runs out
 * PREFIX:1:token:{=KEY}    the last token, gone a day later
 * ```
 *
 * A cluster places a key by what stands between the first `{` and the next `}`, which is the same
 * for these three, and never nothing because of the `=`.
 *
 * @module
 */

/** What is kept under a key. */
export type Room = "entry" | "lease" | "token";

/** Version of this layout. */
const LAYOUT = "1";

/** At most one hash tag, and that in front: any other brace would move ours. */
const LEGAL_PREFIX = /^(?:\{[^{}]+\})?[^{}]*$/;

/** The keys of one store. */
export class Keys {
  readonly #starts: Readonly<Record<Room, string>>;

  /**
   * @param prefix What stands in front of every key.
   * @throws {TypeError} It is no text or has braces other than those of a hash tag in front.
   */
  constructor(prefix: string) {
    if (typeof prefix !== "string" || prefix === "" || !prefix.isWellFormed()) {
      throw new TypeError('Option "prefix" of redisStore() must be a text that is not empty');
    }
    if (!LEGAL_PREFIX.test(prefix)) {
      throw new TypeError(
        'Option "prefix" of redisStore() may have braces only round a hash tag in front, ' +
          `received ${JSON.stringify(prefix)}`,
      );
    }
    const start = (room: Room) => `${prefix}:${LAYOUT}:${room}:{=`;
    this.#starts = { entry: start("entry"), lease: start("lease"), token: start("token") };
  }

  /** The place of `key` in a room. */
  of(room: Room, key: string): string {
    return `${this.#starts[room]}${key}}`;
  }

  /** The pattern that fits every entry whose key starts with `prefix`, and maybe others. */
  pattern(prefix: string): string {
    // A prefix may end in half of a character, which UTF-8 cannot say.
    const [sayable] = prefix.split(/\p{Surrogate}/u, 1);
    return `${escapePattern(this.#starts.entry + sayable)}*`;
  }

  /** The key of an entry by its place; `undefined` where it is none. */
  keyOf(place: string): string | undefined {
    const start = this.#starts.entry;
    if (!place.startsWith(start) || !place.endsWith("}")) return undefined;
    return place.slice(start.length, -1);
  }
}

/** Takes their meaning from the characters that have one in a pattern. */
export function escapePattern(text: string): string {
  return text.replace(/[\\*?[\]]/g, "\\$&");
}
