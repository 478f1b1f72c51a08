/**
 * Workers that hash subtrees.
 *
 * @module
 */
import { hashBackend } from "./backend.ts";
import { wasmBytes } from "./wasm.ts";
import { WORKER_SOURCE, type WorkerAnswer, type WorkerTask } from "./worker_source.ts";

/** Options of {@linkcode createHashPool}. */
export interface HashPoolOptions {
  /** How many workers to start: one for each core unless given. */
  readonly workers?: number;
}

/** Workers for {@linkcode hashParallel}. They keep the program running until the pool is disposed. */
export interface HashPool extends Disposable {
  /** How many workers there are. */
  readonly size: number;
  /** Stops the workers. Doing so twice is harmless. */
  [Symbol.dispose](): void;
}

/** The most workers that can be asked for. */
const MAX_WORKERS = 256;

/** One worker, which answers in the order it is asked. */
class HashWorker {
  readonly #worker: Worker;
  readonly #waiting: PromiseWithResolvers<WorkerAnswer>[] = [];
  #failure: Error | undefined;

  constructor(url: string, module: Uint8Array) {
    this.#worker = new Worker(url, { type: "module" });
    const fail = (why: string) => this.stop(new Error(`Cannot hash in a worker: ${why}`));
    this.#worker.onmessage = ({ data }) => {
      if ("error" in data) fail(data.error);
      else this.#waiting.shift()?.resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message);
    };
    this.#worker.postMessage({ module });
  }

  /** How many tasks have no answer yet. */
  get load(): number {
    return this.#waiting.length;
  }

  ask(task: WorkerTask, transfer: Transferable[]): Promise<WorkerAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<WorkerAnswer>();
    this.#waiting.push(answer);
    this.#worker.postMessage(task, transfer);
    return answer.promise;
  }

  stop(reason: Error): void {
    this.#failure ??= reason;
    this.#worker.terminate();
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The pool: whoever is least busy gets the next task. */
export class WorkerPool implements HashPool {
  readonly #url: string;
  readonly #workers: HashWorker[];

  constructor(size: number) {
    const backend = hashBackend();
    const module = wasmBytes(backend === "js" ? "wasm" : backend);
    this.#url = URL.createObjectURL(new Blob([WORKER_SOURCE], { type: "text/javascript" }));
    this.#workers = Array.from({ length: size }, () => new HashWorker(this.#url, module));
  }

  get size(): number {
    return this.#workers.length;
  }

  /** Hashes whole windows. */
  run(task: WorkerTask, transfer: Transferable[]): Promise<WorkerAnswer> {
    return this.#workers.reduce((a, b) => b.load < a.load ? b : a).ask(task, transfer);
  }

  [Symbol.dispose](): void {
    for (const worker of this.#workers) worker.stop(new Error("The pool was disposed"));
    URL.revokeObjectURL(this.#url);
  }
}

/**
 * Starts workers for any number of calls of `hashParallel`.
 *
 * @param options How many workers.
 * @returns The pool. Dispose it when it is no longer needed.
 * @throws {RangeError} If `workers` is not an integer from 1 to 256.
 * @throws {Error} If the host has no workers, or its policy allows none.
 *
 * @example
 * ```ts
 * import { blake3, createHashPool, hashParallel } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * using pool = createHashPool({ workers: 2 });
 * const bytes = new Uint8Array(20_000_000);
 * assert.deepEqual(await hashParallel(bytes, { pool }), blake3(bytes));
 * ```
 */
export function createHashPool(options: HashPoolOptions = {}): HashPool {
  const workers = options.workers ?? defaultSize();
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new RangeError(`Expected 1 to ${MAX_WORKERS} workers, received ${workers}`);
  }
  return new WorkerPool(workers);
}

function defaultSize(): number {
  return Math.min(globalThis.navigator?.hardwareConcurrency ?? 1, MAX_WORKERS);
}
