import type { CacheStats } from "../../lib/function/events.ts";
import type { MemoryCacheStats } from "../../lib/function/cached_function.ts";
import { createCache, persistentCache } from "../../lib/function/create_cache.ts";
import { cached } from "../../lib/function/decorators/mod.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";

/** Whether two types are the same, and not merely assignable. */
type Same<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true
  : false;

/** Compiles where `T` is `true`; the argument fixes what is spoken about. */
function holds<T extends true>(..._about: unknown[]): T | void {}

/** Type-checked, and never run. */
function compiled(_body: () => unknown): void {}

const join = (text: string, count = 1, ...more: boolean[]) => `${text}${count}${more}`;
const load = async (url: URL, init?: { retries: number }) => (await Promise.resolve(url), init);
const first = <T>(list: readonly T[]): T | undefined => list[0];
const firstLater = async <T>(list: readonly T[]): Promise<T | undefined> => await list[0];

test("cache() and lruCache() keep parameters, result and type parameters", () => {
  const { cache: madeCache, lru } = createCache({ store: memoryStore() });
  const small = { maxEntries: 2 };
  for (
    const wrapped of [
      cache(join),
      cache({ ttl: "1m" })(join),
      lruCache(small, join),
      lruCache(small)(join),
      madeCache(join),
      lru(small, join),
    ]
  ) {
    const text: string = wrapped("a", 2, true);
    assert.equal(text, join("a", 2, true));
    holds<Same<Parameters<typeof wrapped>, Parameters<typeof join>>>();
    holds<Same<ReturnType<typeof wrapped>, string>>();
    compiled(() => {
      // @ts-expect-error: a number is no text.
      wrapped(1);
      // @ts-expect-error: the text is missing.
      wrapped();
    });
  }
  const generic = cache(first);
  const one: number | undefined = generic([1, 2]);
  assert.equal(one, 1);
  const text = generic(["a"]);
  holds<Same<typeof text, string | undefined>>();
});

test("cache() keeps the Promise of an asynchronous function", () => {
  const wrapped = cache(load);
  holds<Same<ReturnType<typeof wrapped>, Promise<{ retries: number } | undefined>>>();
  compiled(async () => {
    await wrapped(new URL("data:,"));
    // @ts-expect-error: a text is no URL.
    await wrapped("data:,");
  });
});

test("the methods of a function cached in memory have its types", () => {
  const wrapped = cache(join);
  holds<Same<ReturnType<typeof wrapped.key>, string>>();
  holds<Same<ReturnType<typeof wrapped.has>, boolean>>();
  holds<Same<ReturnType<typeof wrapped.peek>, string | undefined>>();
  holds<Same<ReturnType<typeof wrapped.refresh>, string>>();
  holds<Same<ReturnType<typeof wrapped.delete>, boolean>>();
  holds<Same<ReturnType<typeof wrapped.clear>, void>>();
  holds<Same<ReturnType<typeof wrapped.stats>, MemoryCacheStats>>();
  holds<Same<typeof wrapped.wrapped, typeof join>>();
  holds<Same<Parameters<typeof wrapped.key>, Parameters<typeof join>>>();
  compiled(() => {
    // @ts-expect-error: a number is no text.
    wrapped.has(1);
    // @ts-expect-error: the original cannot be replaced.
    wrapped.wrapped = join;
  });
  assert.strictEqual(wrapped.wrapped, join);
});

test("persistentCache() gives a Promise of the result, and keeps the parameters", () => {
  const { persistent } = createCache({ store: memoryStore() });
  for (
    const wrapped of [
      persistent("join", join),
      persistent(join),
      persistentCache("join", join, { ttl: 5 }),
      persistentCache(join, { version: 1 }),
    ]
  ) {
    holds<Same<Parameters<typeof wrapped>, Parameters<typeof join>>>();
    holds<Same<ReturnType<typeof wrapped>, Promise<string>>>();
    compiled(async () => {
      const text: string = await wrapped("a", 1, true);
      // @ts-expect-error: it is a Promise.
      const now: string = wrapped("a");
      // @ts-expect-error: a number is no text.
      await wrapped(1);
      return [text, now];
    });
  }
  assert.equal(persistent(join).length, join.length);
});

test("persistentCache() does not wrap a Promise into another", () => {
  const { persistent } = createCache({ store: memoryStore() });
  const wrapped = persistent(load);
  holds<Same<ReturnType<typeof wrapped>, Promise<{ retries: number } | undefined>>>();
  const either = persistent("either", (x: number) => x > 0 ? x : Promise.resolve("late"));
  holds<Same<ReturnType<typeof either>, Promise<string | number>>>();
  const thenable = persistent("thenable", (x: number): PromiseLike<number> => Promise.resolve(x));
  holds<Same<ReturnType<typeof thenable>, Promise<number>>>();
  assert.strictEqual(wrapped.wrapped, load);
});

test("persistentCache() keeps the type parameters of an asynchronous function", async () => {
  const { persistent } = createCache({ store: memoryStore() });
  const wrapped = persistent(firstLater);
  const text = await wrapped(["a"]);
  holds<Same<typeof text, string | undefined>>();
  assert.equal(text, "a");
});

