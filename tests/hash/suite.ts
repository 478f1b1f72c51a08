/**
 * What every backend of the hash must do, as a function of the backend.
 *
 * @module
 */
import fc from "fast-check";
import { blake3 as oracle } from "hash-wasm";
import {
  blake3,
  blake3Hex,
  configureHash,
  createHasher,
  type HashBackend,
  hashBackend,
  type HashOptions,
  hashStream,
  toHex,
} from "../../lib/hash/mod.ts";
import { currentCore } from "../../lib/hash/backend.ts";
import { assert, test } from "../harness.ts";
import vectors from "./blake3_vectors.json" with { type: "json" };

const KEY = new TextEncoder().encode(vectors.key);

/** The modes of the official vectors. */
const MODES = [
  { mode: "hash", options: {} },
  { mode: "keyed_hash", options: { key: KEY } },
  { mode: "derive_key", options: { context: vectors.context_string } },
] as const;

/** One step to either side of every place where the tree, a block or a buffer changes shape. */
const BOUNDARIES = [
  ...[64, 128, 960, 1024, 2048, 3072, 4096, 5120, 6144, 7168, 8192, 12288, 16384, 32768],
  ...[49152, 65536, 66560, 81920, 98304, 131072, 196608, 262144],
].flatMap((length) => [length - 1, length, length + 1]);

/** The input of the official vectors: 0, 1, 2, ... 250, 0, 1, ... */
export function vectorInput(length: number): Uint8Array {
  return Uint8Array.from({ length }, (_, index) => index % 251);
}

/** Bytes without a pattern, the same in every run. */
export function noise(length: number): Uint8Array<ArrayBuffer> {
  let state = length + 1;
  return Uint8Array.from({ length }, () => {
    state = Math.imul(state, 1664525) + 1013904223 | 0;
    return state >>> 24;
  });
}

/** Hashes in pieces that end at the given places. */
function inPieces(input: Uint8Array, cuts: readonly number[], options?: HashOptions): string {
  const hasher = createHasher(options);
  let start = 0;
  for (const end of [...cuts, input.length]) {
    hasher.update(input.subarray(start, end));
    start = end;
  }
  return hasher.hex();
}

/** A backend in another form. */
export interface Variant {
  readonly name: string;
  /** Makes the module to use. */
  readonly module?: () => WebAssembly.Module;
  /** The kernel to use. */
  readonly path?: number;
}

/** Makes the core use one kernel for good. */
export function pinPath(path: number): void {
  const core = currentCore();
  core.path!.value = path;
  assert.equal(core.path!.value, path);
  // What looks for the fastest kernel finds this one to set.
  Object.assign(core, { path: new WebAssembly.Global({ value: "i32", mutable: true }, 0) });
}

