/**
 * A limit on how long a store waits for a server, since one that hangs says nothing at all.
 *
 * @module
 */

/** How long a store waits for one answer of a server unless told otherwise, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** The longest delay that a timer of every runtime takes as it is meant. */
const MAX_TIMER_MS = 0x7fffffff;

/**
 * Waits for an answer for so long, and not longer. What comes later is dropped.
 *
 * @param limitMs Milliseconds to wait; `Infinity` for no limit.
 * @param answer What is waited for.
 * @param late Makes the error where it did not come in time.
 * @throws Whatever `answer` rejects with, or what `late` makes.
 */
export function withDeadline<T>(
  limitMs: number,
  answer: Promise<T>,
  late: () => Error,
): Promise<T> {
  if (limitMs === Infinity) return answer;
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => reject(late()), Math.min(limitMs, MAX_TIMER_MS));
    answer.then(
      (value) => {
        clearTimeout(timer);
        resolve(value);
      },
      (error) => {
        clearTimeout(timer);
        reject(error);
      },
    );
  });
}

/**
 * Checks the limit that an option gives.
 *
 * @param timeout Milliseconds, or `undefined` for {@linkcode DEFAULT_TIMEOUT_MS}.
 * @param of The function whose option it is, for the message.
 * @throws {TypeError} It is not a number.
 * @throws {RangeError} It is not more than zero.
 */
export function checkTimeout(timeout: number | undefined, of: string): number {
  if (timeout === undefined) return DEFAULT_TIMEOUT_MS;
  if (typeof timeout !== "number") {
    throw new TypeError(
      `Option "timeout" of ${of}() must be milliseconds, received ${typeof timeout}`,
    );
  }
  if (!(timeout > 0)) {
    throw new RangeError(
      `Option "timeout" of ${of}() must be more than 0 milliseconds, received ${timeout}; ` +
        "use Infinity for no limit",
    );
  }
  return timeout;
}
