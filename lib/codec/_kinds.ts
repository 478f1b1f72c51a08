/** What a value is, for choosing its form and for naming it in a message. */

/** Whether `value` is an object literal in spirit: of this realm or of another. */
export function isPlainObject(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  const isRoot = prototype === Object.prototype ||
    (prototype !== null && Object.getPrototypeOf(prototype) === null &&
      Object.hasOwn(prototype, "isPrototypeOf"));
  // Its tag tells it from `arguments`, `Math` and the like, which inherit as directly. One that it
  // was given is a property as any other that a symbol names.
  return isRoot && (tagOf(value) === "Object" || hasTag(value));
}

function hasTag(value: object): boolean {
  return Object.prototype.propertyIsEnumerable.call(value, Symbol.toStringTag);
}

/**
 * Whether an object may be more than it seems, though it inherits as a plain one does: `arguments`
 * has an iterator, `Math` and its like have a tag. A quick look, for {@linkcode isPlainObject} to
 * decide.
 */
export function isOdd(value: object): boolean {
  return Symbol.iterator in value || Symbol.toStringTag in value;
}

/** Has what all plain objects inherit. Engines loop over it faster than over their prototype. */
const EMPTY: object = {};

/** Whether plain objects inherit properties that a loop over them meets. */
export function objectsInherit(): boolean {
  for (const _ in EMPTY) return true;
  return false;
}

/** The built-in class of an object, such as `Map`, as far as its tag tells. */
export function tagOf(value: object): string {
  return Object.prototype.toString.call(value).slice(8, -1);
}

/** Names a value for a message: `a function`, `a WebSocket`, `a symbol`. */
export function describeKind(value: unknown): string {
  if (typeof value === "object" && value !== null) {
    const name = constructorName(value) ?? tagOf(value);
    return `${/^[aeiou]/i.test(name) ? "an" : "a"} ${name}`;
  }
  return value === null || value === undefined ? String(value) : `a ${typeof value}`;
}

function constructorName(value: object): string | undefined {
  try {
    const name = (value.constructor as { name?: unknown } | undefined)?.name;
    return typeof name === "string" && name !== "" ? name : undefined;
  } catch {
    // A proxy or an accessor may throw here, and this only words a message.
    return undefined;
  }
}

/** Appends a property to a path: `.name`, `[3]` or `["odd key"]`. */
export function pathSegment(key: string | number): string {
  if (typeof key === "number") return `[${key}]`;
  return /^[A-Za-z_$][\w$]*$/.test(key) ? `.${key}` : `[${JSON.stringify(key)}]`;
}
