/**
 * Leases by files, for processes that share nothing but a folder.
 *
 * ```text
 * ROOT/leases/3f/
 *   3fa9….7        the lease of a key, by a hash of it; 7 tells one lease from the next
 *   token.41       the last token given in this sub-folder
 * ```
 *
 * | offset | bytes | field in the file of a lease                                    |
 * |--------|-------|-----------------------------------------------------------------|
 * | 0      | 8     | end, milliseconds since the epoch, float64 little-endian         |
 * | 8      | 8     | duration in milliseconds, float64 little-endian                  |
 * | 16     | 8     | token, float64 little-endian; 0 until there is one               |
 * | 24     | 16    | random bytes that tell the holder                                |
 *
 * Who finds no lease that counts makes the file of the next number, which succeeds for one process
 * only, and then looks once more: whoever sees another lease that counts withdraws. So of two that
 * both made a file at least the later one withdraws, also where it slept in between. A token is the
 * next number of the sub-folder, taken in the same way; the file of the last number always stays,
 * so tokens grow whatever the clock does.
 *
 * @module
 */

import { holdsOthersOff } from "../_lease_end.ts";
import { lostLease } from "../_lost_lease.ts";
import { hashText } from "../_place.ts";
import type { StoreLease } from "../store.ts";
import { isMissing } from "./failure.ts";
import { type Files, problemOf } from "./files.ts";

const CONTENT_BYTES = 40;
const NONCE_OFFSET = 24;
const TOKEN_NAME = "token";
/** How long a file may stay empty between being made and being written. */
const WRITING_MS = 5000;
/** How often to try where processes get into each other's way. */
const ATTEMPTS = 20;

/** Where the files of a lease are. */
interface Place {
  readonly folder: string;
  readonly name: string;
}

/** A file of a lease. */
interface Found {
  readonly path: string;
  readonly number: number;
  /** `undefined` where it is being written. */
  readonly content: Content | undefined;
  readonly modified: number;
}

interface Content {
  readonly end: number;
  readonly duration: number;
  readonly token: number;
  readonly nonce: Uint8Array;
}

/** Makes a folder and those above it. */
type MakeFolder = (folder: string) => Promise<void>;

/** The leases of one store. */
export class Leases {
  readonly #files: Files;
  readonly #root: string;
  readonly #makeFolder: MakeFolder;

  /**
   * @param files The file system.
   * @param root The root of the store.
   * @param makeFolder Makes a folder below it.
   */
  constructor(files: Files, root: string, makeFolder: MakeFolder) {
    this.#files = files;
    this.#root = root;
    this.#makeFolder = makeFolder;
  }

  /** The folder of all leases on keys. */
  get folder(): string {
    return `${this.#root}/leases`;
  }

  /** Takes the lease on a key; `undefined` while another holds it. */
  async take(key: string, duration: number): Promise<StoreLease | undefined> {
    return await this.takeAt(this.#placeOf(key), key, duration);
  }

  /** As {@linkcode take}, for a lease that is on no key. */
  async takeAt(place: Place, key: string, duration: number): Promise<FileLease | undefined> {
    for (let attempt = 1; attempt <= ATTEMPTS; attempt++) {
      try {
        const lease = this.#tryTake(place, key, duration);
        if (lease !== "again") return lease;
      } catch (error) {
        if (problemOf(error) !== "not-found") throw error;
        await this.#makeFolder(place.folder);
      }
    }
    return undefined;
  }

  /**
   * Checks that a lease on `key` is held, by its token.
   *
   * @throws {StoreError} It was lost, given back, or is another key's.
   */
  check(key: string, lease: StoreLease): void {
    const held = this.#find(this.#placeOf(key)).find(({ content }) =>
      content !== undefined && content.token === lease.token && content.token > 0
    );
    if (held === undefined || !isHeld(held)) {
      throw lostLease("fs", key);
    }
  }