test("the methods of a persistent function give Promises", () => {
  const wrapped = createCache({ store: memoryStore() }).persistent(load);
  type Result = { retries: number } | undefined;
  holds<Same<ReturnType<typeof wrapped.key>, Promise<string>>>();
  holds<Same<ReturnType<typeof wrapped.has>, Promise<boolean>>>();
  holds<Same<ReturnType<typeof wrapped.peek>, Promise<Result>>>();
  holds<Same<ReturnType<typeof wrapped.refresh>, Promise<Result>>>();
  holds<Same<ReturnType<typeof wrapped.delete>, Promise<boolean>>>();
  holds<Same<ReturnType<typeof wrapped.clear>, Promise<void>>>();
  holds<Same<ReturnType<typeof wrapped.stats>, CacheStats>>();
  holds<Same<typeof wrapped.wrapped, typeof load>>();
  compiled(async () => {
    // @ts-expect-error: a text is no URL.
    await wrapped.delete("data:,");
  });
  assert.strictEqual(wrapped.wrapped, load);
});

test("the verbs take no wrong options", () => {
  compiled(() => {
    // @ts-expect-error: there is no such option.
    cache(join, { tttl: 5 });
    // @ts-expect-error: there is no such unit.
    cache(join, { ttl: "5 fortnights" });
    // @ts-expect-error: a bound that is no number.
    lruCache({ maxEntries: "128" }, join);
    // @ts-expect-error: a persistent cache has no bound of its own.
    persistentCache(join, { maxEntries: 5 });
    // @ts-expect-error: not a function.
    cache("join");
    // @ts-expect-error: a name without a function.
    persistentCache("join");
    // @ts-expect-error: a store that is still opening.
    createCache({ store: Promise.resolve(memoryStore()) });
  });
  assert.isFunction(cache);
});

test("persistentCache() promises a result of type never or any", () => {
  const { persistent } = createCache({ store: memoryStore() });
  const fails = persistent("fails", (): never => {
    throw new Error("on purpose");
  });
  holds<Same<ReturnType<typeof fails>, Promise<never>>>(fails);
  // deno-lint-ignore no-explicit-any -- it is what this is about.
  const parsed = persistent("parsed", (text: string): any => JSON.parse(text));
  // deno-lint-ignore no-explicit-any -- as above.
  holds<Same<ReturnType<typeof parsed>, Promise<any>>>(parsed);
  assert.equal(parsed.length, 1);
});

test("cached() that stores takes methods and getters that return promises, and no others", () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "ignore" });
  const stored = { persistent: true, attributes: [] } as const;
  const either: Parameters<typeof deja.cached>[0] = stored;
  class Plane {
    @deja.cached({ ttl: "1m" })
    atOnce(x: number): number {
      return x;
    }

    @deja.cached()
    async inMemory(x: number): Promise<number> {
      return await Promise.resolve(x);
    }

    @deja.cached(stored)
    async later(x: number): Promise<number> {
      return await Promise.resolve(x);
    }

    @deja.cached(either)
    get area(): PromiseLike<number> {
      return Promise.resolve(2);
    }

    // @ts-expect-error: what is stored comes as a Promise.
    @deja.cached(stored)
    text(x: number): string {
      return String(x);
    }

    // @ts-expect-error: as above.
    @cached({ persistent: true })
    get size(): number {
      return 2;
    }

    // @ts-expect-error: the Promise is one of a generator.
    @cached(either)
    async *letters(word: string): AsyncGenerator<string> {
      yield* word;
    }
  }
  assert.isFunction(Plane);
});

test("map() takes no function that one argument is not enough for", async () => {
  const { persistent } = createCache({ store: memoryStore() });
  const add = (a: number, b: number) => a + b;
  const kept = cache(add);
  const stored = persistent("add", add);
  compiled(async () => {
    // @ts-expect-error: the second number is missing.
    await kept.map([1, 2]);
    // @ts-expect-error: as above.
    await stored.map([1, 2]);
    // @ts-expect-error: a number is no text.
    await cache(join).map([1]);
  });
  const { map } = persistent("sum", ({ a, b }: { a: number; b: number }) => a + b);
  assert.deepEqual(await map([{ a: 1, b: 2 }]), [3]);
  assert.deepEqual(await cache(join).map(["a"]), ["a1"]);
  assert.deepEqual(await cache((...all: number[]) => all.length).map([5]), [1]);
  assert.deepEqual(await persistent(first).map([[1], ["a"]]), [1, "a"]);
  // deno-lint-ignore no-explicit-any -- it is what this is about.
  const unknown: any = cache((x: number) => x);
  const typed: ReturnType<typeof cache<(...args: never[]) => number>> = unknown;
  assert.deepEqual(await typed.map([]), []);
});

test("an option that may be undefined is one, and leaves the default", async () => {
  const ttl = undefined as "1h" | undefined;
  const retries = undefined as number | undefined;
  const deja = createCache({ store: undefined, namespace: undefined, ttl, tags: undefined });
  const inMemory = deja.cache(join, { ttl, key: undefined, onEvent: undefined, clone: undefined });
  assert.equal(inMemory("a"), "a1");
  assert.deepEqual(await inMemory.map(["a"], { signal: undefined, retry: retries }), ["a1"]);
  const { persistent } = createCache({ store: memoryStore(), ttl: "1h" });
  const stored = persistent("join", join, { ttl, lease: undefined, batch: undefined });
  assert.equal(await stored("a"), "a1");
  const entry = await stored.get({ args: ["a"] });
  assert.isBelow(entry?.expires ?? Infinity, Infinity, "the default of its cache holds");
});
