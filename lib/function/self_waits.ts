/**
 * Finding calls that wait for themselves where the runtime has no means to follow asynchronous code,
 * by what the stack of an error tells in Chromium and its kin: which functions await the one that
 * runs.
 *
 * A call that joins another gets its result from a function that can be asked to look at its own
 * stack. Where a run stands there, it waits for the result, and so its call does. A call that waits
 * for one whose run waits for it, at once or by way of others, would wait for ever. Only what is
 * awaited already is seen, so that nothing is taken for such a call that is none; what a stack does
 * not show, such as a callback of a timer, is not found.
 *
 * @module
 */

import type { EventLog } from "./event_log.ts";
import { watchWait } from "./long_wait.ts";
import { runsOnStack } from "./marks.ts";
import type { Settings } from "./settings.ts";

/** A call that waits for an equal one. */
export interface Join {
  /** Those of the function. */
  readonly settings: Pick<Settings, "name" | "hardTimeout">;
  readonly log: EventLog;
  /** Key of the call, in hexadecimal. */
  readonly key: string;
  /** Makes the error for a call that would wait for itself. */
  readonly selfWait: () => Error;
}

/**
 * When a call that waits for an equal one is looked at, in milliseconds: the next time after so many
 * more. Most are awaited at once, and some only after something else.
 */
const LOOK_AFTER_MS = [0, 50, 500, 5000];

/** The results that equal calls wait for, by the call that computes them. */
const handedOut = new WeakMap<object, Set<Lookout>>();

/**
 * Hands out the result of a call to an equal one, so that it shows who waits for it.
 *
 * @param call The call that computes it.
 * @returns What `result` gives; where the call waits for itself, a rejection with an error that says
 *   so.
 */
export async function watch<T>(call: object, result: PromiseLike<T>, join: Join): Promise<T> {
  const lookout = new Lookout(result);
  const all = handedOut.get(call) ?? new Set();
  handedOut.set(call, all.add(lookout));
  const { settings: { name, hardTimeout }, log, key } = join;
  if (hardTimeout === Infinity) watchWait(result, log, name, key);
  void lookAgain(call, lookout, join);
  try {
    // Here and in no function of its own, which would be left before it looks.
    while (await lookout.asked()) lookout.tell(runsOnStack());
    return await result;
  } finally {
    all.delete(lookout);
  }
}

/** Looks now and then whether a call waits for itself, as long as it waits. */
async function lookAgain(call: object, lookout: Lookout, { selfWait }: Join): Promise<void> {
  for (const delay of LOOK_AFTER_MS) {
    await lookout.within(delay);
    if (lookout.isOver) return;
    if (await isAwaitedBy(call, lookout)) {
      lookout.fail(selfWait());
      return;
    }
  }
}

/** Whether the run of `call` waits for what `lookout` hands out. */
async function isAwaitedBy(call: object, lookout: Lookout): Promise<boolean> {
  const seen = new Set<object>();
  const next = [lookout];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    for (const waiting of await each.look()) {
      if (waiting === call) return true;
      if (seen.has(waiting)) continue;
      seen.add(waiting);
      next.push(...handedOut.get(waiting) ?? []);
    }
  }
  return false;
}

/** A result that was handed out, and questions who waits for it. */
class Lookout {
  isOver = false;
  #wake = Promise.withResolvers<boolean>();
  #found = Promise.withResolvers<readonly object[]>();
  readonly #end: Promise<void>;
  #error: Error | undefined;

  constructor(result: PromiseLike<unknown>) {
    const end = () => {
      this.isOver = true;
      this.#wake.resolve(false);
      this.#found.resolve([]);
    };
    this.#end = Promise.resolve(result).then(end, end);
  }

  /**
   * Resolves when somebody asks who waits for the result, or to `false` once that is there.
   *
   * @throws {Error} The wait has ended with an error.
   */
  async asked(): Promise<boolean> {
    const isAsked = await this.#wake.promise;
    if (this.#error !== undefined) throw this.#error;
    return isAsked && !this.isOver;
  }

  /** Answers who asked. */
  tell(found: readonly object[]): void {
    if (this.isOver) return;
    const { resolve } = this.#found;
    this.#wake = Promise.withResolvers();
    this.#found = Promise.withResolvers();
    resolve(found);
  }

  /** Asks for the calls whose runs wait for the result. */
  look(): Promise<readonly object[]> {
    this.#wake.resolve(true);
    return this.#found.promise;
  }

  /** Ends the wait with an error. */
  fail(error: Error): void {
    this.isOver = true;
    this.#error = error;
    this.#wake.resolve(true);
    this.#found.resolve([]);
  }

  /** Waits so many milliseconds, or until the result is there. */
  async within(delay: number): Promise<void> {
    let timer: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<void>((resolve) => timer = setTimeout(resolve, delay));
    await Promise.race([late, this.#end]);
    clearTimeout(timer);
  }
}
