import { blake3, blake3Hex, createHashPool, hashParallel, toHex } from "../../lib/hash/mod.ts";
import { WorkerPool } from "../../lib/hash/pool.ts";
import { assert, rejects, test, testOn } from "../harness.ts";

const MIB = 1024 * 1024;

/** Lets whatever else waits have its turn. */
function eventLoopTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 0));
}

/** Bytes that differ from window to window, cheaply. */
function bulk(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  for (let i = 0; i < length; i += 509) bytes[i] = i * 7919 >>> 8;
  return bytes;
}

test("hashParallel() gives the digest of blake3(), in every mode and at every edge", async () => {
  using pool = createHashPool({ workers: 2 });
  const input = bulk(20 * MIB + 1);
  const key = blake3(new Uint8Array());
  for (const length of [0, 1, 4 * MIB, 4 * MIB + 1, 8 * MIB, 12 * MIB + 12_345, 20 * MIB + 1]) {
    const bytes = input.subarray(0, length);
    assert.equal(toHex(await hashParallel(bytes, { pool })), blake3Hex(bytes), `${length}`);
    const options = length % 2 === 0 ? { key, length: 70 } : { context: "parallel", length: 5 };
    assert.deepEqual(
      await hashParallel(bytes, { ...options, pool }),
      blake3(bytes, options),
      `${length}`,
    );
  }
  assert.deepEqual(input, bulk(20 * MIB + 1));
});

test("hashParallel() runs several hashes on one pool", async () => {
  using pool = createHashPool({ workers: 2 });
  const inputs = [bulk(9 * MIB), bulk(13 * MIB).subarray(5), bulk(5 * MIB)];
  const digests = await Promise.all(inputs.map((input) => hashParallel(input, { pool })));
  assert.deepEqual(digests.map(toHex), inputs.map((input) => blake3Hex(input)));
});

testOn(
  ["deno", "bun"],
  "a page that is not isolated has no shared memory",
  "hashParallel() hashes shared memory",
  async () => {
    using pool = createHashPool({ workers: 2 });
    const shared = new Uint8Array(new SharedArrayBuffer(9 * MIB));
    shared.set(bulk(9 * MIB));
    assert.equal(toHex(await hashParallel(shared, { pool })), blake3Hex(shared));
    assert.equal(blake3Hex(shared), blake3Hex(bulk(9 * MIB)));
  },
);

test("hashParallel() hashes without a pool, and without workers that live on", async () => {
  for (const length of [65 * MIB, 129 * MIB]) {
    const input = bulk(length);
    assert.equal(toHex(await hashParallel(input)), blake3Hex(input), `${length}`);
  }
});

test("hashParallel() tries no second time where its own workers do not start", async () => {
  const { Worker } = globalThis;
  let started = 0;
  class Failing extends EventTarget {
    onerror?: (event: Partial<ErrorEvent>) => void;
    constructor() {
      super();
      started++;
      queueMicrotask(() => this.onerror?.({ message: "no origin", preventDefault() {} }));
    }
    postMessage(): void {}
    terminate(): void {}
  }
  const input = bulk(129 * MIB);
  const expected = blake3Hex(input);
  try {
    Object.assign(globalThis, { Worker: Failing });
    for (let call = 0; call < 2; call++) {
      assert.equal(toHex(await hashParallel(input)), expected);
      assert.equal(started, navigator.hardwareConcurrency - 1);
    }
  } finally {
    Object.assign(globalThis, { Worker });
  }
});

test("hashParallel() hashes by itself when its pool was stopped", async () => {
  const pool = createHashPool({ workers: 1 });
  pool[Symbol.dispose]();
  pool[Symbol.dispose]();
  const input = bulk(9 * MIB);
  assert.equal(toHex(await hashParallel(input, { pool })), blake3Hex(input));
});

test("hashParallel() takes up what its workers leave when their pool is stopped", async () => {
  const input = bulk(40 * MIB);
  const expected = blake3Hex(input);
  for (const when of ["at once", "at work"]) {
    const pool = createHashPool({ workers: 3 });
    if (when === "at work") await hashParallel(input, { pool });
    const digest = hashParallel(input, { pool });
    await eventLoopTurn();
    pool[Symbol.dispose]();
    assert.equal(toHex(await digest), expected, when);
  }
});

test("hashParallel() lets the event loop have turns", async () => {
  using pool = createHashPool({ workers: 1 });
  const input = bulk(64 * MIB);
  let settled = false;
  const digest = hashParallel(input, { pool }).finally(() => settled = true);
  let turns = 0;
  for (; !settled; turns++) await eventLoopTurn();
  assert.isAbove(turns, 8);
  assert.equal(toHex(await digest), blake3Hex(input));
});

test("hashParallel() notices that its input went away meanwhile", async () => {
  using pool = createHashPool({ workers: 1 });
  const input = bulk(20 * MIB);
  const digest = hashParallel(input, { pool });
  structuredClone(input.buffer, { transfer: [input.buffer as ArrayBuffer] });
  await rejects(digest, TypeError, /detached/);
});

test("createHashPool() leaves one core to the thread that calls", () => {
  using pool = createHashPool();
  assert.equal(pool.size, Math.max(1, navigator.hardwareConcurrency - 1));
});

test("a worker gives the chaining value of each window, and takes memory it had before", async () => {
  using pool = new WorkerPool(1);
  const [worker] = pool.workers;
  await worker.started;
  const bytes = bulk(2 * 65536);
  const task = { key: undefined, flags: 0, chunk: 0 };
  const values = await worker.hash(bytes, task);
  assert.equal(values.length, 2 * 32);
  assert.notDeepEqual(values.subarray(0, 32), values.subarray(32));
  assert.deepEqual(await worker.hash(bytes, task), values);
  assert.deepEqual(await worker.hash(bytes.subarray(0, 65536), task), values.subarray(0, 32));
  assert.deepEqual(bytes, bulk(2 * 65536));
});

test("a worker that fails says so, to whoever waits and to whoever asks later", async () => {
  using pool = new WorkerPool(1);
  const [worker] = pool.workers;
  const task = { key: undefined, flags: 0, chunk: 0 };
  // More than its memory holds.
  const key = new Uint8Array(2 ** 20);
  const waits = worker.hash(new Uint8Array(65536), { ...task, key });
  await rejects(waits, Error, /Cannot hash in a worker/);
  await rejects(worker.hash(new Uint8Array(65536), task), Error, /Cannot hash in a worker/);
});
