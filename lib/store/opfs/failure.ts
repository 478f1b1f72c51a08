/**
 * What a refusing browser means for the caller.
 *
 * @module
 */

import { StoreError, type StoreOperation } from "../../errors.ts";

/** Reason and advice, by the name of the `DOMException`. */
const ADVICE: Readonly<Record<string, string>> = {
  SecurityError: "the browser refuses storage here, as in a private window; use memoryStore()",
  NotAllowedError: "the browser refuses storage here; use memoryStore()",
  QuotaExceededError: "the browser's storage for this site is full; prune the cache",
  NoModificationAllowedError: "another page holds the file; try again",
};

/** Whether `error` is a `DOMException` of that name. */
export function isNamed(error: unknown, ...names: string[]): boolean {
  return error instanceof Error && names.includes(error.name);
}

/** Makes the error for a refusal by the browser. */
export function failure(operation: StoreOperation, cause: unknown): StoreError {
  const name = cause instanceof Error ? cause.name : "";
  const advice = ADVICE[name] ?? `the browser refuses with ${String(cause)}`;
  return new StoreError(`Cannot ${operation} in the origin private file system: ${advice}`, {
    store: "opfs",
    operation,
    cause,
  });
}
