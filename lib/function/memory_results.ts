/** Calls of a function whose results are kept in memory. */

import { CacheMissError } from "../errors.ts";
import type { AnyFunction, Keyer } from "../key/mod.ts";
import { type EntryFilter, matches } from "./entry.ts";
import type { EventLog } from "./event_log.ts";
import type { CacheStats } from "./events.ts";
import { keepsEverything } from "./keeping.ts";
import { MemoryContext } from "./memory_context.ts";
import {
  type EntryMap,
  keptIn,
  MemoryEntry,
  PlainEntry,
  type RepeatedResult,
} from "./memory_entry.ts";
import { type CallIndex, type IndexKey, isIndex } from "./memory_index.ts";
import { MemoryJoins } from "./memory_joins.ts";
import { MemoryKeeper } from "./memory_keeper.ts";
import type { MemoryListing } from "./memory_listing.ts";
import { MemoryRuns } from "./memory_runs.ts";
import { shareResults } from "./memory_shared.ts";
import { type CacheMode, modeNow, modeScopes } from "./mode.ts";
import { isThenable } from "./results.ts";
import { isWithin, runningNow, selfWait } from "./running.ts";
import { type Settings, staleTime } from "./settings.ts";
import { findSignals } from "./signals.ts";
import { FreeVariableWatch } from "./watch.ts";
import { type Call, checkThis, warnOfSurroundings } from "./wrapper.ts";

/** The results of one function. */
export class MemoryResults {
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly index: CallIndex;
  readonly listing: MemoryListing;
  readonly entries: EntryMap;
  /** What answers the call that is made again and again, in any mode but that of a scope. */
  readonly repeated: RepeatedResult;
  readonly #counts: EventLog["counts"];
  readonly #context: MemoryContext;
  readonly #runs: MemoryRuns;
  readonly #joins: MemoryJoins;
  readonly #fn: Call;
  readonly #settings: Settings;
  readonly #watch: FreeVariableWatch;
  /** Whether all that is returned is kept for ever. */
  readonly #keepsAll: boolean;
  /** Whether a result that is at hand answers a call. */
  readonly #answersAtOnce: boolean;
  /** Whether a result that is at hand once it is computed is kept as it is. */
  readonly #keepsAtOnce: boolean;
  /** Whether it makes no difference what a call is made on: mostly, it is just where the function is. */
  readonly takesThis: boolean;
  /** Where the function was wrapped, until the first call. */
  #place: Error | undefined;
  #looked = false;
  /** How many runs of {@linkcode MemoryResults.#first} stand one in another. */
  #depth = 0;
  /** When the outermost of them began, in milliseconds since the epoch. */
  #began = 0;

  /** @throws {TypeError} The function's code cannot be seen, or an option names no parameter. */
  constructor(fn: Call, settings: Settings) {
    const context = new MemoryContext(fn, settings);
    this.#context = context;
    this.keyer = context.keyer;
    this.log = context.log;
    this.index = context.index;
    this.listing = context.listing;
    this.entries = context.entries;
    this.repeated = context.repeated;
    this.#counts = context.log.counts;
    this.#runs = new MemoryRuns(context, new MemoryKeeper(context));
    this.#joins = new MemoryJoins(context, this.#runs);
    this.#fn = fn;
    this.#settings = settings;
    this.#watch = new FreeVariableWatch(fn as AnyFunction, settings, context.log);
    warnOfSurroundings(context.keyer, settings);
    const { mode, validate, clone, maxBytes, errors, attributes } = settings;
    this.takesThis = attributes === undefined && this.keyer.readsThis !== "of the call";
    this.#keepsAll = keepsEverything(settings) && validate === undefined && clone === false &&
      maxBytes === Infinity && errors === undefined && !this.#watch.isStrict;
    const mayShare = this.#keepsAll && settings.freeVariables !== "ignore";
    this.#place = mayShare ? new Error("Place") : undefined;
    this.#answersAtOnce = this.index.isUnary && mode !== "refresh" && mode !== "off" &&
      !this.log.heard;
    this.#keepsAtOnce = this.#keepsAll && mode === "read-write" && !context.isAsync;
  }

