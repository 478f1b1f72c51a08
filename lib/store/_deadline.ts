/**
 * A limit on how long a store waits for a server, since one that hangs says nothing at all.
 *
 * @module
 */

/** How long a store waits for one answer of a server unless told otherwise, in milliseconds. */
export const DEFAULT_TIMEOUT_MS = 10_000;

/** The longest delay that a timer of every runtime takes as it is meant. */
const MAX_TIMER_MS = 0x7fffffff;

/** Somebody who waits for an answer. */
interface Waiter {
  /** When the answer is too late, by `performance.now()`. */
  readonly until: number;
  /** Makes it so. */
  readonly giveUp: () => void;
}

/**
 * The answers that a store waits for, each for so long and not longer.
 *
 * All share one timer, which is left running: a timer for each takes as long as a read of a local
 * database (`bench/kv_bench.ts`). It does not keep a process alive.
 */
export class Deadlines {
  readonly #limitMs: number;
  /** In the order of `until`, since all wait equally long. */
  readonly #waiting = new Set<Waiter>();
  #timer: ReturnType<typeof setTimeout> | undefined;
  #isAtRest = false;

  /** @param limitMs Milliseconds to wait; `Infinity` for no limit. */
  constructor(limitMs: number) {
    this.#limitMs = limitMs;
  }

  /**
   * Waits for an answer. What comes too late is dropped.
   *
   * @param ask Asks for it.
   * @param late Makes the error where it does not come in time.
   * @param failure Makes the error of what the asking throws or rejects with.
   */
  wait<T>(
    ask: () => Promise<T>,
    late: () => Error,
    failure: (cause: unknown) => Error,
  ): Promise<T> {
    return new Promise((resolve, reject) => {
      const waiter: Waiter = {
        until: performance.now() + this.#limitMs,
        giveUp: () => reject(late()),
      };
      if (this.#limitMs !== Infinity) {
        this.#waiting.add(waiter);
        if (this.#timer === undefined) this.#start(this.#limitMs);
      }
      const end = () => {
        this.#waiting.delete(waiter);
        if (this.#isAtRest) this.rest();
      };
      const fail = (cause: unknown) => {
        end();
        reject(failure(cause));
      };
      try {
        ask().then((value) => {
          end();
          resolve(value);
        }, fail);
      } catch (cause) {
        fail(cause);
      }
    });
  }

  /** From now on, stops the timer whenever nobody waits: the store is closed. */
  rest(): void {
    this.#isAtRest = true;
    if (this.#waiting.size > 0) return;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  #start(delayMs: number): void {
    this.#timer = setTimeout(() => this.#look(), Math.min(delayMs, MAX_TIMER_MS));
    unref(this.#timer);
  }

  #look(): void {
    this.#timer = undefined;
    const now = performance.now();
    for (const waiter of this.#waiting) {
      if (waiter.until > now) {
        this.#start(waiter.until - now);
        return;
      }
      this.#waiting.delete(waiter);
      waiter.giveUp();
    }
  }
}

/** Lets a process end while the timer runs; a page has no need of it. */
function unref(timer: unknown): void {
  const { Deno } = globalThis as { Deno?: { unrefTimer?(timer: number): void } };
  if (typeof timer === "number") Deno?.unrefTimer?.(timer);
  else (timer as { unref?(): void }).unref?.();
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
