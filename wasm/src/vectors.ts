/**
 * Arithmetic on vectors of four 32-bit lanes.
 *
 * @module
 */
import { BYTE_ORDERS } from "./blake3.ts";
import { type Arithmetic, data, get, set } from "./wat.ts";

/** The byte orders that rotate every lane, by the count of bits. */
const byteOrders = new Map([
  [16, { address: BYTE_ORDERS, bytes: [2, 3, 0, 1] }],
  [8, { address: BYTE_ORDERS + 16, bytes: [1, 2, 3, 0] }],
]);

/**
 * Arithmetic on four lanes; it needs a local variable `$t` of type `v128`.
 *
 * A rotation by whole bytes reorders bytes. The order comes from memory: as a constant it is slower
 * on V8 15. The relaxed instruction does without a check of the order that costs a fifteenth of the
 * time on V8; what it leaves open, orders that point past the end, does not occur here. 12 and 7 take
 * two shifts, joined by an addition: `or` is an eighth slower on JavaScriptCore.
 */
export const vectors: Arithmetic = {
  add: (a, b) => `(i32x4.add ${a} ${b})`,
  xor: (a, b) => `(v128.xor ${a} ${b})`,
  setRotated(name, value, count) {
    const order = byteOrders.get(count);
    if (order !== undefined) {
      return set(name, `(i8x16.relaxed_swizzle ${value} (v128.load (i32.const ${order.address})))`);
    }
    return set(
      name,
      `(i32x4.add (i32x4.shr_u (local.tee $t ${value}) (i32.const ${count}))
                  (i32x4.shl ${get("t")} (i32.const ${32 - count})))`,
    );
  },
};

/** The data segments of the byte orders. */
export const BYTE_ORDER_DATA: string = Array.from(
  byteOrders.values(),
  ({ address, bytes }) =>
    data(address, [0, 4, 8, 12].flatMap((lane) => bytes.map((byte) => lane + byte))),
).join("\n");

/** Picks four lanes of two vectors: 0 to 3 are those of `a`, 4 to 7 those of `b`. */
export function pick(a: string, b: string, lanes: readonly number[]): string {
  const bytes = lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
  return `(i8x16.shuffle ${bytes.join(" ")} ${get(a)} ${get(b)})`;
}
