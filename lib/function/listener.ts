/** Calling functions that only listen. */

/**
 * Tells a listener of something. The listener is the caller's, and what it is told of is not its
 * business: where it fails, at once or later, the console says so, and all else goes on.
 *
 * @param what Says which listener threw, and on what.
 */
export function tellListener<T>(listener: (told: T) => unknown, told: T, what: () => string): void {
  const report = (error: unknown) => console.error(`déjà: ${what()}:`, error);
  try {
    const returned = listener(told);
    if (returned instanceof Promise) returned.catch(report);
  } catch (error) {
    report(error);
  }
}
