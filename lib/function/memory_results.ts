/** The results of one function, in memory. */

import { decode, encode } from "../codec/mod.ts";
import { CacheMissError, CacheTimeoutError } from "../errors.ts";
import { type AnyFunction, Keyer } from "../key/mod.ts";
import type { CacheEntry, EntryFilter, EntryQuery, Explanation } from "./entry.ts";
import { matches } from "./entry.ts";
import { EventLog } from "./event_log.ts";
import type { NotStoredReason } from "./events.ts";
import { explain } from "./explain.ts";
import { decideKeeping, keepsError, keepsEverything, type Run } from "./keeping.ts";
import {
  BoundedMap,
  type EntryMap,
  type IndexKey,
  indexOfKey,
  isIndex,
  keyOfIndex,
  MemoryEntry,
  UnboundedMap,
} from "./memory_entry.ts";
import { modeNow, scopesInUse } from "./mode.ts";
import { isReadOnce, isThenable, readOnceError } from "./results.ts";
import type { Settings } from "./settings.ts";
import { findSignals, untilAborted, Waiters } from "./signals.ts";
import { FreeVariableWatch } from "./watch.ts";
import { type Call, checkThis, warnOfSurroundings } from "./wrapper.ts";

/** Arguments larger than this are not kept for listing. */
const MAX_ARGUMENT_BYTES = 4096;

/** Results of definitions that are equal and read nothing unseen, by function key and bounds. */
const shared = new Map<string, WeakRef<EntryMap>>();

/** The results of one function. */
export class MemoryResults {
  readonly keyer: Keyer;
  readonly log: EventLog;
  readonly #fn: Call;
  readonly #settings: Settings;
  readonly #watch: FreeVariableWatch;
  readonly #isUnary: boolean;
  readonly #keepsAll: boolean;
  #entries: EntryMap;

