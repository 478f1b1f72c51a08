/**
 * Which calls are being computed around the code that runs now, and which of them wait for which.
 *
 * @module
 */

import {
  type ContextVariable,
  followsAwaits,
  inThisContext,
  makeContextVariable,
} from "./context.ts";
import { marked } from "./marks.ts";
import { isThenable } from "./results.ts";
import type { Join } from "./self_waits.ts";
import type { Running } from "./tasks.ts";

export type { Running } from "./tasks.ts";

let variable: ContextVariable<Running> | undefined;

type Tasks = typeof import("./tasks.ts");
let tasks: Tasks | undefined;

/** What each call under way waits for. */
const waits = new WeakMap<object, object[]>();

/**
 * The call that is computed around the code that runs now. In browsers it is known up to the first
 * `await` within that call. What comes after is found by {@linkcode handOut} in Chromium and its kin,
 * and later by what this returns in Firefox and its kin, as far as it is.
 */
export function runningNow(): Running | undefined {
  return variable?.get() ?? tasks?.placeNow();
}

/** Runs `body` as the computation of `call`, which was made where `around` was running. */
export function runAs<T>(call: object, around: Running | undefined, body: () => T): T {
  return variableNow().run({ call, around }, body);
}

/**
 * Runs `body` as {@linkcode runAs} does where its result is awaited. Where nothing follows
 * asynchronous code, the run is marked, or takes place in a task of its own.
 */
export function runAwaited(
  call: object,
  around: Running | undefined,
  body: () => unknown,
): unknown {
  const run = () => runAs(call, around, body);
  if (followsAwaits(variableNow())) return run();
  if (tellsByTasks()) return runInTask({ call, around }, inThisContext(run));
  const result = run();
  return isThenable(result) ? marked(call, result) : result;
}

async function runInTask(running: Running, run: () => unknown): Promise<unknown> {
  // Without it, such as with no network, nothing is found, and nothing else is different.
  tasks ??= await import("./tasks.ts").catch(() => undefined);
  return await (tasks?.runInTask(running, run) ?? run());
}

/**
 * Whether tasks have priorities, and stacks do not show what awaits what. In its workers, Firefox
 * hangs once it has changed a priority.
 */
function tellsByTasks(): boolean {
  return "TaskController" in globalThis && "document" in globalThis &&
    !/^ +at /m.test(String(new Error().stack));
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
  const begin = () => {
    checkNotWithin(call, around, name);
    return noteWait(call, around);
  };
  const end = begin();
  try {
    const result = wait();
    return await (tasks?.whileFound(around, begin, result) ?? result);
  } finally {
    end();
  }
}

/**
 * Waits for a call whose result is shared with all who ask, from a place to be found: where the call
 * would wait for itself, all get the error for that.
 */
export function waitTogether(
  call: object,
  around: Running,
  name: string,
  result: PromiseLike<unknown>,
): void {
  waitFor(call, around, name, () => result).catch((error) => tasks?.failRun(call, error));
}

/** Notes that all calls around a place wait for another, until what it returns is called. */
function noteWait(call: object, around: Running | undefined): () => void {
  const mine = [...callsFrom(around)];
  for (const each of mine) waits.set(each, [...waits.get(each) ?? [], call]);
  return () => {
    for (const each of mine) {
      waits.set(each, waits.get(each)!.toSpliced(waits.get(each)!.indexOf(call), 1));
    }
  };
}

function* callsFrom(around: Running | undefined): Generator<object, void, undefined> {
  for (let each = around; each !== undefined; each = each.around) yield each.call;
}
