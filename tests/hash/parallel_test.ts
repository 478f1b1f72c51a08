import { blake3, blake3Hex, createHashPool, hashParallel, toHex } from "../../lib/hash/mod.ts";
import { WorkerPool } from "../../lib/hash/pool.ts";
import { assert, rejects, test, testOn } from "../harness.ts";

const MIB = 1024 * 1024;

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
  const input = bulk(65 * MIB);
  assert.equal(toHex(await hashParallel(input)), blake3Hex(input));
});

test("hashParallel() hashes by itself when its pool was stopped", async () => {
  const pool = createHashPool({ workers: 1 });
  pool[Symbol.dispose]();
  pool[Symbol.dispose]();
  const input = bulk(9 * MIB);
  assert.equal(toHex(await hashParallel(input, { pool })), blake3Hex(input));
});

test("a worker gives the chaining value of each window, and the memory back", async () => {
  using pool = new WorkerPool(1);
  const bytes = bulk(2 * 65536);
  const task = { key: undefined, flags: 0, bytes, chunk: 0 };
  const answer = await pool.run(task, [bytes.buffer as ArrayBuffer]);
  assert.equal(answer.values.length, 2 * 32);
  assert.equal(answer.bytes.length, 2 * 65536);
  assert.equal(bytes.length, 0);
});

test("a worker that fails says so, to whoever waits and to whoever asks later", async () => {
  using pool = new WorkerPool(1);
  const task = { key: undefined, flags: 0, bytes: null as unknown as Uint8Array, chunk: 0 };
  await rejects(pool.run(task, []), Error, /Cannot hash in a worker/);
  await rejects(pool.run(task, []), Error, /Cannot hash in a worker/);
});
