import { DecodeError } from "../../lib/errors.ts";
import {
  isOtherVersion,
  MAX_HEADER_BYTES,
  readHeader,
  readHeaderOf,
  writeEntry,
  writeHeader,
} from "../../lib/store/_entry_file.ts";
import { assert, test } from "../harness.ts";

const VALUE = Uint8Array.of(0xaa, 0xbb, 0xcc);

function hex(bytes: Uint8Array): string {
  return Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
}

test("writeEntry() gives the documented bytes", () => {
  assert.equal(
    hex(writeEntry("a/\u00e9", VALUE, 1_700_000_000_000)),
    "89444a4501000400" + "00008056febc7842" + "0300000000000000" + "612fc3a9" + "aabbcc",
  );
  assert.equal(
    hex(writeEntry("k", VALUE, Infinity)),
    "89444a4501000100" + "000000000000f07f" + "0300000000000000" + "6b" + "aabbcc",
  );
});

test("readHeader() reads what writeEntry() wrote", () => {
  for (const key of ["k", "\ufeffa", "\0", "\u8a9e".repeat(1024), "\u{1f600}".repeat(512)]) {
    for (const expires of [Infinity, 0, -1, 1.5, 1_700_000_000_000]) {
      const file = writeEntry(key, VALUE, expires);
      const header = readHeader(file.subarray(0, MAX_HEADER_BYTES), file.length);
      const { offset, size } = header;
      assert.deepEqual(header, { key, expires, offset, size });
      assert.equal(hex(file.subarray(offset)), hex(VALUE));
      assert.equal(size, VALUE.length);
    }
  }
});

test("readHeader() reads from a view inside a larger buffer", () => {
  const file = writeEntry("key", VALUE, 5);
  const larger = new Uint8Array(file.length + 20);
  larger.set(file, 7);
  assert.equal(readHeader(larger.subarray(7, 7 + file.length), file.length).key, "key");
});

test("readHeader() refuses a file cut at any byte, or with one more", () => {
  const file = writeEntry("key", VALUE, 5);
  for (let length = 0; length < file.length; length++) {
    assert.throws(() => readHeader(file.subarray(0, length), length), DecodeError);
  }
  const longer = new Uint8Array(file.length + 1);
  longer.set(file);
  assert.throws(() => readHeader(longer, longer.length), DecodeError, /its header says/);
});

test("readHeader() refuses or reads a header with any byte changed, and does nothing else", () => {
  const file = writeEntry("k\u00e9y", VALUE, 5);
  for (let i = 0; i < file.length - VALUE.length; i++) {
    for (let value = 0; value < 256; value++) {
      const changed = new Uint8Array(file);
      changed[i] = value;
      try {
        readHeader(changed, changed.length);
      } catch (error) {
        assert.instanceOf(error, DecodeError);
      }
    }
  }
});

test("isOtherVersion() tells a later version from what is no entry", () => {
  const file = writeEntry("key", VALUE, 5);
  assert.isFalse(isOtherVersion(file));
  assert.isFalse(isOtherVersion(file.subarray(0, 5)));
  assert.isFalse(isOtherVersion(new TextEncoder().encode("a text")));
  file[4] = 2;
  assert.isTrue(isOtherVersion(file));
});

test("writeHeader() gives what stands in front of the value", () => {
  const file = writeEntry("k\u00e9y", VALUE, 7);
  const header = writeHeader("k\u00e9y", VALUE.length, 7);
  assert.equal(hex(header), hex(file.subarray(0, file.length - VALUE.length)));
});

test("readHeaderOf() refuses the entry of another key", () => {
  const file = writeEntry("key", VALUE, 5);
  assert.throws(() => readHeaderOf("kez", file, file.length), DecodeError, /another key/);
});
