/** Stored bodies that are being read: their parts stay until their readers are done. */

import type { StreamDescriptor } from "../streams/recording.ts";

/** The bodies that one cache hands out. */
export class BodiesInUse {
  readonly #readers = new Map<string, Set<Promise<void>>>();

  /** Settles when nobody here reads a body any more that was handed out before. */
  async quiet(generation: string): Promise<void> {
    await Promise.all(this.#readers.get(generation) ?? []);
  }

  /**
   * A body whose parts are in use until it was read, or given up. One of a single part was read
   * before it is handed out.
   */
  held(
    body: ReadableStream<Uint8Array<ArrayBuffer>> | null,
    { generation, parts }: StreamDescriptor,
  ): ReadableStream<Uint8Array<ArrayBuffer>> | null {
    if (body === null || parts.length < 2) return body;
    const { promise, resolve: release } = Promise.withResolvers<void>();
    const all = this.#readers.get(generation) ?? new Set();
    this.#readers.set(generation, all.add(promise));
    void promise.then(() => {
      all.delete(promise);
      if (all.size === 0) this.#readers.delete(generation);
    });
    const reader = body.getReader();
    return new ReadableStream({
      async pull(controller) {
        try {
          const { done, value } = await reader.read();
          if (!done) return controller.enqueue(value);
          controller.close();
          release();
        } catch (error) {
          release();
          throw error;
        }
      },
      async cancel(reason) {
        release();
        await reader.cancel(reason);
      },
    }, { highWaterMark: 0 });
  }
}
