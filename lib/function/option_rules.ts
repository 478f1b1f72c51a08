/** What fits the options of the function layer, one by one. */

import { momentOf } from "../units.ts";
import { MODES } from "./mode.ts";

/** Says whether a value fits an option, and how to word what fits. */
export interface Rule {
  /** Whether it fits. */
  readonly fits: (value: unknown) => boolean;
  /** What fits, in words. */
  readonly expected: string;
}

/** Whether it is a string. */
export const isString = (value: unknown) => typeof value === "string";
/** A class cannot be called, and what a generator function gives is no answer. */
export const isFunction = (value: unknown) =>
  typeof value === "function" && !isClass(value) && !isGeneratorFunction(value);
/** Of an `async` function the answer would come too late: a promise is no answer. */
export const answersAtOnce = (value: unknown) => isFunction(value) && !isAsyncFunction(value);
const isBoolean = (value: unknown) => typeof value === "boolean";
const isDuration = (value: unknown) => isString(value) || typeof value === "number";
export const isObject = (value: unknown): value is object =>
  typeof value === "object" && value !== null && !Array.isArray(value);
/** An object whose properties say something: a `Date` or a `Map` has none that count. */
export const isRecord = (value: unknown): value is object =>
  isObject(value) &&
  (Object.keys(value).length > 0 || Object.prototype.toString.call(value) === "[object Object]");
const hasOnly = (value: object, names: readonly string[]) =>
  Object.keys(value).every((name) => names.includes(name));
const isStrings = (value: unknown) => Array.isArray(value) && value.every(isString);
const optional = (value: unknown, fits: (value: unknown) => boolean) =>
  value === undefined || fits(value);
export const has = (value: object, names: readonly string[]) =>
  names.every((name) => typeof Reflect.get(value, name) === "function");

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

/** What fits the options of the function layer. */
export const RULES: Rules = {
  name: { fits: (value) => isString(value) && value !== "", expected: "a non-empty string" },
  version: {
    fits: (value) => isString(value) || Number.isFinite(value),
    expected: "a string or a finite number",
  },
  closure: { fits: answersAtOnce, expected: "a function that returns the closed-over values" },
  ignore: { fits: isStrings, expected: "an array of parameter names" },
  key: {
    fits: (value) =>
      answersAtOnce(value) || (isRecord(value) && Object.values(value).every(answersAtOnce)),
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
      (isRecord(value) && hasOnly(value, ["ttl", "when"]) &&
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
    fits: (value) => isRecord(value) && Object.values(value).every(isClassCodec),
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
  shared: { fits: isBoolean, expected: "true or false" },
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

/** Whether a value is a class. */
export function isClass(fn: unknown): boolean {
  return /^class\b/.test(Function.prototype.toString.call(fn));
}

/** Whether a value is a generator function, asynchronous or not. */
export function isGeneratorFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value).endsWith("GeneratorFunction]");
}

/** Whether a value is an `async` function. */
export function isAsyncFunction(value: unknown): boolean {
  return Object.prototype.toString.call(value) === "[object AsyncFunction]";
}

/** Whether a value is a class. */
export function isClassCodec(value: unknown): boolean {
  return isObject(value) && has(value, ["class", "encode", "decode"]);
}
