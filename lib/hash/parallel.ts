/**
 * Hashing on several cores. BLAKE3 is a tree: workers hash subtrees, and this thread joins them.
 *
 * @module
 */
import { blake3, type Blake3Options, digestLength } from "./blake3.ts";
import { CHUNK_BYTES, DIGEST_BYTES, WINDOW_BYTES } from "./core.ts";
import { TreeHasher } from "./hasher.ts";
import { type HashInput, toBytes } from "./input.ts";
import { type Mode, resolveMode } from "./mode.ts";
import { createHashPool, type HashPool, WorkerPool } from "./pool.ts";

/** Bytes that a worker hashes at a time. */
const TASK_BYTES = 64 * WINDOW_BYTES;
/** Below this length, starting workers takes longer than hashing does; `bench:hash` shows it. */
const OWN_POOL_BYTES = 64 * 1024 * 1024;

/** Options of {@linkcode hashParallel}. */
export interface ParallelOptions extends Blake3Options {
  /** The workers to use. Without it, a long input gets workers of its own, which takes time. */
  readonly pool?: HashPool;
}

/**
 * Hashes a large buffer with BLAKE3 on several cores, to the same digest as `blake3`. Where workers
 * do not pay or cannot be had, this thread does it alone.
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
  if (bytes.length <= (given === undefined ? OWN_POOL_BYTES : TASK_BYTES)) {
    return blake3(bytes, options);
  }
  let own: WorkerPool | undefined;
  try {
    const pool = given ?? (own = createHashPool() as WorkerPool);
    const hasher = new TreeHasher(mode);
    const values = await hashTasks(pool, bytes, mode);
    for (let offset = 0; offset < values.length; offset += DIGEST_BYTES) {
      hasher.adopt(values.subarray(offset, offset + DIGEST_BYTES), WINDOW_BYTES / CHUNK_BYTES);
    }
    const rest = bytes.subarray(values.length / DIGEST_BYTES * WINDOW_BYTES);
    return hasher.update(rest).digest(length);
  } catch {
    // A worker that fails (a policy against blobs, a stopped pool) is no reason to have no digest.
    return blake3(bytes, options);
  } finally {
    own?.[Symbol.dispose]();
  }
}

/** The chaining values of all windows but the last ones, which may be the end of the message. */
async function hashTasks(pool: WorkerPool, bytes: Uint8Array, mode: Mode): Promise<Uint8Array> {
  const count = Math.ceil(bytes.length / TASK_BYTES) - 1;
  const values = new Uint8Array(count * TASK_BYTES / WINDOW_BYTES * DIGEST_BYTES);
  const shared = !(bytes.buffer instanceof ArrayBuffer);
  let next = 0;
  /** Keeps one task under way; two of these for each worker leave none waiting for bytes. */
  const keepBusy = async () => {
    let room: Uint8Array | undefined;
    while (next < count) {
      const start = next++ * TASK_BYTES;
      let piece = bytes.subarray(start, start + TASK_BYTES);
      if (!shared) {
        // Fresh memory for every piece would cost more than filling it does.
        room ??= new Uint8Array(TASK_BYTES);
        room.set(piece);
        piece = room;
      }
      const task = { ...mode, bytes: piece, chunk: start / CHUNK_BYTES };
      const answer = await pool.run(task, shared ? [] : [piece.buffer as ArrayBuffer]);
      room = answer.bytes;
      values.set(answer.values, start / WINDOW_BYTES * DIGEST_BYTES);
    }
  };
  await Promise.all(Array.from({ length: 2 * pool.size }, keepBusy));
  return values;
}
