/**
 * A source of bytes that is read once and by many: each reader gets all of it from the start, at
 * its own pace, while it is stored part by part.
 *
 * Whoever is furthest ahead pulls from the source, so that back-pressure reaches it; whoever is
 * behind reads what was stored. Not more than one part is in memory.
 *
 * @module
 */

import { PART_BYTES, type Parts } from "./parts.ts";

/** How a {@linkcode SharedStream} ended. */
export type StreamEnd =
  | { readonly how: "complete" }
  /** The source failed; the readers were told. */
  | { readonly how: "failed"; readonly error: unknown }
  /** All readers have left, the last one for this reason. */
  | { readonly how: "abandoned"; readonly reason: unknown }
  /** The store failed; readers who were not behind got all the same. */
  | { readonly how: "not stored"; readonly error: unknown };

/** One reader's view: pieces from the start on, and leaving early. */
export interface StreamReader {
  /** The next bytes; `undefined` at the end. */
  next(): Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** Says that this reader needs no more. */
  leave(reason?: unknown): Promise<void>;
}

/** A source that is being read and stored. */
export class SharedStream {
  /** How it ended: settles when nothing more will be read or stored. Never rejects. */
  readonly ended: Promise<StreamEnd>;
  /** Settles when it has ended and nobody reads it any more, so that its parts may go. */
  readonly quiet: Promise<void>;
  readonly #source: AsyncIterator<Uint8Array>;
  readonly #parts: Parts;
  readonly #expires: number | undefined;
  readonly #end: (end: StreamEnd) => void;
  readonly #hush: () => void;
  /** Where each part ends, in bytes from the start. */
  readonly #partEnds: number[] = [];
  /** Bytes that are in no part yet, and where they start. */
  #pending: Uint8Array<ArrayBuffer>[] = [];
  #pendingStart = 0;
  #length = 0;
  #readers = 0;
  #reads = 0;
  /** Reads that wait for the source or for the store. */
  #waiting = 0;
  /** What the end waits for. */
  #settled: Promise<unknown> | undefined;
  #state: StreamEnd | undefined;
  /** What the store failed with, if it did. */
  #failure: { readonly error: unknown } | undefined;
  #pull: Promise<void> | undefined;

  /**
   * @param source Gives the bytes; its `return` is called where they are not all needed.
   * @param parts Where they are stored.
   * @param expires Moment from which the parts may go, in milliseconds since the epoch.
   */
  constructor(source: AsyncIterator<Uint8Array>, parts: Parts, expires: number | undefined) {
    this.#source = source;
    this.#parts = parts;
    this.#expires = expires;
    const { promise, resolve } = Promise.withResolvers<StreamEnd>();
    this.ended = promise;
    this.#end = resolve;
    const quiet = Promise.withResolvers<void>();
    this.quiet = quiet.promise;
    this.#hush = quiet.resolve;
  }

  /**
   * How often somebody has read, which grows as long as the readers get on; `undefined` while one
   * waits, since then it is not for the readers to get on.
   */
  get reads(): number | undefined {
    return this.#waiting > 0 ? undefined : this.#reads;
  }

  /**
   * Lets no reader hear of the end before `settled`, since a program may be over at the end of what
   * it reads.
   */
  endAfter(settled: Promise<unknown>): void {
    this.#settled = settled;
  }

  /** Whether a reader that opens now gets all of it, as far as can be told. */
  get isReadable(): boolean {
    return this.#failure === undefined &&
      (this.#state === undefined || this.#state.how === "complete");
  }

  /** A reader that starts at the beginning. */
  open(): StreamReader {
    this.#readers++;
    let position = 0;
    let left = false;
    return {
      next: async () => {
        if (left) return undefined;
        this.#reads++;
        this.#waiting++;
        try {
          const bytes = await this.#read(position);
          position += bytes?.length ?? 0;
          if (bytes === undefined) await this.#settled;
          return bytes;
        } finally {
          this.#waiting--;
        }
      },
      leave: async (reason) => {
        if (left) return;
        left = true;
        if (--this.#readers > 0) return;
        await this.#abandon(reason);
        this.#hush();
      },
    };
  }

  /** Some bytes from `position` on; `undefined` at the end. */
  async #read(position: number): Promise<Uint8Array<ArrayBuffer> | undefined> {
    while (true) {
      if (position < this.#pendingStart) return await this.#readPart(position);
      let start = this.#pendingStart;
      for (const piece of this.#pending) {
        if (position < start + piece.length) return piece.slice(position - start);
        start += piece.length;
      }
      if (this.#state?.how === "failed") throw this.#state.error;
      if (this.#state !== undefined) return undefined;
      await (this.#pull ??= this.#advance().finally(() => this.#pull = undefined));
    }
  }

  async #readPart(position: number): Promise<Uint8Array<ArrayBuffer>> {
    if (this.#failure !== undefined) throw this.#failure.error;
    const index = this.#partEnds.findIndex((end) => position < end);
    const start = index === 0 ? 0 : this.#partEnds[index - 1];
    try {
      return (await this.#parts.read(index)).subarray(position - start);
    } catch (error) {
      // The parts of a source that failed are removed, and its error says more.
      throw this.#state?.how === "failed" ? this.#state.error : error;
    }
  }

  /** Takes one piece from the source. Whoever asks has read all that is pending. */
  async #advance(): Promise<void> {
    try {
      if (this.#length - this.#pendingStart >= PART_BYTES) await this.#store();
      const step = await this.#source.next();
      if (this.#state !== undefined) return;
      if (step.done !== true) {
        this.#pending.push(new Uint8Array(step.value));
        this.#length += step.value.length;
        return;
      }
      await this.#store();
      this.#finish(
        this.#failure === undefined
          ? { how: "complete" }
          : { how: "not stored", error: this.#failure.error },
      );
    } catch (error) {
      this.#finish({ how: "failed", error });
      await this.#parts.remove();
    }
  }

  /** Makes parts of what is pending. */
  async #store(): Promise<void> {
    const bytes = joined(this.#pending, this.#length - this.#pendingStart);
    try {
      for (let at = 0; at < bytes.length && this.#failure === undefined; at += PART_BYTES) {
        const part = bytes.subarray(at, at + PART_BYTES);
        await this.#parts.add(part, this.#expires);
        this.#partEnds.push(this.#pendingStart + at + part.length);
      }
    } catch (error) {
      // From here on the source is only passed through; who is behind cannot be served.
      this.#failure = { error };
      await this.#parts.remove();
    }
    this.#pending = [];
    this.#pendingStart = this.#length;
  }

  #finish(end: StreamEnd): void {
    if (this.#state !== undefined) return;
    this.#state = end;
    this.#end(end);
    if (this.#readers === 0) this.#hush();
  }

  async #abandon(reason: unknown): Promise<void> {
    if (this.#state !== undefined) return;
    this.#finish({ how: "abandoned", reason });
    await this.#source.return?.(reason);
    await this.#parts.remove();
  }
}

function joined(pieces: readonly Uint8Array[], length: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(length);
  let at = 0;
  for (const piece of pieces) {
    bytes.set(piece, at);
    at += piece.length;
  }
  return bytes;
}
