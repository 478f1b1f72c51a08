/** Where an encoding stands: the containers that are open, and the objects that it has met. */

import { MetObjects } from "./_met.ts";
import { pathSegment } from "./_kinds.ts";
import { RECURSIVE_DEPTH } from "./wire.ts";

/** While not all objects are looked up, those at every so many levels are, among the open ones. */
const CYCLE_CHECK_DEPTH = 8;

/** Thrown when an object repeats while not all are looked up. */
export const REPEATED: unique symbol = Symbol("repeated");

/** The containers that lead to the value at hand, and what came before it. */
export class Nesting {
  /** What leads to the value at hand: as many entries count as containers are open. */
  readonly path: (string | number)[] = [];
  /** How many containers are open. */
  depth = 0;
  /** Grows with each object that was written, while not all are looked up. */
  objects = 0;
  /** The open containers at which nothing may point, as they are made of their parts. */
  readonly late: Set<object> = new Set();
  readonly #open: (object | undefined)[] = [];
  readonly #met: MetObjects = new MetObjects();

  enter(value: object): void {
    this.#open[this.depth++] = value;
  }

  exit(): void {
    this.#open[--this.depth] = undefined;
  }

  /** How far out an open container is, from 0 for the nearest; `undefined` for what is not open. */
  distance(value: object): number | undefined {
    const open = this.#open;
    const { depth } = this;
    for (let i = depth - 1; i >= 0; i--) if (open[i] === value) return depth - 1 - i;
    return undefined;
  }

  /** The number of `value`, counted from 0, if it was numbered before; else numbers it. */
  ordinal(value: object): number | undefined {
    return this.#met.ordinal(value);
  }

  /** Finds cycles, though not as soon as they close. */
  checkCycle(value: object): void {
    if (this.depth % CYCLE_CHECK_DEPTH !== 0) return;
    if (this.depth >= RECURSIVE_DEPTH || this.#open.includes(value)) throw REPEATED;
  }

  /** Looks up an object, while not all are. */
  meet(value: object): void {
    this.objects++;
    if (!this.#met.add(value)) throw REPEATED;
  }

  /** Leaves all containers and forgets all objects. */
  clear(): void {
    while (this.depth > 0) this.exit();
    this.#met.clear();
    if (this.late.size > 0) this.late.clear();
  }

  /** The path to the value at hand, such as `.user.tags[3]`. */
  toString(): string {
    return this.path.slice(0, this.depth).map(pathSegment).join("");
  }
}
