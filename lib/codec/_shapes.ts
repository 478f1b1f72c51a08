/** What objects with the same keys in the same order have in common, kept from call to call. */

import { SHORT_TEXT_BYTES, Writer } from "./_writer.ts";
import { MAX_SHAPE_KEYS } from "./wire.ts";

/** When as many nodes are known, all are forgotten, so that odd keys cannot fill the memory. */
const MAX_NODES = 8192;

/** The keys of a shape in canonical order. */
export interface SortedKeys {
  readonly names: readonly string[];
  /** For each of them, its place among the keys as the object has them. */
  readonly places: readonly number[];
  /** Those that are short, encoded, in a row: {@linkcode SHORT_TEXT_BYTES} for each key. */
  readonly words: Int32Array;
  /** For each of them, how many bytes it takes; 0 where it is not short. */
  readonly sizes: readonly number[];
}

/** A list of keys, and the lists that go on from it. */
export class Shape {
  /** The list without its last key, and that key; absent from the empty list. */
  readonly #parent: Shape | undefined;
  readonly #key: string;
  /** How many keys there are. */
  readonly length: number;
  /** Whether the first key starts as an index does; such keys come first in every object. */
  readonly indexed: boolean;
  /** Encoding in which the shape was defined last, and its number there. */
  run = 0;
  id = 0;
  #sorted: SortedKeys | undefined;
  #lastKey: string | undefined;
  #lastChild: Shape | undefined;
  #children: Map<string, Shape> | undefined;

  constructor(parent: Shape | undefined, key: string) {
    this.#parent = parent;
    this.#key = key;
    this.length = parent === undefined ? 0 : parent.length + 1;
    this.indexed = this.length > 1 ? parent!.indexed : /^\d/.test(key);
  }

  /** The list that has `key` behind these keys. */
  child(key: string): Shape {
    if (this.#lastKey === key) return this.#lastChild!;
    const children = this.#children ??= new Map();
    let child = children.get(key);
    if (child === undefined) {
      nodes++;
      children.set(key, child = new Shape(this, key));
    }
    this.#lastKey = key;
    return this.#lastChild = child;
  }

  /** The keys in the order of their code units. */
  get sorted(): SortedKeys {
    return this.#sorted ??= sortedKeys(this.#keys());
  }

  #keys(): string[] {
    return this.#parent === undefined ? [] : [...this.#parent.#keys(), this.#key];
  }
}

function sortedKeys(keys: readonly string[]): SortedKeys {
  const names = keys.toSorted();
  const writer = new Writer();
  const bytes = new Uint8Array(names.length * SHORT_TEXT_BYTES);
  const sizes = names.map((name, i) => {
    writer.length = 0;
    writer.string(name);
    if (writer.length > SHORT_TEXT_BYTES) return 0;
    bytes.set(writer.bytes.subarray(0, writer.length), i * SHORT_TEXT_BYTES);
    return writer.length;
  });
  const view = new DataView(bytes.buffer);
  const words = Int32Array.from({ length: bytes.length / 4 }, (_, i) => view.getInt32(i * 4, true));
  return { names, places: names.map((name) => keys.indexOf(name)), words, sizes };
}

let root: Shape | undefined;
let nodes = 0;

/** The shape without keys, from which all others are reached. */
export function rootShape(): Shape {
  if (root === undefined || nodes > MAX_NODES) {
    root = new Shape(undefined, "");
    nodes = 0;
  }
  return root;
}

/** The shape of an object with `keys`; `undefined` where it is not worth one. */
export function shapeOf(keys: readonly string[]): Shape | undefined {
  const { length } = keys;
  if (length > MAX_SHAPE_KEYS || length === 0) return undefined;
  let shape = rootShape();
  for (let i = 0; i < length; i++) shape = shape.child(keys[i]);
  return shape;
}
