/** What kinds of results there are, as far as a cache has to tell them apart. */

/** Whether a result is to be awaited. */
export function isThenable(value: unknown): value is PromiseLike<unknown> {
  return (typeof value === "object" || typeof value === "function") && value !== null &&
    "then" in value && typeof value.then === "function";
}

/** Whether a result comes piece by piece. */
export function isStreamed(value: unknown): boolean {
  return value instanceof Response || value instanceof ReadableStream ||
    (typeof value === "object" && value !== null && "next" in value &&
      typeof value.next === "function" && Symbol.asyncIterator in value);
}

/** Reads a result that comes piece by piece, and keeps nothing of it. */
export async function readToEnd(value: unknown): Promise<void> {
  const pieces = value instanceof Response ? value.body : value;
  if (pieces instanceof ReadableStream) {
    const reader = pieces.getReader();
    while (!(await reader.read()).done);
  } else if (pieces !== null) {
    const iterator = (pieces as AsyncIterable<unknown>)[Symbol.asyncIterator]();
    while ((await iterator.next()).done !== true);
  }
}

/** Whether a result can be read only once, so that handing it out again would give a used one. */
export function isReadOnce(value: unknown): boolean {
  return isStreamed(value) || isIterator(value) || value instanceof Request;
}

/** Whether a result is a synchronous iterator, such as that of a generator. */
export function isIterator(value: unknown): value is IterableIterator<unknown> {
  return typeof value === "object" && value !== null && "next" in value &&
    typeof value.next === "function" && Symbol.iterator in value;
}

/** The error of the event that tells of such a result. */
export function readOnceError(value: unknown): TypeError {
  const kind = Object.prototype.toString.call(value).slice(8, -1);
  return new TypeError(
    `The result is a ${kind}, which can be read only once: return what it contains instead`,
  );
}
