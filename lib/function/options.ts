/** The options of cached functions. */

import type { ClassRegistry } from "../codec/mod.ts";
import type { AnyFunction, CodeOption, KeyOption } from "../key/mod.ts";
import type { ByteSize, Duration, Moment } from "../units.ts";
import type { CacheEntry } from "./entry.ts";
import type { CacheListener } from "./events.ts";
import type { FreeVariablesOption } from "./free_variables.ts";
import type { CacheMode } from "./mode.ts";

/** What a function gives in the end: the value of its promise, where it returns one. */
export type ResultOf<F extends AnyFunction> = Awaited<ReturnType<F>>;

/** How long a result counts, or until when. */
export type Freshness = Duration | Moment;

/** Which errors are kept, and how long. */
export interface ErrorsOption {
  /** As {@linkcode CacheOptions.ttl}, for errors; that of values unless given. */
  readonly ttl?: Duration | undefined;
  /** Whether an error is kept: all but aborts and timeouts unless given. */
  readonly when?: ((error: unknown) => boolean) | undefined;
}

/** How long a function may take. */
export interface TimeoutOption {
  /** After this time a stale result is handed out, where there is one; the run goes on. */
  readonly soft?: Duration | undefined;
  /** After this time the call gives up, with a stale result or with a `CacheTimeoutError`. */
  readonly hard?: Duration | undefined;
}

/** Options of every cached function. */
// deno-lint-ignore no-explicit-any -- stands for "some function", whose callbacks are then untyped.
export interface CacheOptions<F extends AnyFunction = any> {
  /** Name of the function in keys and events; its own name unless given. */
  readonly name?: string | undefined;
  /** A part of the key: change it to leave all earlier results behind. */
  readonly version?: string | number | undefined;
  /**
   * Gives the closed-over values that the result depends on, such as `() => ({ rate, helper })`.
   * Asked at each call. Functions among them are keyed on by their code.
   */
  readonly closure?: (() => unknown) | undefined;
  /**
   * Names of parameters that are left out of the key; `"options.verbose"` is a property of one, and
   * what a destructured parameter is taken apart into has its own names.
   */
  readonly ignore?: readonly string[] | undefined;
  /**
   * What parameters are keyed on instead of themselves, by their names as in `ignore`, such as
   * `{ file: (file) => file.etag }`; a function may return {@linkcode OMIT} to leave its parameter
   * out. Or one function of all arguments, whose result is then the key. One that makes `undefined`
   * of something, as a misspelled property does, is an error: all calls would share one result.
   */
  readonly key?: KeyOption | undefined;
  /**
   * How long a result counts, from the moment it was computed: milliseconds, or a string such as
   * `"90s"`, `"15m"` or `"7d"`; or until when: a `Date` or a `Temporal.Instant`; or a function of
   * the result and the arguments that says so, with 0 for a result that is not kept. For ever
   * unless given.
   */
  readonly ttl?:
    | Freshness
    | ((value: ResultOf<F>, args: Parameters<F>) => Freshness | undefined)
    | undefined;
  /**
   * For how long past its time a result is still handed out while a new one is computed behind the
   * caller's back. Not at all unless given.
   */
  readonly staleWhileRevalidate?: Duration | undefined;
  /**
   * For how long past its time a result is handed out where computing a new one fails. Not at all
   * unless given. A new stream that fails once it is handed out fails for its reader, who may have
   * read some of it; the next call falls back where the function itself fails.
   */
  readonly staleIfError?: Duration | undefined;
  /**
   * Whether what is kept for a call may answer it, asked each time: {@linkcode expiresAfter} is one
   * ready-made. With `false` the function runs.
   */
  readonly validate?: ((entry: CacheEntry<ResultOf<F>>) => boolean) | undefined;
  /** Whether a new result is kept, asked once for each. */
  readonly accept?: ((value: ResultOf<F>, args: Parameters<F>) => boolean) | undefined;
  /** Results that took less time than this are not kept: it was not worth it. */
  readonly minDuration?: Duration | undefined;
  /**
   * Keeps what the function throws or rejects with as a result like any other, so that an equal
   * call throws it again without running. Aborts and timeouts are never kept, and past its time no
   * error is thrown again. No unless given.
   *
   * An error of a class of your own is stored where {@linkcode CacheOptions.classes} names the class,
   * and so is what a memory cache with `clone` or `maxBytes` keeps. Where it does not, the caller gets
   * the error, nothing is kept, and a `not-stored` event has the line to write.
   */
  readonly errors?: boolean | ErrorsOption | undefined;
  /** Names under which results can be dropped together, see {@linkcode invalidateTags}. */
  readonly tags?:
    | readonly string[]
    | ((value: ResultOf<F>, args: Parameters<F>) => readonly string[])
    | undefined;
  /**
   * How long a run may take: the hard limit, or a soft and a hard one. For ever unless given. A run
   * that returns a stream has ended with that: its pieces may take any time, so give the source a
   * signal of its own where it may hang. In a browser this is also what ends a function that waits
   * for its own call, see {@linkcode cache}.
   */
  readonly timeout?: Duration | TimeoutOption | undefined;
  /** What the cache may do: `"read-write"` unless given. See {@linkcode CacheMode}. */
  readonly mode?: CacheMode | undefined;
  /**
   * Classes whose instances may be stored and copied, and may stand among the arguments and the
   * closed-over values: see `@deja/cache/codec`. Other instances of classes cannot.
   */
  readonly classes?: ClassRegistry | undefined;
  /**
   * Whether a `Map` or `Set` among the arguments and the closed-over values means the same in every
   * order of its entries. No unless given, since whoever iterates over one sees the order.
   */
  readonly unordered?: boolean | undefined;
  /**
   * Where the code part of the key comes from: `"source"`, the function's own source without
   * comments, layout and quote style (the default); `"ignore"`, nowhere, so that edits keep the
   * results; any other string, itself, as a fingerprint of your own.
   */
  readonly code?: CodeOption | undefined;
  /**
   * What becomes of variables that the function reads, that are no globals and that `closure` does
   * not name: they are told of once (`"warn"`, the default), or make calls fail (`"error"`), or
   * nothing (`"ignore"`). So does what a method reads of `this` besides its `attributes`, where those
   * are a list. What functions in `closure` read is an event alone, with their name as `within`,
   * since it may be private to their module. The look takes a moment: calls of a memory cache fail
   * from then on, those of a persistent one wait for it. Only where it finds nothing does a memory
   * cache go on with the results of an equal definition that was evaluated before, so with
   * `"ignore"` it never does.
   */
  readonly freeVariables?: FreeVariablesOption | undefined;
  /** Hears of every hit, miss, join and problem. */
  readonly onEvent?: CacheListener | undefined;
}

