/**
 * One thing after the other.
 *
 * @module
 */

/** Runs tasks one after the other, in the order they come. */
export function sequence(): <T>(task: () => Promise<T>) => Promise<T> {
  let last: Promise<unknown> = Promise.resolve();
  return (task) => {
    const next = last.then(task);
    last = next.catch(() => {});
    return next;
  };
}
