import { blake3, hashStream } from "../../lib/hash/mod.ts";
import { assert, rejects, test } from "../harness.ts";

test("hashStream() of an empty stream is the hash of nothing", async () => {
  assert.deepEqual(await hashStream(new Blob([]).stream()), blake3(new Uint8Array()));
});

test("hashStream() rejects with the stream's own error", async () => {
  const failure = new RangeError("The source broke");
  const stream = new ReadableStream<Uint8Array>({
    start: (controller) => controller.enqueue(new Uint8Array(10)),
    pull: (controller) => controller.error(failure),
  });
  assert.strictEqual(await rejects(hashStream(stream), RangeError), failure);
});

test("hashStream() cancels a stream that yields something other than bytes", async () => {
  let cancelled: unknown;
  const stream = new ReadableStream({
    pull: (controller) => controller.enqueue("text"),
    cancel: (reason) => {
      cancelled = reason;
    },
  });
  const error = await rejects(hashStream(stream), TypeError, /received a string/);
  assert.strictEqual(cancelled, error);
  assert.isFalse(stream.locked);
});

test("hashStream() leaves the stream unlocked at its end", async () => {
  const stream = new Blob(["abc"]).stream();
  await hashStream(stream);
  assert.isFalse(stream.locked);
});
