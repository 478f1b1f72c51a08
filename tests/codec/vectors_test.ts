import { decode, encode } from "../../lib/codec/mod.ts";
import { DecodeError } from "../../lib/errors.ts";
import { toHex } from "../../lib/hash/mod.ts";
import { assert, test } from "../harness.ts";
// The vectors of https://github.com/kawanet/msgpack-test-suite.
import vectors from "./msgpack.json" with { type: "json" };

/** One value, and the ways to write it: the shortest first. */
interface Vector {
  readonly msgpack: readonly string[];
  readonly [kind: string]: unknown;
}

/** The value of a vector; `undefined` where it has none in our data model. */
function valueOf(vector: Vector): { value: unknown } | undefined {
  if ("ext" in vector) return undefined;
  if ("binary" in vector) return { value: fromHex(vector.binary as string) };
  if ("timestamp" in vector) {
    const [seconds, nanoseconds] = vector.timestamp as [number, number];
    return { value: new Date(seconds * 1000 + Math.floor(nanoseconds / 1e6)) };
  }
  if ("bignum" in vector) {
    const integer = BigInt(vector.bignum as string);
    const number = Number(integer);
    return { value: Number.isSafeInteger(number) ? number : integer };
  }
  const kind = Object.keys(vector).find((key) => key !== "msgpack")!;
  return { value: vector[kind] };
}

for (const [group, list] of Object.entries(vectors as Record<string, readonly Vector[]>)) {
  test(`decode() reads the official vectors ${group}`, () => {
    for (const vector of list) {
      const expected = valueOf(vector);
      for (const hex of vector.msgpack) {
        if (expected === undefined) {
          // Extensions of other programs: refused by type, or read as one of our own.
          assertNothingElse(() => decode(fromHex(hex)));
        } else if (typeof expected.value === "bigint" && isFloat(hex)) {
          assert.equal(decode(fromHex(hex)), Number(expected.value));
        } else assert.deepEqual(decode(fromHex(hex)), expected.value, hex);
      }
    }
  });

  test(`encode() writes one of the official forms ${group}`, () => {
    for (const vector of list) {
      const expected = valueOf(vector);
      // Ours are ints up to 32 bits, doubles beyond, milliseconds for Date, and bigint by itself.
      if (expected === undefined || typeof expected.value === "bigint") continue;
      if ("timestamp" in vector && (vector.timestamp as number[])[1] % 1e6 !== 0) continue;
      assert.include(
        vector.msgpack.map((hex) => hex.replaceAll("-", "")),
        toHex(encode(expected.value)),
      );
    }
  });
}

function isFloat(hex: string): boolean {
  return hex.startsWith("ca") || hex.startsWith("cb");
}

function assertNothingElse(body: () => unknown): void {
  try {
    body();
  } catch (error) {
    assert.instanceOf(error, DecodeError);
  }
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex === "" ? [] : hex.split("-"), (pair) => Number.parseInt(pair, 16));
}
