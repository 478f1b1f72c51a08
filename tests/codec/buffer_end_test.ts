import { Encoder } from "../../lib/codec/_encoder.ts";
import { encode, encodeCanonical, stableHash } from "../../lib/codec/mod.ts";
import { blake3Hex } from "../../lib/hash/mod.ts";
import { WINDOW_BYTES } from "../../lib/hash/core.ts";
import { assert, test } from "../harness.ts";
import { CASES } from "./cases.ts";

/** Longest case that is written at each place, and how far before the end of a buffer they start. */
const MAX_BYTES = 200;
const PLACES = Array.from({ length: 24 }, (_, i) => i);

/** A list in which a byte for each of many elements stands before the value, and `rest` are left. */
function leaving(rest: number, size: number, value: unknown): unknown[] {
  const header = 3;
  const list: unknown[] = new Array(size - header - rest).fill(null);
  list.push(value);
  return list;
}

for (const isCanonical of [false, true]) {
  const mode = isCanonical ? "in keys" : "in values";
  test(`what does not fit behind the end of a buffer is written as elsewhere, ${mode}`, () => {
    const reference = isCanonical ? encodeCanonical : encode;
    const cases = CASES.filter(([, make]) => reference(make()).length <= MAX_BYTES);
    assert.isAbove(cases.length, 100);
    for (const [name, make] of cases) {
      for (const rest of PLACES) {
        const { writer } = new Encoder(isCanonical);
        const value = leaving(rest, writer.bytes.length, make());
        const encoder = new Encoder(isCanonical);
        encoder.encode(value);
        const written = encoder.writer.bytes.slice(0, encoder.writer.length);
        assert.deepEqual(written, reference(value), `${name}, ${rest} bytes before the end`);
      }
    }
  });
}

test("what does not fit into the memory of the hash has the same hash", () => {
  const date = new Date(0);
  const self: unknown[] = [];
  self.push(self);
  for (const make of [date, new Date(1), new Date(-1), self, 2n ** 70n, NaN, "é", "\ud800"]) {
    for (const rest of PLACES) {
      const value = leaving(rest, WINDOW_BYTES, make);
      assert.equal(stableHash(value), blake3Hex(encodeCanonical(value)), `${rest} bytes`);
    }
  }
});
