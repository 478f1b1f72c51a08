/**
 * What the fuzzer asks of a value that was decoded from hostile bytes.
 *
 * @module
 */

/** Calls `visit` for each object in a value, once, without a stack that could overflow. */
function visitObjects(value: unknown, visit: (object: object) => void): void {
  const seen = new Set<object>();
  const open: unknown[] = [value];
  while (open.length > 0) {
    const each = open.pop();
    if (typeof each !== "object" || each === null || seen.has(each)) continue;
    seen.add(each);
    visit(each);
    if (each instanceof Map) open.push(...each.keys(), ...each.values());
    else if (each instanceof Set) open.push(...each);
    else if (each instanceof Error) open.push(each.cause, (each as AggregateError).errors);
    if (ArrayBuffer.isView(each)) open.push(each.buffer);
    // Also the keys of a sparse array are few, however long it says it is.
    else for (const key of Object.keys(each)) open.push((each as Record<string, unknown>)[key]);
  }
}

/** Where native classes are found by their names. */
const SCOPES: readonly object[] = typeof Temporal === "undefined"
  ? [globalThis]
  : [globalThis, Temporal];

/** Whether every object in a value has the prototype that its kind has by nature. */
export function isNative(value: unknown): boolean {
  let result = true;
  visitObjects(value, (object) => {
    const prototype = Object.getPrototypeOf(object);
    if (prototype === null) return;
    const { constructor } = prototype;
    result &&= typeof constructor === "function" && constructor.prototype === prototype &&
      SCOPES.some((scope) => Reflect.get(scope, constructor.name) === constructor);
  });
  return result;
}

/** Bytes that a value holds at the least: of buffers, texts, and a word for each property. */
export function held(value: unknown): number {
  const texts = new Set<string>();
  let bytes = typeof value === "string" ? value.length * 2 : 0;
  visitObjects(value, (object) => {
    if (object instanceof ArrayBuffer) bytes += object.byteLength;
    else if (!ArrayBuffer.isView(object)) {
      const keys = Object.keys(object);
      bytes += 8 * keys.length;
      for (const key of keys) {
        const each = (object as Record<string, unknown>)[key];
        if (typeof each === "string") texts.add(each);
      }
    }
    if (object instanceof Map || object instanceof Set) bytes += 8 * object.size;
  });
  for (const text of texts) bytes += text.length * 2;
  return bytes;
}
