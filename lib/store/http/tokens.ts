/**
 * Who may read and who may write.
 *
 * @module
 */

import { blake3 } from "../../hash/mod.ts";

/** What a request may do. */
export type Right = "none" | "read" | "write";

/** Tells rights by bearer token, in a time that says nothing of how much of a token was right. */
export class Tokens {
  /** Makes the digests that are compared those of this server alone. */
  readonly #salt = crypto.getRandomValues(new Uint8Array(32));
  readonly #read: Uint8Array | undefined;
  readonly #write: Uint8Array | undefined;

  /**
   * @param readToken Lets read; without one, everybody may.
   * @param writeToken Lets read and write; without one, nobody may write.
   */
  constructor(readToken: string | undefined, writeToken: string | undefined) {
    this.#read = this.#digestOf("readToken", readToken);
    this.#write = this.#digestOf("writeToken", writeToken);
  }

  /** Whether anybody may write. */
  get writable(): boolean {
    return this.#write !== undefined;
  }

  /** Tells what the holder of the token in an `Authorization` header may do. */
  rightOf(authorization: string | null): Right {
    const [, token] = authorization?.match(/^Bearer +(\S+)$/i) ?? [];
    if (token === undefined) return this.#read === undefined ? "read" : "none";
    const digest = this.#digest(token);
    // Both are always compared.
    const writes = same(digest, this.#write);
    const reads = same(digest, this.#read);
    if (writes) return "write";
    return reads || this.#read === undefined && this.#write === undefined ? "read" : "none";
  }

  #digestOf(option: string, token: string | undefined): Uint8Array | undefined {
    if (token === undefined) return undefined;
    if (typeof token !== "string" || !/^[\x21-\x7e]+$/.test(token)) {
      throw new TypeError(
        `${option} must be visible ASCII characters without spaces, at least one`,
      );
    }
    return this.#digest(token);
  }

  #digest(token: string): Uint8Array {
    return blake3(new TextEncoder().encode(token), { key: this.#salt });
  }
}

function same(a: Uint8Array, b: Uint8Array | undefined): boolean {
  let difference = b === undefined ? 1 : 0;
  for (let i = 0; i < a.length; i++) difference |= a[i] ^ (b?.[i] ?? 0);
  return difference === 0;
}
