/**
 * Relaxed SIMD, which not every engine with SIMD has.
 *
 * The core uses one of its instructions, `i8x16.relaxed_swizzle`. It does what `i8x16.swizzle` does
 * wherever every index is less than 16, as all are here, so digests do not depend on it. The plain
 * instruction can be spelt in as many bytes: then a core for the other engines is the same module
 * with some bytes changed, and need not be loaded beside it.
 *
 * | bytes      | instruction             |
 * |------------|-------------------------|
 * | `fd 80 02` | `i8x16.relaxed_swizzle` |
 * | `fd 8e 00` | `i8x16.swizzle`         |
 *
 * @see {@link https://webassembly.github.io/spec/core/binary/instructions.html} for the numbers, of
 * which LEB128 allows more than one spelling.
 * @module
 */

/** Where the relaxed instruction stands; the build makes sure that nothing else looks like it. */
export function relaxedPlaces(module: Uint8Array): number[] {
  const places: number[] = [];
  for (let i = 0; i + 2 < module.length; i++) {
    if (module[i] === 0xfd && module[i + 1] === 0x80 && module[i + 2] === 0x02) places.push(i);
  }
  return places;
}

/** Puts the plain instruction in the place of the relaxed one, and gives the same array. */
export function withoutRelaxed(module: Uint8Array<ArrayBuffer>): Uint8Array<ArrayBuffer> {
  for (const place of relaxedPlaces(module)) module.set([0x8e, 0x00], place + 1);
  return module;
}
