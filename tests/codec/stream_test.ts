import { decodeStream, encode, encodeStream } from "../../lib/codec/mod.ts";
import { DecodeError, EncodeError } from "../../lib/errors.ts";
import { assert, rejects, test } from "../harness.ts";
import { CASES } from "./cases.ts";

/** Bytes in pieces of `size`. */
async function* cut(bytes: Uint8Array, size: number): AsyncGenerator<Uint8Array> {
  for (let i = 0; i < bytes.length; i += size) yield bytes.slice(i, i + size);
}

async function collect<T>(values: AsyncIterable<T>): Promise<T[]> {
  const all: T[] = [];
  for await (const value of values) all.push(value);
  return all;
}

function joined(parts: readonly Uint8Array[]): Uint8Array {
  return new Uint8Array(parts.flatMap((part) => [...part]));
}

test("decodeStream() gives back every case, wherever the bytes are cut", async () => {
  const parts = CASES.map(([, make]) => encode(make())).filter((bytes) => bytes.length < 2000);
  for (const size of [1, 7, 1000, 1 << 20]) {
    const values = await collect(decodeStream(cut(joined(parts), size)));
    assert.equal(values.length, parts.length);
    values.forEach((value, i) => assert.deepEqual(encode(value), parts[i]));
  }
});

test("encodeStream() writes what decodeStream() reads, blobs too, one value at a time", async () => {
  let made = 0;
  async function* values() {
    for (; made < 3; made++) yield { made, blob: new Blob([`${made}`]) };
  }
  const stream = encodeStream(values());
  const reader = decodeStream(stream);
  const first = await reader.next();
  assert.isAtMost(made, 1);
  assert.equal(await (first.value as { blob: Blob }).blob.text(), "0");
  assert.equal((await collect(reader)).length, 2);
});

test("encodeStream() fails with the error of the value, and ends the iteration when cancelled", async () => {
  await rejects(collect(decodeStream(encodeStream([1, () => 1]))), EncodeError, /a function/);
  let ended = false;
  function* values() {
    try {
      for (let i = 0;; i++) yield i;
    } finally {
      ended = true;
    }
  }
  for await (const value of decodeStream(encodeStream(values()))) if (value === 5) break;
  assert.isTrue(ended);
});

test("decodeStream() says where in the stream the bytes go wrong", async () => {
  const good = encode(["a", 1]);
  const bytes = joined([good, new Uint8Array([0xc1])]);
  const error = await rejects(collect(decodeStream(cut(bytes, 2))), DecodeError, /no meaning/);
  assert.equal(error.offset, good.length);
  await rejects(
    collect(decodeStream(cut(good.subarray(0, 2), 1))),
    DecodeError,
    /truncated|elements/,
  );
});
