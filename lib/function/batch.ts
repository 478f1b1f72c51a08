/** Functions of arrays, cached element by element. */

import type { PersistentCachedMethods } from "./cached_function.ts";
import type { CacheMode } from "./mode.ts";
import type { AskedCall, PersistentResults } from "./persistent_results.ts";
import { findSignals } from "./signals.ts";
import type { Call } from "./wrapper.ts";

/** An element that nothing is stored for. */
interface Missing {
  readonly args: readonly unknown[];
  /** Where it stands among those of the call. */
  readonly position: number;
  readonly result: PromiseWithResolvers<unknown>;
}

/** The methods that are about a call. */
export type BatchedMethods = Pick<
  PersistentCachedMethods<Call>,
  "key" | "has" | "peek" | "refresh" | "delete" | "reference" | "explain"
>;

/** The calls of one function of arrays. */
export class Batch {
  readonly #fn: Call;
  readonly #results: PersistentResults;
  /** Which arguments are arrays of elements. */
  readonly #positions: readonly number[];
  readonly #names: readonly string[];

  /**
   * @param names Parameters that take arrays of equal length: the first elements belong together,
   *   the second ones, and so on.
   */
  constructor(fn: Call, names: readonly string[], results: PersistentResults) {
    const { parameterNames } = results.keyer;
    this.#fn = fn;
    this.#results = results;
    this.#names = names;
    this.#positions = names.map((name) => parameterNames.indexOf(name));
  }

  /**
   * Gives the result of each element in order. What is missing is computed by one call of the
   * function, without repeats.
   *
   * @throws {TypeError} An argument is no array, or the function does not return one.
   * @throws {RangeError} The arrays have different lengths.
   */
  async call(
    self: unknown,
    args: readonly unknown[],
    mode: CacheMode,
    isAnew?: boolean,
  ): Promise<unknown[]> {
    if (mode === "off") return await this.#fn.apply(self, [...args]) as unknown[];
    const { keyer } = this.#results;
    findSignals(args, keyer)?.signal.throwIfAborted();
    const calls = await Promise.all(
      this.elements(args).map((element) => this.#results.ask(self, element, mode, isAnew)),
    );
    // Equal elements are one call.
    const distinct = new Map(calls.map((call) => [call.key.hex, call]));
    const signal = findSignals(args, keyer)?.signal;
    const run = new BatchRun(distinct.size, (elements) => this.#compute(self, args, elements));
    const answers = new Map(
      [...distinct].map(([hex, call], position) => [
        hex,
        run.settle(
          this.#results.answer({
            ...call,
            run: (element) => run.missing(element, position),
            onWait: () => run.known(call),
          }, signal),
          call,
        ),
      ]),
    );
    const outcomes = await Promise.allSettled(answers.values());
    const failed = outcomes.find((outcome) => outcome.status === "rejected");
    if (failed !== undefined) throw failed.reason;
    return await Promise.all(calls.map(({ key }) => answers.get(key.hex)));
  }

  /**
   * The methods of a function of arrays, made of those for one element.
   *
   * @param mode That of the call of one of them.
   */
  methods(one: BatchedMethods, self: unknown, mode: CacheMode): BatchedMethods {
    const each = <T>(args: readonly unknown[], use: (...element: unknown[]) => Promise<T>) =>
      Promise.all(this.elements(args).map((element) => use(...element)));
    const onlyOf = <T>(all: readonly T[]): T => {
      if (all.length === 1) return all[0];
      throw new TypeError(
        `${this.#name} has a key for each element: ask for that of one, in arrays of length 1`,
      );
    };
    return {
      key: async (...args) => onlyOf(await each(args, one.key)),
      has: async (...args) => (await each(args, one.has)).every((has) => has),
      peek: async (...args) => {
        const results = await each(args, one.peek);
        return results.includes(undefined) ? undefined : results;
      },
      refresh: (...args) => this.call(self, args, mode, true),
      delete: async (...args) => (await each(args, one.delete)).some((deleted) => deleted),
      reference: async (...args) => {
        const element = onlyOf(this.elements(args));
        await this.call(self, args, mode);
        const reference = await one.reference(...element);
        return {
          ...reference,
          get: async () => [await reference.get()],
          peek: async () => {
            const result = await reference.peek();
            return result === undefined ? undefined : [result];
          },
        };
      },
      explain: async (...args) => {
        const all = await each(args, one.explain);
        return all.find(({ outcome }) => outcome !== "hit") ?? all[0] ?? {
          outcome: "hit",
          key: "",
          entry: undefined,
          nearest: undefined,
          changed: [],
          message: `${this.#name}: a call of no elements needs no results`,
        };
      },
    };
  }

