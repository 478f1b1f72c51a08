/**
 * Workers that hash subtrees.
 *
 * @module
 */
import { hashBackend } from "./backend.ts";
import { fastestBytes } from "./wasm.ts";
import { type WorkerAnswer, workerSource, type WorkerTask } from "./worker_source.ts";

/** Options of {@linkcode createHashPool}. */
export interface HashPoolOptions {
  /**
   * How many workers to start: unless given, one for each core but one, since the thread that calls
   * `hashParallel` hashes too.
   */
  readonly workers?: number;
}

/**
 * Workers for {@linkcode hashParallel}. They keep the program running, and a few MiB of memory
 * each, until the pool is disposed.
 */
export interface HashPool extends Disposable {
  /** How many workers there are. */
  readonly size: number;
  /** Stops the workers. Doing so twice is harmless. */
  [Symbol.dispose](): void;
}

/** The most workers that can be asked for. */
const MAX_WORKERS = 256;

/** One worker, which answers in the order it is asked. */
export class HashWorker {
  readonly #worker: Worker;
  readonly #started: PromiseWithResolvers<void> = Promise.withResolvers();
  readonly #waiting: PromiseWithResolvers<WorkerAnswer>[] = [];
  /** Memory that has been to the worker and back. */
  readonly #spare: Uint8Array<ArrayBuffer>[] = [];
  #failure: Error | undefined;

  /** Starts a worker that hashes with the core in `module`. */
  constructor(url: string, module: Uint8Array) {
    this.#worker = new Worker(url, { type: "module" });
    // Whoever does not wait for the start has nothing to handle.
    this.#started.promise.catch(() => {});
    const fail = (why: string) => this.stop(new Error(`Cannot hash in a worker: ${why}`));
    this.#worker.onmessage = ({ data }) => {
      if ("error" in data) fail(data.error);
      else if ("started" in data) this.#started.resolve();
      else this.#waiting.shift()?.resolve(data);
    };
    this.#worker.onerror = (event) => {
      event.preventDefault();
      fail(event.message);
    };
    this.#worker.postMessage({ module });
  }

  /** Whether the worker takes no tasks any more: it failed, perhaps to start, or was stopped. */
  get ended(): boolean {
    return this.#failure !== undefined;
  }

  /** Fulfils as soon as the worker would take up a task at once. */
  get started(): Promise<void> {
    return this.#started.promise;
  }

  /**
   * Hashes a copy of whole windows.
   *
   * @param chunk The counter of the first chunk.
   * @returns The chaining value of each window, in a row.
   */
  async hash(
    bytes: Uint8Array,
    { key, flags, chunk }: Omit<WorkerTask, "bytes">,
  ): Promise<Uint8Array> {
    if (!(bytes.buffer instanceof ArrayBuffer)) {
      return (await this.#ask({ key, flags, chunk, bytes }, [])).values;
    }
    // Fresh memory for every task would cost more than filling it does.
    let room = this.#spare.pop();
    if (room?.length !== bytes.length) room = new Uint8Array(bytes.length);
    room.set(bytes);
    const answer = await this.#ask({ key, flags, chunk, bytes: room }, [room.buffer]);
    this.#spare.push(answer.bytes as Uint8Array<ArrayBuffer>);
    return answer.values;
  }

  #ask(task: WorkerTask, transfer: Transferable[]): Promise<WorkerAnswer> {
    if (this.#failure !== undefined) return Promise.reject(this.#failure);
    const answer = Promise.withResolvers<WorkerAnswer>();
    this.#waiting.push(answer);
    this.#worker.postMessage(task, transfer);
    return answer.promise;
  }

  /** Ends the worker; whoever waits for it, or asks it later, gets `reason`. */
  stop(reason: Error): void {
    this.#failure ??= reason;
    this.#worker.terminate();
    this.#spare.length = 0;
    this.#started.reject(this.#failure);
    for (const { reject } of this.#waiting.splice(0)) reject(this.#failure);
  }
}

/** The pool. */
export class WorkerPool implements HashPool {
  readonly #url: string;
  /** The workers; `hashParallel` shares the work out. */
  readonly workers: readonly HashWorker[];

  constructor(size: number) {
    const backend = hashBackend();
    const module = fastestBytes(backend === "js" ? "wasm" : backend);
    this.#url = URL.createObjectURL(new Blob([workerSource()], { type: "text/javascript" }));
    this.workers = Array.from({ length: size }, () => new HashWorker(this.#url, module));
  }

  get size(): number {
    return this.workers.length;
  }

  /** Whether no worker takes tasks any more. */
  get ended(): boolean {
    return this.workers.every((worker) => worker.ended);
  }

  [Symbol.dispose](): void {
    for (const worker of this.workers) worker.stop(new Error("The pool was disposed"));
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
  const workers = options.workers ?? Math.max(1, spareCores());
  if (!Number.isInteger(workers) || workers < 1 || workers > MAX_WORKERS) {
    throw new RangeError(`Expected 1 to ${MAX_WORKERS} workers, received ${workers}`);
  }
  return new WorkerPool(workers);
}

/** How many cores there are beside that of this thread. */
export function spareCores(): number {
  return Math.min(globalThis.navigator?.hardwareConcurrency ?? 1, MAX_WORKERS + 1) - 1;
}
