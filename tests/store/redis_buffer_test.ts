import { bufferClass, Staging } from "../../lib/store/redis/buffer.ts";
import { assert, testOn } from "../harness.ts";

/** A `Buffer` class as far as it divides its memory. */
interface PooledBufferClass {
  poolSize: number;
  allocUnsafe(length: number): Uint8Array;
}

const LARGE_BYTES = 60_000;

function test(name: string, body: () => void): void {
  testOn(["deno", "bun"], "has no Buffer", name, body);
}

function beginsPool({ buffer, byteOffset }: Uint8Array): boolean {
  return byteOffset === 0 && buffer.byteLength === 1 << 17;
}

test("Staging never keeps the memory that small Buffers share, however large that is", () => {
  const pooled = bufferClass() as unknown as PooledBufferClass;
  const { poolSize } = pooled;
  pooled.poolSize = 1 << 17;
  try {
    // From the pool before on, until one of the new size begins.
    let others = pooled.allocUnsafe(4000);
    for (let i = 0; i < 100 && !beginsPool(others); i++) others = pooled.allocUnsafe(4000);
    others.fill(1);
    const staging = new Staging();
    staging.giveBack(staging.take(100));
    staging.take(LARGE_BYTES).fill(2);
    assert.isTrue(others.every((byte) => byte === 1));
  } finally {
    pooled.poolSize = poolSize;
  }
});

test("Staging gives the memory of a large value again, to one that is no larger", () => {
  const staging = new Staging();
  const first = staging.take(LARGE_BYTES);
  staging.giveBack(first);
  const second = staging.take(LARGE_BYTES - 1);
  assert.strictEqual(second.buffer, first.buffer);
  assert.lengthOf(second, LARGE_BYTES - 1);
  assert.notStrictEqual(staging.take(LARGE_BYTES).buffer, first.buffer);
  staging.giveBack(second);
  assert.strictEqual(staging.take(LARGE_BYTES).buffer, first.buffer);
});
