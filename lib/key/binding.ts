/**
 * The binding of arguments to parameters: every spelling of one call gives one array, which is what
 * a key is made of.
 *
 * | of a call                                                | in the array                        |
 * |----------------------------------------------------------|-------------------------------------|
 * | an argument                                              | itself                              |
 * | a missing one, or `undefined`                            | its default, if that is a constant  |
 * | one that is taken apart                                  | the properties that are read        |
 * | rest arguments                                           | one array of them                   |
 * | an ignored one                                           | a mark                              |
 * | one that `key` maps                                      | at the end, under its name, if kept |
 * | an `AbortSignal`, also as `signal` in an object          | nothing, as if it were not given    |
 * | one beyond the parameters that the function cannot see   | nothing                             |
 *
 * Signals further inside are left out afterwards, see `signals.ts`.
 *
 * @module
 */

import { OMITTED } from "../codec/internal.ts";
import { blake3Hex } from "../hash/mod.ts";
import type { AttributesOption } from "./attributes.ts";
import type { AnyFunction } from "./function_code.ts";
import { DirectoryInput, FileInput } from "./inputs/inputs.ts";
import { OptionError } from "./option_error.ts";
import { isPruning, type KeyMapper, OMIT, type Selector, selectorsOf } from "./selectors.ts";
import { isPlain, isSignal, withoutSignal } from "./signals.ts";
import type { ObjectPattern, Parameter, Signature } from "./signature.ts";

/** What the options say of the parameters. */
export interface BindingOptions {
  /** Names of the parameters that are left out. */
  readonly ignore: readonly string[];
  /** What some parameters, or all arguments together, are keyed on instead of themselves. */
  readonly key?: KeyOption | undefined;
}

/** What the option `key` takes. */
export type KeyOption =
  | Readonly<Record<string, KeyMapper>>
  // deno-lint-ignore no-explicit-any -- takes the arguments of the function, whatever they are.
  | ((...args: any[]) => unknown);

/** The arguments of a call as they are told of. */
export interface ToldArguments {
  /** The arguments in their places. */
  readonly args: readonly unknown[];
  /** Each part that a key depends on, by a name such as `argument amount` or `attribute size`. */
  readonly parts: ReadonlyMap<string, unknown>;
}

/** A mapper, with the text that stands for its code. */
interface Mapping {
  /** As the caller gave it, but that its failures are named. */
  readonly map: (...args: never[]) => unknown;
  /** Empty where the code does not count. */
  readonly code: string;
}

/** A change inside an argument: a property that is left out, or mapped. */
interface Edit {
  readonly path: readonly string[];
  readonly mapping: Mapping | undefined;
}

/** What becomes of one parameter. */
interface Step {
  readonly parameter: Parameter;
  readonly omitted: boolean;
  /** Set where the whole parameter is mapped. */
  readonly mapped: { readonly name: string; readonly mapping: Mapping } | undefined;
  readonly edits: readonly Edit[];
}

/** Binds the arguments of one function. */
export class Binding {
  readonly #steps: readonly Step[];
  readonly #whole: Mapping | undefined;
  /** Whether the function can see arguments that no parameter takes. */
  readonly #seesAll: boolean;
  readonly #countsArguments: boolean;
  /** Whether arguments are bound as they are, but for defaults and signals, and no others are. */
  readonly #isDirect: boolean;
  /** Names of the parameters in the order of the bound array. */
  readonly #labels: readonly (string | undefined)[];

