import { uncleared } from "../lib/uncleared.ts";
import { DIRT, withDirtyMemory } from "./dirty_memory.ts";
import { assert, test } from "./harness.ts";

test("uncleared() gives an array with a buffer of its own, of just that length", () => {
  for (const size of [0, 1, 1000, 65_535, 65_536, 65_537, 100_000, 1 << 20, 3_000_001]) {
    const { buffer, byteOffset, length } = uncleared(size);
    assert.deepEqual([byteOffset, length, buffer.byteLength], [0, size, size]);
  }
});

test("uncleared() takes memory as it is where it is large and the runtime has such", () => {
  withDirtyMemory(() => {
    assert.equal(uncleared(65_535)[0], 0);
    assert.equal(uncleared(65_536)[0], DIRT);
  });
});
