import {
  blake3,
  blake3Hex,
  createHasher,
  createHashPool,
  type HashInput,
  hashParallel,
  hashStream,
} from "../../lib/hash/mod.ts";
import { assert, rejects, test } from "../harness.ts";

/** A value where the type says something else. */
// deno-lint-ignore no-explicit-any
const wrong = (value: unknown) => value as any;

/** What is neither bytes nor empty, and what the message calls it. */
const NOT_BYTES: readonly (readonly [value: unknown, found: RegExp])[] = [
  ["text", /received a string/],
  [undefined, /received undefined/],
  [null, /received null/],
  [7, /received a number/],
  [[1, 2], /received an object \(Array\)/],
  [{ length: 3 }, /received an object \(Object\)/],
  [() => {}, /received a function/],
];

const BAD_LENGTHS: readonly (readonly [length: unknown, type: typeof TypeError, found: RegExp])[] =
  [
    [-1, RangeError, /from 0 to 1073741824 bytes, received -1/],
    [1.5, RangeError, /received 1.5/],
    [NaN, RangeError, /received NaN/],
    [Infinity, RangeError, /received Infinity/],
    [2 ** 40, RangeError, /received 1099511627776/],
    ["32", TypeError, /in bytes, received a string/],
    [null, TypeError, /in bytes, received null/],
    [32n, TypeError, /in bytes, received a bigint/],
  ];

/** Options that are refused by everything that takes them. */
const BAD_OPTIONS: readonly (readonly [options: unknown, type: typeof TypeError, found: RegExp])[] =
  [
    [{ key: new Uint8Array(31) }, RangeError, /a key of 32 bytes, received 31 bytes/],
    [{ key: new Uint8Array(33) }, RangeError, /a key of 32 bytes, received 33 bytes/],
    [{ key: new Uint8Array() }, RangeError, /a key of 32 bytes, received 0 bytes/],
    [{ key: "k".repeat(32) }, TypeError, /32 bytes in a Uint8Array, received a string/],
    [{ key: new Uint16Array(32) }, TypeError, /received an object \(Uint16Array\)/],
    [{ key: null }, TypeError, /received null/],
    [{ context: "" }, RangeError, /a context of 1 to 65536 bytes, received 0 bytes/],
    [{ context: "x".repeat(65537) }, RangeError, /received 65537 bytes/],
    [{ context: 5 }, TypeError, /a context string, received a number/],
    [{ context: null }, TypeError, /a context string, received null/],
    [{ key: new Uint8Array(32), context: "c" }, TypeError, /a key or a context, received both/],
  ];

/** A view whose buffer went away. */
function detached<View>(make: (buffer: ArrayBuffer) => View): View {
  const buffer = new ArrayBuffer(64);
  const view = make(buffer);
  structuredClone(buffer, { transfer: [buffer] });
  return view;
}

test("blake3() refuses what is not bytes", () => {
  for (const [value, found] of NOT_BYTES) {
    assert.throws(() => blake3(wrong(value)), TypeError, found);
    assert.throws(() => createHasher().update(wrong(value)), TypeError, found);
  }
});

test("blake3() refuses a detached buffer, under any view", () => {
  const inputs: HashInput[] = [
    detached((buffer) => buffer),
    detached((buffer) => new Uint8Array(buffer)),
    detached((buffer) => new Uint8Array(buffer, 8, 8)),
    detached((buffer) => new Uint8Array(buffer, 0, 0)),
    detached((buffer) => new Float64Array(buffer)),
    detached((buffer) => new DataView(buffer)),
  ];
  for (const input of inputs) {
    assert.throws(() => blake3(input), TypeError, /received a detached buffer/);
    assert.throws(() => createHasher().update(input), TypeError, /received a detached buffer/);
  }
});

test("blake3() refuses a digest length that is negative, huge or fractional", () => {
  for (const [length, type, found] of BAD_LENGTHS) {
    assert.throws(() => blake3(new Uint8Array(), { length: wrong(length) }), type, found);
    assert.throws(() => blake3Hex(new Uint8Array(), { length: wrong(length) }), type, found);
    assert.throws(() => createHasher().digest(wrong(length)), type, found);
    assert.throws(() => createHasher().hex(wrong(length)), type, found);
    assert.throws(() => createHasher().base64url(wrong(length)), type, found);
  }
});

