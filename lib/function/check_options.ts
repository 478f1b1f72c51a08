/** The check of options that names every mistake. */

import type { AnyFunction } from "../key/mod.ts";
import { unknownOption } from "../unknown_option.ts";
import {
  isAsyncFunction,
  isClass,
  isGeneratorFunction,
  isObject,
  isRecord,
  isString,
  RULES,
  type Rules,
} from "./option_rules.ts";

/** What other libraries call the same. */
const ALIASES: Readonly<Record<string, string>> = {
  maxAge: "ttl",
  expires: "ttl",
  max: "maxEntries",
  maxSize: "maxEntries",
  deps: "closure",
  swr: "staleWhileRevalidate",
  grace: "staleIfError",
  shouldCache: "accept",
  cacheErrors: "errors",
};

/** Names of the options that every cached function takes. */
const FUNCTION_OPTIONS = [
  "name",
  "version",
  "closure",
  "ignore",
  "key",
  "ttl",
  "staleWhileRevalidate",
  "staleIfError",
  "validate",
  "accept",
  "minDuration",
  "errors",
  "tags",
  "timeout",
  "mode",
  "classes",
  "unordered",
  "code",
  "freeVariables",
  "onEvent",
] as const;

/** Names of the options of `cache`. */
export const MEMORY_OPTIONS: readonly string[] = [...FUNCTION_OPTIONS, "clone"];

/** Names of the options of `lruCache`. */
export const LRU_OPTIONS: readonly string[] = [...MEMORY_OPTIONS, "maxEntries", "maxBytes"];

/** Names of the options of `persistentCache`. */
export const PERSISTENT_OPTIONS: readonly string[] = [
  ...FUNCTION_OPTIONS,
  "outFiles",
  "batch",
  "expiry",
  "serializer",
  "compress",
  "lease",
];

/** Options that say what one function is, and so cannot be a default of many. */
const OF_ONE_FUNCTION: readonly string[] = ["name", "closure", "key", "code", "outFiles", "batch"];

/** Names of the options that a cache takes as defaults of its functions. */
export const DEFAULT_OPTIONS: readonly string[] = [
  ...new Set([...LRU_OPTIONS, ...PERSISTENT_OPTIONS]),
].filter((name) => !OF_ONE_FUNCTION.includes(name));

/** Names of the options of `prune`. */
export const PRUNE_OPTIONS: readonly string[] = ["maxAge", "maxEntries", "maxBytes"];

/** Names of the options of `createCache`. */
export const CREATE_OPTIONS: readonly string[] = ["store", "namespace", ...DEFAULT_OPTIONS];

/** Names in a filter of entries in memory. */
const FILTER: readonly string[] = ["kind", "tag", "expired", "where"];
/** Names in a filter of stored entries. */
const STORED_FILTER: readonly string[] = [...FILTER, "generations"];

/** Options that one verb takes and others do not, for messages. */
const TAKERS: Readonly<Record<string, readonly string[]>> = {
  cache: MEMORY_OPTIONS,
  lruCache: LRU_OPTIONS,
  persistentCache: PERSISTENT_OPTIONS,
  createCache: CREATE_OPTIONS,
};

/**
 * Checks an options object.
 *
 * @param verb The function that was called, for messages.
 * @param options What it was given.
 * @param known The options that it takes.
 * @param rules What fits them.
 * @throws {TypeError} It is not an object, has an unknown option, or one of the wrong type.
 */
export function checkOptions(
  verb: string,
  options: unknown,
  known: readonly string[],
  rules: Rules = RULES,
): void {
  if (!isRecord(options)) {
    throw new TypeError(`The options of ${verb} must be an object, received ${word(options)}`);
  }
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) {
      throw optionOfOthers(verb, option, known) ??
        unknownOption(verb, option, known, ALIASES[option]);
    }
    const rule = rules[option];
    if (value !== undefined && !rule.fits(value)) {
      throw new TypeError(
        `Option ${JSON.stringify(option)} of ${verb} must be ${rule.expected}, ` +
          `received ${word(value)}`,
      );
    }
  }
}

