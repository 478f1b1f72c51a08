/**
 * Which calls are being computed around the code that runs now, and which of them wait for which.
 *
 * @module
 */

import { type ContextVariable, followsAwaits, makeContextVariable } from "./context.ts";
import { marked } from "./marks.ts";
import type { Join } from "./self_waits.ts";

/** A call under way, and the one that it was made from. */
export interface Running {
  readonly call: object;
  readonly around: Running | undefined;
}

let variable: ContextVariable<Running> | undefined;

/** What each call under way waits for. */
const waits = new WeakMap<object, object[]>();

/**
 * The call that is computed around the code that runs now. In browsers it is known up to the first
 * `await` within that call; what comes after is found by {@linkcode handOut}, as far as it is.
 */
export function runningNow(): Running | undefined {
  return variable?.get();
}

/** Runs `body` as the computation of `call`, which was made where `around` was running. */
export function runAs<T>(call: object, around: Running | undefined, body: () => T): T {
  return variableNow().run({ call, around }, body);
}

/** Marks the run of a call where nothing follows asynchronous code. */
export function mark<T>(call: object, run: PromiseLike<T>): PromiseLike<T> {
  return followsAwaits(variableNow()) ? run : marked(call, run);
}

function variableNow(): ContextVariable<Running> {
  return variable ??= makeContextVariable();
}

/**
 * Hands out the result of a call to an equal one. Where nothing follows asynchronous code, it shows
 * who waits for it, so that a call which waits for itself can be found as far as the engine tells.
 *
 * @param call The call that computes it.
 */
export function handOut<T>(
  call: object,
  result: PromiseLike<T>,
  join: Omit<Join, "selfWait">,
): PromiseLike<T> {
  return followsAwaits(variableNow()) ? result : watched(call, result, join);
}

let watching: Promise<typeof import("./self_waits.ts") | undefined> | undefined;

async function watched<T>(
  call: object,
  result: PromiseLike<T>,
  join: Omit<Join, "selfWait">,
): Promise<T> {
  const ended = Promise.resolve(result).then(() => undefined, () => undefined);
  // Without it, such as with no network, nothing is found, and nothing else is different.
  watching ??= import("./self_waits.ts").catch(() => undefined);
  const module = await Promise.race([watching, ended]);
  const { settings: { name } } = join;
  return await (module?.watch(call, result, { ...join, selfWait: () => selfWait(name) }) ?? result);
}

/**
 * Whether who waits for a call under way would wait for himself, at once or by way of others.
 *
 * @param around Where that is done.
 */
export function isWithin(call: object, around: Running | undefined): boolean {
  const mine = new Set(callsFrom(around));
  const seen = new Set<object>();
  const next = [call];
  for (let each = next.pop(); each !== undefined; each = next.pop()) {
    if (seen.has(each)) continue;
    seen.add(each);
    next.push(...waits.get(each) ?? []);
    if (mine.has(each)) return true;
  }
  return false;
}

/**
 * Checks that a call which would wait for another under way is not made from within it: it would
 * wait for itself.
 *
 * @param around Where the call is made.
 * @throws {TypeError} It is, at once or by way of others that wait.
 */
export function checkNotWithin(call: object, around: Running | undefined, name: string): void {
  if (isWithin(call, around)) throw selfWait(name);
}

/** The error for a call that would wait for itself. */
export function selfWait(name: string): TypeError {
  return new TypeError(
    `${name || "A cached function"} calls itself with the same arguments while it computes ` +
      "them, and would wait for itself for ever; change the arguments, or call the original",
  );
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
  wait: () => PromiseLike<T>,
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
