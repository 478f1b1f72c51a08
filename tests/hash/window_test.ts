import { LINE, LOOP, ROWS } from "../../lib/hash/core.ts";
import {
  blake3,
  blake3Hex,
  borrowWindow,
  configureHash,
  createHasher,
  HASH_WINDOW_BYTES,
  type HashBackend,
  toHex,
} from "../../lib/hash/mod.ts";
import { assert, test } from "../harness.ts";
import { noise, pinPath } from "./suite.ts";

/** Borrows the window, which no test keeps. */
function borrow() {
  const loan = borrowWindow();
  if (loan === undefined) throw new Error("Expected the window to be free");
  return loan;
}

const CORES: readonly (readonly [backend: HashBackend, path?: number])[] = [
  ["simd", ROWS],
  ["simd", LOOP],
  ["simd", LINE],
  ["wasm"],
  ["js"],
];
for (const [backend, path] of CORES) {
  const label = path === undefined ? backend : `${backend}, kernel ${path}`;

  test(`${label}: a borrowed window hashes what was written into it`, () => {
    configureHash({ backend });
    if (path !== undefined) pinPath(path);
    using loan = borrow();
    const key = noise(32);
    for (const length of [0, 1, 63, 64, 65, 256, 257, 1024, 1025, 4096, 5000, HASH_WINDOW_BYTES]) {
      loan.bytes.set(noise(length));
      assert.equal(toHex(loan.hash(length)), blake3Hex(noise(length)), `${length}`);
      loan.bytes.set(noise(length));
      assert.equal(toHex(loan.hash(length, key)), blake3Hex(noise(length), { key }), `${length}`);
    }
    configureHash();
  });

  test(`${label}: other hashes leave the window as it is`, () => {
    configureHash({ backend });
    if (path !== undefined) pinPath(path);
    using loan = borrow();
    loan.bytes.set(noise(3000));
    blake3(noise(70_000), { key: noise(32), length: 200 });
    createHasher({ context: "other" }).update(noise(100_000)).digest();
    assert.equal(toHex(loan.hash(3000)), blake3Hex(noise(3000)));
    configureHash();
  });
}

test("the window is lent to one borrower at a time", () => {
  const loan = borrow();
  assert.isUndefined(borrowWindow());
  loan.release();
  loan.release();
  borrow().release();
});

test("a window that was given back hashes no more", () => {
  const loan = borrow();
  loan[Symbol.dispose]();
  assert.throws(() => loan.hash(1), TypeError, /given back/);
});

test("the digest of a window is a view, which the next hash overwrites", () => {
  using loan = borrow();
  const digest = loan.hash(0);
  const before = toHex(digest);
  loan.hash(1);
  assert.notEqual(toHex(digest), before);
  assert.strictEqual(loan.digest, digest);
});

test("a window refuses a length or a key that it cannot hash", () => {
  using loan = borrow();
  for (const length of [-1, 0.5, NaN, HASH_WINDOW_BYTES + 1]) {
    assert.throws(() => loan.hash(length), RangeError, /a length from 0 to 65536 bytes/);
  }
  assert.throws(() => loan.hash(1, new Uint8Array(31)), RangeError, /32 bytes, received 31/);
});
