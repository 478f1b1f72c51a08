/** Which buffers several views share, so that they share one again after decoding. */

/** The stretch of a buffer that the views of one value cover. */
export interface Stretch {
  start: number;
  end: number;
  /** How many objects use the buffer: views, and the buffer itself. */
  users: number;
}

/** The largest element of a view: a stretch starts at a multiple of it, so that all views fit. */
const ALIGNMENT = 8;

/** The buffers that a value holds. One run over the value fills it, and a second one may use it. */
export class SharedBuffers {
  readonly #stretches: Map<ArrayBufferLike, Stretch> = new Map();
  #shared = false;
  /** Whether the first run is over, so that all users of each buffer are known. */
  complete = false;

  /** Counts a user of the bytes from `start` to `end` of `buffer`. */
  add(buffer: ArrayBufferLike, start: number, end: number): void {
    const aligned = start - start % ALIGNMENT;
    const stretch = this.#stretches.get(buffer);
    if (stretch === undefined) {
      this.#stretches.set(buffer, { start: aligned, end, users: 1 });
      return;
    }
    this.#shared = true;
    stretch.start = Math.min(stretch.start, aligned);
    stretch.end = Math.max(stretch.end, end);
    stretch.users++;
  }

  /** Whether any buffer has more than one user. */
  get shared(): boolean {
    return this.#shared;
  }

  /** The stretch of `buffer` to store, if it has several users and all are known. */
  stretchOf(buffer: ArrayBufferLike): Stretch | undefined {
    if (!this.complete) return undefined;
    const stretch = this.#stretches.get(buffer);
    return stretch !== undefined && stretch.users > 1 ? stretch : undefined;
  }

  clear(): void {
    if (this.#stretches.size > 0) this.#stretches.clear();
    this.#shared = false;
    this.complete = false;
  }
}