/** Options of {@linkcode cache}. */
// deno-lint-ignore no-explicit-any -- as above.
export interface MemoryCacheOptions<F extends AnyFunction = any> extends CacheOptions<F> {
  /**
   * Whether each caller gets a copy of the result, so that none sees another's changes: `true` for
   * an exact one, or a function that makes one. All get the same object unless given.
   */
  readonly clone?: boolean | ((value: ResultOf<F>) => ResultOf<F>) | undefined;
}

/** Options of {@linkcode lruCache}: at least one of the two bounds is needed. */
// deno-lint-ignore no-explicit-any -- as above.
export interface LruCacheOptions<F extends AnyFunction = any> extends MemoryCacheOptions<F> {
  /** Most results to keep, a positive integer; the one left unused the longest makes room. */
  readonly maxEntries?: number | undefined;
  /**
   * Most bytes to keep, as a number or as `"64MiB"`. A result counts as many as its stored form
   * has; one without such a form is not kept.
   */
  readonly maxBytes?: ByteSize | undefined;
}

/** Turns results into bytes and back in place of the library's own codec. */
export interface Serializer {
  /** Gives the bytes of a result. */
  readonly encode: (value: unknown) => Uint8Array | Promise<Uint8Array>;
  /** Gives the result of the bytes; what it throws makes the record count as damaged. */
  readonly decode: (bytes: Uint8Array) => unknown;
}

/** Options of {@linkcode persistentCache}. */
// deno-lint-ignore no-explicit-any -- as above.
export interface PersistentOptions<F extends AnyFunction = any> extends CacheOptions<F> {
  /**
   * Names of parameters that say where the function writes a file or a folder, or as in
   * {@linkcode CacheOptions.ignore} of properties of them, such as `"options.path"`. They are no part
   * of the key; what was written is stored, and put where the next call names. A symbolic link in a
   * folder is put there as a link; what a function wrote with one that leads out of the folder is not
   * stored, and a `not-stored` event says so. Neither `staleWhileRevalidate`, which as a default of a
   * cache does not hold here, nor `timeout.soft` goes with it: the function would write over files
   * that somebody was handed.
   */
  readonly outFiles?: readonly string[] | undefined;
  /**
   * Names of parameters that take arrays, of equal length where there are several. The function
   * gives an array with one result for each element; each is stored by itself, and one call
   * computes what is missing, without repeats.
   */
  readonly batch?: readonly string[] | undefined;
  /**
   * What becomes of an earlier result when a new one is stored: it is replaced (`"replace"`, the
   * default), or kept as an older generation (`"append"`), without an end.
   */
  readonly expiry?: "replace" | "append" | undefined;
  /** Makes the bytes of results in place of the codec. */
  readonly serializer?: Serializer | undefined;
  /** Whether the bytes of results are compressed. No unless given. */
  readonly compress?: boolean | undefined;
  /**
   * On a store with leases, one of all processes that ask for a missing result computes it, and the
   * others wait. It renews its lease meanwhile; if it dies, another takes over when this time has
   * passed. 15 seconds unless given; `false` lets each process compute for itself. A function that
   * blocks its thread cannot renew its lease meanwhile: give it a lease longer than it takes, or
   * another process computes the same. So does one that asks while a stream that was returned here,
   * such as the body of a `Response`, is not being read: after a third to two thirds of this time.
   */
  readonly lease?: Duration | false | undefined;
}
