/** What objects with the same keys in the same order have in common, kept from call to call. */

import { MAX_SHAPE_KEYS } from "./wire.ts";

/** When as many nodes are known, all are forgotten, so that odd keys cannot fill the memory. */
const MAX_NODES = 8192;

/** A list of keys, and the lists that go on from it. */
export class Shape {
  /** Encoding in which the shape was defined last, and its number there. */
  run = 0;
  id = 0;
  /** The keys in canonical order, once they were asked for. */
  sorted: readonly string[] | undefined;
  #lastKey: string | undefined;
  #lastChild: Shape | undefined;
  #children: Map<string, Shape> | undefined;

  /** The list that has `key` behind these keys. */
  child(key: string): Shape {
    if (this.#lastKey === key) return this.#lastChild!;
    const children = this.#children ??= new Map();
    let child = children.get(key);
    if (child === undefined) {
      nodes++;
      children.set(key, child = new Shape());
    }
    this.#lastKey = key;
    return this.#lastChild = child;
  }
}

let root: Shape | undefined;
let nodes = 0;

/** The shape of an object with `keys`; `undefined` where it is not worth one. */
export function shapeOf(keys: readonly string[]): Shape | undefined {
  const { length } = keys;
  if (length > MAX_SHAPE_KEYS || length === 0) return undefined;
  if (root === undefined || nodes > MAX_NODES) {
    root = new Shape();
    nodes = 0;
  }
  let shape = root;
  for (let i = 0; i < length; i++) shape = shape.child(keys[i]);
  return shape;
}