  /** One try, without a pause in between; `"again"` where another process came in between. */
  #tryTake(place: Place, key: string, duration: number): FileLease | undefined | "again" {
    const before = this.#find(place);
    if (before.some(isHeld)) return undefined;
    const number = 1 + before.reduce((most, { number }) => Math.max(most, number), 0);
    const path = `${place.folder}/${place.name}.${number}`;
    const nonce = crypto.getRandomValues(new Uint8Array(CONTENT_BYTES - NONCE_OFFSET));
    const mine: Content = { end: Date.now() + duration, duration, token: 0, nonce };
    try {
      this.#files.createNow(path, encode(mine));
    } catch (error) {
      if (problemOf(error) === "exists") return "again";
      // Made, and then not written: it would hold others off for nobody. Where the folder is missing
      // nothing was made, and what stands there a moment later is another's.
      const isUnfinished = problemOf(error) === "no-space" &&
        readLease(this.#files, path)?.content === undefined;
      if (isUnfinished) removeQuietly(this.#files, path);
      throw error;
    }
    const lease = new FileLease(key, path, mine, {
      files: this.#files,
      others: () => this.#find(place).filter((found) => found.path !== path),
    });
    try {
      if (lease.isContested()) {
        lease.giveBack();
        return "again";
      }
      this.#sweep(place, path);
      return lease.start(this.#nextToken(place.folder)) ? lease : "again";
    } catch (error) {
      lease.giveBack(); // Or it would hold others off for nobody.
      throw error;
    }
  }

  /** Removes what others left of a lease that ran out. Only called by who holds it now. */
  #sweep(place: Place, own: string): void {
    for (const found of this.#find(place)) {
      if (found.path !== own && !isHeld(found)) removeQuietly(this.#files, found.path);
    }
  }

  #nextToken(folder: string): number {
    while (true) {
      const number = 1 + Math.max(0, ...this.#numbers(folder, TOKEN_NAME));
      try {
        this.#files.createNow(`${folder}/${TOKEN_NAME}.${number}`, new Uint8Array(0));
      } catch (error) {
        if (problemOf(error) === "exists") continue;
        throw error;
      }
      const numbers = this.#numbers(folder, TOKEN_NAME);
      for (const other of numbers) {
        if (other < number) removeQuietly(this.#files, `${folder}/${TOKEN_NAME}.${other}`);
      }
      // A later one means that this number may have been given and cleared away before.
      if (Math.max(...numbers) === number) return number;
    }
  }

  #placeOf(key: string): Place {
    const name = hashText(key);
    return { folder: `${this.folder}/${name.slice(0, 2)}`, name };
  }

  #numbers(folder: string, name: string): number[] {
    return this.#files.names(folder)
      .filter((found) => found.startsWith(`${name}.`))
      .map((found) => Number(found.slice(name.length + 1)))
      .filter(Number.isSafeInteger);
  }

  /** The files of a lease that are there. */
  #find({ folder, name }: Place): Found[] {
    let numbers: number[];
    try {
      numbers = this.#numbers(folder, name);
    } catch (error) {
      if (isMissing(error)) return [];
      throw error;
    }
    return numbers.flatMap((number) => {
      const path = `${folder}/${name}.${number}`;
      const found = readLease(this.#files, path);
      return found === undefined ? [] : [{ ...found, path, number }];
    });
  }
}

/** Reads the file of a lease; `undefined` where there is none. */
export function readLease(
  files: Files,
  path: string,
): Pick<Found, "content" | "modified"> | undefined {
  try {
    const { start, modified } = files.readStart(path, CONTENT_BYTES);
    return { content: decode(start), modified };
  } catch (error) {
    if (isMissing(error)) return undefined;
    throw error;
  }
}

/** Whether a lease counts for others than its holder. */
export function isHeld({ content, modified }: Pick<Found, "content" | "modified">): boolean {
  if (content === undefined) return modified + WRITING_MS > Date.now();
  return holdsOthersOff(content);
}

/** A lease of this process. */
export class FileLease implements StoreLease {
  /** The key. */
  readonly key: string;
  readonly #path: string;
  readonly #files: Files;
  readonly #others: () => readonly Found[];
  #content: Content;
  #lost = false;

  /**
   * @param key The key.
   * @param path Its file.
   * @param content What stands in it.
   * @param around The file system, and the other files of the same lease.
   */
  constructor(
    key: string,
    path: string,
    content: Content,
    around: { readonly files: Files; readonly others: () => readonly Found[] },
  ) {
    this.key = key;
    this.#path = path;
    this.#content = content;
    this.#files = around.files;
    this.#others = around.others;
  }

  /** Fencing token. */
  get token(): number {
    return this.#content.token;
  }

  /** Whether somebody else's lease counts as well. */
  isContested(): boolean {
    return this.#others().some(isHeld);
  }

  /** Gives the lease its token; returns whether it is held. */
  start(token: number): boolean {
    return this.#rewrite({ ...this.#content, token });
  }

  /** Makes the lease last its whole duration again. */
  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async renew(): Promise<boolean> {
    const { duration } = this.#content;
    return this.#rewrite({ ...this.#content, end: Date.now() + duration });
  }

  /** Gives the lease back. */
  // deno-lint-ignore require-await -- the contract wants failures as rejections.
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#lost) return;
    if (this.#isMine()) this.giveBack();
    this.#lost = true;
  }

  /** Removes the file. */
  giveBack(): void {
    removeQuietly(this.#files, this.#path);
  }

  #rewrite(content: Content): boolean {
    if (this.#lost) return false;
    // Where this throws it still holds others off, so there is something to give back.
    this.#lost = !this.#tryRewrite(content);
    return !this.#lost;
  }

  #tryRewrite(content: Content): boolean {
    if (this.#content.end <= Date.now() || !this.#isMine()) return false;
    try {
      this.#files.overwrite(this.#path, encode(content));
    } catch (error) {
      if (isMissing(error)) return false;
      throw error;
    }
    // Who took it over meanwhile withdraws when it sees this file, as this one does.
    if (this.isContested()) {
      this.giveBack();
      return false;
    }
    this.#content = content;
    return true;
  }

  #isMine(): boolean {
    const nonce = readLease(this.#files, this.#path)?.content?.nonce;
    return nonce !== undefined && nonce.every((byte, i) => byte === this.#content.nonce[i]);
  }
}

function encode({ end, duration, token, nonce }: Content): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(CONTENT_BYTES);
  const view = new DataView(bytes.buffer);
  view.setFloat64(0, end, true);
  view.setFloat64(8, duration, true);
  view.setFloat64(16, token, true);
  bytes.set(nonce, NONCE_OFFSET);
  return bytes;
}

function decode(bytes: Uint8Array): Content | undefined {
  if (bytes.length < CONTENT_BYTES) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset);
  return {
    end: view.getFloat64(0, true),
    duration: view.getFloat64(8, true),
    token: view.getFloat64(16, true),
    nonce: bytes.slice(NONCE_OFFSET),
  };
}

function removeQuietly(files: Files, path: string): void {
  try {
    files.remove(path);
  } catch {
    // Gone already, or found again by the next who takes the lease: it counts for nobody.
  }
}