test("blake3() refuses an array for the digest that is none, or not of its length", () => {
  const buffer = new ArrayBuffer(32, { maxByteLength: 64 });
  const outside = new Uint8Array(buffer, 0, 32);
  buffer.resize(16);
  const bad: readonly (readonly [into: unknown, type: typeof TypeError, found: RegExp])[] = [
    [null, TypeError, /a Uint8Array to write into, received null/],
    ["into", TypeError, /received a string/],
    [32, TypeError, /received a number/],
    [new ArrayBuffer(32), TypeError, /received an object \(ArrayBuffer\)/],
    [new Uint8ClampedArray(32), TypeError, /received an object \(Uint8ClampedArray\)/],
    [new Array(32).fill(0), TypeError, /received an object \(Array\)/],
    [new Uint8Array(0), RangeError, /32 bytes to write into, the length of the digest, received 0/],
    [new Uint8Array(31), RangeError, /received 31/],
    [new Uint8Array(64), RangeError, /received 64/],
    [detached((buffer) => new Uint8Array(buffer, 0, 32)), TypeError, /a detached buffer/],
    [outside, TypeError, /a detached buffer/],
  ];
  for (const size of [0, 64, 100_000]) {
    for (const [into, type, found] of bad) {
      assert.throws(() => blake3(new Uint8Array(size), { into: wrong(into) }), type, found);
    }
  }
  const short = new Uint8Array(32);
  assert.throws(() => blake3(short, { into: short, length: 33 }), RangeError, /33 bytes to write/);
  const gone = detached((buffer) => new Uint8Array(buffer, 0, 0));
  assert.throws(() => blake3(short, { into: gone, length: 0 }), TypeError, /a detached buffer/);
  assert.isTrue(short.every((byte) => byte === 0));
});

test("blake3() writes nothing into an array when an option is refused", () => {
  const into = new Uint8Array(32);
  for (const [options, type] of BAD_OPTIONS) {
    assert.throws(() => blake3(new Uint8Array(5), { ...wrong(options), into }), type);
  }
  assert.isTrue(into.every((byte) => byte === 0));
});

test("every way to hash refuses a bad key and a bad context", async () => {
  for (const [options, type, found] of BAD_OPTIONS) {
    assert.throws(() => blake3(new Uint8Array(), wrong(options)), type, found);
    assert.throws(() => blake3Hex(new Uint8Array(), wrong(options)), type, found);
    assert.throws(() => createHasher(wrong(options)), type, found);
    await rejects(hashStream(new Blob([]).stream(), wrong(options)), type, found);
    await rejects(hashParallel(new Uint8Array(), wrong(options)), type, found);
  }
});

test("a disposed hasher refuses everything but another disposal", () => {
  const hasher = createHasher({ key: new Uint8Array(32) }).update(new Uint8Array(5000));
  hasher[Symbol.dispose]();
  hasher[Symbol.dispose]();
  const uses: (() => unknown)[] = [
    () => hasher.update(new Uint8Array(1)),
    () => hasher.digest(),
    () => hasher.hex(),
    () => hasher.base64url(),
    () => hasher.reset(),
    () => hasher.clone(),
  ];
  for (const use of uses) {
    assert.throws(use, TypeError, /a hasher in use, received a disposed one/);
  }
});

test("a hasher that refused a piece goes on as if it had not come", () => {
  const hasher = createHasher().update(new Uint8Array([1]));
  assert.throws(() => hasher.update(wrong("2")), TypeError);
  assert.equal(hasher.update(new Uint8Array([3])).hex(), blake3Hex(new Uint8Array([1, 3])));
});

test("createHashPool() refuses a bad number of workers", () => {
  for (const workers of [0, -1, 1.5, NaN, 1000]) {
    assert.throws(() => createHashPool({ workers }), RangeError, /1 to 256 workers, received/);
  }
});

test("hashParallel() refuses a pool that is none", async () => {
  const pool = wrong({ size: 1 });
  await rejects(hashParallel(new Uint8Array(1), { pool }), TypeError, /made by createHashPool/);
});
