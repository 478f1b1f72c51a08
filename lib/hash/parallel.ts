/**
 * Hashing on several cores. BLAKE3 is a tree: workers hash subtrees, and this thread joins them.
 *
 * @module
 */
import { currentCore } from "./backend.ts";
import { blake3, type Blake3Options, digestLength } from "./blake3.ts";
import {
  CHUNK_BYTES,
  DIGEST_BYTES,
  INITIAL_ADDRESS,
  KEY_ADDRESS,
  WINDOW_ADDRESS,
  WINDOW_BYTES,
} from "./core.ts";
import { TreeHasher } from "./hasher.ts";
import { type HashInput, toBytes } from "./input.ts";
import { type Mode, resolveMode } from "./mode.ts";
import { createHashPool, type HashPool, type HashWorker, spareCores, WorkerPool } from "./pool.ts";

/** Bytes in a task: so few that this thread, which hashes some, is never away for long. */
const TASK_BYTES = 16 * WINDOW_BYTES;
/** Tasks that a worker has at a time, so that it never waits for bytes. */
const TASKS_AT_ONCE = 3;
/** Below this length, starting workers takes longer than hashing does; `bench:hash` shows it. */
const OWN_POOL_BYTES = 128 * 1024 * 1024;

/** Options of {@linkcode hashParallel}. */
export interface ParallelOptions extends Blake3Options {
  /**
   * The workers to use. Without it, an input of more than 128 MiB gets workers of its own, which
   * takes time, and a shorter one is hashed on this thread.
   */
  readonly pool?: HashPool;
}

/**
 * Hashes a large buffer with BLAKE3 on several cores, to the same digest as `blake3`. This thread
 * hashes along with the workers, and lets the event loop have a turn every MiB or two. Where workers
 * do not pay or cannot be had, it does it alone.
 *
 * @param input The bytes, as for `blake3`. They must not change until the promise settles. Those of
 * a `SharedArrayBuffer` are shared with the workers, others are copied piece by piece.
 * @param options As for `blake3`, and the pool of workers to use.
 * @returns A promise of the digest in a new array.
 * @throws {TypeError | RangeError} As `blake3` does.
 *
 * @example
 * ```ts
 * import { blake3, hashParallel } from "@deja/cache/hash";
 * import { assert } from "chai";
 *
 * const bytes = new Uint8Array(1_000_000);
 * assert.deepEqual(await hashParallel(bytes), blake3(bytes));
 * ```
 */
export async function hashParallel(
  input: HashInput,
  options: ParallelOptions = {},
): Promise<Uint8Array<ArrayBuffer>> {
  const bytes = toBytes(input);
  const length = digestLength(options);
  const { key, flags } = resolveMode(options);
  const mode = { key: key?.slice(), flags };
  const given = options.pool;
  if (given !== undefined && !(given instanceof WorkerPool)) {
    throw new TypeError("Expected a pool made by createHashPool, received something else");
  }
  if (bytes.length <= (given === undefined ? OWN_POOL_BYTES : 2 * TASK_BYTES)) {
    return blake3(bytes, options);
  }
  const own = given === undefined ? ownPool() : undefined;
  const pool = given ?? own;
  // Alone, this thread is faster without turns for others between the tasks.
  if (pool === undefined || pool.ended) return blake3(bytes, options);
  try {
    const values = await new Tasks(bytes, mode).run(pool.workers);
    const hasher = new TreeHasher(mode);
    for (let offset = 0; offset < values.length; offset += DIGEST_BYTES) {
      hasher.adopt(values.subarray(offset, offset + DIGEST_BYTES), WINDOW_BYTES / CHUNK_BYTES);
    }
    return hasher.update(bytes.subarray(values.length / DIGEST_BYTES * WINDOW_BYTES)).digest(
      length,
    );
  } finally {
    if (own?.ended) failing.add(Worker);
    own?.[Symbol.dispose]();
  }
}

/**
 * What made the workers of a call's own pool, if they failed, which shows only after a while: a page
 * of no origin, such as a sandboxed frame, lets none start. It is not tried again.
 */
const failing = new WeakSet<typeof Worker>();

/** A pool for one call, if there is a core for it and the host lets workers start. */
function ownPool(): WorkerPool | undefined {
  if (spareCores() === 0 || failing.has(globalThis.Worker)) return undefined;
  try {
    return createHashPool() as WorkerPool;
  } catch {
    // Not an error: this host has no workers, or a policy against those that come from a blob.
    return undefined;
  }
}

