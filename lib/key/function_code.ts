/**
 * What a function is, as far as its code tells: the part of a key that changes when it is edited.
 *
 * @module
 */

import { LruMap } from "../lru.ts";
import { normalTokens, tokensText } from "./source.ts";
import { opaqueSignature, type Signature, signatureOf } from "./signature.ts";

/** Any function. */
export type AnyFunction = (...args: never[]) => unknown;

/** Where the code part of a key comes from. */
export type CodeOption = "source" | "ignore" | (string & Record<never, never>);

/** The code of a function and how it is called. */
export interface FunctionCode {
  /**
   * Text that stands for the code: normalised source, a fingerprint, or nothing. Asked for each
   * key, since that of a cached function changes with what it closes over.
   */
  readonly text: () => string | undefined;
  /** Whether that text never changes. */
  readonly fixed: boolean;
  readonly signature: Signature;
}

/** Gives the identity of functions that this library made: it says more than their source. */
const identities = new WeakMap<AnyFunction, { original: AnyFunction; identity: () => string }>();

/**
 * Remembers that `wrapper` was made from `original`. The source of every wrapper is the same, so
 * keying on it would take all cached functions for one.
 *
 * @param wrapper The function handed to the user.
 * @param original The function it calls.
 * @param identity Gives the hex function key of the wrapper.
 */
export function registerWrapper(
  wrapper: AnyFunction,
  original: AnyFunction,
  identity: () => string,
): void {
  identities.set(wrapper, { original, identity });
}

/**
 * The code of `fn`.
 *
 * @throws {TypeError} The source does not show the code: a native, bound or proxied function.
 */
export function functionCode(fn: AnyFunction, code: CodeOption): FunctionCode {
  const wrapped = identities.get(fn);
  const source = sourceOf(originalOf(fn));
  const read = source === undefined ? undefined : readSource(source);
  const signature = read?.signature ?? opaqueSignature(fn.length);
  if (code === "source" && wrapped !== undefined) {
    return { text: () => `cached ${wrapped.identity()}`, fixed: false, signature };
  }
  if (code === "source" && read === undefined) throw new TypeError(hiddenSource(fn));
  const text = code === "ignore"
    ? undefined
    : code === "source"
    ? read!.text
    : `fingerprint ${code}`;
  return { text: () => text, fixed: true, signature };
}

/** What the source of a function says. */
interface ReadSource {
  /** Text that stands for the code. */
  readonly text: string;
  readonly signature: Signature;
}

/** What was read last: blocks, and functions within functions, are made again and again. */
const readSources = new LruMap<string, ReadSource>({ maxEntries: 500 });

function readSource(source: string): ReadSource {
  let read = readSources.get(source);
  if (read === undefined) {
    const tokens = normalTokens(source);
    read = { text: `source ${tokensText(tokens)}`, signature: signatureOf(tokens) };
    readSources.set(source, read);
  }
  return read;
}

/** The function that a wrapper calls in the end, through however many others. */
export function originalOf(fn: AnyFunction): AnyFunction {
  let original = fn;
  for (let each = identities.get(fn); each !== undefined; each = identities.get(original)) {
    original = each.original;
  }
  return original;
}

/** The texts of functions met in closures: their source cannot change. */
const texts = new WeakMap<AnyFunction, string>();

/**
 * The text that stands for a function inside a closed-over value.
 *
 * @throws {TypeError} As {@linkcode functionCode}.
 */
export function codeText(fn: AnyFunction): string {
  if (identities.has(fn)) return functionCode(fn, "source").text()!;
  let text = texts.get(fn);
  if (text === undefined) texts.set(fn, text = functionCode(fn, "source").text()!);
  return text;
}

/** The text that stands for a function that only makes keys: of a native one, its name. */
export function mapperText(fn: AnyFunction): string {
  return sourceOf(originalOf(fn)) === undefined ? `native ${fn.name}` : codeText(fn);
}

/** The source, or `undefined` where the engine hides it. */
export function sourceOf(fn: AnyFunction): string | undefined {
  const source = Function.prototype.toString.call(fn);
  return /\{\s*\[native code\]\s*\}\s*$/.test(source) ? undefined : source;
}

function hiddenSource(fn: AnyFunction): string {
  const name = fn.name === "" ? "an anonymous function" : `the function ${JSON.stringify(fn.name)}`;
  return `Cannot key on the code of ${name}: it is native, bound or a proxy, which hides it; ` +
    'wrap it in an arrow function, or pass code: "ignore" with a version of your own';
}
