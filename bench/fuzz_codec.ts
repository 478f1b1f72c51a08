/**
 * Feeds `decode` hostile bytes, a million cases unless told otherwise, and fails on anything but a
 * value or a `DecodeError`.
 *
 * ```sh
 * deno task fuzz:codec [--cases=1000000] [--seed=1]
 * ```
 *
 * The cases come in blocks, each with a seed of its own: what failed fails again with that seed. It
 * exits with 1 after another error, a hang, an allocation far beyond the input or a prototype that
 * was touched. Runs on Bun too: `bun bench/fuzz_codec.ts`.
 *
 * @module
 */
import { parseArgs } from "node:util";
import { isMainThread } from "node:worker_threads";
import process from "node:process";
import { fuzz, type FuzzOutcome } from "../tests/codec/fuzz.ts";

/** Cases that share a seed. */
const BLOCK = 10_000;
/** A block takes about a second; one that takes this long has hung. */
const HANG_MS = 120_000;
/** Memory above that at the start, of which no block of short inputs should come near. */
const MAX_GROWTH_BYTES = 512 << 20;

interface Block {
  readonly seed: number;
  readonly cases: number;
}

type Answer = { readonly outcome: FuzzOutcome } | { readonly failure: string };

const scope = globalThis as unknown as {
  onmessage: ((event: MessageEvent<Block>) => void) | null;
  postMessage(answer: Answer): void;
};

// The cases run in a worker, since nothing in the same thread could stop one that hangs. A Deno
// worker shows by its scope, a worker of Bun by its thread.
if (isMainThread && !("WorkerGlobalScope" in globalThis)) process.exitCode = await main();
else serve();

function serve(): void {
  scope.onmessage = ({ data: { seed, cases } }) => {
    try {
      scope.postMessage({ outcome: fuzz(seed, cases) });
    } catch (error) {
      scope.postMessage({ failure: (error as Error).message });
    }
  };
}

/** Runs one block; a block that hangs is a failure. */
function runBlock(worker: Worker, block: Block): Promise<Answer> {
  return new Promise((resolve) => {
    const settle = (answer: Answer) => {
      clearTimeout(timer);
      resolve(answer);
    };
    const late = () => settle({ failure: `decode() hangs; seed ${block.seed}` });
    const timer = setTimeout(late, HANG_MS);
    worker.onmessage = ({ data }: MessageEvent<Answer>) => settle(data);
    worker.onerror = (event) => {
      event.preventDefault();
      settle({ failure: `${event.message}; seed ${block.seed}` });
    };
    worker.postMessage(block);
  });
}

async function main(): Promise<number> {
  const { values: { cases: caseText, seed: seedText } } = parseArgs({
    options: {
      cases: { type: "string", default: "1000000" },
      seed: { type: "string", default: "1" },
    },
  });
  const cases = Number(caseText);
  const firstSeed = Number(seedText);
  if (!(Number.isSafeInteger(cases) && cases > 0 && Number.isSafeInteger(firstSeed))) {
    console.error("Give --cases and --seed as integers");
    return 2;
  }
  const worker = new Worker(new URL(import.meta.url), { type: "module" });
  const memoryAtStart = process.memoryUsage().rss;
  const start = performance.now();
  const endings = new Set<string>();
  let peak = memoryAtStart;
  let decoded = 0;
  let slowestMs = 0;
  let seed = firstSeed;
  for (let done = 0; done < cases; done += BLOCK, seed++) {
    const answer = await runBlock(worker, { seed, cases: Math.min(BLOCK, cases - done) });
    peak = Math.max(peak, process.memoryUsage().rss);
    const failure = "failure" in answer
      ? answer.failure
      : peak - memoryAtStart > MAX_GROWTH_BYTES
      ? `The process grew by ${mebibytes(peak - memoryAtStart)}; seed ${seed}`
      : undefined;
    if (failure !== undefined || "failure" in answer) {
      console.error(failure);
      worker.terminate();
      return 1;
    }
    decoded += answer.outcome.values;
    slowestMs = Math.max(slowestMs, answer.outcome.slowestMs);
    for (const ending of answer.outcome.endings) endings.add(ending);
  }
  worker.terminate();
  // The kernel's own peak also sees what came and went within a block; it is in kilobytes.
  peak = Math.max(peak, process.resourceUsage().maxRSS * 1024);
  console.log(
    `${cases.toLocaleString("en-US")} cases, seeds ${firstSeed} to ${seed - 1}: ` +
      `${decoded.toLocaleString("en-US")} decoded, ` +
      `${(cases - decoded).toLocaleString("en-US")} refused with a DecodeError, ` +
      `${endings.size} different endings\n` +
      `Slowest case ${slowestMs.toFixed(1)} ms, ` +
      `${((performance.now() - start) / 1000).toFixed(0)} s in all\n` +
      `Memory ${mebibytes(memoryAtStart)} at the start, ${mebibytes(peak)} at the peak`,
  );
  return peak - memoryAtStart > MAX_GROWTH_BYTES ? 1 : 0;
}

function mebibytes(bytes: number): string {
  return `${(bytes / 2 ** 20).toFixed(0)} MiB`;
}
