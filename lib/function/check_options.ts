/** The check of options that names every mistake. */

import type { AnyFunction } from "../key/mod.ts";
import { momentOf } from "../units.ts";
import { unknownOption } from "../unknown_option.ts";
import { MODES } from "./mode.ts";

/** Says whether a value fits an option, and how to word what fits. */
export interface Rule {
  /** Whether it fits. */
  readonly fits: (value: unknown) => boolean;
  /** What fits, in words. */
  readonly expected: string;
}

const isString = (value: unknown) => typeof value === "string";
export const isFunction = (value: unknown) => typeof value === "function";
/** Of an `async` function the answer would come too late: a promise is no answer. */
export const answersAtOnce = (value: unknown) => isFunction(value) && !isAsyncFunction(value);
const isBoolean = (value: unknown) => typeof value === "boolean";
const isDuration = (value: unknown) => isString(value) || typeof value === "number";
export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
const hasOnly = (value: object, names: readonly string[]) =>
  Object.keys(value).every((name) => names.includes(name));
const isStrings = (value: unknown) => Array.isArray(value) && value.every(isString);
const optional = (value: unknown, fits: (value: unknown) => boolean) =>
  value === undefined || fits(value);
export const has = (value: object, names: readonly string[]) =>
  names.every((name) => isFunction(Reflect.get(value, name)));

/** At least one of the names, and no others. */
const hasSome = (value: object, names: readonly string[]) =>
  hasOnly(value, names) && Object.values(value).some((each) => each !== undefined);

/** What is a duration. */
export const DURATION: Rule = {
  fits: isDuration,
  expected: 'milliseconds or a string such as "90s", "15m" or "7d"',
};

/** What fits options, by their names. */
export type Rules = Readonly<Record<string, Rule>>;

const RULES: Rules = {
  name: { fits: (value) => isString(value) && value !== "", expected: "a non-empty string" },
  version: {
    fits: (value) => isString(value) || Number.isFinite(value),
    expected: "a string or a finite number",
  },
  closure: { fits: answersAtOnce, expected: "a function that returns the closed-over values" },
  ignore: { fits: isStrings, expected: "an array of parameter names" },
  key: {
    fits: (value) =>
      answersAtOnce(value) || (isObject(value) && Object.values(value).every(answersAtOnce)),
    expected: "an object of functions by parameter name, or one function of all arguments",
  },
  ttl: {
    fits: (value) => isDuration(value) || answersAtOnce(value) || momentOf(value) !== undefined,
    expected: `${DURATION.expected}, a Date, or a function of the result and the arguments`,
  },
  staleWhileRevalidate: DURATION,
  staleIfError: DURATION,
  minDuration: DURATION,
  validate: { fits: answersAtOnce, expected: "a function of an entry, such as expiresAfter(ttl)" },
  accept: { fits: answersAtOnce, expected: "a function of the result and the arguments" },
  errors: {
    fits: (value) =>
      isBoolean(value) ||
      (isObject(value) && hasOnly(value, ["ttl", "when"]) &&
        optional(Reflect.get(value, "ttl"), isDuration) &&
        optional(Reflect.get(value, "when"), answersAtOnce)),
    expected: "true, false or { ttl, when }",
  },
  tags: {
    fits: (value) => isStrings(value) || answersAtOnce(value),
    expected: "an array of strings, or a function of the result and the arguments",
  },
  timeout: {
    fits: (value) =>
      isDuration(value) ||
      (isObject(value) && hasSome(value, ["soft", "hard"]) &&
        Object.values(value).every((limit) => optional(limit, isDuration))),
    expected: "a duration, or { soft, hard } with one duration or both",
  },
  mode: {
    fits: (value) => isString(value) && MODES.includes(value as string),
    expected: `one of ${MODES.map((mode) => JSON.stringify(mode)).join(", ")}`,
  },
  classes: {
    fits: (value) => isObject(value) && Object.values(value).every(isClassCodec),
    expected: "an object of { class, encode, decode } by name",
  },
  unordered: { fits: isBoolean, expected: "true or false" },
  clone: {
    fits: (value) => isBoolean(value) || answersAtOnce(value),
    expected: "true, false or a function that copies a result",
  },
  expiry: {
    fits: (value) => value === "replace" || value === "append",
    expected: '"replace" or "append"',
  },
  serializer: {
    fits: (value) =>
      isObject(value) && has(value, ["encode", "decode"]) &&
      answersAtOnce(Reflect.get(value, "decode")),
    expected: "an object with the functions encode and decode, of which decode is not async",
  },
  compress: { fits: isBoolean, expected: "true or false" },
  lease: {
    fits: (value) => isDuration(value) || value === false,
    expected: `${DURATION.expected}, or false`,
  },
  code: {
    fits: (value) => isString(value) && value !== "",
    expected: '"source", "ignore" or a fingerprint of your own',
  },
  freeVariables: {
    fits: (value) => ["warn", "error", "ignore"].includes(value as string),
    expected: '"warn", "error" or "ignore"',
  },
  outFiles: { fits: isStrings, expected: "an array of parameter names" },
  attributes: {
    fits: (value) => isStrings(value) || answersAtOnce(value),
    expected: "an array of property names, or a function of this",
  },
  persistent: { fits: isBoolean, expected: "true or false" },
  batch: { fits: isStrings, expected: "an array of parameter names" },
  onEvent: { fits: isFunction, expected: "a function" },
  maxEntries: {
    fits: (value) => Number.isSafeInteger(value) && (value as number) > 0,
    expected: "a positive integer",
  },
  maxAge: DURATION,
  maxBytes: { fits: isDuration, expected: 'bytes or a string such as "64MiB" or "500kB"' },
  store: {
    fits: (value) =>
      isObject(value) && has(value, ["get", "set", "delete", "list"]) &&
      isObject(Reflect.get(value, "supports")),
    expected: "an open Store, such as await fsStore(path) or memoryStore()",
  },
  namespace: {
    fits: (value) => isString(value) && value !== "" && !(value as string).includes("/"),
    expected: "a non-empty string without a slash",
  },
  kind: {
    fits: (value) => value === "value" || value === "error",
    expected: '"value" or "error"',
  },
  tag: { fits: isString, expected: "a string" },
  expired: { fits: isBoolean, expected: "true or false" },
  where: { fits: answersAtOnce, expected: "a function of an entry" },
  generations: {
    fits: (value) => value === "all" || value === "latest",
    expected: '"all" or "latest"',
  },
  at: {
    fits: (value) => Number.isFinite(value) || momentOf(value) !== undefined,
    expected: "a Date or milliseconds since the epoch",
  },
};

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
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
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
  if (/^class\b/.test(Function.prototype.toString.call(fn))) {
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
export function checkRepeatable(verb: string, fn: AnyFunction): void {
  if (!Object.prototype.toString.call(fn).endsWith("GeneratorFunction]")) return;
  throw new TypeError(
    `${verb} takes a function, received the generator function ${fn.name}, whose results can be ` +
      "read only once; wrap a function that returns an array",
  );
}

/** Whether a value is an `async` function. */
export function isAsyncFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}

function isClassCodec(value: unknown): boolean {
  return isObject(value) && has(value, ["class", "encode", "decode"]);
}

/** A value in the words of a message. */
export function word(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (isAsyncFunction(value)) return "an async function, whose answer would come too late";
  if (typeof value === "function") return "a function";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
