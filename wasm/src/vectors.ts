/**
 * Arithmetic on vectors of four 32-bit lanes.
 *
 * The rotations are what the engines differ in. `bench/hash_bench.ts` chose these: a shuffle for 16
 * has an instruction of its own, a byte order for 8 is fastest from memory (as a constant, V8
 * builds it anew each time), and 12 and 7 have nothing better than two shifts.
 *
 * @module
 */
import { ROTATE_8 } from "./blake3.ts";
import { type Arithmetic, data, get, set } from "./wat.ts";

/** Arithmetic on four lanes; it needs a local variable `$t` of type `v128`. */
export const vectors: Arithmetic = {
  add: (a, b) => `(i32x4.add ${a} ${b})`,
  xor: (a, b) => `(v128.xor ${a} ${b})`,
  setRotated(name, value, count) {
    if (count === 8) {
      return set(name, `(i8x16.swizzle ${value} (v128.load offset=${ROTATE_8} (i32.const 0)))`);
    }
    const again = `(local.tee $t ${value})`;
    if (count === 16) {
      return set(
        name,
        `(i8x16.shuffle 2 3 0 1 6 7 4 5 10 11 8 9 14 15 12 13 ${again} ${get("t")})`,
      );
    }
    return set(
      name,
      `(v128.or (i32x4.shr_u ${again} (i32.const ${count}))
                (i32x4.shl ${get("t")} (i32.const ${32 - count})))`,
    );
  },
};

/** The byte order that rotates every lane by 8. */
export const ROTATE_8_DATA: string = data(
  ROTATE_8,
  [1, 2, 3, 0, 5, 6, 7, 4, 9, 10, 11, 8, 13, 14, 15, 12],
);

/** Picks four lanes of two vectors: 0 to 3 are those of `a`, 4 to 7 those of `b`. */
export function pick(a: string, b: string, lanes: readonly number[]): string {
  const bytes = lanes.flatMap((lane) => [4 * lane, 4 * lane + 1, 4 * lane + 2, 4 * lane + 3]);
  return `(i8x16.shuffle ${bytes.join(" ")} ${get(a)} ${get(b)})`;
}
