/**
 * Runs the parts of the contest in a worker.
 *
 * @module
 */
import { coldHits, warm } from "./contest.ts";

const parts = { coldHits, warm };

addEventListener("message", async ({ data: [part, name] }: MessageEvent) => {
  const { postMessage } = globalThis as unknown as { postMessage(message: unknown): void };
  try {
    postMessage({ answer: await parts[part as keyof typeof parts](name) });
  } catch (error) {
    postMessage({ error: String(error) });
  }
});
