/**
 * Abort signals of calls that share one run of the function: none of them is a part of the key, and
 * the run is aborted when all who wait for it have given up.
 *
 * @module
 */

import { holdsSignal, isSignal, type Keyer, replaceSignals } from "../key/mod.ts";

/** The signals among the arguments of a call. */
export interface SignalledArguments {
  /** The caller's signal. */
  readonly signal: AbortSignal;
  /** The arguments for the function, with `signal` in place of the caller's. */
  readonly with: (signal: AbortSignal) => unknown[];
}

/**
 * Finds signals among arguments where keys leave them out: an argument itself, or the property
 * `signal` of a plain object; further inside where the keys of the function had to look there.
 *
 * @param keyer Those of the function.
 * @returns `undefined` where there is none.
 */
export function findSignals(
  args: readonly unknown[],
  { hasDeepSignals: isDeep }: Pick<Keyer, "hasDeepSignals">,
): SignalledArguments | undefined {
  let found: AbortSignal[] | undefined;
  if (isDeep) replaceSignals(args, (signal) => (found ??= []).push(signal));
  else {
    for (const arg of args) {
      if (typeof arg !== "object" || arg === null) continue;
      if (isSignal(arg)) (found ??= []).push(arg);
      else if (holdsSignal(arg)) (found ??= []).push(arg.signal);
    }
  }
  if (found === undefined) return undefined;
  return {
    signal: found.length === 1 ? found[0] : AbortSignal.any(found),
    with: (signal) =>
      isDeep ? [...replaceSignals(args, () => signal)] : args.map((arg) => {
        if (typeof arg !== "object" || arg === null) return arg;
        return isSignal(arg) ? signal : holdsSignal(arg) ? { ...arg, signal } : arg;
      }),
  };
}

/** Those who wait for one run, and the signal that the run gets in place of theirs. */
export class Waiters {
  readonly #controller = new AbortController();
  readonly #onAbandoned: () => void;
  #waiting = 0;

  /** @param onAbandoned Called when the last one gave up, just before the run is aborted. */
  constructor(onAbandoned: () => void = () => {}) {
    this.#onAbandoned = onAbandoned;
  }

  /** Aborted when nobody waits any more. */
  get signal(): AbortSignal {
    return this.#controller.signal;
  }

  /** Aborts the run whoever waits. */
  abort(reason: unknown): void {
    this.#controller.abort(reason);
  }

  /**
   * Waits for the run until the caller gives up.
   *
   * @param run What all wait for.
   * @param signal The caller's; without one, the caller never gives up.
   * @returns What `run` gives, or a rejection with the reason of `signal`.
   */
  wait<T>(run: PromiseLike<T>, signal: AbortSignal | undefined): Promise<T> {
    this.#waiting++;
    if (signal === undefined) return Promise.resolve(run);
    return untilAborted(run, signal, () => {
      if (--this.#waiting > 0) return;
      this.#onAbandoned();
      this.#controller.abort(signal.reason);
    });
  }
}

/** What `run` gives, or a rejection with the reason of `signal` as soon as that is aborted. */
export function untilAborted<T>(
  run: PromiseLike<T>,
  signal: AbortSignal,
  onAbort: () => void = () => {},
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = () => {
      // First the caller, since the run may settle at once when it is aborted.
      reject(signal.reason);
      onAbort();
    };
    const done = () => signal.removeEventListener("abort", abort);
    run.then((value) => {
      done();
      resolve(value);
    }, (error) => {
      done();
      reject(error);
    });
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
