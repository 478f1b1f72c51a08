/** The objects that one encoding has met, so that a second meeting becomes a reference. */

/** A larger set is dropped after use: emptying it takes longer. */
const MAX_KEPT_OBJECTS = 256;

/** Up to this many objects, looking at all of them is faster than a set. */
const FEW_OBJECTS = 24;

/** Objects in the order in which they were met. */
export class MetObjects {
  /** The first of them, for as long as there are few. */
  readonly #few: (object | undefined)[] = [];
  #fewLength = 0;
  #all: Set<object> = new Set();
  #size = 0;
  readonly #ordinals: Map<object, number> = new Map();

  /** Whether `value` is new here; remembers it. */
  add(value: object): boolean {
    const few = this.#few;
    const length = this.#fewLength;
    if (length <= FEW_OBJECTS) {
      for (let i = 0; i < length; i++) if (few[i] === value) return false;
      if (length < FEW_OBJECTS) {
        few[length] = value;
        this.#fewLength = length + 1;
        return true;
      }
      for (let i = 0; i < length; i++) this.#all.add(few[i]!);
      this.#size = length;
      this.#fewLength = FEW_OBJECTS + 1;
    }
    // One look at the size is enough when we count too, and takes as long as the addition.
    if (this.#all.add(value).size === this.#size) return false;
    this.#size++;
    return true;
  }

  /** The number of `value`, counted from 0, if it was numbered before; else numbers it. */
  ordinal(value: object): number | undefined {
    const ordinal = this.#ordinals.get(value);
    if (ordinal === undefined) this.#ordinals.set(value, this.#ordinals.size);
    return ordinal;
  }

  /** Forgets all of them. */
  clear(): void {
    while (this.#fewLength > 0) this.#few[--this.#fewLength] = undefined;
    if (this.#size > MAX_KEPT_OBJECTS) this.#all = new Set();
    else if (this.#size > 0) this.#all.clear();
    this.#size = 0;
    if (this.#ordinals.size > 0) this.#ordinals.clear();
  }
}
