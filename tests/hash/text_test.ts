import { blake3, createHasher, toBase64Url, toHex } from "../../lib/hash/mod.ts";
import { assert, test } from "../harness.ts";
import { noise } from "./suite.ts";

/** The same bytes in an array that the engine's own conversion does not know. */
function withoutEngine(bytes: Uint8Array): Uint8Array {
  return Object.defineProperties(bytes.slice(), {
    toHex: { value: undefined },
    toBase64: { value: undefined },
  });
}

test("toHex() gives two digits for each byte, with the engine's help and without", () => {
  const bytes = Uint8Array.from({ length: 256 }, (_, byte) => byte);
  const expected = Array.from(bytes, (byte) => byte.toString(16).padStart(2, "0")).join("");
  assert.equal(toHex(bytes), expected);
  assert.equal(toHex(withoutEngine(bytes)), expected);
});

test("toBase64Url() follows RFC 4648, with the engine's help and without", () => {
  for (let length = 0; length < 70; length++) {
    const bytes = noise(length);
    const expected = btoa(String.fromCharCode(...bytes))
      .replaceAll("+", "-").replaceAll("/", "_").replaceAll("=", "");
    assert.equal(toBase64Url(bytes), expected, `${length}`);
    assert.equal(toBase64Url(withoutEngine(bytes)), expected, `${length}`);
  }
});

test("hex() and base64url() of a hasher are its digest as text", () => {
  const hasher = createHasher().update(noise(99));
  for (const length of [32, 7, 100]) {
    assert.equal(hasher.hex(length), toHex(blake3(noise(99), { length })));
    assert.equal(hasher.base64url(length), toBase64Url(blake3(noise(99), { length })));
  }
  assert.equal(hasher.base64url().length, 43);
});
