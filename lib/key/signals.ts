/**
 * Abort signals anywhere in plain data.
 *
 * @module
 */

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
      if (!isPlain(part)) continue;
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

function isPlain(value: unknown): value is object {
  if (typeof value !== "object" || value === null) return false;
  const prototype = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === Array.prototype || prototype === null;
}
