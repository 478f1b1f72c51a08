/** Options after the check, with every default filled in. */

import type { ClassRegistry } from "../codec/mod.ts";
import type { AnyFunction, AttributesOption, CodeOption, KeyOption } from "../key/mod.ts";
import { byteCount, type Duration, milliseconds, momentOf } from "../units.ts";
import { isGeneratorFunction } from "./option_rules.ts";
import type { CacheEntry } from "./entry.ts";
import type { CacheListener } from "./events.ts";
import type { FreeVariablesOption } from "./free_variables.ts";
import { type CacheMode, environmentMode } from "./mode.ts";
import type {
  Freshness,
  LruCacheOptions,
  MemoryCacheOptions,
  PersistentOptions,
  Serializer,
  TimeoutOption,
} from "./options.ts";

/** Until when a result counts that is computed at `now`, in milliseconds since the epoch. */
export type ExpiryRule = (now: number, value: unknown, args: unknown[]) => number;

/** Options after the check, with every default filled in. Durations are in milliseconds. */
export interface Settings {
  readonly name: string;
  /** Whether the name was given, and is not just that of the function. */
  readonly isNamed: boolean;
  readonly version: string | number | undefined;
  readonly closure: (() => unknown) | undefined;
  readonly ignore: readonly string[];
  readonly key: KeyOption | undefined;
  /** Of a method: what of its object counts. */
  readonly attributes: AttributesOption | undefined;
  /** Of a block: names of its inputs. */
  readonly inputs: readonly string[] | undefined;
  readonly code: CodeOption;
  /** `undefined` where results never expire. */
  readonly expiryOf: ExpiryRule | undefined;
  /** 0 where it is off. */
  readonly staleWhileRevalidate: number;
  /** 0 where it is off. */
  readonly staleIfError: number;
  readonly validate: ((entry: CacheEntry) => unknown) | undefined;
  readonly accept: ((value: unknown, args: unknown[]) => unknown) | undefined;
  readonly minDuration: number;
  /** `undefined` where errors are not kept. */
  readonly errors: KeptErrors | undefined;
  readonly tags: readonly string[] | ((value: unknown, args: unknown[]) => unknown);
  readonly softTimeout: number;
  readonly hardTimeout: number;
  readonly mode: CacheMode;
  readonly freeVariables: FreeVariablesOption;
  readonly classes: ClassRegistry | undefined;
  readonly unordered: boolean;
  readonly onEvent: CacheListener | undefined;
  /** Memory caches only. */
  readonly clone: boolean | ((value: unknown) => unknown);
  /** Memory caches only; `Infinity` without a bound. */
  readonly maxEntries: number;
  /** Memory caches only; `Infinity` without a bound. */
  readonly maxBytes: number;
  /** Persistent caches only. */
  readonly outFiles: readonly string[];
  /** Persistent caches only. */
  readonly batch: readonly string[];
  /** Persistent caches only. */
  readonly append: boolean;
  /** Persistent caches only. */
  readonly serializer: Serializer | undefined;
  /** Persistent caches only. */
  readonly compress: boolean;
  /** Persistent caches only; 0 where it is off. */
  readonly lease: number;
}

/** Which errors are kept, and until when. */
export interface KeptErrors {
  readonly expiryOf: ExpiryRule | undefined;
  readonly when: (error: unknown) => unknown;
}

/** How long a lease lasts that its holder does not renew, in milliseconds, unless told otherwise. */
export const LEASE_MS = 15_000;

/** What fits into the 31 bits that timers have. */
const LONGEST_TIMER_MS = 2 ** 31 - 1;

/** All options of all verbs. */
type AnyOptions = LruCacheOptions & MemoryCacheOptions & PersistentOptions;

/**
 * Fills in the defaults of options that were checked.
 *
 * @param whole Whether these are all options of one function, or some that others will complete:
 *   only the former can contradict each other.
 * @throws {TypeError} A duration or a size has no meaning, or two options contradict each other.
 * @throws {RangeError} A duration or a size is not more than zero.
 */
