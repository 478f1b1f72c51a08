import { createCache } from "../../lib/function/create_cache.ts";
import { cache, lruCache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";

/** Types are no help to a caller from JavaScript, so they are put aside here. */
// deno-lint-ignore no-explicit-any
type Untyped = (...args: any[]) => any;
type ErrorClass = typeof TypeError | typeof RangeError;

const store = memoryStore();
const deja = createCache({ store });
const plain = (a: number[], b: number[], path: string) => [a, b, path];
// deno-lint-ignore require-yield
const generator = function* (a: number[]): Generator<number> {
  return a;
};
const asyncGenerator = async function* (path: string): AsyncGenerator<string> {
  yield await Promise.resolve(path);
};

/** Every verb that takes these options, as a call of it with options and a function. */
const VERBS: Readonly<Record<string, (options: object, fn: Untyped) => unknown>> = {
  cache: (options, fn) => cache(fn, options),
  lruCache: (options, fn) => lruCache({ maxEntries: 1, ...options }, fn),
  "createCache().persistent": (options, fn) => deja.persistent("f", fn, options),
  "createCache(options).persistent": (options, fn) =>
    createCache({ store, ...options }).persistent("f", fn),
};

const EVERYWHERE = Object.keys(VERBS);
const [CACHE, LRU, PERSISTENT, DEFAULTS] = EVERYWHERE;
const IN_MEMORY = [CACHE, LRU];

interface Row {
  readonly options: object;
  readonly type?: ErrorClass;
  readonly message: RegExp;
  readonly verbs?: readonly string[];
  readonly fn?: Untyped;
}

const late = async () => await Promise.resolve(true);

const CONTRADICTIONS: readonly Row[] = [
  { options: { staleWhileRevalidate: "1m" }, message: /^staleWhileRevalidate needs ttl/ },
  { options: { staleIfError: "1m" }, message: /^staleIfError needs ttl/ },
  { options: { staleIfError: "1m", ttl: Infinity }, message: /^staleIfError needs ttl/ },
  {
    options: { timeout: { soft: "1s" } },
    message: /^timeout\.soft needs staleIfError or staleWhileRevalidate/,
  },
  {
    options: { ttl: 1, staleIfError: 1, timeout: { soft: "2s", hard: "1s" } },
    type: RangeError,
    message: /^timeout\.soft must be less than timeout\.hard/,
  },
  {
    options: { minDuration: "2s", timeout: "1s" },
    type: RangeError,
    message: /^minDuration must be less than timeout\.hard/,
  },
  {
    options: { maxEntries: 0 },
    verbs: [LRU, DEFAULTS],
    message: /^Option "maxEntries" of \w+ must/,
  },
  {
    options: { expiry: "append", maxEntries: 0 },
    verbs: [PERSISTENT],
    message: /^Unknown option "maxEntries" of persistent/,
  },
  {
    options: { expiry: "append", maxEntries: 0 },
    verbs: [DEFAULTS],
    message: /^Option "maxEntries" of createCache must be a positive integer, received 0/,
  },
  { options: { expiry: "append" }, verbs: IN_MEMORY, message: /^Unknown option "expiry"/ },
  { options: { outFiles: ["path"] }, verbs: IN_MEMORY, message: /^Unknown option "outFiles"/ },
  { options: { batch: ["a"] }, verbs: IN_MEMORY, message: /^Unknown option "batch"/ },
  { options: { maxEntries: 1 }, verbs: [CACHE], message: /^Unknown option "maxEntries"/ },
  { options: { clone: true }, verbs: [PERSISTENT], message: /^Unknown option "clone"/ },
  { options: { batch: ["a"] }, verbs: [DEFAULTS], message: /^Unknown option "batch"/ },
  {
    options: { batch: ["a"], outFiles: ["path"] },
    verbs: [PERSISTENT],
    message: /^outFiles and batch exclude each other/,
  },
  {
    options: { outFiles: ["path"], ttl: "1m", staleWhileRevalidate: "1m" },
    verbs: [PERSISTENT],
    message: /^outFiles does not go with staleWhileRevalidate/,
  },
  {
    options: { outFiles: ["path"], ttl: "1m", staleIfError: "1m", timeout: { soft: 5 } },
    verbs: [PERSISTENT],
    message: /^outFiles does not go with timeout\.soft/,
  },
  {
    options: { batch: ["a"], outFiles: ["a"] },
    verbs: [PERSISTENT],
    message: /^outFiles and batch exclude each other/,
  },
  {
    options: { batch: ["a"], ignore: ["a"] },
    verbs: [PERSISTENT],
    message: /^"a" stands both in batch and in ignore/,
  },
  { options: { batch: ["a", "a"] }, verbs: [PERSISTENT], message: /^batch names "a" twice/ },
  {
    options: { outFiles: ["path", "path"] },
    verbs: [PERSISTENT],
    message: /^outFiles names "path" twice/,
  },
  {
    options: { outFiles: ["path"], key: { path: (path: string) => path } },
    verbs: [PERSISTENT],
    message: /^"path" stands both in outFiles and in key/,
  },
  {
    options: { ignore: ["a"], key: { a: (a: number[]) => a } },
    verbs: [CACHE, LRU, PERSISTENT],
    message: /^"a" stands both in ignore and in key/,
  },
  {
    options: { ignore: ["a"], key: (a: number[]) => a },
    verbs: [CACHE, LRU, PERSISTENT],
    message: /^ignore does not go with a key of all arguments/,
  },
  {
    options: { outFiles: ["path"], ignore: ["a", "path"] },
    verbs: [PERSISTENT],
    message: /^"path" stands both in outFiles and in ignore/,
  },
  {
    options: { timeout: {} },
    message: /^Option "timeout" of \w+ must be a duration, or \{ soft, hard \} with one/,
  },
  {
    options: { timeout: { soft: undefined } },
    message: /^Option "timeout" of \w+ must be a duration/,
  },
  {
    options: { clone: true },
    verbs: [PERSISTENT],
    message: /"clone" of \w+: that is one of cache, lruCache, createCache; it takes name, version/,
  },
  { options: { TTL: 1 }, message: /^Unknown option "TTL" of \w+: did you mean "ttl"\?$/ },
  {
    options: { batch: ["a"] },
    verbs: [PERSISTENT],
    fn: generator,
    message: /^batch does not go with a generator function/,
  },
  {
    options: { outFiles: ["path"] },
    verbs: [PERSISTENT],
    fn: asyncGenerator,
    message: /^outFiles does not go with a generator function/,
  },
  ...Object.entries({
    closure: late,
    key: late,
    ttl: late,
    validate: late,
    accept: late,
    tags: late,
  }).map(([option, value]): Row => ({
    options: { [option]: value },
    verbs: [CACHE, LRU, PERSISTENT],
    message: new RegExp(`^Option "${option}" of \\w+ must be .+ received an async function`),
  })),
  {
    options: { errors: { when: late } },
    message: /^Option "errors" of \w+ must be true, false or \{ ttl, when \}/,
  },
  { options: { key: { a: late } }, verbs: [CACHE, LRU, PERSISTENT], message: /^Option "key" of/ },
  { options: { clone: late }, verbs: IN_MEMORY, message: /^Option "clone" of \w+ must be/ },
  {
    options: { serializer: { encode: () => new Uint8Array(), decode: late } },
    verbs: [PERSISTENT, DEFAULTS],
    message: /^Option "serializer" of \w+ must be .+ decode is not async/,
  },
];

for (
  const { options, message, type = TypeError, verbs = EVERYWHERE, fn = plain } of CONTRADICTIONS
) {
  const words = JSON.stringify(
    options,
    (_, value) => typeof value === "function" ? `${value.name || "a"} function` : value,
  );
  for (const verb of verbs) {
    test(`${verb} refuses ${words} of ${fn.name} when it wraps`, () => {
      assert.throws(() => VERBS[verb](options, fn), type, message);
    });
  }
}