/** The error for an option that other ways to cache functions have; `undefined` for any other. */
function optionOfOthers(
  verb: string,
  option: string,
  known: readonly string[],
): TypeError | undefined {
  if (!known.includes("ttl") || known.includes(ALIASES[option])) return undefined;
  const others = Object.keys(TAKERS).filter((other) => TAKERS[other].includes(option));
  if (others.length === 0) return undefined;
  return new TypeError(
    `Unknown option ${JSON.stringify(option)} of ${verb}: that is one of ${others.join(", ")}; ` +
      `it takes ${known.join(", ")}`,
  );
}

/**
 * Checks a filter of entries, if there is one.
 *
 * @param stored Whether they are in a store.
 * @throws {TypeError} It is no filter.
 */
export function checkFilter(verb: string, filter: unknown, stored: boolean): void {
  if (filter !== undefined) checkOptions(verb, filter, stored ? STORED_FILTER : FILTER);
}

/**
 * Checks what `get` is asked for.
 *
 * @param stored Whether the entries are in a store.
 * @throws {TypeError} It has neither a key nor arguments, or both.
 */
export function checkQuery(query: unknown, stored: boolean): void {
  const { key, args, ...rest } = Object(query) as { key?: unknown; args?: unknown };
  const isOne = key === undefined ? Array.isArray(args) : isString(key) && args === undefined;
  if (!isObject(query) || !isOne) {
    throw new TypeError(
      "get takes the key of a call or its arguments, such as get({ key }) or get({ args: [1] }), " +
        "received " +
        (isObject(query) && key !== undefined ? `{ key: ${word(key)} }` : word(query)),
    );
  }
  // Its key is no option of a function, which has other rules.
  checkOptions("get", rest, stored ? ["key", "args", "at"] : ["key", "args"]);
}

/**
 * Checks what is given as the key of a call.
 *
 * @throws {TypeError} It cannot be one.
 */
export function checkKey(verb: string, key: unknown): void {
  if (isString(key) && /^[0-9a-f]{64}$/.test(key as string)) return;
  throw new TypeError(
    `${verb} takes the key of a call, 64 hexadecimal digits as key() gives them, received ${
      word(key)
    }`,
  );
}

/**
 * Checks tags.
 *
 * @returns Those given, also in arrays.
 * @throws {TypeError} One is no string.
 */
export function checkTags(verb: string, tags: readonly unknown[]): string[] {
  const all = tags.flat();
  const wrong = all.find((tag) => !isString(tag));
  if (all.every(isString)) return all as string[];
  throw new TypeError(`${verb} takes tags, which are strings, received ${word(wrong)}`);
}

/**
 * Checks that there is a function to wrap.
 *
 * @throws {TypeError} There is something else.
 */
export function checkFunction(verb: string, fn: unknown): void {
  if (typeof fn !== "function") {
    throw new TypeError(`${verb} takes a function, received ${word(fn)}`);
  }
  if (isClass(fn)) {
    throw new TypeError(
      `${verb} takes a function, received the class ${fn.name}; wrap a function that makes one`,
    );
  }
}

/**
 * Checks that the results of a function can be handed out more than once.
 *
 * @throws {TypeError} It is a generator function.
 */
export function checkRepeatable(fn: AnyFunction): void {
  if (!isGeneratorFunction(fn)) return;
  throw new TypeError(
    `The generator function ${fn.name} can be read only once; wrap a function that returns an array`,
  );
}

/** A value in the words of a message. */
export function word(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") {
    const [, kind] = /^\[object (.+)\]$/.exec(Object.prototype.toString.call(value))!;
    return kind === "Object" ? "an object" : `an object (${kind})`;
  }
  if (isAsyncFunction(value)) return "an async function, whose answer would come too late";
  if (isGeneratorFunction(value)) return "a generator function";
  if (typeof value === "function") return isClass(value) ? "a class" : "a function";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