  /**
   * The result for one argument where that is at hand without a further look; otherwise whatever
   * {@linkcode MemoryResults.call} gives.
   *
   * @param self Nothing, or anything where that makes no difference.
   */
  callOne(self: unknown, arg: unknown): unknown {
    if (this.#answersAtOnce && isIndex(arg) && !modeScopes.inUse) {
      const entry = this.entries.get(arg);
      if (entry === undefined) {
        if (this.#keepsAtOnce && this.#context.waits !== true) return this.#first(self, arg);
      } else if (entry.isPlain) {
        this.repeated.note(arg, entry);
        return this.#hit(entry);
      }
    }
    return this.call(self, [arg]);
  }

  /** Hands out a result that needs no further look, where nobody hears of it. */
  #hit(entry: MemoryEntry): unknown {
    const counts = this.#counts;
    counts.hits++;
    counts.timeSaved += entry.duration;
    return entry.result;
  }

  call(self: unknown, args: unknown[]): unknown {
    const mode = modeNow(this.#settings.mode);
    if (mode === "off") return this.#fn.apply(self, args);
    checkThis(self, this.keyer, this.#settings.name, this.#settings.attributes);
    this.#look();
    const readings = this.keyer.prepareNow();
    const index = this.index.of(args, self, readings);
    const entry = mode === "refresh" ? undefined : this.entries.get(index);
    if (entry !== undefined && entry.isPlain && !this.log.heard) return this.#hit(entry);
    const flight = entry?.state === "pending" ? entry.flight : undefined;
    const kept = flight === undefined ? entry : flight.isRenewal ? flight.replaced : undefined;
    let stale: MemoryEntry | undefined;
    if (kept !== undefined) {
      const answer = this.#answer(kept, index, self, args, mode);
      if (answer !== undefined) return answer();
      stale = this.#ofUse(kept, index, mode);
    }
    if (flight !== undefined && flight.forgotten.length === 0) {
      return this.#joins.join(entry!, index, args);
    }
    if (mode === "offline") return this.#offline(stale, index);
    this.log.emit({ type: "miss", name: this.#settings.name, key: this.#context.keyFor(index) });
    const keeps = mode !== "read-only";
    return this.#runs.compute(self, args, index, { stale, keeps, readings, self });
  }

  refresh(args: unknown[], self?: unknown): unknown {
    const mode = modeNow(this.#settings.mode);
    if (mode === "off") return this.#fn.apply(self, args);
    this.#look();
    const readings = this.keyer.prepareNow();
    const index = this.index.of(args, self, readings);
    if (mode === "offline") return this.#offline(undefined, index);
    if (this.#isOwn(this.entries.peek(index))) {
      return this.#context.fail(selfWait(this.#settings.name));
    }
    this.log.emit({ type: "miss", name: this.#settings.name, key: this.#context.keyFor(index) });
    return this.#runs.compute(self, args, index, { keeps: mode !== "read-only", readings, self });
  }

  /** The entry that would answer a call now, kept or awaited. */
  peek(index: IndexKey): MemoryEntry | undefined {
    const entry = this.entries.peek(index);
    if (entry === undefined || entry.state === "pending") return entry;
    return this.listing.standing(index, entry) === "hit" ? entry : undefined;
  }

  /** What {@linkcode MemoryResults.peek} found, for a caller of its own. */
  look(index: IndexKey): unknown {
    const entry = this.peek(index);
    if (entry === undefined) return undefined;
    // Within its own run, there is nothing yet.
    if (this.#isOwn(entry)) return undefined;
    if (entry.state === "pending") return this.#joins.copied(entry);
    return entry.kind === "error" ? undefined : this.#context.delivery(entry, index)?.();
  }

  /** Whether what an entry waits for is the run that is asked from. */
  #isOwn(entry: MemoryEntry | undefined): boolean {
    return entry?.state === "pending" && isWithin(entry, runningNow());
  }

  delete(index: IndexKey): boolean {
    const entry = this.entries.peek(index);
    return this.entries.delete(index) && entry!.expires > Date.now();
  }

  /** Drops what a filter means; of what is being computed, when it is there. */
  clear(filter?: EntryFilter): void {
    if (filter === undefined) {
      this.entries.clear();
      return;
    }
    for (const [index, entry] of [...this.entries as Iterable<[IndexKey, MemoryEntry]>]) {
      entry.flight?.forgotten.push(filter);
      const kept = keptIn(entry);
      if (kept === undefined || !matches(this.listing.told(index, kept), filter)) continue;
      if (kept === entry) this.entries.delete(index);
      else entry.flight!.replaced = undefined;
    }
  }

  /** Calls the function where its result is not at hand, and lets that be. */
  prepare(args: unknown[], self?: unknown): IndexKey {
    const index = this.index.of(args, self);
    if (!this.#stands(index)) {
      const made = this.call(self, args);
      // Whoever asks for the result hears of its failure.
      if (isThenable(made)) Promise.resolve(made).catch(() => {});
    }
    return index;
  }

  /**
   * What is kept or awaited and not past its time, whatever `validate` would say; fails where there
   * is nothing.
   */
  take(index: IndexKey): unknown {
    const entry = this.entries.peek(index);
    if (this.#isOwn(entry)) return this.#context.fail(selfWait(this.#settings.name));
    if (entry?.state === "pending") return this.#joins.copied(entry);
    const isFresh = entry !== undefined && entry.expires > Date.now();
    const delivery = isFresh ? this.#context.delivery(entry, index) : undefined;
    return delivery === undefined ? this.#offline(undefined, index) : delivery();
  }

  /** Whether a result at hand answers a call, which then counts as a hit. It is not copied. */
  #stands(index: IndexKey): boolean {
    const mode = modeNow(this.#settings.mode);
    if (mode === "refresh" || mode === "off") return false;
    const entry = this.peek(index);
    if (entry === undefined || entry.state === "pending" || entry.kind === "error") return false;
    this.entries.get(index); // As a use, for the order of a bounded cache.
    const { name } = this.#settings;
    const { kind, duration: saved } = entry;
    this.log.emit({ type: "hit", name, key: this.#context.keyFor(index), kind, saved });
    return true;
  }

  /** The counts so far. */
  stats(): CacheStats {
    this.repeated.count();
    return this.log.stats();
  }

  /** How many results are kept, and their bytes where they are measured. */
  get kept(): { entries: number; bytes: number } {
    let bytes = 0;
    for (const [, { size }] of this.entries as Iterable<[IndexKey, MemoryEntry]>) bytes += size;
    return { entries: this.entries.size, bytes };
  }

  /** Computes for one primitive argument where all that is returned is kept for ever. */
  #first(self: unknown, arg: unknown): unknown {
    if (!this.#looked) {
      this.#look();
      // Those of an equal definition, where there was one.
      if (this.entries.size > 0) return this.call(self, [arg]);
    }
    const counts = this.#counts;
    counts.misses++;
    // A look at a clock takes longer than all else here, so a recursive function is timed once.
    const isInner = this.#depth > 0;
    if (!isInner) this.#began = Date.now();
    const start = isInner ? 0 : performance.now();
    // Whether results are awaited is not known before the first, and then the run is one to follow.
    const followed = isInner || this.#context.waits === false
      ? undefined
      : new MemoryEntry(undefined);
    let result: unknown;
    this.#depth++;
    try {
      result = followed === undefined
        ? this.#fn.call(self, arg)
        : this.#runs.runAside(self, [arg], arg, followed);
    } catch (error) {
      counts.errors++;
      throw error;
    } finally {
      this.#depth--;
    }
    if (typeof result === "object" && result !== null) {
      const since = isInner ? performance.now() : start;
      const entry = followed ?? new MemoryEntry(undefined);
      entry.result = result;
      return this.#runs.computed(entry, arg, [arg], since, { keeps: true, self }, undefined);
    }
    if (followed !== undefined) this.#context.waits ??= false;
    const created = isInner ? this.#began : Date.now();
    const duration = isInner ? 0 : performance.now() - start;
    this.entries.set(arg, new PlainEntry(result, created, duration));
    return result;
  }

  /** Looks at the function's variables once, and fails where that must not be. */
  #look(): void {
    this.#watch.check();
    if (this.#looked) return;
    this.#looked = true;
    const watched = this.#watch.begin();
    if (this.#place === undefined) return;
    shareResults(this.keyer, this.#settings, this.#place, this.entries, watched);
    this.#place = undefined;
  }

  /** Answers where nothing may be computed: with a result past its time, or not at all. */
  #offline(stale: MemoryEntry | undefined, index: IndexKey): unknown {
    const { name, staleIfError } = this.#settings;
    const age = stale === undefined ? Infinity : Date.now() - stale.expires;
    const delivery = age < staleIfError ? this.#context.delivery(stale!, index) : undefined;
    if (delivery !== undefined) {
      this.log.emit({
        type: "stale",
        name,
        key: this.#context.keyFor(index),
        because: "mode",
        age,
      });
      return delivery();
    }
    return this.#context.fail(
      new CacheMissError(
        `Nothing is kept for this call of ${name || "the function"}; call it in another mode`,
        { key: this.index.hexOf(index) },
      ),
    );
  }

  /** How a kept result answers a call; `undefined` if it does not. */
  #answer(
    entry: MemoryEntry,
    index: IndexKey,
    self: unknown,
    args: unknown[],
    mode: CacheMode,
  ): (() => unknown) | undefined {
    const { name } = this.#settings;
    const standing = this.listing.standing(index, entry);
    const isOfUse = standing === "hit" || standing === "stale";
    const delivery = isOfUse ? this.#context.delivery(entry, index) : undefined;
    const key = this.#context.keyFor(index);
    if (delivery === undefined) {
      const because = standing === "invalid" ? "validate" : "time";
      if (!isOfUse) this.log.emit({ type: "expire", name, key, because });
      return undefined;
    }
    if (standing === "hit") {
      this.log.emit({ type: "hit", name, key, kind: entry.kind, saved: entry.duration });
      return delivery;
    }
    const age = Date.now() - entry.expires;
    const because = mode === "read-write" ? "revalidating" : "mode";
    this.log.emit({ type: "stale", name, key, because, age });
    if (mode === "read-write") this.#renew(entry, index, self, args);
    return delivery;
  }

  /** A result that answers no call, where it may still stand in for one that fails. */
  #ofUse(entry: MemoryEntry, index: IndexKey, mode: CacheMode): MemoryEntry | undefined {
    const now = Date.now();
    if (entry.expires > now) return undefined;
    const isOfUse = entry.kind === "value" && entry.expires + staleTime(this.#settings) > now;
    if (isOfUse) return entry;
    if (mode === "read-write" && this.entries.peek(index) === entry) this.entries.delete(index);
    return undefined;
  }

  /** Computes a new result behind the callers' backs, once at a time. */
  #renew(entry: MemoryEntry, index: IndexKey, self: unknown, args: unknown[]): void {
    if (entry.revalidating) return;
    entry.revalidating = true;
    const { name } = this.#settings;
    const failed = (error: unknown) => {
      entry.revalidating = false;
      this.log.emit({ type: "revalidate-error", name, key: this.#context.keyFor(index), error });
    };
    // Nobody waits for it: whoever gives up gave up the stale result, which he has.
    const unsignalled = findSignals(args, this.keyer)?.with(new AbortController().signal) ?? args;
    setTimeout(() => {
      if (keptIn(this.entries.peek(index)) !== entry) return;
      try {
        // The caller may have changed what it gave since: then it is another call's.
        const readings = this.keyer.prepareNow();
        if (this.index.of(args, self, readings) !== index) {
          entry.revalidating = false;
          return;
        }
        const result = this.#runs.compute(self, unsignalled, index, {
          keeps: true,
          isRenewal: true,
          readings,
          self,
        });
        const done = () => void (entry.revalidating = false);
        if (isThenable(result)) Promise.resolve(result).then(done, failed);
        else done();
      } catch (error) {
        failed(error);
      }
    });
  }
}
