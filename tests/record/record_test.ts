import { decode, encode } from "../../lib/codec/mod.ts";
import { DecodeError } from "../../lib/errors.ts";
import { openRecord, RECORD_VERSION, sealRecord } from "../../lib/record/mod.ts";
import { blake3 } from "../../lib/hash/mod.ts";
import { withDirtyMemory } from "../dirty_memory.ts";
import { assert, test } from "../harness.ts";

const KEY = blake3(new Uint8Array([1]));
const TIMES = { created: 1_700_000_000_000, expires: 1_700_000_001_000.5, duration: 12.25 };
const VALUE = { answer: [42, "forty-two"] };
const ARGS = encode([1, 2]);

function sealed(): Uint8Array<ArrayBuffer> {
  return sealRecord(KEY, encode(VALUE), TIMES, { name: "f", code: "c0de", args: ARGS });
}

/** The record with a right checksum over other bytes. */
function resealed(change: (bytes: Uint8Array) => void): Uint8Array<ArrayBuffer> {
  const bytes = sealed();
  change(bytes);
  bytes.set(blake3(bytes.subarray(0, -32)), bytes.length - 32);
  return bytes;
}

test("openRecord() gives back what sealRecord() took", () => {
  const record = openRecord(sealed(), KEY);
  assert.deepEqual(decode(record.payload), VALUE);
  assert.equal(record.flags, 0);
  assert.equal(record.size, sealed().length);
  const { created, expires, duration } = record;
  assert.deepEqual({ created, expires, duration }, TIMES);
  const { name, code, closure, args } = record.description();
  assert.deepEqual({ name, code, closure }, { name: "f", code: "c0de", closure: undefined });
  assert.deepEqual(decode(args!), [1, 2]);
});

test("a large record has nothing of the memory that it is made in", () => {
  const large = () => sealRecord(KEY, new Uint8Array(100_000), TIMES, { name: "f" });
  assert.deepEqual(withDirtyMemory(large), large());
});

test("a record that never expires says so", () => {
  const bytes = sealRecord(KEY, encode(1), { ...TIMES, expires: Infinity }, { name: "f" });
  assert.equal(openRecord(bytes, KEY).expires, Infinity);
});

test("large arguments are left out of the record", () => {
  const bytes = sealRecord(KEY, encode(1), TIMES, { name: "f", args: new Uint8Array(100_000) });
  assert.isBelow(bytes.length, 500);
  assert.isUndefined(openRecord(bytes, KEY).description().args);
});

test("openRecord() reads a record at any offset of a larger buffer", () => {
  const bytes = sealed();
  const buffer = new Uint8Array(bytes.length + 10);
  buffer.set(bytes, 3);
  const record = openRecord(buffer.subarray(3, 3 + bytes.length), KEY);
  assert.deepEqual(decode(record.payload), VALUE);
});

test("openRecord() refuses a record with any byte changed", () => {
  for (let i = 0; i < sealed().length; i++) {
    const bytes = sealed();
    bytes[i] ^= 1;
    assert.throws(() => openRecord(bytes, KEY), DecodeError, /^Cannot read the record: /);
  }
});

test("openRecord() refuses every proper prefix of a record, and bytes after it", () => {
  const bytes = sealed();
  for (let length = 0; length < bytes.length; length++) {
    assert.throws(() => openRecord(bytes.subarray(0, length), KEY), DecodeError);
  }
  assert.throws(() => openRecord(new Uint8Array([...bytes, 0]), KEY), DecodeError);
});

const FOREIGN:
  readonly (readonly [name: string, reason: RegExp, make: () => Uint8Array<ArrayBuffer>])[] = [
    ["bytes of another program", /magic/, () => new TextEncoder().encode("x".repeat(200))],
    [
      "a record of a later version",
      /format version is 2/,
      () => resealed((bytes) => void (bytes[4] = RECORD_VERSION + 1)),
    ],
    [
      "a whole record of another key",
      /another key/,
      () => resealed((bytes) => void (bytes[32] ^= 1)),
    ],
    [
      "a description longer than the record",
      /description/,
      () => resealed((bytes) => void (bytes[66] = 1)),
    ],
  ];

for (const [name, reason, make] of FOREIGN) {
  test(`openRecord() refuses ${name}`, () => {
    assert.throws(() => openRecord(make(), KEY), DecodeError, reason);
  });
}
