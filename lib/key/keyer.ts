/**
 * Calls to keys.
 *
 * `functionKey = BLAKE3 derive-key("deja 1 function", canonical { name, version, code, closure })`
 * `key         = BLAKE3 keyed(functionKey, canonical arguments)`
 *
 * so a call costs one pass over its arguments, and the rest is done again only when a closed-over
 * value changed.
 *
 * @module
 */

import { hashList, OMITTED, WaitError } from "../codec/internal.ts";
import { type CanonicalOptions, type ClassRegistry, encodeCanonical } from "../codec/mod.ts";
import { EncodeError } from "../errors.ts";
import { blake3, toHex } from "../hash/mod.ts";
import {
  type AnyFunction,
  type CodeOption,
  codeText,
  type FunctionCode,
  functionCode,
  mapperText,
} from "./function_code.ts";
import { inTermsOfParameters } from "./argument_error.ts";
import { attributesOf, type AttributesOption } from "./attributes.ts";
import { type CallKey, HexKey } from "./call_key.ts";
import { Binding, type KeyOption, type ToldArguments } from "./binding.ts";
import { inputsExist } from "./inputs/inputs.ts";
import { OptionError } from "./option_error.ts";
import type { DigestMemory } from "./inputs/digest_memory.ts";
import { InputError, listedArguments, Readings, readingsAtOnce } from "./inputs/readings.ts";
import { selectorsOf } from "./selectors.ts";
import { replaceSignals } from "./signals.ts";
import { type Signature, signatureOfBlock } from "./signature.ts";

/** Tells function keys from every other use of the hash; its number changes with their form. */
const FUNCTION_KEY_CONTEXT = "deja 1 function";

/** What a key says of the function. */
export interface KeyerOptions {
  /** Name of the function. */
  readonly name: string;
  /** Version given by the user. */
  readonly version?: string | number | undefined;
  /** Where the code part comes from. */
  readonly code: CodeOption;
  /** Gives the closed-over values; asked at each call, since they may change between calls. */
  readonly closure?: (() => unknown) | undefined;
  /** Names of the parameters that are left out. */
  readonly ignore: readonly string[];
  /** What of the object that a method is called on counts; nothing unless given. */
  readonly attributes?: AttributesOption | undefined;
  /** Of a block: names of its inputs, which all count, whatever its body takes as a parameter. */
  readonly inputs?: readonly string[] | undefined;
  /** What parameters, or all arguments together, are keyed on instead of themselves. */
  readonly key?: KeyOption | undefined;
  /** Classes whose instances may stand among the arguments and the closed-over values. */
  readonly classes?: ClassRegistry | undefined;
  /** Whether a `Map` or `Set` among them means the same in every order. */
  readonly unordered?: boolean | undefined;
}

/** Makes the keys of one function. */
export class Keyer {
  readonly #options: KeyerOptions;
  readonly #code: FunctionCode;
  readonly #binding: Binding;
  /** What the options say of the canonical form; `undefined` where they say nothing. */
  readonly #form: CanonicalOptions | undefined;
  /** What the function key was made of when it was last made. */
  #codeText: string | undefined;
  #closure: Uint8Array<ArrayBuffer> | undefined;
  #functionKey: Uint8Array<ArrayBuffer> | undefined;
  /** Whether signals stand among the arguments deeper than keys leave them out unasked. */
  #hasDeepSignals = false;
  /** Set while the closed-over values are looked at, which may lead back here. */
  #looking = false;

  /**
   * @throws {TypeError} The code cannot be seen, or `ignore` or `key` names no parameter.
   */
  constructor(fn: AnyFunction, options: KeyerOptions) {
    this.#options = options;
    const code = functionCode(fn, options.code);
    const { inputs } = options;
    this.#code = inputs === undefined
      ? code
      : { ...code, signature: signatureOfBlock(code.signature, inputs) };
    const { classes, unordered } = options;
    this.#form = classes === undefined && unordered !== true ? undefined : { classes, unordered };
    this.#binding = new Binding(this.#code.signature, options, options.name, mapperText);
  }

  /** The text that stands for the code; `undefined` where the code is ignored. */
  get code(): string | undefined {
    return this.#code.text();
  }

  /** BLAKE3 of the text that stands for the code, in hex; `undefined` where the code is ignored. */
  get codeDigest(): string | undefined {
    const text = this.#code.text();
    return text === undefined ? undefined : toHex(blake3(utf8.encode(text)));
  }

  /** BLAKE3 of the closed-over values in hex, as of the last key; `undefined` without any. */
  get closureDigest(): string | undefined {
    return this.#closure === undefined ? undefined : toHex(blake3(this.#closure));
  }

  /** Whether the result can depend on a `this`, which no key sees. */
  get readsThis(): Signature["readsThis"] {
    return this.#code.signature.readsThis;
  }

