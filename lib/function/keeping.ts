/** Whether a new result is kept, until when, and under which tags: what the options say of it. */

import { CacheMissError, CacheTimeoutError } from "../errors.ts";
import type { NotStoredReason } from "./events.ts";
import { isThenable } from "./results.ts";
import { type KeptErrors, type Settings, staleTime } from "./settings.ts";

/** A run of the function that has ended. */
export interface Run {
  /** Whether it returned or threw. */
  readonly kind: "value" | "error";
  /** What it returned or threw. */
  readonly value: unknown;
  readonly args: unknown[];
  /** What a method was called on. */
  readonly self?: unknown;
  /** When it ended, in milliseconds since the epoch. */
  readonly ended: number;
  /** How long it took, in milliseconds. */
  readonly duration: number;
}

/** What becomes of a result. */
export type Keeping = Kept | Refused;

/** A result that is kept. */
export interface Kept {
  readonly keep: true;
  /** From when it is stale, in milliseconds since the epoch, or `Infinity`. */
  readonly expires: number;
  readonly tags: readonly string[];
}

/** A result that is not kept. */
export interface Refused {
  readonly keep: false;
  readonly reason: NotStoredReason;
  /** The option that failed, and what it threw. */
  readonly failed?: { readonly option: string; readonly error: unknown };
}

/** Whether the options say nothing about single results: all that is returned is kept for ever. */
export function keepsEverything(settings: Settings): boolean {
  const { expiryOf, accept, minDuration, tags } = settings;
  return expiryOf === undefined && accept === undefined && minDuration === 0 &&
    typeof tags !== "function" && tags.length === 0;
}

/**
 * Decides what becomes of a result. An option that throws, or returns what it must not, means that
 * the result is not kept.
 */
export function decideKeeping(settings: Settings, run: Run): Keeping {
  const { accept, minDuration } = settings;
  const { kind, value, args, duration, ended } = run;
  let option = "";
  try {
    if (duration < minDuration) return { keep: false, reason: "too quick" };
    if (kind === "value" && accept !== undefined) {
      option = "accept";
      if (!truthOf(accept(value, args), option)) return { keep: false, reason: "not accepted" };
    }
    option = kind === "error" ? "errors.ttl" : "ttl";
    const rule = kind === "error" ? settings.errors?.expiryOf : settings.expiryOf;
    const expires = rule === undefined ? Infinity : rule(ended, value, args);
    if (expires + staleTime(settings) <= ended) return { keep: false, reason: "expired at once" };
    option = "tags";
    return { keep: true, expires, tags: tagsOf(settings, run) };
  } catch (error) {
    return { keep: false, reason: "option failed", failed: { option, error } };
  }
}

/**
 * Whether what the function threw is kept. What tells of this call alone never is: an abort, a
 * timeout, a miss in offline mode.
 *
 * @throws Whatever the option `errors.when` throws.
 */
export function keepsError(errors: KeptErrors | undefined, error: unknown): boolean {
  return errors !== undefined && !isOfThisCall(error) &&
    truthOf(errors.when(error), "errors.when");
}

/** Whether an error says something of one call and nothing of what was asked. */
export function isOfThisCall(error: unknown): boolean {
  if (error instanceof CacheTimeoutError || error instanceof CacheMissError) return true;
  if (typeof error !== "object" || error === null) return false;
  const name = Reflect.get(error, "name");
  return name === "AbortError" || name === "TimeoutError";
}

/**
 * What a function given as an option says: yes or no.
 *
 * @throws {TypeError} It gave a promise, which would count as a yes whatever comes of it.
 */
export function truthOf(answer: unknown, option: string): boolean {
  if (isThenable(answer)) {
    Promise.resolve(answer).catch(() => {});
    throw new TypeError(`${option} must return true or false, received a promise`);
  }
  return Boolean(answer);
}

function tagsOf({ tags }: Settings, { kind, value, args }: Run): readonly string[] {
  if (typeof tags !== "function") return tags;
  const computed = tags(kind === "value" ? value : undefined, args);
  if (Array.isArray(computed) && computed.every((tag) => typeof tag === "string")) return computed;
  throw new TypeError("tags must return an array of strings");
}

/** The error of the event that tells of a result whose inputs are not what they were. */
export function inputsChangedError(): TypeError {
  return new TypeError(
    "The arguments, the closed-over values or the files that they name were changed while the " +
      "call was under way; pass copies of what changes",
  );
}
