/** The options of a cached function: their types, and the check that names every mistake. */

import { closestMatch } from "leven";
import type { AnyFunction, CodeOption, KeyOption } from "../key/mod.ts";
import { type Duration, milliseconds } from "./duration.ts";
import type { CacheListener } from "./events.ts";

/** Options of {@linkcode cache}. */
export interface CacheOptions {
  /** Name of the function in keys and events; its own name unless given. */
  readonly name?: string;
  /** A part of the key: change it to leave all earlier results behind. */
  readonly version?: string | number;
  /**
   * Gives the closed-over values that the result depends on, such as `() => ({ rate, helper })`.
   * Asked at each call. Functions among them are keyed on by their code.
   */
  readonly closure?: () => unknown;
  /**
   * Names of parameters that are left out of the key; `"options.verbose"` is a property of one, and
   * what a destructured parameter is taken apart into has its own names.
   */
  readonly ignore?: readonly string[];
  /**
   * What parameters are keyed on instead of themselves, by their names as in `ignore`, such as
   * `{ file: (file) => file.etag }`; a function may return {@linkcode OMIT} to leave its parameter
   * out. Or one function of all arguments, whose result is then the key.
   */
  readonly key?: KeyOption;
  /**
   * How long a result counts, from the moment it was computed: milliseconds, or a string such as
   * `"90s"`, `"15m"` or `"7d"`. For ever unless given.
   */
  readonly ttl?: Duration;
  /**
   * Where the code part of the key comes from: `"source"`, the function's own source without
   * comments, layout and quote style (the default); `"ignore"`, nowhere, so that edits keep the
   * results; any other string, itself, as a fingerprint of your own.
   */
  readonly code?: CodeOption;
  /** Hears of every hit, miss, join and problem. */
  readonly onEvent?: CacheListener;
}

/** Options of {@linkcode lruCache}. */
export interface LruCacheOptions extends CacheOptions {
  /** Most results to keep, a positive integer; the one left unused the longest makes room. */
  readonly maxEntries: number;
}

/** Options after the check, with every default filled in. */
export interface Settings {
  readonly name: string;
  readonly version: string | number | undefined;
  readonly closure: (() => unknown) | undefined;
  readonly ignore: readonly string[];
  readonly key: KeyOption | undefined;
  /** Milliseconds, or `Infinity`. */
  readonly ttl: number;
  readonly code: CodeOption;
  readonly onEvent: CacheListener | undefined;
}

/** Says whether a value fits an option, and how to word what fits. */
interface Rule {
  readonly fits: (value: unknown) => boolean;
  readonly expected: string;
}

const isString = (value: unknown) => typeof value === "string";
const isFunction = (value: unknown) => typeof value === "function";

const RULES: Readonly<Record<string, Rule>> = {
  name: { fits: (value) => isString(value) && value !== "", expected: "a non-empty string" },
  version: {
    fits: (value) => isString(value) || Number.isFinite(value),
    expected: "a string or a finite number",
  },
  closure: { fits: isFunction, expected: "a function that returns the closed-over values" },
  ignore: {
    fits: (value) => Array.isArray(value) && value.every(isString),
    expected: "an array of parameter names",
  },
  key: {
    fits: (value) =>
      isFunction(value) ||
      (typeof value === "object" && value !== null && Object.values(value).every(isFunction)),
    expected: "an object of functions by parameter name, or one function of all arguments",
  },
  ttl: {
    fits: (value) => isString(value) || typeof value === "number",
    expected: 'milliseconds or a string such as "90s", "15m" or "7d"',
  },
  code: {
    fits: (value) => isString(value) && value !== "",
    expected: '"source", "ignore" or a fingerprint of your own',
  },
  onEvent: { fits: isFunction, expected: "a function" },
  maxEntries: {
    fits: (value) => Number.isSafeInteger(value) && (value as number) > 0,
    expected: "a positive integer",
  },
  store: {
    fits: (value) =>
      typeof value === "object" && value !== null &&
      ["get", "set", "delete", "list"].every((verb) => isFunction(Reflect.get(value, verb))),
    expected: "an open Store, such as await fsStore(path) or memoryStore()",
  },
  namespace: {
    fits: (value) => isString(value) && value !== "" && !(value as string).includes("/"),
    expected: "a non-empty string without a slash",
  },
};

/** What other libraries call the same. */
const ALIASES: Readonly<Record<string, string>> = {
  maxAge: "ttl",
  expires: "ttl",
  max: "maxEntries",
  maxSize: "maxEntries",
  deps: "closure",
};

/** Names of the options that every cached function takes. */
export const FUNCTION_OPTIONS = [
  "name",
  "version",
  "closure",
  "ignore",
  "key",
  "ttl",
  "code",
  "onEvent",
] as const;

/** Names of the options of {@linkcode lruCache}. */
export const LRU_OPTIONS: readonly string[] = [...FUNCTION_OPTIONS, "maxEntries"];

/**
 * Checks an options object.
 *
 * @param verb The function that was called, for messages.
 * @param options What it was given.
 * @param known The options that it takes.
 * @throws {TypeError} It is not an object, has an unknown option, or one of the wrong type.
 */
export function checkOptions(verb: string, options: unknown, known: readonly string[]): void {
  if (typeof options !== "object" || options === null || Array.isArray(options)) {
    throw new TypeError(`The options of ${verb} must be an object, received ${word(options)}`);
  }
  for (const [option, value] of Object.entries(options)) {
    if (!known.includes(option)) {
      const maxDistance = Math.max(2, Math.floor(option.length / 3));
      const nearest = ALIASES[option] ?? closestMatch(option, known, { maxDistance });
      const hint = nearest === undefined || !known.includes(nearest)
        ? `it takes ${known.join(", ")}`
        : `did you mean ${JSON.stringify(nearest)}?`;
      throw new TypeError(`Unknown option ${JSON.stringify(option)} of ${verb}: ${hint}`);
    }
    const rule = RULES[option];
    if (value !== undefined && !rule.fits(value)) {
      throw new TypeError(
        `Option ${JSON.stringify(option)} of ${verb} must be ${rule.expected}, ` +
          `received ${word(value)}`,
      );
    }
  }
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

/** Fills in the defaults of options that were checked. */
export function settingsOf(fn: AnyFunction, options: CacheOptions): Settings {
  return {
    name: options.name ?? fn.name,
    version: options.version,
    closure: options.closure,
    ignore: options.ignore ?? [],
    key: options.key,
    ttl: options.ttl === undefined ? Infinity : milliseconds(options.ttl, "ttl"),
    code: options.code ?? "source",
    onEvent: options.onEvent,
  };
}

function word(value: unknown): string {
  if (value === null) return "null";
  if (Array.isArray(value)) return "an array";
  if (typeof value === "object") return "an object";
  if (typeof value === "function") return "a function";
  return typeof value === "string" ? JSON.stringify(value) : String(value);
}