export function settingsOf(fn: AnyFunction, options: AnyOptions, whole = true): Settings {
  const { errors, tags, timeout } = options;
  const limits: TimeoutOption = typeof timeout === "object"
    ? timeout
    : timeout === undefined
    ? {}
    : { hard: timeout };
  const settings: Settings = {
    name: options.name ?? fn.name,
    isNamed: options.name !== undefined,
    version: options.version,
    closure: options.closure,
    ignore: (options.ignore ?? []).concat(options.outFiles ?? []),
    key: options.key,
    attributes: undefined,
    inputs: undefined,
    code: options.code ?? "source",
    expiryOf: expiryRule(options.ttl, "ttl"),
    staleWhileRevalidate: durationOr(0, options.staleWhileRevalidate, "staleWhileRevalidate"),
    staleIfError: durationOr(0, options.staleIfError, "staleIfError"),
    validate: options.validate,
    accept: options.accept as Settings["accept"],
    minDuration: durationOr(0, options.minDuration, "minDuration"),
    errors: keptErrors(errors, options.ttl),
    tags: typeof tags === "function" ? tags as Settings["tags"] : tags ?? [],
    softTimeout: timerOf(limits.soft, "timeout.soft"),
    hardTimeout: timerOf(limits.hard, limits === timeout ? "timeout.hard" : "timeout"),
    freeVariables: options.freeVariables ?? "warn",
    mode: environmentMode() ?? options.mode ?? "read-write",
    classes: options.classes,
    unordered: options.unordered ?? false,
    onEvent: options.onEvent,
    clone: options.clone ?? false,
    maxEntries: options.maxEntries ?? Infinity,
    maxBytes: options.maxBytes === undefined ? Infinity : byteCount(options.maxBytes, "maxBytes"),
    outFiles: options.outFiles ?? [],
    batch: options.batch ?? [],
    append: options.expiry === "append",
    serializer: options.serializer,
    compress: options.compress ?? false,
    lease: options.lease === false ? 0 : durationOr(LEASE_MS, options.lease, "lease"),
  };
  if (whole) checkContradictions(fn, settings);
  return settings;
}

/** How long past its time a result is still of use, in milliseconds. */
export function staleTime(settings: Settings): number {
  return Math.max(settings.staleWhileRevalidate, settings.staleIfError);
}

