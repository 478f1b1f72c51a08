/**
 * Where things stand in Deno KV.
 *
 * | key                                            | value                                           |
 * |------------------------------------------------|-------------------------------------------------|
 * | `[PREFIX, 1, "entry", ...segments]`            | the head of an entry (see ./head.ts)            |
 * | `[PREFIX, 1, "long", start, hash]`             | the same, of an entry whose key would not fit   |
 * | `[PREFIX, 1, "chunk", generation, index]`      | 64 KiB of a value, the last chunk maybe less    |
 * | `[PREFIX, 1, "loose", generation]`             | `{ time, chunks }`: chunks that no head names   |
 * | `[PREFIX, 1, "swept"]`                         | `{ time }`: when such chunks were removed last  |
 * | `[PREFIX, 1, "lease", "entry" or "long", ...]` | `{ until, duration, token? }`: who may compute  |
 *
 * Segments are the parts of a key between slashes. The keys of entries sort so that those with one
 * prefix stand together, and listing them is one range of the database, and one of the long ones.
 *
 * @module
 */

import { blake3, toHex } from "../../hash/mod.ts";
import { type KvKey, type KvKeyPart, type KvSelector, MAX_KEY_BYTES } from "./kv.ts";

/** Version of this layout. */
const LAYOUT = 1;

/** Left of a key's bytes for the parts in front of the segments. */
const RESERVED_BYTES = 512;
/** Code units of a long key that stay readable, and sort. */
const LONG_START_LENGTH = 256;
const LONG_HASH_BYTES = 16;
/** The longest prefix in code units, which take up to three bytes each. */
const MAX_PREFIX_LENGTH = 128;

/** Where an entry stands. */
export interface Place {
  /** Which of the two kinds of keys. */
  readonly room: "entry" | "long";
  /** The parts behind the room. */
  readonly parts: readonly string[];
}

/** A range of the database that holds every entry whose key starts with a prefix. */
export interface Range {
  /** Where it is. */
  readonly selector: KvSelector;
  /** Whether a key of the database is still in it; the first that is not ends it. */
  readonly has: (key: KvKey) => boolean;
}

/** The keys of one store. */
export class Keys {
  readonly #root: readonly KvKeyPart[];

  /**
   * @param prefix The first part of every key.
   * @throws {TypeError} It is no text.
   * @throws {RangeError} It is empty or too long.
   */
  constructor(prefix: string) {
    if (typeof prefix !== "string" || !prefix.isWellFormed()) {
      throw new TypeError('Option "prefix" of denoKvStore() must be a well-formed text');
    }
    if (prefix === "" || prefix.length > MAX_PREFIX_LENGTH) {
      throw new RangeError(
        `Option "prefix" of denoKvStore() must have 1 to ${MAX_PREFIX_LENGTH} code units, ` +
          `received ${prefix.length}`,
      );
    }
    this.#root = [prefix, LAYOUT];
  }

  /** The key of an entry's head. */
  head({ room, parts }: Place): KvKey {
    return [...this.#root, room, ...parts];
  }

  /** The key of a lease. */
  lease({ room, parts }: Place): KvKey {
    return [...this.#root, "lease", room, ...parts];
  }

  /** The key of a chunk. */
  chunk(generation: string, index: number): KvKey {
    return [...this.#root, "chunk", generation, index];
  }

  /** All chunks under a generation. */
  allChunks(generation: string): KvSelector {
    return { prefix: [...this.#root, "chunk", generation] };
  }

  /** The key of the note that says that chunks belong to no head. */
  loose(generation: string): KvKey {
    return [...this.#root, "loose", generation];
  }

  /** All such notes. */
  allLoose(): KvSelector {
    return { prefix: [...this.#root, "loose"] };
  }

  /** The key of the note that says when loose chunks were removed last. */
  swept(): KvKey {
    return [...this.#root, "swept"];
  }

  /** The key of the entry under a key of the database; `undefined` where only its head knows. */
  keyOf(key: KvKey): string | undefined {
    const [room, ...parts] = key.slice(this.#root.length);
    return room === "entry" ? parts.join("/") : undefined;
  }

  /** The ranges that hold every entry whose key starts with `prefix`, and maybe others. */
  ranges(prefix: string): Range[] {
    // A prefix may end in half of a character, which no key of the database can.
    const [sayable] = prefix.split(/\p{Surrogate}/u, 1);
    const segments = sayable.split("/");
    const ranges = [this.#range("long", [], cut(sayable, LONG_START_LENGTH))];
    if (encodedBytes(segments) <= MAX_KEY_BYTES - RESERVED_BYTES) {
      ranges.unshift(this.#range("entry", segments.slice(0, -1), segments.at(-1)!));
    }
    return ranges;
  }

  #range(room: Place["room"], before: readonly string[], start: string): Range {
    const prefix = [...this.#root, room, ...before];
    return {
      selector: start === "" ? { prefix } : { prefix, start: [...prefix, start] },
      has: (key) => String(key[prefix.length]).startsWith(start),
    };
  }
}

/** Finds the place of a legal key; distinct keys have distinct places. */
export function placeOf(key: string): Place {
  const segments = key.split("/");
  if (encodedBytes(segments) <= MAX_KEY_BYTES - RESERVED_BYTES) {
    return { room: "entry", parts: segments };
  }
  const hash = toHex(blake3(new TextEncoder().encode(key)).subarray(0, LONG_HASH_BYTES));
  return { room: "long", parts: [cut(key, LONG_START_LENGTH), hash] };
}

/** At most what the database makes of these parts: a mark and an end each, and NUL twice. */
function encodedBytes(parts: readonly string[]): number {
  let bytes = 0;
  for (const part of parts) bytes += 2 + (isPlain(part) ? part.length : 3 * part.length);
  return bytes;
}

/** Whether each code unit takes one byte, as the printable ones of ASCII do. */
function isPlain(text: string): boolean {
  return /^[ -~]*$/.test(text);
}

/** The start of a text, without half of a character. */
function cut(text: string, length: number): string {
  if (text.length <= length) return text;
  return text.slice(0, length).replace(/[\ud800-\udbff]$/, "");
}