  /** Whether signals were found among the arguments deeper than keys leave them out unasked. */
  get hasDeepSignals(): boolean {
    return this.#hasDeepSignals;
  }

  /**
   * Reads the files among the arguments and closed-over values, in the background. What it resolves
   * to makes keys of the same call at once, and of the same content, whatever happens to the files.
   * `undefined` where there are no files at all.
   *
   * @param memory Remembers digests of files besides this process.
   * @throws {EncodeError} An argument or a closed-over value has no byte form, or cannot be read.
   */
  prepare(
    args: readonly unknown[],
    self?: unknown,
    memory?: DigestMemory,
  ): Promise<Readings> | undefined {
    return inputsExist() ? this.#read(args, self, memory) : undefined;
  }

  /**
   * As {@linkcode Keyer.prepare}, for keys that are made at once: files are read when such a key is
   * made, and what they held is noted.
   */
  prepareNow(): Readings | undefined {
    return inputsExist() ? new Readings(false) : undefined;
  }

  /**
   * As {@linkcode Keyer.prepare}, after a key could not be made at once: it also reads the blobs and
   * bodies among the arguments and closed-over values.
   *
   * @param error Why not.
   * @throws What `error` is, where waiting does not help.
   */
  async prepareAfter(
    error: unknown,
    args: readonly unknown[],
    self?: unknown,
    memory?: DigestMemory,
  ): Promise<Readings> {
    if (!(error instanceof EncodeError && error.cause instanceof WaitError)) throw error;
    return await this.#read(args, self, memory);
  }

