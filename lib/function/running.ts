/**
 * Which calls are being computed around the code that runs now, and which of them wait for which.
 *
 * @module
 */

import { type ContextVariable, followsAwaits, makeContextVariable } from "./context.ts";
import type { EventLog } from "./event_log.ts";
import type { Settings } from "./settings.ts";

/** A call under way, and the one that it was made from. */
export interface Running {
  readonly call: object;
  readonly around: Running | undefined;
}

let variable: ContextVariable<Running> | undefined;

/** What each call under way waits for. */
const waits = new WeakMap<object, object[]>();

/**
 * The call that is computed around the code that runs now. Browsers cannot tell after an `await`
 * within that call: there it is known up to the first one.
 */
export function runningNow(): Running | undefined {
  return variable?.get();
}

/** Runs `body` as the computation of `call`, which was made where `around` was running. */
export function runAs<T>(call: object, around: Running | undefined, body: () => T): T {
  variable ??= makeContextVariable();
  return variable.run({ call, around }, body);
}

/**
 * Has somebody told where a call waits long for an equal one, and nothing can tell whether that one
 * waits for it.
 */
export async function tellIfLong(
  joined: PromiseLike<unknown>,
  { settings: { name, hardTimeout }, log }: {
    readonly settings: Pick<Settings, "name" | "hardTimeout">;
    readonly log: EventLog;
  },
  key: string,
): Promise<void> {
  if (followsAwaits(variable) || hardTimeout !== Infinity) return;
  const { watchWait } = await import("./long_wait.ts");
  watchWait(joined, log, name, key);
}

/**
 * Checks that a call which would wait for another under way is not made from within it: it would
 * wait for itself.
 *
 * @param around Where the call is made.
 * @throws {TypeError} It is, at once or by way of others that wait.
 */
export function checkNotWithin(call: object, around: Running | undefined, name: string): void {
  const mine = new Set(callsFrom(around));
  const seen = new Set<object>();
  const next = [call];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    next.push(...waits.get(each) ?? []);
    if (!mine.has(each)) continue;
    throw new TypeError(
      `${name || "A cached function"} calls itself with the same arguments while it computes ` +
        "them, and would wait for itself for ever; change the arguments, or call the original",
    );
  }
}

/**
 * Waits for a call under way.
 *
 * @param around Where that is done.
 * @throws {TypeError} The call would wait for itself.
 * @throws Whatever `wait` rejects with.
 */
export async function waitFor<T>(
  call: object,
  around: Running | undefined,
  name: string,
  wait: () => Promise<T>,
): Promise<T> {
  checkNotWithin(call, around, name);
  const mine = [...callsFrom(around)];
  for (const each of mine) waits.set(each, [...waits.get(each) ?? [], call]);
  try {
    return await wait();
  } finally {
    for (const each of mine) {
      waits.set(each, waits.get(each)!.toSpliced(waits.get(each)!.indexOf(call), 1));
    }
  }
}

function* callsFrom(around: Running | undefined): Generator<object, void, undefined> {
  for (let each = around; each !== undefined; each = each.around) yield each.call;
}
