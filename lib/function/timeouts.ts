/** Runs that take too long. */

import { CacheTimeoutError } from "../errors.ts";

/**
 * What a run gives, or a rejection with a `CacheTimeoutError` after its time.
 *
 * @param limit The time in milliseconds.
 * @param name Name of the function, for the message.
 * @param onLate Is given the error when the time is over.
 */
export function withinTime<T>(
  run: PromiseLike<T>,
  limit: number,
  name: string,
  onLate: (error: CacheTimeoutError) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const timer = setTimeout(() => {
      const error = new CacheTimeoutError(
        `${name || "The function"} did not end within ${limit} ms`,
        { limit },
      );
      reject(error);
      onLate(error);
    }, limit);
    Promise.resolve(run).finally(() => clearTimeout(timer)).then(resolve, reject);
  });
}

/**
 * What a run gives, or something else after a time, while the run goes on.
 *
 * @param limit The time in milliseconds.
 * @param other Gives what is handed out after that time; what it throws rejects the result.
 * @param onFailure Is given what the run rejects with once nobody waits for it any more.
 */
export function orAfter<T>(
  run: PromiseLike<T>,
  limit: number,
  other: () => T,
  onFailure: (error: unknown) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    let isLate = false;
    const timer = setTimeout(() => {
      isLate = true;
      try {
        resolve(other());
      } catch (error) {
        reject(error);
      }
    }, limit);
    Promise.resolve(run).finally(() => clearTimeout(timer)).then(resolve, (error) => {
      if (isLate) onFailure(error);
      else reject(error);
    });
  });
}