/** The windows of a message, in tasks that this thread and the workers take from one pile. */
class Tasks {
  readonly #bytes: Uint8Array;
  readonly #mode: Mode;
  /** Tasks in the message: all windows but the last ones, which may be the end of the message. */
  readonly #count: number;
  readonly #values: Uint8Array;
  #next = 0;
  /** Tasks that a worker has and nobody has done, the oldest first. */
  readonly #open = new Set<number>();

  constructor(bytes: Uint8Array, mode: Mode) {
    this.#bytes = bytes;
    this.#mode = mode;
    this.#count = Math.ceil(bytes.length / TASK_BYTES) - 1;
    this.#values = new Uint8Array(this.#count * TASK_BYTES / WINDOW_BYTES * DIGEST_BYTES);
  }

  /** The chaining values of the windows, hashed by this thread and those workers that can. */
  async run(workers: readonly HashWorker[]): Promise<Uint8Array> {
    for (const worker of workers) {
      // This thread does not wait for a worker to start, and hashes by itself until one has.
      const feed = () => {
        for (let i = 0; i < TASKS_AT_ONCE; i++) this.#feed(worker);
      };
      worker.started.then(feed, () => {});
    }
    await this.#help();
    return this.#values;
  }

  /** A task that nobody has taken. */
  #take(): number | undefined {
    return this.#next < this.#count ? this.#next++ : undefined;
  }

  /** Keeps one task of a worker under way until none is left. */
  async #feed(worker: HashWorker): Promise<void> {
    for (let task = this.#take(); task !== undefined; task = this.#take()) {
      this.#open.add(task);
      const chunk = task * TASK_BYTES / CHUNK_BYTES;
      try {
        const piece = this.#piece(task * TASK_BYTES, TASK_BYTES);
        const values = await worker.hash(piece, { ...this.#mode, chunk });
        if (this.#open.delete(task)) this.#keep(task * TASK_BYTES, values);
      } catch {
        // Not lost: this thread takes it up, so a worker that fails is no reason for no digest.
        return;
      }
    }
  }

  /**
   * Hashes tasks on this thread until none is left, with a turn for others before each. In
   * the end it takes those that a worker has, the last one first: on a busy machine a worker may not
   * get to them for long.
   */
  async #help(): Promise<void> {
    using turns = new Turns();
    await turns.next();
    for (;;) {
      const task = this.#take() ?? [...this.#open].at(-1);
      if (task === undefined) return;
      this.#open.delete(task);
      const end = (task + 1) * TASK_BYTES;
      for (let start = task * TASK_BYTES; start < end; start += WINDOW_BYTES) {
        this.#keep(start, hashWindow(this.#piece(start, WINDOW_BYTES), this.#mode, start));
      }
      await turns.next();
    }
  }

  #piece(start: number, length: number): Uint8Array {
    const piece = this.#bytes.subarray(start, start + length);
    // Otherwise the memory would be hashed that held the piece before.
    if (piece.length < length) {
      throw new TypeError("Expected bytes to hash, received a buffer that was detached meanwhile");
    }
    return piece;
  }

  #keep(start: number, values: Uint8Array): void {
    this.#values.set(values, start / WINDOW_BYTES * DIGEST_BYTES);
  }
}

/** Hashes a window on this thread, and gives its chaining value until the core hashes again. */
function hashWindow(bytes: Uint8Array, { key, flags }: Mode, start: number): Uint8Array {
  const core = currentCore();
  if (key !== undefined) core.bytes.set(key, KEY_ADDRESS);
  core.bytes.set(bytes, WINDOW_ADDRESS);
  const chunk = start / CHUNK_BYTES;
  const keyAddress = key === undefined ? INITIAL_ADDRESS : KEY_ADDRESS;
  core.hash(keyAddress, WINDOW_ADDRESS, WINDOW_BYTES, chunk, Math.floor(chunk / 2 ** 32), flags);
  return core.digest;
}

/** Turns of the event loop, for all that waits. */
class Turns implements Disposable {
  // A timer would take milliseconds in a page, where a message is as fair. In Deno and Bun messages
  // come at once, before any timer and any socket, and `setImmediate` is what is fair. With that
  // alone, though, Deno looks only every twenty milliseconds for what its workers say. So both are
  // used by turns.
  readonly #immediate = (globalThis as { setImmediate?: (callback: () => void) => void })
    .setImmediate;
  readonly #channel = new MessageChannel();
  #count = 0;

  /** Fulfils after others had a turn: everything that waited, at the latest in the second turn. */
  next(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    if (this.#immediate !== undefined && this.#count++ % 2 === 0) this.#immediate(resolve);
    else {
      this.#channel.port1.onmessage = () => resolve();
      this.#channel.port2.postMessage(undefined);
    }
    return promise;
  }

  [Symbol.dispose](): void {
    this.#channel.port1.close();
    this.#channel.port2.close();
  }
}