  constructor(fn: Call, settings: Settings) {
    this.keyer = new Keyer(fn as AnyFunction, settings);
    warnOfSurroundings(this.keyer, settings);
    this.#fn = fn;
    this.#settings = settings;
    this.log = new EventLog(settings.onEvent);
    this.#watch = new FreeVariableWatch(fn as AnyFunction, settings, this.log);
    this.#isUnary = this.keyer.isUnary;
    const isPlain = settings.validate === undefined && settings.clone === false &&
      settings.maxBytes === Infinity && !this.#watch.isStrict;
    this.#keepsAll = isPlain && keepsEverything(settings) && settings.errors === undefined;
    const { maxEntries, maxBytes, name } = settings;
    this.#entries = maxEntries === Infinity && maxBytes === Infinity
      ? new UnboundedMap()
      : new BoundedMap(maxEntries, maxBytes, (index) => {
        if (!this.log.heard) this.log.counts.evictions++;
        else this.log.emit({ type: "evict", name, key: this.#hexOf(index) });
      });
  }

  /**
   * The result for one argument where that is at hand without a further look; otherwise whatever
   * {@linkcode MemoryResults.call} gives.
   */
  callOne(self: unknown, arg: unknown): unknown {
    if (this.#isUnary && self === undefined && isIndex(arg) && !scopesInUse()) {
      const entry = this.#entries.get(arg);
      if (entry !== undefined && entry.isPlain && !this.log.heard) return this.#hit(entry);
      if (entry === undefined && this.#keepsAll && !this.log.heard) return this.#first(self, arg);
    }
    return this.call(self, [arg]);
  }

  /** Hands out a result that needs no further look, where nobody hears of it. */
  #hit(entry: MemoryEntry): unknown {
    const { counts } = this.log;
    counts.hits++;
    counts.timeSaved += entry.duration;
    return entry.result;
  }

  key(args: readonly unknown[]): string {
    return this.keyer.key(args).hex;
  }

  call(self: unknown, args: unknown[]): unknown {
    const { name } = this.#settings;
    const mode = modeNow(this.#settings.mode);
    if (mode === "off") return this.#fn.apply(self, args);
    checkThis(self, this.keyer, name, this.#settings.attributes);
    this.#look();
    const index = this.#indexOf(args, self);
    const entry = mode === "refresh" ? undefined : this.#entries.get(index);
    let stale: MemoryEntry | undefined;
    if (entry !== undefined) {
      if (entry.isPlain && !this.log.heard) return this.#hit(entry);
      if (entry.state === "pending") {
        const old = this.#standIn(entry);
        return old === undefined ? this.#join(entry, index, args) : this.#handOld(old, index);
      }
      const answer = this.#answer(entry, index, self, args);
      if (answer !== undefined) return answer();
      stale = entry;
    }
    if (mode === "offline") throw this.#missing(index);
    this.log.emit({ type: "miss", name, key: this.#keyFor(index) });
    return this.#compute(self, args, index, stale, mode !== "read-only");
  }

  refresh(args: unknown[]): unknown {
    const index = this.#indexOf(args);
    this.log.emit({ type: "miss", name: this.#settings.name, key: this.#keyFor(index) });
    return this.#compute(undefined, args, index, undefined, true);
  }

  /** The entry that would answer a call now. */
  peek(args: readonly unknown[]): MemoryEntry | undefined {
    const index = this.#indexOf(args);
    const entry = this.#entries.peek(index);
    if (entry === undefined || entry.expires <= Date.now()) return undefined;
    return entry.state === "pending" || this.#isValid(entry, index) ? entry : undefined;
  }

  /** A result for a caller of its own: throws what was thrown. */
  deliver(entry: MemoryEntry): unknown {
    const { clone, classes } = this.#settings;
    const copy = (value: unknown): unknown => {
      if (entry.bytes !== undefined) return decode(entry.bytes, { classes });
      return typeof clone === "function" && entry.kind === "value" ? clone(value) : value;
    };
    if (isThenable(entry.result)) {
      if (clone === false || entry.state !== "kept") return entry.result;
      return entry.kind === "error"
        ? Promise.reject(copy(entry.value))
        : Promise.resolve(copy(entry.value));
    }
    if (entry.kind === "error") throw copy(entry.value);
    return copy(entry.value);
  }

  delete(args: readonly unknown[]): boolean {
    const index = this.#indexOf(args);
    const entry = this.#entries.peek(index);
    return this.#entries.delete(index) && entry!.expires > Date.now();
  }

  clear(filter?: EntryFilter): void {
    if (filter === undefined) {
      this.#entries.clear();
      return;
    }
    for (const [index, entry] of [...this.#all()]) {
      const isMeant = entry.state === "kept"
        ? matches(this.#told(index, entry), filter)
        : this.#mayGet(filter.tag);
      if (isMeant) this.#entries.delete(index);
    }
  }

  /** Whether a result that is still computed may get a tag. */
  #mayGet(tag: string | undefined): boolean {
    const { tags } = this.#settings;
    return tag !== undefined && (typeof tags === "function" || tags.includes(tag));
  }

  entries(filter: EntryFilter = {}): CacheEntry[] {
    const now = Date.now();
    return [...this.#all()]
      .filter(([, { state, expires }]) =>
        state === "kept" && (filter.expired === true || expires > now)
      )
      .map(([index, entry]) => this.#told(index, entry))
      .filter((entry) => matches(entry, filter));
  }

  get({ key }: EntryQuery): CacheEntry | undefined {
    return this.entries().find((entry) => entry.key === key);
  }

  reference(args: unknown[]): { key: string; name: string; get: () => unknown } {
    const made = this.call(undefined, args);
    // Whoever asks for the result hears of its failure.
    if (isThenable(made)) Promise.resolve(made).catch(() => {});
    const index = this.#indexOf(args);
    return {
      key: this.#hexOf(index),
      name: this.#settings.name,
      get: () => {
        const entry = this.#entries.peek(index);
        if (entry === undefined) throw this.#missing(index);
        return this.deliver(entry);
      },
    };
  }

  explain(args: readonly unknown[]): Explanation {
    const index = this.#indexOf(args);
    const entry = this.#entries.peek(index);
    const now = Date.now();
    const { staleWhileRevalidate, validate } = this.#settings;
    const told = entry?.state === "kept" ? this.#told(index, entry) : undefined;
    const outcome = told === undefined
      ? "miss"
      : validate !== undefined && !validate(told)
      ? "invalid"
      : told.expires > now
      ? "hit"
      : told.expires + staleWhileRevalidate > now
      ? "stale"
      : "expired";
    const here = {
      version: this.#settings.version,
      code: this.keyer.codeDigest,
      closure: this.keyer.closureParts(),
      args: this.#argsOf(index, args),
    };
    const others = [...this.#all()].flatMap(([at, each]) =>
      each.state !== "kept" || at === index ? [] : [{
        entry: this.#told(at, each),
        parts: {
          version: this.#settings.version,
          code: here.code,
          closure: each.closure ?? here.closure,
          args: this.#told(at, each).args,
        },
      }]
    );
    return explain(
      outcome,
      { key: this.#hexOf(index), name: this.#settings.name, entry: told, parts: here },
      others,
      this.keyer.parameterNames,
    );
  }

  /** How many results are kept, and their bytes where they are measured. */
  get kept(): { entries: number; bytes: number } {
    let bytes = 0;
    for (const [, { size }] of this.#all()) bytes += size;
    return { entries: this.#entries.size, bytes };
  }

  #all(): Iterable<[IndexKey, MemoryEntry]> {
    return this.#entries as Iterable<[IndexKey, MemoryEntry]>;
  }

  /** Computes for one primitive argument where all that is returned is kept for ever. */
  #first(self: unknown, arg: unknown): unknown {
    const { counts } = this.log;
    if (this.#settings.mode !== "read-write") return this.call(self, [arg]);
    this.#look();
    counts.misses++;
    // A look at a clock takes longer than all else here, so a recursive function is timed once.
    const isInner = this.#depth > 0;
    if (!isInner) this.#began = Date.now();
    const start = isInner ? 0 : performance.now();
    let result: unknown;
    this.#depth++;
    try {
      result = this.#fn(arg);
    } catch (error) {
      counts.errors++;
      throw error;
    } finally {
      this.#depth--;
    }
    if (typeof result === "object" && result !== null) {
      const since = isInner ? performance.now() : start;
      return this.#computed(result, self, [arg], arg, undefined, since, true);
    }
    const entry = new MemoryEntry(result);
    entry.value = result;
    entry.state = "kept";
    entry.isPlain = true;
    entry.created = isInner ? this.#began : Date.now();
    if (!isInner) entry.duration = performance.now() - start;
    this.#entries.set(arg, entry);
    return result;
  }
  /** How many runs of {@linkcode MemoryResults.#first} stand one in another. */
  #depth = 0;
  /** When the outermost of them began, in milliseconds since the epoch. */
  #began = 0;

  #indexOf(args: readonly unknown[], self?: unknown): IndexKey {
    if (this.#isUnary && args.length > 0 && isIndex(args[0])) return args[0];
    return indexOfKey(this.keyer.key(args, undefined, self).hex);
  }

  #hexOf(index: IndexKey): string {
    return keyOfIndex(index) ?? this.keyer.key([index]).hex;
  }

  /** The key for an event: costs something only where somebody hears of it. */
  #keyFor(index: IndexKey): string {
    return this.log.heard ? this.#hexOf(index) : "";
  }

  /** Looks at the function's variables once, and fails where that must not be. */
  #look(): void {
    this.#watch.check();
    if (this.#looked) return;
    this.#looked = true;
    void this.#watch.begin().then((seesAll) => seesAll && this.#share());
  }
  #looked = false;

  /**
   * Goes on with the results of an equal definition that was evaluated before, as in a notebook or
   * after a hot reload. The function reads nothing unseen, so its results are equal too.
   */
  #share(): void {
    if (this.keyer.readsThis !== "no" || !this.#keepsAll) return;
    const { maxEntries } = this.#settings;
    let id: string;
    try {
      id = `${this.keyer.identity()} ${maxEntries}`;
    } catch {
      // A closed-over value without a byte form: calls say so.
      return;
    }
    const before = shared.get(id)?.deref();
    if (before === undefined) {
      shared.set(id, new WeakRef(this.#entries));
      return;
    }
    for (const [index, entry] of this.#all()) before.set(index, entry);
    this.#entries = before;
  }

  #missing(index: IndexKey): CacheMissError {
    const { name } = this.#settings;
    return new CacheMissError(
      `Nothing is kept for this call of ${name || "the function"}; call it in another mode`,
      { key: this.#hexOf(index) },
    );
  }

  /** Waits for a call under way, each with a signal of its own. */
  #join(entry: MemoryEntry, index: IndexKey, args: readonly unknown[]): unknown {
    const { name } = this.#settings;
    this.log.emit({ type: "join", name, key: this.#keyFor(index), where: "here" });
    const signal = findSignals(args)?.signal;
    if (entry.waiters !== undefined) return entry.waiters.wait(this.#copied(entry), signal);
    return signal === undefined ? this.#copied(entry) : untilAborted(this.#copied(entry), signal);
  }

  /** A pending result, as this caller's own where results are copied. */
  #copied(entry: MemoryEntry): PromiseLike<unknown> {
    const result = entry.result as PromiseLike<unknown>;
    if (this.#settings.clone === false) return result;
    return Promise.resolve(result).then((value) =>
      entry.state === "kept" ? this.deliver(entry) : value
    );
  }

  /** How a kept result answers a call; `undefined` if it does not. */
  #answer(
    entry: MemoryEntry,
    index: IndexKey,
    self: unknown,
    args: unknown[],
  ): (() => unknown) | undefined {
    const { name, staleWhileRevalidate } = this.#settings;
    const key = this.#keyFor(index);
    if (!this.#isValid(entry, index)) {
      this.#entries.delete(index);
      this.log.emit({ type: "expire", name, key, because: "validate" });
      return undefined;
    }
    const age = Date.now() - entry.expires;
    if (age < 0) {
      this.log.emit({ type: "hit", name, key, kind: entry.kind, saved: entry.duration });
      return () => this.deliver(entry);
    }
    if (age < staleWhileRevalidate) {
      this.#revalidate(entry, index, self, args);
      return () => this.#handOld(entry, index);
    }
    this.#entries.delete(index);
    this.log.emit({ type: "expire", name, key, because: "time" });
    return undefined;
  }

  /** The result behind which a pending one is computed, as long as it may be handed out. */
  #standIn({ replaced }: MemoryEntry): MemoryEntry | undefined {
    if (replaced?.revalidating !== true) return undefined;
    return Date.now() - replaced.expires < this.#settings.staleWhileRevalidate
      ? replaced
      : undefined;
  }

  #handOld(entry: MemoryEntry, index: IndexKey): unknown {
    const { name } = this.#settings;
    const age = Date.now() - entry.expires;
    const key = this.#keyFor(index);
    this.log.emit({ type: "stale", name, key, because: "revalidating", age });
    return this.deliver(entry);
  }

  #isValid(entry: MemoryEntry, index: IndexKey): boolean {
    const { validate, name } = this.#settings;
    if (validate === undefined) return true;
    try {
      return Boolean(validate(this.#told(index, entry)));
    } catch (error) {
      const key = this.#hexOf(index);
      this.log.emit({ type: "option-error", name, key, option: "validate", error });
      return false;
    }
  }

  /** Computes a new result behind the callers' backs. */
  #revalidate(entry: MemoryEntry, index: IndexKey, self: unknown, args: unknown[]): void {
    if (entry.revalidating) return;
    entry.revalidating = true;
    const { name } = this.#settings;
    const failed = (error: unknown) => {
      entry.revalidating = false;
      // A kept error has taken the place of the entry, and then nothing comes back.
      if (this.#entries.peek(index)?.state !== "kept") this.#entries.set(index, entry);
      this.log.emit({ type: "revalidate-error", name, key: this.#keyFor(index), error });
    };
    setTimeout(() => {
      try {
        // The caller may have changed what it gave since: then it is another call's.
        if (this.#indexOf(args, self) !== index) {
          entry.revalidating = false;
          return;
        }
        const result = this.#compute(self, args, index, undefined, true);
        if (isThenable(result)) Promise.resolve(result).catch(failed);
      } catch (error) {
        failed(error);
      }
    });
  }

  #compute(
    self: unknown,
    args: unknown[],
    index: IndexKey,
    stale: MemoryEntry | undefined,
    keeps: boolean,
  ): unknown {
    const signals = findSignals(args);
    signals?.signal.throwIfAborted();
    const start = performance.now();
    const waiters: Waiters | undefined = signals === undefined ? undefined : new Waiters(() => {
      const entry = this.#entries.peek(index);
      if (entry?.waiters === waiters) this.#restore(entry!, index);
    });
    try {
      const given = signals === undefined ? args : signals.with(waiters!.signal);
      const result = this.#fn.apply(self, given);
      return this.#computed(result, self, args, index, stale, start, keeps, waiters);
    } catch (error) {
      return this.#threw(error, args, index, stale, start, keeps);
    }
  }

  #computed(
    result: unknown,
    _self: unknown,
    args: unknown[],
    index: IndexKey,
    stale: MemoryEntry | undefined,
    start: number,
    keeps: boolean,
    waiters?: Waiters,
  ): unknown {
    if (!isThenable(result)) {
      const entry = new MemoryEntry(result);
      if (keeps) this.#keep(entry, index, this.#run("value", result, args, start));
      return result;
    }
    // Some thenables do their work each time they are awaited, so all callers get one promise.
    const entry = new MemoryEntry(result instanceof Promise ? result : Promise.resolve(result));
    return this.#pending(entry, index, args, stale, start, keeps, waiters);
  }

  #run(kind: Run["kind"], value: unknown, args: unknown[], start: number): Run {
    return { kind, value, args, ended: Date.now(), duration: performance.now() - start };
  }

  /** Handles what was thrown at once: kept, answered with a stale result, or thrown on. */
  #threw(
    error: unknown,
    args: unknown[],
    index: IndexKey,
    stale: MemoryEntry | undefined,
    start: number,
    keeps: boolean,
  ): unknown {
    this.log.counts.errors++;
    if (stale !== undefined && this.#fallsBack(stale, index, error)) return this.deliver(stale);
    if (keeps && this.#keepsError(error, index)) {
      const entry = new MemoryEntry(undefined);
      this.#keep(entry, index, this.#run("error", error, args, start));
    }
    throw error;
  }

  #keepsError(error: unknown, index: IndexKey): boolean {
    try {
      return keepsError(this.#settings.errors, error);
    } catch (thrown) {
      const { name } = this.#settings;
      const key = this.#hexOf(index);
      this.log.emit({ type: "option-error", name, key, option: "errors.when", error: thrown });
      return false;
    }
  }

  /** Whether a result past its time stands in for one that could not be computed. */
  #fallsBack(stale: MemoryEntry, index: IndexKey, error: unknown): boolean {
    const age = Date.now() - stale.expires;
    if (age < 0 || age >= this.#settings.staleIfError) return false;
    if (!this.#entries.peek(index)) this.#entries.set(index, stale);
    const { name } = this.#settings;
    const because = error instanceof CacheTimeoutError ? "timeout" : "error";
    this.log.emit({ type: "stale", name, key: this.#keyFor(index), because, age, error });
    return true;
  }

  /** Shares a promise with the calls that come meanwhile. */
  #pending(
    entry: MemoryEntry,
    index: IndexKey,
    args: unknown[],
    stale: MemoryEntry | undefined,
    start: number,
    keeps: boolean,
    waiters: Waiters | undefined,
  ): unknown {
    const { hardTimeout, softTimeout } = this.#settings;
    entry.replaced = this.#entries.peek(index);
    entry.waiters = waiters;
    if (hardTimeout !== Infinity) {
      entry.result = this.#limited(entry.result as PromiseLike<unknown>, waiters, hardTimeout);
    }
    // Through a promise of our own, since what another kind of promise throws is its own affair.
    const settled = Promise.resolve(entry.result).then((value) => {
      if (isReadOnce(value)) this.#drop(entry, index, "read once", readOnceError(value));
      else if (keeps) this.#keep(entry, index, this.#run("value", value, args, start));
      else this.#restore(entry, index);
      return value;
    }, (error) => {
      this.log.counts.errors++;
      if (keeps && this.#keepsError(error, index)) {
        this.#keep(entry, index, this.#run("error", error, args, start));
      } else this.#restore(entry, index);
      if (stale !== undefined && this.#fallsBack(stale, index, error)) return this.deliver(stale);
      throw error;
    });
    settled.catch(() => {});
    if (stale !== undefined && this.#settings.staleIfError > 0) entry.result = settled;
    if (keeps) this.#entries.set(index, entry);
    let given = entry.result as PromiseLike<unknown>;
    if (stale !== undefined && softTimeout !== Infinity) {
      given = this.#orStale(given, stale, index, softTimeout);
    }
    const signal = waiters === undefined ? undefined : findSignals(args)?.signal;
    return waiters === undefined ? given : waiters.wait(given, signal);
  }

  /** Gives a run up after its time. */
  #limited(
    result: PromiseLike<unknown>,
    waiters: Waiters | undefined,
    limit: number,
  ): Promise<unknown> {
    const { name } = this.#settings;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const error = new CacheTimeoutError(
          `${name || "The function"} did not end within ${limit} ms`,
          { limit },
        );
        reject(error);
        waiters?.abort(error);
      }, limit);
      Promise.resolve(result).finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }

  /** A result past its time, where the new one takes too long. */
  #orStale(
    result: PromiseLike<unknown>,
    stale: MemoryEntry,
    index: IndexKey,
    limit: number,
  ): Promise<unknown> {
    const { name } = this.#settings;
    return new Promise((resolve, reject) => {
      const timer = setTimeout(() => {
        const age = Date.now() - stale.expires;
        const key = this.#keyFor(index);
        this.log.emit({ type: "stale", name, key, because: "timeout", age });
        resolve(this.deliver(stale));
      }, limit);
      Promise.resolve(result).finally(() => clearTimeout(timer)).then(resolve, reject);
    });
  }

  /** Keeps a result as the options say. */
  #keep(entry: MemoryEntry, index: IndexKey, run: Run): void {
    const { name, clone, maxBytes, classes } = this.#settings;
    // It may have been deleted, evicted or replaced while its promise was pending.
    const isPending = isThenable(entry.result);
    if (isPending && this.#entries.peek(index) !== entry) {
      entry.state = "kept";
      return;
    }
    if (run.kind === "value" && !isPending && isReadOnce(run.value)) {
      return this.#drop(entry, index, "read once", readOnceError(run.value));
    }
    const keeping = decideKeeping(this.#settings, run);
    if (!keeping.keep) {
      const { reason, failed } = keeping;
      if (failed !== undefined) {
        const key = this.#hexOf(index);
        this.log.emit({ type: "option-error", name, key, ...failed });
      }
      return this.#drop(entry, index, reason, undefined);
    }
    let size = 0;
    entry.value = run.value;
    try {
      if (clone === true || maxBytes !== Infinity) {
        const bytes = encode(run.value, { classes });
        size = bytes.length;
        if (clone === true) entry.bytes = bytes;
      } else if (typeof clone === "function" && run.kind === "value") {
        entry.value = clone(run.value);
      }
    } catch (error) {
      return this.#drop(entry, index, "no byte form", error);
    }
    entry.kind = run.kind;
    entry.created = run.ended;
    entry.duration = run.duration;
    entry.expires = keeping.expires;
    entry.tags = keeping.tags;
    entry.state = "kept";
    entry.replaced = undefined;
    entry.waiters = undefined;
    entry.isPlain = run.kind === "value" && keeping.expires === Infinity && clone === false &&
      this.#settings.validate === undefined && !this.#watch.isStrict;
    if (keyOfIndex(index) !== undefined) this.#describe(entry, run.args);
    const { duration } = entry;
    if (isPending && this.#entries instanceof BoundedMap) this.#entries.resize(entry, size);
    else {
      entry.size = size;
      this.#entries.set(index, entry);
    }
    if (!this.log.heard) return;
    this.log.emit({ type: "store", name, key: this.#hexOf(index), kind: run.kind, duration, size });
  }

  /** Keeps what is told of a call whose index is a hash. */
  #describe(entry: MemoryEntry, args: unknown[]): void {
    try {
      const { args: bound } = this.keyer.keyWithArguments(args);
      if (bound.length <= MAX_ARGUMENT_BYTES) entry.args = bound;
      entry.closure = this.keyer.closureParts();
    } catch {
      // The function changed what it was given into what has no byte form: nothing is told of it.
    }
  }

  #drop(
    entry: MemoryEntry,
    index: IndexKey,
    reason: NotStoredReason,
    error: unknown,
  ): void {
    this.#restore(entry, index);
    const { name } = this.#settings;
    this.log.emit({ type: "not-stored", name, key: this.#keyFor(index), reason, error });
  }

  /** Takes out a result that counts for nothing; what a refresh had replaced comes back. */
  #restore(entry: MemoryEntry, index: IndexKey): void {
    entry.state = "dropped";
    if (this.#entries.peek(index) !== entry) return;
    let restored = entry.replaced;
    while (restored?.state === "dropped") restored = restored.replaced;
    if (restored === undefined) this.#entries.delete(index);
    else this.#entries.set(index, restored);
  }

  #argsOf(index: IndexKey, args: readonly unknown[]): readonly unknown[] {
    if (keyOfIndex(index) === undefined) return [index];
    return decode(this.keyer.keyWithArguments(args).args) as unknown[];
  }

  #told(index: IndexKey, entry: MemoryEntry): CacheEntry {
    const { name, version } = this.#settings;
    const args = keyOfIndex(index) === undefined
      ? [index]
      : entry.args === undefined
      ? undefined
      : decode(entry.args) as unknown[];
    const isValue = entry.kind === "value";
    return {
      key: this.#hexOf(index),
      name,
      version,
      args,
      kind: entry.kind,
      value: isValue ? entry.value : undefined,
      error: isValue ? undefined : entry.value,
      created: entry.created,
      expires: entry.expires,
      duration: entry.duration,
      size: entry.size,
      tags: entry.tags,
    };
  }
}