  /** The arguments of each element: those of the call, with an element in place of each array. */
  elements(args: readonly unknown[]): unknown[][] {
    const arrays = this.#positions.map((position, index) => {
      const array = args[position];
      if (Array.isArray(array)) return array;
      throw new TypeError(
        `${this.#name} takes an array as ${this.#names[index]}, received ${typeof array}`,
      );
    });
    const lengths = arrays.map(({ length }) => length);
    if (new Set(lengths).size > 1) {
      const given = this.#names.map((name, index) => `${name} with ${lengths[index]}`);
      throw new RangeError(
        `${this.#name} takes arrays of one length, received ${given.join(", ")} elements`,
      );
    }
    return Array.from({ length: lengths[0] }, (_, index) => {
      const element = [...args];
      for (const [at, position] of this.#positions.entries()) element[position] = arrays[at][index];
      return element;
    });
  }

  get #name(): string {
    return this.#results.settings.name;
  }

  /** Calls the function once, with arrays of what is missing. */
  async #compute(
    self: unknown,
    args: readonly unknown[],
    elements: readonly (readonly unknown[])[],
  ): Promise<unknown[]> {
    const { keyer } = this.#results;
    // Each element has the signal of those who wait for it, in place of the caller's.
    const signals = elements.flatMap((element) => findSignals(element, keyer)?.signal ?? []);
    const given = findSignals(args, keyer)?.with(whenAllAre(signals)) ?? [...args];
    for (const position of this.#positions) {
      given[position] = elements.map((element) => element[position]);
    }
    const results = await this.#fn.apply(self, given);
    if (Array.isArray(results) && results.length === elements.length) return results;
    const got = Array.isArray(results) ? `an array of ${results.length}` : typeof results;
    throw new TypeError(
      `${this.#name} must return one result for each of ${elements.length} elements, got ${got}`,
    );
  }
}

/** A signal that is aborted once all of these are. */
function whenAllAre(signals: readonly AbortSignal[]): AbortSignal {
  const controller = new AbortController();
  const look = () => {
    const last = signals.at(-1);
    if (signals.every(({ aborted }) => aborted)) controller.abort(last?.reason);
  };
  for (const signal of signals) signal.addEventListener("abort", look, { once: true });
  look();
  return controller.signal;
}

/** One call's missing elements, computed together once it is known which they are. */
class BatchRun {
  readonly #compute: (elements: readonly (readonly unknown[])[]) => Promise<unknown[]>;
  readonly #missing: Missing[] = [];
  /** Calls of which it is known that they need not be computed here. */
  readonly #known = new Set<AskedCall>();
  readonly #total: number;

  constructor(
    total: number,
    compute: (elements: readonly (readonly unknown[])[]) => Promise<unknown[]>,
  ) {
    this.#total = total;
    this.#compute = compute;
  }

  /** Adds an element; resolves to its result once all are computed. */
  missing(args: readonly unknown[], position: number): Promise<unknown> {
    const result = Promise.withResolvers<unknown>();
    this.#missing.push({ args, position, result });
    this.#start();
    return result.promise;
  }

  /** Takes note that a call is answered, or waits for another. */
  known(call: AskedCall): void {
    this.#known.add(call);
    this.#start();
  }

  /** Takes note of how a call ended. */
  async settle(answer: Promise<unknown>, call: AskedCall): Promise<unknown> {
    try {
      return await answer;
    } finally {
      this.known(call);
    }
  }

  #start(): void {
    if (this.#missing.length === 0) return;
    if (this.#missing.length + this.#known.size < this.#total) return;
    // Those that waited for others in vain come later, and are computed then.
    // Which is found out first, a store decides.
    const missing = this.#missing.splice(0).sort((a, b) => a.position - b.position);
    this.#compute(missing.map(({ args }) => args)).then(
      (results) => missing.forEach(({ result }, index) => result.resolve(results[index])),
      (error) => missing.forEach(({ result }) => result.reject(error)),
    );
  }
}
