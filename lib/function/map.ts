/** Calling a function for each of many inputs, a few at a time. */

import { type AnyFunction, OptionError } from "../key/mod.ts";
import { type Duration, milliseconds } from "../units.ts";
import { checkOptions } from "./check_options.ts";
import { truthOf } from "./keeping.ts";
import { pause } from "./lease.ts";
import { tellListener } from "./listener.ts";
import { untilAborted } from "./signals.ts";
import { answersAtOnce, DURATION, isFunction, isRecord, type Rules } from "./option_rules.ts";

/** How far a {@linkcode MapOptions.onProgress} has come. */
export interface MapProgress {
  /** Inputs that are done. */
  readonly done: number;
  /** Inputs in all; `undefined` where they come from an iterable that does not tell. */
  readonly total: number | undefined;
  /** Position of the input that was done last. */
  readonly index: number;
}

/** When a call that failed is made again. */
export interface RetryOptions {
  /** Most times that one input is tried again, an integer. */
  readonly times: number;
  /** How long to wait before the first retry; each later one waits twice as long. 100 ms by default. */
  readonly delay?: Duration | undefined;
  /** Says of an error whether to try again; of every one unless given, but for aborts. */
  readonly when?: ((error: unknown) => boolean) | undefined;
}

/**
 * What `map` is called on: anything, where one argument is enough for the function. Where it needs
 * more, a text that says so, which TypeScript then shows.
 */
export type MapThis<F extends AnyFunction> = Parameters<F> extends [unknown, unknown, ...unknown[]]
  ? "map gives one argument, and this function needs more: make it a function of one object"
  : unknown;

/** Options of `map`. */
export interface MapOptions {
  /** Most calls under way at a time, a positive integer or `Infinity`; 8 by default. */
  readonly concurrency?: number | undefined;
  /** Hears of every input that is done. Where it throws, the console says so, and the map goes on. */
  readonly onProgress?: ((progress: MapProgress) => void) | undefined;
  /**
   * Gives up: no further call is made, and the result rejects at once with the signal's reason. What
   * the calls under way give is still kept.
   */
  readonly signal?: AbortSignal | undefined;
  /** How often to try again, or more about it. Not at all unless given. */
  readonly retry?: number | RetryOptions | undefined;
}

const DEFAULT_CONCURRENCY = 8;
const DEFAULT_DELAY_MS = 100;

const RULES: Rules = {
  concurrency: {
    fits: (value) => typeof value === "number",
    expected: "a positive integer or Infinity",
  },
  onProgress: { fits: isFunction, expected: "a function" },
  signal: { fits: (value) => value instanceof AbortSignal, expected: "an AbortSignal" },
  retry: {
    fits: (value) => typeof value === "number" || isRecord(value),
    expected: "a number of retries, or { times, delay, when }",
  },
};

const RETRY_RULES: Rules = {
  times: { fits: (value) => typeof value === "number", expected: "a number of retries" },
  delay: DURATION,
  when: { fits: answersAtOnce, expected: "a function of an error" },
};

/** What is retried and how. */
interface Retry {
  readonly times: number;
  readonly delayMs: number;
  readonly when: (error: unknown) => boolean;
}

/**
 * Calls `call` for each input, and gives the results in the order of the inputs. What was done
 * stays done: where `call` is a cached function, the same map again goes on where it stopped.
 *
 * @param call Is given one input.
 * @param inputs The inputs, taken as they are needed.
 * @param options See {@linkcode MapOptions}.
 * @throws {TypeError | RangeError} An option is wrong, or `inputs` cannot be iterated over.
 * @throws Whatever the first call that fails for good rejects with, once no call is under way; or
 *   the reason of the signal, at once.
 */
export async function mapCalls<I, R>(
  call: (input: I) => R | PromiseLike<R>,
  inputs: Iterable<I> | AsyncIterable<I>,
  options: MapOptions = {},
): Promise<R[]> {
  const results: R[] = [];
  await eachCall(call, inputs, options, (outcome, index) => {
    if (outcome.status === "rejected") throw outcome.reason;
    results[index] = outcome.value;
  });
  return results;
}

/**
 * Calls `call` for each input, as {@linkcode mapCalls} does, and keeps nothing: there may be more
 * inputs than memory would hold results of.
 *
 * @param settle Is given how each call came out, after its retries, and the position of its input.
 *   What is under way at an abort still comes out after that. Where `settle` throws, no further
 *   input is taken, and that is what the promise rejects with.
 */