function checkContradictions(fn: AnyFunction, settings: Settings): void {
  const { expiryOf, softTimeout, hardTimeout } = settings;
  for (const option of ["staleWhileRevalidate", "staleIfError"] as const) {
    if (settings[option] === 0 || expiryOf !== undefined) continue;
    throw new TypeError(`${option} needs ttl: without one, no result is ever stale`);
  }
  for (const option of ["minDuration", "lease"] as const) {
    if (settings[option] !== Infinity) continue;
    throw new RangeError(
      `${option} must be finite, received Infinity: ` +
        (option === "lease" ? "a lease has to run out" : "no result would be kept"),
    );
  }
  if (softTimeout !== Infinity && staleTime(settings) === 0) {
    throw new TypeError(
      "timeout.soft needs staleIfError or staleWhileRevalidate: without them there is no stale " +
        "result to hand out",
    );
  }
  if (softTimeout >= hardTimeout && softTimeout !== Infinity) {
    throw new RangeError(
      `timeout.soft must be less than timeout.hard, received ${softTimeout} and ${hardTimeout}`,
    );
  }
  if (settings.minDuration >= hardTimeout && hardTimeout !== Infinity) {
    throw new RangeError(
      `minDuration must be less than timeout.hard, received ${settings.minDuration} and ` +
        `${hardTimeout}: no result would be kept`,
    );
  }
  for (const option of ["batch", "outFiles"] as const) {
    const twice = settings[option].find((name, at, names) => names.indexOf(name) !== at);
    if (twice !== undefined) throw new TypeError(`${option} names ${JSON.stringify(twice)} twice`);
    if (settings[option].length > 0 && isGeneratorFunction(fn)) {
      throw new TypeError(
        `${option} does not go with a generator function, whose result comes piece by piece; ` +
          (option === "batch" ? "return an array" : "return when the files are written"),
      );
    }
  }
  if (settings.batch.length > 0 && settings.outFiles.length > 0) {
    throw new TypeError(
      "outFiles and batch exclude each other: an element has no file of its own; leave one out",
    );
  }
  if (settings.outFiles.length > 0) {
    const late = settings.staleWhileRevalidate > 0
      ? "staleWhileRevalidate"
      : softTimeout !== Infinity
      ? "timeout.soft"
      : undefined;
    if (late !== undefined) {
      throw new TypeError(
        `outFiles does not go with ${late}: the function would write over the files of a caller ` +
          "that has its answer already; leave one of them out",
      );
    }
  }
  const shared = settings.batch.find((name) => settings.ignore.includes(name));
  if (shared !== undefined) {
    throw new TypeError(
      `${JSON.stringify(shared)} stands both in batch and in ignore: all elements would have one ` +
        "result; leave one of them out",
    );
  }
  const ignored = settings.ignore.slice(0, -settings.outFiles.length || undefined);
  if (typeof settings.key === "function" && ignored.length > 0) {
    throw new TypeError(
      "ignore does not go with a key of all arguments, which says by itself what counts; leave " +
        "one of them out",
    );
  }
  const unkeyed = settings.outFiles.find((name) => ignored.includes(name));
  if (unkeyed !== undefined) {
    throw new TypeError(
      `${JSON.stringify(unkeyed)} stands both in outFiles and in ignore: where a file goes is no ` +
        "part of the key anyway; leave it out of ignore",
    );
  }
  const mapped = settings.outFiles.find((name) =>
    typeof settings.key === "object" && Object.hasOwn(settings.key, name)
  );
  if (mapped !== undefined) {
    throw new TypeError(
      `${
        JSON.stringify(mapped)
      } stands both in outFiles and in key: where a file goes is no part ` +
        "of the key; leave one of them out",
    );
  }
  if (settings.clone === true && settings.serializer !== undefined) {
    throw new TypeError("clone and serializer exclude each other: give clone a function");
  }
}

function durationOr(fallback: number, duration: Duration | undefined, option: string): number {
  return duration === undefined ? fallback : milliseconds(duration, option);
}

/** As {@linkcode durationOr}, for a timer: past the longest, runtimes take it for none at all. */
function timerOf(duration: Duration | undefined, option: string): number {
  const limit = durationOr(Infinity, duration, option);
  return limit === Infinity ? limit : Math.min(limit, LONGEST_TIMER_MS);
}

function keptErrors(
  errors: AnyOptions["errors"],
  ttl: AnyOptions["ttl"],
): KeptErrors | undefined {
  if (errors === undefined || errors === false) return undefined;
  const { ttl: own, when = () => true } = errors === true ? {} : errors;
  // A computed ttl is about results: it has nothing to say about an error.
  const expiryOf = own === undefined && typeof ttl === "function"
    ? undefined
    : expiryRule(own ?? ttl, own === undefined ? "ttl" : "errors.ttl");
  return { expiryOf, when };
}

function expiryRule(ttl: AnyOptions["ttl"], option: string): ExpiryRule | undefined {
  if (ttl === undefined) return undefined;
  if (typeof ttl !== "function") {
    const moment = momentOf(ttl);
    if (moment !== undefined) return () => moment;
    const duration = milliseconds(ttl as Duration, option);
    return duration === Infinity ? undefined : (now) => now + duration;
  }
  return (now, value, args) => {
    const computed = (ttl as (value: unknown, args: unknown[]) => Freshness | undefined)(
      value,
      args,
    );
    if (computed === undefined) return Infinity;
    // Past every time, so that the result is not even kept as a stale one.
    if (computed === 0) return -Infinity;
    return momentOf(computed) ?? now + milliseconds(computed as Duration, option);
  };
}
