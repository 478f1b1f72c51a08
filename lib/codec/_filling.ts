/** Composites, from their parts: the reading half of what the openings and the forms write. */

import { DecodeError } from "../errors.ts";
import type { Classes } from "./_classes.ts";
import { formOfKind, make, resizableBuffer } from "./_forms.ts";
import type { Reader } from "./_reader.ts";
import { ERROR_NAMES, hiddenParts, Kind, MAX_RESERVED_BYTES, VIEW_NAMES } from "./wire.ts";

/** Most holes that an array may have memory for; a longer one is kept as a table. */
const MAX_RESERVED_HOLES = 1024;

/** Stands for an object that can be made only of its parts, so that nothing in it points at it. */
export const LATE: unique symbol = Symbol("late");

/** A composite whose parts are read. */
export interface Composite {
  readonly kind: number;
  readonly detail: number;
  readonly parts: unknown[];
  /** What was made before the parts, so that they can point at it. */
  readonly target: unknown;
  /** Where the parts start in the input. */
  readonly offset: number;
}

/** Makes the still empty object of a composite, or {@linkcode LATE}. */
export function target(reader: Reader, kind: number, detail: number): unknown {
  switch (kind) {
    case Kind.MAP:
      return new Map();
    case Kind.SET:
      return new Set();
    case Kind.NULL_OBJECT:
      return Object.create(null);
    case Kind.SPARSE_ARRAY:
      return [];
    case Kind.ERROR: {
      const name: string | undefined = ERROR_NAMES[detail];
      // Not every runtime has every class.
      const Class = globalThis[name as "Error"];
      if (Class === undefined) reader.fail(`The error class ${name ?? detail} is not known here`);
      return name === "AggregateError" ? new AggregateError([]) : new Class();
    }
    case Kind.RESIZABLE_BUFFER:
    case Kind.SHARED_VIEW:
    case Kind.INSTANCE:
      return LATE;
    default:
      if (formOfKind(kind, detail) === undefined) {
        reader.fail(`The composite ${kind} is not known to this version`);
      }
      return LATE;
  }
}

/** Gives a composite its parts. */
export function filled(reader: Reader, composite: Composite, classes: Classes | undefined): object {
  const { parts, target } = composite;
  switch (composite.kind) {
    case Kind.MAP: {
      reader.expect(parts.length % 2 === 0);
      const map = target as Map<unknown, unknown>;
      for (let i = 0; i < parts.length; i += 2) map.set(parts[i], parts[i + 1]);
      return map;
    }
    case Kind.SET: {
      const set = target as Set<unknown>;
      for (const part of parts) set.add(part);
      return set;
    }
    case Kind.NULL_OBJECT:
      return properties(reader, target as object, parts, 0);
    case Kind.ERROR:
      return error(reader, target as Error, parts, hiddenParts(composite.detail));
    case Kind.SPARSE_ARRAY: {
      const array = target as unknown[];
      const length = parts[0];
      reader.expect(typeof length === "number" && length >>> 0 === length);
      // Engines reserve memory for holes, but not in an array that was once this long.
      if ((length as number) > MAX_RESERVED_HOLES) array.length = 2 ** 32 - 1;
      array.length = length as number;
      properties(reader, array, parts, 1);
      reader.expect(array.length === length);
      return array;
    }
    case Kind.INSTANCE:
      return instance(reader, composite, classes);
    default:
      return made(composite, (): object => {
        if (composite.kind === Kind.RESIZABLE_BUFFER) {
          reader.expect(parts.length === 2);
          const reserved = parts[0];
          reader.expect(typeof reserved === "number");
          reader.reserved += reserved as number;
          reader.expect(reader.reserved <= MAX_RESERVED_BYTES);
          return resizableBuffer(parts[1], parts[0]);
        }
        if (composite.kind === Kind.SHARED_VIEW) return sharedView(reader, composite);
        return make(formOfKind(composite.kind, composite.detail)!, parts);
      });
  }
}

function error(
  reader: Reader,
  error: Error,
  parts: readonly unknown[],
  hidden: readonly string[],
): Error {
  const message = parts[0];
  reader.expect(message === undefined || typeof message === "string");
  if (message !== undefined) hide(error, "message", message);
  // Some are made with what the bytes may not have.
  for (const name of hidden) Reflect.deleteProperty(error, name);
  // The stack of this decoder would mislead whoever reads it.
  hide(error, "stack", message === undefined ? error.name : `${error.name}: ${message}`);
  properties(reader, error, parts, 1);
  for (const name of hidden) {
    if (Object.hasOwn(error, name)) hide(error, name, Reflect.get(error, name));
  }
  return error;
}

function instance(reader: Reader, composite: Composite, classes: Classes | undefined): object {
  const { parts: [name, data], parts, offset } = composite;
  reader.expect(parts.length === 2 && typeof name === "string");
  const codec = classes?.byName.get(name as string);
  if (codec === undefined) {
    reader.fail(
      `The class ${JSON.stringify(name)} is not registered; pass it, or an alias of it, in classes`,
      offset,
    );
  }
  return made(composite, () => {
    const object = codec!.decode(data);
    if (typeof object !== "object" || object === null) throw new TypeError("expected an object");
    return object;
  });
}

function sharedView(reader: Reader, { detail, parts: [buffer, start, length] }: Composite): object {
  const name = VIEW_NAMES[detail];
  const View = name === undefined || name === "ArrayBuffer" ? undefined : globalThis[name];
  reader.expect(
    View !== undefined && buffer instanceof ArrayBuffer && isCount(start) && isCount(length),
  );
  return new (View as typeof DataView)(buffer as ArrayBuffer, start as number, length as number);
}

function isCount(value: unknown): boolean {
  return typeof value === "number" && Number.isSafeInteger(value) && value >= 0;
}

/** Calls what the bytes may make fail, and words its error as one about them. */
function made(composite: Composite, make: () => object): object {
  const { offset } = composite;
  try {
    return make();
  } catch (cause) {
    if (cause instanceof DecodeError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new DecodeError(
      `Cannot decode: the composite that opens at byte ${offset} is not valid (${reason})`,
      { offset, cause },
    );
  }
}

function properties<T extends object>(
  reader: Reader,
  object: T,
  parts: readonly unknown[],
  start: number,
): T {
  reader.expect((parts.length - start) % 2 === 0);
  for (let i = start; i < parts.length; i += 2) {
    const key = parts[i];
    if (typeof key !== "string") reader.fail("Expected a string as the key of an object");
    define(object, key as string, parts[i + 1]);
  }
  return object;
}

/** Sets a property of the object itself, whatever setter its prototype has for the name. */
export function define(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: true,
  });
}

/** Sets a property of a plain object. */
export function assign(object: Record<string, unknown>, key: string, value: unknown): void {
  // Plain assignment to this one name would call a setter and replace the prototype.
  if (key === "__proto__") define(object, key, value);
  else object[key] = value;
}

function hide(object: object, key: string, value: unknown): void {
  Object.defineProperty(object, key, {
    value,
    writable: true,
    configurable: true,
    enumerable: false,
  });
}
