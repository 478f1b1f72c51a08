/**
 * What the WebAssembly text of the kernels is put together from.
 *
 * @module
 */

/** Repeats a piece of text for 0 to `count - 1`. */
export function times(count: number, piece: (index: number) => string): string {
  return Array.from({ length: count }, (_, index) => piece(index)).join("\n");
}

/** Declares local variables `$name0` to `$name<count - 1>` of a type. */
export function locals(name: string, count: number, type: "i32" | "v128"): string {
  return times(count, (index) => `(local $${name}${index} ${type})`);
}

/** Reads a local variable. */
export function get(name: string): string {
  return `(local.get $${name})`;
}

/** Writes a local variable. */
export function set(name: string, value: string): string {
  return `(local.set $${name} ${value})`;
}

/** The operations that a quarter round needs, on 32-bit words or on vectors of them. */
export interface Arithmetic {
  /** The sum of two values. */
  add(a: string, b: string): string;
  /** The exclusive or of two values. */
  xor(a: string, b: string): string;
  /** Sets a variable to a value, rotated to the right. */
  setRotated(name: string, value: string, count: number): string;
}

/** The rotations of the two halves of a quarter round. */
export const ROTATIONS: readonly (readonly [number, number])[] = [[16, 12], [8, 7]];

/** Where the values of `a` and `c` are between two additions to them. */
export interface Home {
  /** Reads the value of a variable. */
  read(name: string): string;
  /** What to do once a variable has a new value. */
  keep(name: string): string;
}

/** The variables themselves. */
const VARIABLES: Home = { read: get, keep: () => "" };

/**
 * The ten steps of a quarter round with two message words. A word is added before `b`, because
 * `b` is the last value to be ready: that takes an addition off the longest path.
 */
export function quarterRound(
  { add, xor, setRotated }: Arithmetic,
  [a, b, c, d]: readonly string[],
  words: readonly string[],
  { read, keep }: Home = VARIABLES,
): string[] {
  return ROTATIONS.flatMap(([first, second], half) => [
    set(a, add(read(a), words[half])),
    set(a, add(get(a), get(b))) + keep(a),
    setRotated(d, xor(get(d), get(a)), first),
    set(c, add(read(c), get(d))) + keep(c),
    setRotated(b, xor(get(b), get(c)), second),
  ]);
}

/** Takes a step of each list in turn; a list begins after `delays` turns of its own. */
export function interleave(
  lists: readonly (readonly string[])[],
  delays: readonly number[],
): string {
  const turns = Math.max(...lists.map((steps, i) => steps.length + delays[i]));
  return Array.from(
    { length: turns },
    (_, turn) => lists.flatMap((steps, i) => steps[turn - delays[i]] ?? []),
  ).flat().join("\n");
}

/** The bytes of a data segment. */
export function data(address: number, bytes: Iterable<number>): string {
  const text = Array.from(bytes, (byte) => `\\${byte.toString(16).padStart(2, "0")}`).join("");
  return `(data (i32.const ${address}) "${text}")`;
}

/** The bytes of little-endian 32-bit words. */
export function littleEndian(words: readonly number[]): Uint8Array {
  const view = new DataView(new ArrayBuffer(4 * words.length));
  words.forEach((word, index) => view.setUint32(4 * index, word, true));
  return new Uint8Array(view.buffer);
}