  async #read(
    args: readonly unknown[],
    self: unknown,
    memory: DigestMemory | undefined,
  ): Promise<Readings> {
    const readings = new Readings(true, { memory });
    do this.keyWithArguments(args, readings, self); while (await this.#finished(readings));
    return readings;
  }

  async #finished(readings: Readings): Promise<boolean> {
    try {
      return await readings.finish();
    } catch (error) {
      throw inTermsOfParameters(error, this.#binding);
    }
  }

  /**
   * Whether keys of calls with a primitive as first argument, but for `undefined`, are equal where
   * that is, and differ from the keys of all other calls.
   */
  get isUnary(): boolean {
    const { attributes, closure } = this.#options;
    return closure === undefined && attributes === undefined && this.#code.fixed &&
      this.#binding.isUnary;
  }

  /**
   * BLAKE3 of each closed-over value as it is now, in hex, by name; `undefined` without any, and
   * where they have no names.
   *
   * @param readings What was prepared for a call; without it, files are read now.
   * @throws {EncodeError} A closed-over value has no byte form.
   */
  closureParts(readings?: Readings): Readonly<Record<string, string>> | undefined {
    if (this.#options.closure === undefined) return undefined;
    const values = this.#closedOver(this.#options.closure);
    if (typeof values !== "object" || values === null || Array.isArray(values)) return undefined;
    return Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        toHex(blake3(encodeCanonical(value, { ...this.#formWith(readings), codeOf: codeText }))),
      ]),
    );
  }

  /** Names of the parameters, in the order in which a record lists the arguments. */
  get parameterNames(): readonly (string | undefined)[] {
    return this.#code.signature.parameters.map(({ name }) => name);
  }

  /**
   * The key of a call with `args`.
   *
   * @param readings What was prepared for this call; without it, files are read now.
   * @param self The object that a method is called on, of which the `attributes` count.
   * @throws {EncodeError} An argument or a closed-over value has no byte form.
   */
  key(args: readonly unknown[], readings?: Readings, self?: unknown): CallKey {
    const options = this.#formWith(readings);
    const functionKey = this.functionKey(options);
    const bound = this.#bound(args, self);
    try {
      return new HexKey(hashList(bound, functionKey, options));
    } catch (error) {
      this.#noteSignals(bound, error);
      return this.key(args, readings, self);
    }
  }

  /**
   * As {@linkcode Keyer.key}, with the bound arguments in canonical form, which the key hashes.
   *
   * @throws {EncodeError} An argument or a closed-over value has no byte form.
   */
  keyWithArguments(
    args: readonly unknown[],
    readings?: Readings,
    self?: unknown,
  ): { hex: string; args: Uint8Array<ArrayBuffer> } {
    const options = this.#formWith(readings);
    const key = this.functionKey(options);
    const bound = this.#bound(args, self);
    try {
      const encoded = encodeCanonical(bound, options);
      return { hex: toHex(blake3(encoded, { key })), args: encoded };
    } catch (error) {
      this.#noteSignals(bound, error);
      return this.keyWithArguments(args, readings, self);
    }
  }

  /** The bound arguments as a record lists them. */
  decodeArguments(args: readonly unknown[], readings?: Readings, self?: unknown): unknown[] {
    return listedArguments(this.keyWithArguments(args, readings, self).args, this.#options.classes);
  }

  /**
   * Finds what stands under names in the arguments of a call.
   *
   * @param option The option that has the names, each that of a parameter or of a property of one.
   * @returns Gives it by name, as the function gets it.
   * @throws {TypeError} A name stands for nothing, or for all arguments that are left.
   */
  finder(
    option: string,
    names: readonly string[],
  ): (args: readonly unknown[]) => Readonly<Record<string, unknown>> {
    const { signature } = this.#code;
    const places = [...selectorsOf(signature, option, names, this.#options.name)];
    const rest = places.find(([, { index }]) => signature.parameters[index].rest);
    if (rest !== undefined) {
      throw new TypeError(
        `${option} names ${JSON.stringify(rest[0])}, which takes any number of arguments; give ` +
          "what it names a parameter of its own",
      );
    }
    return (args) =>
      Object.fromEntries(places.map(([name, place]) => [name, this.#binding.at(args, place)]));
  }

  /** What bound arguments say that were read back. */
  told(bound: readonly unknown[]): ToldArguments {
    return this.#binding.told(bound, this.#options.attributes);
  }

  /**
   * The function key in hex, for those that close over the function. Within its own closed-over
   * values a function stands for itself, since its key is just being made.
   */
  identity(): string {
    return this.#looking ? "itself" : toHex(this.functionKey());
  }

  /**
   * The key of the function itself, with the closed-over values as they are now.
   *
   * @throws {EncodeError} A closed-over value has no byte form.
   */
  functionKey(
    options: CanonicalOptions | undefined = this.#formWith(undefined),
  ): Uint8Array<ArrayBuffer> {
    const code = this.#code.text();
    const closure = this.#encodeClosure(options);
    const known = this.#functionKey;
    if (known !== undefined && code === this.#codeText && sameBytes(closure, this.#closure)) {
      return known;
    }
    const { name, version, unordered } = this.#options;
    const parts = { name, version, code, closure };
    const identity = encodeCanonical(unordered === true ? { ...parts, unordered } : parts);
    this.#codeText = code;
    this.#closure = closure;
    return this.#functionKey = blake3(identity, { context: FUNCTION_KEY_CONTEXT });
  }

  /** How the canonical form treats inputs, and what the options say of it. */
  #formWith(readings: Readings | undefined): CanonicalOptions | undefined {
    const inputs = inputOptions(readings);
    const form = this.#form;
    if (form === undefined || inputs === undefined) return inputs ?? form;
    return { ...inputs, ...form, classes: { ...form.classes, ...inputs.classes } };
  }

  #encodeClosure(options: CanonicalOptions | undefined): Uint8Array<ArrayBuffer> | undefined {
    const { closure } = this.#options;
    if (closure === undefined) return undefined;
    this.#looking = true;
    try {
      return encodeCanonical(this.#closedOver(closure), { ...options, codeOf: codeText });
    } catch (error) {
      if (!(error instanceof EncodeError) || error instanceof InputError) throw error;
      throw new EncodeError({
        found: error.found,
        cause: error,
        path: `closure()${error.path}`,
        reason:
          `${error.reason}; give a value that stands for it instead, such as its version or ` +
          'URL, or leave it out with freeVariables: "ignore"',
      });
    } finally {
      this.#looking = false;
    }
  }

  /** What the closure gives; an error that names it where it fails. */
  #closedOver(closure: () => unknown): unknown {
    try {
      return closure();
    } catch (error) {
      throw new OptionError("closure", this.#options.name, error);
    }
  }

  /** The array that stands for a call. */
  #bound(args: readonly unknown[], self: unknown): readonly unknown[] {
    let bound = this.#binding.bind(args);
    const { attributes, name } = this.#options;
    if (attributes !== undefined) {
      bound = [...bound, OMITTED, "this", attributesOf(self, attributes, name)];
    }
    return this.#hasDeepSignals ? replaceSignals(bound, () => undefined) : bound;
  }

  /**
   * Takes note that signals were what stood in the way of a key. The first call with a signal that
   * deep comes here, and from then on all calls are searched; those of other functions never are.
   *
   * @throws What `error` is, where it is something else.
   */
  #noteSignals(bound: readonly unknown[], error: unknown): void {
    if (this.#hasDeepSignals || !(error instanceof EncodeError) || !holdsSignals(bound)) {
      throw inTermsOfParameters(error, this.#binding);
    }
    this.#hasDeepSignals = true;
  }
}

function holdsSignals(bound: readonly unknown[]): boolean {
  try {
    return replaceSignals(bound, () => undefined) !== bound;
  } catch {
    return false; // A getter that throws, which is what stood in the way.
  }
}

const utf8 = new TextEncoder();

/** How the canonical form treats inputs; nothing as long as there are none. */
function inputOptions(readings: Readings | undefined): CanonicalOptions | undefined {
  return readings ?? (inputsExist() ? readingsAtOnce() : undefined);
}

function sameBytes(a: Uint8Array | undefined, b: Uint8Array | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.length === b.length && a.every((byte, i) => byte === b[i]);
}