  /**
   * @param codeOf Gives the text that stands for the code of a mapper.
   * @throws {TypeError} A name is that of no parameter, or stands in both options.
   */
  constructor(
    signature: Signature,
    { ignore, key }: BindingOptions,
    functionName: string,
    codeOf: (fn: AnyFunction) => string,
  ) {
    const mappings = new Map<string, Mapping>();
    if (typeof key === "function") this.#whole = mappingOf(key, "key", functionName, codeOf);
    else {
      for (const name in key) {
        mappings.set(name, mappingOf(key[name], `key.${name}`, functionName, codeOf));
      }
    }
    const both = ignore.find((name) => mappings.has(name));
    if (both !== undefined) {
      throw new TypeError(
        `${JSON.stringify(both)} stands both in ignore and in key; leave one of them out`,
      );
    }
    const ignored = selectorsOf(signature, "ignore", ignore, functionName);
    const mapped = selectorsOf(signature, "key", [...mappings.keys()], functionName);
    this.#seesAll = signature.isOpaque || signature.readsArguments;
    this.#countsArguments = signature.readsArguments;
    // Mostly so, and functions within functions are wrapped again and again.
    const isPlain = ignored.size === 0 && mapped.size === 0 && !signature.readsArguments;
    this.#steps = signature.parameters.map((parameter, index): Step => {
      if (isPlain) return { parameter, omitted: false, mapped: undefined, edits: [] };
      const here = <T>(all: Map<string, Selector>, use: (name: string, at: Selector) => T) =>
        [...all].flatMap(([name, at]) => at.index === index ? [use(name, at)] : []);
      const edits = [
        ...here(ignored, (_, { path }) => ({ path, mapping: undefined })),
        ...here(mapped, (name, { path }) => ({ path, mapping: mappings.get(name) })),
      ];
      const whole = edits.filter(({ path }) => path.length === 0);
      const mapping = whole.find(({ mapping }) => mapping !== undefined)?.mapping;
      return {
        parameter: signature.readsArguments ? { ...parameter, pattern: undefined } : parameter,
        omitted: whole.some(({ mapping }) => mapping === undefined),
        mapped: mapping === undefined ? undefined : { name: parameter.name!, mapping },
        edits: edits.filter(({ path }) => path.length > 0),
      };
    });
    this.#isDirect = !this.#seesAll && this.#steps.every((step) => {
      const { parameter: { rest, pattern }, omitted, mapped, edits } = step;
      return !rest && pattern === undefined && !omitted && mapped === undefined &&
        edits.length === 0;
    });
    this.#labels = this.#steps.filter(({ mapped }) => mapped === undefined)
      .map(({ parameter }) => parameter.name);
  }

  /**
   * Whether the first argument says all that a key says, where it is a primitive and no
   * `undefined`: keys of such calls are equal where it is, and differ from those of other calls.
   */
  get isUnary(): boolean {
    if (this.#whole !== undefined || this.#seesAll || this.#steps.length !== 1) return false;
    const [{ parameter, omitted, mapped }] = this.#steps;
    return !parameter.rest && parameter.fallback === undefined && !omitted && mapped === undefined;
  }

  /**
   * The array that stands for a call with `args`; see the table at the top. It is `args` itself
   * where nothing is left out and nothing filled in.
   */
  bind(args: readonly unknown[]): readonly unknown[] {
    if (this.#whole !== undefined) {
      const { map, code } = this.#whole;
      return [OMITTED, code, map(...this.#given(args) as never[])];
    }
    if (this.#isDirect) return this.#direct(args);
    const bound: unknown[] = [];
    let tail: Record<string, unknown> | undefined;
    let position = 0;
    for (const { parameter, omitted, mapped, edits } of this.#steps) {
      const { rest } = parameter;
      let value = rest
        ? args.slice(position).filter(isNoSignal).map(withoutSignal)
        : args[position];
      position = rest ? args.length : position + 1;
      if (omitted) {
        bound.push(OMITTED);
        continue;
      }
      if (!rest) {
        value = withoutSignal(value);
        if (value === undefined) value = parameter.fallback;
        if (parameter.pattern !== undefined) value = readBy(parameter.pattern, value);
      }
      for (const edit of edits) value = edited(value, edit.path, edit.mapping);
      if (mapped === undefined) bound.push(value);
      else {
        const kept = mappedBy(mapped.mapping, value);
        if (kept !== OMIT) (tail ??= {})[mapped.name] = kept;
      }
    }
    if (this.#seesAll) {
      for (; position < args.length; position++) bound.push(withoutSignal(args[position]));
      if (this.#countsArguments) bound.push(args.length);
    }
    if (tail !== undefined) bound.push(OMITTED, tail);
    return bound;
  }

  /** What the function finds at a place in its arguments: constant defaults count as given. */
  at(args: readonly unknown[], { index, path }: Selector): unknown {
    const { fallback, pattern } = this.#steps[index].parameter;
    let value = args[index] === undefined ? fallback : args[index];
    if (pattern !== undefined) value = readBy(pattern, value);
    for (const name of path) value = (value as Record<string, unknown> | undefined | null)?.[name];
    return value;
  }

  /** Binds as {@linkcode Binding.bind} does where there is little to do, which is mostly so. */
  #direct(args: readonly unknown[]): readonly unknown[] {
    const steps = this.#steps;
    const { length } = steps;
    let kept = 0;
    if (args.length === length) { while (kept < length && isComplete(args[kept])) kept++; }
    // To copy them would take a tenth of the time that the key of a small call does.
    if (kept === length) return args;
    const bound: unknown[] = [];
    for (let i = 0; i < length; i++) {
      const value = withoutSignal(args[i]);
      bound.push(value === undefined ? steps[i].parameter.fallback : value);
    }
    return bound;
  }

  /** The arguments as the function gets them: constant defaults filled in, without signals. */
  #given(args: readonly unknown[]): unknown[] {
    const given: unknown[] = [];
    for (const { parameter: { rest, fallback } } of this.#steps) {
      if (rest) break;
      const value = withoutSignal(args[given.length]);
      given.push(value === undefined ? fallback : value);
    }
    return [...given, ...args.slice(given.length).filter(isNoSignal).map(withoutSignal)];
  }

  /**
   * What a bound array says once it was read back: the arguments in their places, those that `key`
   * maps by what they count as, and by name each part that a key depends on.
   *
   * @param attributes What of the object of a method counts, and stands at the end of the array.
   */
  told(bound: readonly unknown[], attributes: AttributesOption | undefined): ToldArguments {
    const parts = new Map<string, unknown>();
    const left = [...bound];
    if (attributes !== undefined && left.at(-2) === "this") {
      const [, , self] = left.splice(-3);
      if (typeof attributes === "function") parts.set("attributes", self);
      else {
        for (const name of attributes) {
          parts.set(`attribute ${name}`, (self as Record<string, unknown>)[name]);
        }
      }
    }
    if (this.#whole !== undefined) {
      parts.set("key", left.slice(1));
      return { args: left.slice(2), parts };
    }
    const more = left.splice(this.#labels.length);
    const isMapped = this.#labels.length < this.#steps.length && more.length > 1;
    const tail = (isMapped ? more.splice(-2)[1] : undefined) as Record<string, unknown> | undefined;
    if (this.#countsArguments) parts.set("the number of arguments", more.pop());
    const args: unknown[] = [];
    for (const { parameter, mapped, edits } of this.#steps) {
      const value = mapped === undefined ? left.shift() : tail?.[mapped.name];
      const label = parameter.name ?? String(args.length);
      const inner = parameter.pattern === undefined ? undefined : value;
      if (typeof inner !== "object" || inner === null) parts.set(`argument ${label}`, value);
      else for (const [name, part] of Object.entries(inner)) parts.set(`argument ${name}`, part);
      args.push(
        mapped === undefined
          ? edits.reduce((value, { path, mapping }) => unmapped(value, path, mapping), value)
          : unmappedBy(mapped.mapping, value),
      );
    }
    for (const value of more) parts.set(`argument ${args.push(value) - 1}`, value);
    return { args, parts };
  }

  /** Names what stands at `path` in a bound array in terms of the parameters. */
  describe(path: string): { path: string; parameter: string | undefined } {
    const [, index = "0", rest = ""] = /^\[(\d+)\](.*)$/s.exec(path) ?? [];
    if (this.#whole !== undefined) return { path: `key()${rest}`, parameter: undefined };
    const position = Number(index);
    const parameter = this.#labels[position];
    if (parameter !== undefined) return { path: `${parameter}${rest}`, parameter };
    const inTail = position > this.#labels.length && /^\.([\w$]+)(.*)$/s.exec(rest);
    return inTail
      ? { path: `key.${inTail[1]}()${inTail[2].replace(/^\[1\]/, "")}`, parameter: inTail[1] }
      : { path: `arguments[${index}]${rest}`, parameter: undefined };
  }
}

function mappingOf(
  map: KeyMapper | ((...args: never[]) => unknown),
  option: string,
  functionName: string,
  codeOf: (fn: AnyFunction) => string,
): Mapping {
  return {
    map: (...args) => {
      try {
        const mapped = map(...args as [never]);
        if (mapped !== undefined || args[0] === undefined) return mapped;
        // Most likely a misspelled property, with which all calls would share one result.
        throw new TypeError("it returned undefined, not null or OMIT");
      } catch (error) {
        throw new OptionError(option, functionName, error);
      }
    },
    code: isPruning(map) ? "" : blake3Hex(utf8.encode(codeOf(map))).slice(0, 32),
  };
}

const utf8 = new TextEncoder();

/** What a mapper makes of a value, beside its code: another mapper is another key. */
function mappedBy({ map, code }: Mapping, value: unknown): unknown {
  const mapped = map(value as never);
  return mapped === OMIT || code === "" ? mapped : [code, mapped];
}

/** What {@linkcode mappedBy} made, without the code. */
function unmappedBy({ code }: Mapping, kept: unknown): unknown {
  return code !== "" && Array.isArray(kept) ? kept[1] : kept;
}

/** A copy in which the property at `path` is without the code of its mapper. */
function unmapped(
  value: unknown,
  [name, ...path]: readonly string[],
  mapping: Mapping | undefined,
): unknown {
  if (mapping === undefined || typeof value !== "object" || value === null) return value;
  if (!Object.hasOwn(value, name)) return value;
  const part = (value as Record<string, unknown>)[name];
  const shown = path.length > 0 ? unmapped(part, path, mapping) : unmappedBy(mapping, part);
  return { ...value, [name]: shown };
}

function isNoSignal(value: unknown): boolean {
  return !isSignal(value);
}

/** Whether an argument is given, and has no signal. */
function isComplete(value: unknown): boolean {
  return value !== undefined && withoutSignal(value) === value;
}

/** The properties that a pattern reads of a value, with their defaults, and no others. */
function readBy({ properties, rest }: ObjectPattern, value: unknown): unknown {
  if (typeof value !== "object" || value === null) return value;
  try {
    // What is read of an input is its path, and what the function makes of that is its content.
    if (value instanceof FileInput || value instanceof DirectoryInput) return value;
    const given = value as Record<string, unknown>;
    const read: Record<string, unknown> = rest ? { ...given } : {};
    for (const { key, fallback, pattern } of properties) {
      let part = given[key];
      if (part instanceof AbortSignal) part = undefined;
      if (part === undefined) part = fallback;
      if (pattern !== undefined) part = readBy(pattern, part);
      if (part === undefined) delete read[key];
      else read[key] = part;
    }
    return read;
  } catch {
    // A getter that throws: what makes the key will meet it again, and can tell its path.
    return value;
  }
}

/** A copy of a plain object in which the property at `path` is left out or mapped. */
function edited(
  value: unknown,
  [name, ...path]: readonly string[],
  mapping: Mapping | undefined,
): unknown {
  if (typeof value !== "object" || value === null) return value;
  let part: unknown;
  let others: Record<string, unknown>;
  try {
    if (!Object.hasOwn(value, name) || !isPlain(value)) return value;
    ({ [name]: part, ...others } = value as Record<string, unknown>);
  } catch {
    // As for a pattern.
    return value;
  }
  if (path.length > 0) return { ...others, [name]: edited(part, path, mapping) };
  const kept = mapping === undefined ? OMIT : mappedBy(mapping, part);
  return kept === OMIT ? others : { ...others, [name]: kept };
}