/** Registers the tests for one backend, or for a variant of it. */
export function hashSuite(backend: HashBackend, { name: label, module, path }: Variant): void {
  /** As `test`, with the backend in force while the body runs. */
  function check(name: string, body: () => void | Promise<void>): void {
    test(`${label}: ${name}`, async () => {
      configureHash(module === undefined ? { backend } : { backend, module: module() });
      if (path !== undefined) pinPath(path);
      try {
        assert.equal(hashBackend(), backend);
        await body();
      } finally {
        configureHash();
      }
    });
  }

  for (const { mode, options } of MODES) {
    check(`blake3() gives the official ${mode} vectors, at every length of input`, () => {
      for (const vector of vectors.cases) {
        const input = vectorInput(vector.input_len);
        const expected = vector[mode];
        const length = expected.length / 2;
        assert.equal(toHex(blake3(input, { ...options, length })), expected, `${input.length}`);
        assert.equal(toHex(blake3(input, options)), expected.slice(0, 64), `${input.length}`);
      }
    });

    check(`a hasher gives the official ${mode} vectors, byte by byte`, () => {
      for (const vector of vectors.cases) {
        const input = vectorInput(vector.input_len);
        const hasher = createHasher(options);
        for (let i = 0; i < input.length; i++) hasher.update(input.subarray(i, i + 1));
        assert.equal(hasher.hex(vector[mode].length / 2), vector[mode], `${input.length}`);
      }
    });
  }

  check("one shot, pieces and an independent implementation agree at every boundary", async () => {
    for (const length of BOUNDARIES) {
      const input = noise(length);
      const expected = await oracle(input);
      assert.equal(blake3Hex(input), expected, `one shot, ${length}`);
      assert.equal(inPieces(input, [length >>> 1]), expected, `two halves, ${length}`);
      assert.equal(inPieces(input, [1]), expected, `first byte apart, ${length}`);
      assert.equal(inPieces(input, [length - 1]), expected, `last byte apart, ${length}`);
    }
  });

  check("an independent implementation agrees on random input, key and length", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(20_000),
        fc.option(fc.uint8Array({ minLength: 32, maxLength: 32 }), { nil: undefined }),
        fc.integer({ min: 1, max: 255 }),
        async (size, key, length) => {
          const input = noise(size);
          const expected = await oracle(input, 8 * length, key);
          const options = key === undefined ? { length } : { key, length };
          assert.equal(blake3Hex(input, options), expected);
        },
      ),
      { numRuns: 60, seed: 1 },
    );
  });

  check("a message may be cut anywhere", () => {
    fc.assert(
      fc.property(
        fc.nat(300_000),
        fc.array(fc.nat(300_000), { maxLength: 8 }),
        (size, places) => {
          const input = noise(size);
          const cuts = places.map((place) => Math.min(place, size)).sort((a, b) => a - b);
          assert.equal(inPieces(input, cuts), blake3Hex(input));
        },
      ),
      { numRuns: 40, seed: 2 },
    );
  });

  check("a view is hashed at any offset and of any kind, and only what it covers", () => {
    const input = noise(5000);
    for (const offset of [0, 1, 3, 8, 13, 64]) {
      const room = new Uint8Array(offset + input.length + 9).fill(255);
      room.set(input, offset);
      const buffer = room.buffer;
      const expected = blake3Hex(input);
      assert.equal(blake3Hex(room.subarray(offset, offset + input.length)), expected);
      assert.equal(blake3Hex(new DataView(buffer, offset, input.length)), expected);
      assert.equal(blake3Hex(buffer.slice(offset, offset + input.length)), expected);
    }
    const words = new Float64Array(noise(800).buffer);
    assert.equal(
      blake3Hex(words.subarray(1, 9)),
      blake3Hex(new Uint8Array(words.buffer).slice(8, 72)),
    );
  });

  check("a digest of any length is the start of a longer one", () => {
    for (const size of [0, 64, 1024, 5000, 70_000]) {
      const input = noise(size);
      const longest = blake3(input, { length: 1000 });
      for (const length of [0, 1, 31, 32, 33, 63, 64, 65, 127, 128, 129, 999]) {
        assert.deepEqual(blake3(input, { length }), longest.slice(0, length), `${size}, ${length}`);
        assert.deepEqual(createHasher().update(input).digest(length), longest.slice(0, length));
      }
    }
  });

  check("blake3() writes a digest of any length into an array of the caller's", () => {
    for (const { options } of MODES) {
      for (const size of [0, 1, 64, 1024, 5000, 65_536, 65_537, 200_000]) {
        const input = noise(size);
        for (const length of [undefined, 0, 1, 31, 32, 33, 64, 65, 200]) {
          const room = new Uint8Array(300).fill(255);
          const into = room.subarray(7, 7 + (length ?? 32));
          const expected = blake3(input, length === undefined ? options : { ...options, length });
          const given = length === undefined ? { into } : { into, length };
          assert.strictEqual(blake3(input, { ...options, ...given }), into);
          assert.deepEqual(into.slice(), expected, `${size}, ${length}`);
          const rest = [...room.subarray(0, 7), ...room.subarray(7 + into.length)];
          assert.isTrue(rest.every((byte) => byte === 255), `${size}, ${length}`);
        }
      }
    }
  });

  check("the array for the digest may be part of the input, or the key", () => {
    for (const size of [32, 64, 1024, 65_536, 200_000]) {
      const input = noise(size);
      const expected = blake3Hex(input);
      assert.equal(toHex(blake3(input, { into: input.subarray(size - 32) })), expected);
      assert.deepEqual(input.subarray(0, size - 32), noise(size).subarray(0, size - 32));
      const key = noise(32);
      const keyed = blake3Hex(noise(size), { key });
      assert.equal(toHex(blake3(noise(size), { key, into: key })), keyed);
    }
    const message = noise(32);
    const last = blake3Hex(noise(32), { context: "c" });
    assert.equal(toHex(blake3(message, { context: "c", into: message })), last);
  });

  check("a digest does not end the message", () => {
    const hasher = createHasher();
    const input = noise(200_000);
    for (let end = 0; end < input.length; end += 23_456) {
      assert.equal(hasher.hex(), blake3Hex(input.subarray(0, end)), `${end}`);
      assert.equal(hasher.hex(100), blake3Hex(input.subarray(0, end), { length: 100 }), `${end}`);
      hasher.update(input.subarray(end, end + 23_456));
    }
  });

  check("reset() starts anew in the same mode", () => {
    for (const { options } of MODES) {
      const hasher = createHasher(options).update(noise(100_000));
      hasher.digest();
      assert.equal(hasher.reset().update(noise(10)).hex(), blake3Hex(noise(10), options));
    }
  });

  check("clone() shares nothing with the original", () => {
    for (const { options } of MODES) {
      for (const size of [0, 1, 1024, 16_384, 50_000, 200_000]) {
        const original = createHasher(options).update(noise(size));
        const copy = original.clone();
        original.update(noise(7));
        copy.update(noise(40_000));
        const joined = (tail: Uint8Array) => new Uint8Array([...noise(size), ...tail]);
        assert.equal(original.hex(), blake3Hex(joined(noise(7)), options), `${size}`);
        assert.equal(copy.hex(), blake3Hex(joined(noise(40_000)), options), `${size}`);
        original[Symbol.dispose]();
        assert.equal(copy.hex(), blake3Hex(joined(noise(40_000)), options), `${size}`);
      }
    }
  });

  check("hashers at work side by side do not disturb each other", () => {
    const inputs = Array.from({ length: 40 }, (_, index) => noise(index * 3001));
    const optionsOf = (index: number) => MODES[index % 3].options;
    const hashers = inputs.map((_, index) => createHasher(optionsOf(index)));
    for (let start = 0; start < 40 * 3001; start += 4999) {
      hashers.forEach((hasher, i) => hasher.update(inputs[i].subarray(start, start + 4999)));
    }
    hashers.forEach((hasher, index) => {
      assert.equal(hasher.hex(), blake3Hex(inputs[index], optionsOf(index)), `${index}`);
    });
  });

  check("hashStream() gives the digest of what streams through", async () => {
    const input = noise(300_000);
    for (const { options } of MODES) {
      const stream = new Blob([input.slice(0, 1000), input.slice(1000)]).stream();
      assert.deepEqual(
        await hashStream(stream, { ...options, length: 48 }),
        blake3(input, { ...options, length: 48 }),
      );
    }
  });

  check("the input and the key are not changed", () => {
    const input = noise(3001);
    const key = noise(32);
    blake3(input, { key });
    createHasher({ key }).update(input).digest();
    assert.deepEqual(input, noise(3001));
    assert.deepEqual(key, noise(32));
  });
}
