/**
 * What the tests of the function layer share: a listener that remembers, functions made from text,
 * and a console that is listened to.
 *
 * @module
 */

import type { CacheEvent } from "../../lib/function/events.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";

/** A listener that remembers what it heard. */
export class Recorder {
  /** What was heard since the last {@linkcode Recorder.take}. */
  readonly events: CacheEvent[] = [];

  /**
   * To be given as the option of that name. It does not remember what was told of free variables,
   * which tests have many of, and which comes at any time.
   */
  readonly onEvent = (event: CacheEvent): void => {
    if (event.type !== "free-variable") this.events.push(event);
  };

  /** The events heard since the last time, which are then forgotten. */
  takeEvents(): CacheEvent[] {
    return this.events.splice(0);
  }

  /** The kinds of the events heard since the last time, which are then forgotten. */
  take(): CacheEvent["type"][] {
    return this.takeEvents().map(({ type }) => type);
  }
}

/** Makes a function whose source is `source` to the letter, untouched by any bundler. */
export function fromText<F extends AnyFunction = (...args: unknown[]) => unknown>(
  source: string,
): F {
  return new Function(`return ${source}`)() as F;
}

/** Runs `body` and returns what it wrote with `console[method]`, which stays off the screen. */
export async function written(
  method: "warn" | "error",
  body: () => unknown,
): Promise<unknown[][]> {
  const real = console[method];
  const lines: unknown[][] = [];
  console[method] = (...line: unknown[]) => void lines.push(line);
  try {
    await body();
  } finally {
    console[method] = real;
  }
  return lines;
}
