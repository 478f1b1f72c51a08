/**
 * Runs the parts of the contest in a page, or has a worker run them.
 *
 * @module
 */
import { coldHits, fill, type Times, warm } from "./contest.ts";

function inWorker(part: string, ...args: readonly unknown[]): Promise<unknown> {
  const worker = new Worker("/worker.js", { type: "module" });
  const answer = Promise.withResolvers<unknown>();
  worker.onmessage = ({ data }) => {
    if ("error" in data) answer.reject(new Error(data.error));
    else answer.resolve(data.answer);
  };
  worker.onerror = ({ message }) => answer.reject(new Error(message));
  worker.postMessage([part, ...args]);
  return answer.promise.finally(() => worker.terminate());
}

/** What the bench calls in the page. */
export interface Contest {
  fill(name: string): Promise<void>;
  coldHits(where: "page" | "worker", name: string, turn: number): Promise<Times>;
  warm(where: "page" | "worker", name: string): Promise<Readonly<Record<string, Times>>>;
}

(globalThis as { contest?: unknown }).contest = {
  fill,
  coldHits: (where, name, turn) =>
    where === "page" ? coldHits(name, turn) : inWorker("coldHits", name, turn) as Promise<Times>,
  warm: (where, name) =>
    where === "page" ? warm(name) : inWorker("warm", name) as ReturnType<typeof warm>,
} satisfies Contest;
