/**
 * Abort signals among arguments, and anywhere in plain data.
 *
 * To look at a value can throw: a proxy may, and a getter. Then it counts as one without a signal,
 * since what makes the key meets it again, and can tell its path.
 *
 * @module
 */

/** Whether a value is a signal. */
export function isSignal(value: unknown): value is AbortSignal {
  try {
    return value instanceof AbortSignal;
  } catch {
    return false;
  }
}

/** Whether a plain object has a signal as `signal`. */
export function holdsSignal(value: object): value is { signal: AbortSignal } {
  try {
    return "signal" in value && isPlain(value) &&
      Object.getOwnPropertyDescriptor(value, "signal")?.value instanceof AbortSignal;
  } catch {
    return false;
  }
}

/** An argument without the signal that it is, or has as `signal`. */
export function withoutSignal(value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    if (value instanceof AbortSignal) return undefined;
    // Asked here as well, since most objects have none, and the next call shows in a small key.
    if (!("signal" in value) || !holdsSignal(value)) return value;
    const { signal: _, ...rest } = value;
    return rest;
  } catch {
    return value;
  }
}

/** Whether an object inherits as a literal does, or nothing. */
export function isPlain(value: object): boolean {
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

/**
 * A copy with other values in place of the signals in plain objects and arrays, or the very same
 * where there are none. Only what leads to a signal is copied.
 *
 * @param replace Gives what stands for a signal; `undefined` is left out of objects.
 */
export function replaceSignals<T extends object>(
  root: T,
  replace: (signal: AbortSignal) => unknown,
): T {
  /** What each thing stands in. */
  const parents = new Map<object, object[]>([[root, []]]);
  const copies = new Map<unknown, Record<string, unknown>>();
  const copy = (holder: object) => {
    const holders = [holder];
    for (const each of holders) {
      if (copies.has(each)) continue;
      copies.set(each, (Array.isArray(each) ? each.slice() : { ...each }) as never);
      holders.push(...parents.get(each)!);
    }
  };
  // Not by recursion, since data may be deeper than a stack, and lead back to itself.
  for (const [holder] of parents) {
    for (const part of Object.values(holder)) {
      if (part instanceof AbortSignal) copy(holder);
      if (!isContainer(part)) continue;
      const known = parents.get(part);
      if (known === undefined) parents.set(part, [holder]);
      else known.push(holder);
      if (copies.has(part)) copy(holder);
    }
  }
  for (const [holder, made] of copies) {
    for (const [name, part] of Object.entries(holder as object)) {
      const other = part instanceof AbortSignal ? replace(part) : copies.get(part) ?? part;
      if (other === undefined && !Array.isArray(made)) delete made[name];
      else made[name] = other;
    }
  }
  return copies.get(root) as T | undefined ?? root;
}

/** Whether a value is a plain object or an array. */
function isContainer(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  return isPlain(value) || Object.getPrototypeOf(value) === Array.prototype;
}
