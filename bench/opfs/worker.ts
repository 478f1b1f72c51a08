/**
 * Runs the parts of the contest in a worker.
 *
 * @module
 */
import { coldHits, warm } from "./contest.ts";

type Parts = Readonly<Record<string, (...args: readonly never[]) => Promise<unknown>>>;

const parts: Parts = { coldHits, warm };

addEventListener("message", async ({ data: [part, ...args] }: MessageEvent) => {
  const { postMessage } = globalThis as unknown as { postMessage(message: unknown): void };
  try {
    postMessage({ answer: await parts[part](...args as never[]) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
