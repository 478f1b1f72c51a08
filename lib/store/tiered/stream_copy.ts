/**
 * A copy of a stream that is written to a tier while somebody else reads the stream.
 *
 * @module
 */

import { readStream } from "../_streams.ts";
import type { StoreSetOptions } from "../store.ts";
import type { Answer, Tier } from "./tier.ts";

/** How far a copy may lag behind the reader before it is given up, in bytes. */
const MAX_LAG_BYTES = 8 * 1024 * 1024;
/** The largest copy that a tier gets which would hold it in memory. */
const MAX_HELD_BYTES = 1024 * 1024;

/** One copy of a stream. It takes effect when it is finished, and as a whole. */
export class StreamCopy {
  readonly #tier: Tier;
  readonly #key: string;
  readonly #most: number;
  readonly #written: Promise<void>;
  #controller: ReadableStreamDefaultController<Uint8Array> | undefined;
  #size = 0;
  /** Whether its end, good or bad, is none that the tier is blamed for here. */
  #over = false;

  /** Begins a copy in a tier. */
  constructor(tier: Tier, key: string, options: StoreSetOptions) {
    const { supports } = tier.store;
    this.#tier = tier;
    this.#key = key;
    const streams = supports.streams === true && supports.persistent;
    this.#most = streams ? tier.maxBytes : Math.min(tier.maxBytes, MAX_HELD_BYTES);
    const strategy = new ByteLengthQueuingStrategy({ highWaterMark: MAX_LAG_BYTES });
    const stream = new ReadableStream<Uint8Array>({
      start: (controller) => void (this.#controller = controller),
      // The tier fails, and will say so.
      cancel: () => void (this.#controller = undefined),
    }, strategy);
    this.#written = write(tier, key, stream, options);
    this.#written.catch((error) => {
      this.#controller = undefined;
      if (!this.#over) tier.fails({ operation: "set", key }, error);
    });
  }

  /** Whether it still wants more. */
  get open(): boolean {
    return this.#controller !== undefined;
  }

  /** Adds a piece, which nobody may change any more. */
  add(piece: Uint8Array): void {
    const controller = this.#controller;
    if (controller === undefined) return;
    controller.enqueue(piece);
    this.#size += piece.length;
    const { desiredSize } = controller;
    if (this.#size > this.#most || desiredSize !== null && desiredSize < 0) this.drop();
  }

  /** Gives it up: nothing is left of it. */
  drop(): void {
    this.#over = true;
    this.#controller?.error(new Error("The copy was given up"));
    this.#controller = undefined;
  }

  /** Lets it take effect. */
  async finish(): Promise<Answer<void> | undefined> {
    const controller = this.#controller;
    if (controller === undefined) return undefined;
    this.#over = true;
    this.#controller = undefined;
    controller.close();
    return await this.#tier.change(this.#key, () => this.#written);
  }
}

/** Writes a stream to a tier, at once where it does not stream. */
async function write(
  { store }: Tier,
  key: string,
  stream: ReadableStream<Uint8Array>,
  options: StoreSetOptions,
): Promise<void> {
  if (store.supports.streams === true) return await store.setStream!(key, stream, options);
  await store.set(key, await readStream(stream, {}), options);
}