export async function eachCall<I, R>(
  call: (input: I) => R | PromiseLike<R>,
  inputs: Iterable<I> | AsyncIterable<I>,
  options: MapOptions,
  settle: (outcome: PromiseSettledResult<R>, index: number) => void,
): Promise<void> {
  checkOptions("map", options, Object.keys(RULES), RULES);
  const { concurrency = DEFAULT_CONCURRENCY, onProgress, signal } = options;
  if (!(Number.isSafeInteger(concurrency) || concurrency === Infinity) || concurrency < 1) {
    throw new RangeError(
      `concurrency of map must be a positive integer or Infinity, received ${String(concurrency)}`,
    );
  }
  const retry = retryOf(options.retry);
  const total = sizeOf(inputs);
  const iterator = iteratorOf(inputs);
  let next = 0;
  let done = 0;
  let ended = false;
  let failure: { readonly error: unknown } | undefined;
  /** Inputs are taken one after the other, also from an iterator that gives promises. */
  let turn: Promise<unknown> = Promise.resolve();
  const take = (): Promise<{ index: number; input: I } | undefined> => {
    const taken = turn.then(async () => {
      if (ended || failure !== undefined) return undefined;
      signal?.throwIfAborted();
      const step = await iterator.next();
      if (step.done === true) ended = true;
      return step.done === true ? undefined : { index: next++, input: step.value };
    });
    turn = taken.catch(() => {});
    return taken;
  };
  let workers = 1;
  const work = async (): Promise<void> => {
    let another: Promise<void> | undefined;
    try {
      for (let item = await take(); item !== undefined; item = await take()) {
        // No more of them than there are inputs, however many there may be.
        if (another === undefined && workers < concurrency) {
          workers++;
          another = work();
        }
        const { index, input } = item;
        settle(await outcomeOf(() => call(input), retry, signal), index);
        done++;
        if (onProgress === undefined || signal?.aborted) continue;
        tellListener(onProgress, { done, total, index }, () => "onProgress of map threw");
      }
    } catch (error) {
      failure ??= { error };
    }
    await another;
  };
  const close = async () => {
    if (ended) return;
    ended = true;
    await iterator.return?.();
  };
  const all = async () => {
    await work();
    if (failure === undefined) return;
    await close();
    throw failure.error;
  };
  if (signal === undefined) return await all();
  signal.throwIfAborted();
  // What closing the inputs fails with is nothing to who gave up.
  return await untilAborted(all(), signal, () => void close().catch(() => {}));
}

/** How a call comes out in the end. Rejects where it was given up. */
async function outcomeOf<R>(
  attempt: () => R | PromiseLike<R>,
  { times, delayMs, when }: Retry,
  signal: AbortSignal | undefined,
): Promise<PromiseSettledResult<R>> {
  for (let tried = 0;; tried++) {
    signal?.throwIfAborted();
    try {
      return { status: "fulfilled", value: await attempt() };
    } catch (reason) {
      if (tried >= times || !when(reason)) return { status: "rejected", reason };
    }
    await pause(delayMs * 2 ** tried, signal);
  }
}

function retryOf(given: number | RetryOptions = 0): Retry {
  if (typeof given === "object") {
    checkOptions("retry of map", given, Object.keys(RETRY_RULES), RETRY_RULES);
    if (given.times === undefined) {
      throw new TypeError("retry of map needs times, such as { times: 3 }");
    }
  }
  const { times, delay = DEFAULT_DELAY_MS, when = () => true } = typeof given === "number"
    ? { times: given }
    : given;
  if (!Number.isSafeInteger(times) || times < 0) {
    throw new RangeError(`retry of map must be 0 or a positive integer, received ${String(times)}`);
  }
  const asked = (error: unknown) => {
    try {
      return truthOf(when(error), "retry.when");
    } catch (thrown) {
      throw new OptionError("retry.when", "map", thrown);
    }
  };
  return {
    times,
    delayMs: milliseconds(delay, "retry.delay"),
    when: (error) => (error as { name?: unknown } | null)?.name !== "AbortError" && asked(error),
  };
}

function sizeOf(inputs: object): number | undefined {
  if (Array.isArray(inputs)) return inputs.length;
  return inputs instanceof Set || inputs instanceof Map ? inputs.size : undefined;
}

function iteratorOf<I>(inputs: Iterable<I> | AsyncIterable<I>): Iterator<I> | AsyncIterator<I> {
  if (typeof inputs === "object" && inputs !== null) {
    if (Symbol.asyncIterator in inputs) return inputs[Symbol.asyncIterator]();
    if (Symbol.iterator in inputs) return inputs[Symbol.iterator]();
  }
  throw new TypeError(`map takes an iterable of inputs, received ${typeof inputs}`);
}
