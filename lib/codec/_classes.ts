/** A user's classes, ready for look-up in both directions. */

import type { ClassCodec, ClassRegistry } from "./options.ts";

/** One class of a registry. */
export interface RegisteredClass {
  readonly name: string;
  readonly codec: ClassCodec;
}

/** A registry, indexed by prototype for writing and by name for reading. */
export interface Classes {
  readonly byPrototype: ReadonlyMap<object, RegisteredClass>;
  readonly byName: ReadonlyMap<string, ClassCodec>;
}

let known: WeakMap<ClassRegistry, Classes> | undefined;

/** Indexes a registry; one that was seen before is not read again. */
export function indexClasses(registry: ClassRegistry | undefined): Classes | undefined {
  if (registry === undefined) return undefined;
  known ??= new WeakMap();
  let classes = known.get(registry);
  if (classes === undefined) known.set(registry, classes = index(registry));
  return classes;
}

function index(registry: ClassRegistry): Classes {
  const byPrototype = new Map<object, RegisteredClass>();
  const byName = new Map<string, ClassCodec>();
  const add = (name: string, codec: ClassCodec) => {
    if (byName.has(name)) throw new TypeError(`Two classes are registered as ${name}; rename one`);
    byName.set(name, codec);
  };
  for (const [name, codec] of Object.entries(registry)) {
    if (typeof codec?.class !== "function") {
      throw new TypeError(`Expected classes.${name}.class to be a class`);
    }
    add(name, codec);
    byPrototype.set(codec.class.prototype, { name, codec });
  }
  for (const [name, codec] of Object.entries(registry)) {
    for (const alias of codec.aliases ?? []) if (alias !== name) add(alias, codec);
  }
  return { byPrototype, byName };
}
