/** What callers of a memory cache are handed: the result itself, or a copy of their own. */

import { decode, encode } from "../codec/mod.ts";
import type { MemoryEntry } from "./memory_entry.ts";
import { encodeThrown } from "./payload.ts";
import { isThenable } from "./results.ts";
import type { Settings } from "./settings.ts";

/** In place of a promise of a result of which only copies are handed out. */
const COPIED: Promise<undefined> = Promise.resolve(undefined);

/** Makes copies as the option `clone` says. */
export class Copies {
  /** Whether every caller gets a copy. */
  readonly areMade: boolean;
  readonly #clone: Settings["clone"];
  readonly #classes: Settings["classes"];
  readonly #isMeasured: boolean;

  /** @param settings Those of the function. */
  constructor({ clone, classes, maxBytes }: Settings) {
    this.#clone = clone;
    this.#classes = classes;
    this.areMade = clone !== false;
    this.#isMeasured = maxBytes !== Infinity;
  }

  /**
   * Puts a result into an entry, in the form that copies are made of.
   *
   * @returns Its size in bytes, where that matters.
   * @throws {EncodeError} It has no byte form; or whatever the user's function throws.
   */
  put(value: unknown, kind: MemoryEntry["kind"], entry: MemoryEntry): number {
    entry.kind = kind;
    let size = 0;
    if (this.#clone === true || this.#isMeasured) {
      const bytes = kind === "error"
        ? encodeThrown(value, this.#classes)
        : encode(value, { classes: this.#classes });
      size = bytes.length;
      if (this.#clone === true) entry.bytes = bytes;
    }
    if (!this.areMade) entry.value = value;
    else {
      if (typeof this.#clone === "function") {
        entry.value = kind === "value" ? this.#clone(value) : value;
      }
      entry.result = isThenable(entry.result) ? COPIED : undefined;
    }
    return size;
  }

  /**
   * The result for one caller, or what the function threw.
   *
   * @throws Whatever the user's function throws.
   */
  of(entry: MemoryEntry): unknown {
    const { bytes, value, kind } = entry;
    if (bytes !== undefined) return decode(bytes, { classes: this.#classes });
    return typeof this.#clone === "function" && kind === "value" ? this.#clone(value) : value;
  }

  /** A copy of a result that was just computed; itself, where it cannot be copied. */
  fresh(value: unknown): unknown {
    try {
      if (typeof this.#clone === "function") return this.#clone(value);
      const options = { classes: this.#classes };
      return this.#clone ? decode(encode(value, options), options) : value;
    } catch {
      return value; // Whoever keeps it meets the same, and tells of it.
    }
  }
}

/** Hands a result out as the function did: at once or as a promise, returned or thrown. */
export function handOut(entry: MemoryEntry, copy: unknown): unknown {
  const isError = entry.kind === "error";
  if (isThenable(entry.result)) return isError ? Promise.reject(copy) : Promise.resolve(copy);
  if (isError) throw copy;
  return copy;
}
