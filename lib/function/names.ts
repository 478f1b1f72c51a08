/** Where a function's entries stand in a store. */

/** Longest name of a function, namespace included: it is a part of every store key. */
const MAX_NAME_LENGTH = 850;

/**
 * What the store keys of a function start with. Slashes in a name make folders; a namespace is a
 * folder of its own, `ns.etl`, and a name that looks like one, or like that of an index, goes below
 * `fn`.
 */
export function pathOf(name: string, namespace: string | undefined): string {
  if (namespace !== undefined) return `ns.${namespace}/${name}`;
  return /^(?:ns\.|fn\/|tag\/)/.test(name) ? `fn/${name}` : name;
}

/**
 * Checks that a function can have entries in a store.
 *
 * @throws {TypeError} It has no name, or one with a lone surrogate.
 * @throws {RangeError} Its name is too long.
 */
export function checkName(name: string, namespace = ""): void {
  if (name === "") {
    throw new TypeError(
      "A persistent cache needs a name for an anonymous function, " +
        'such as persistentCache("name", fn)',
    );
  }
  const length = namespace.length + name.length;
  if (length > MAX_NAME_LENGTH) {
    throw new RangeError(
      `The name of a persistent cache must have at most ${MAX_NAME_LENGTH} characters, ` +
        `received ${length}`,
    );
  }
  if (!(namespace + name).isWellFormed()) {
    throw new TypeError("The name of a persistent cache must not have a lone surrogate");
  }
}

/** What comes after the path of a function: its key, and maybe that of an older generation. */
const ENTRY = /^([0-9a-f]{64})(?:@(\d+))?$/;
/** As {@linkcode ENTRY}, for parts of streams and files. */
const PART = /^[0-9a-f]{64}(?:@\d+)?\./;

/** One entry by its store key. */
export interface EntryName {
  /** Key of the call, in lower-case hexadecimal. */
  readonly hex: string;
  /** When an older generation was computed, in milliseconds since the epoch. */
  readonly generation: number | undefined;
}

/** What a store key says below a path; `undefined` where it is no entry of the function. */
export function entryNameOf(storeKey: string, prefix: string): EntryName | undefined {
  if (!storeKey.startsWith(prefix)) return undefined;
  const [, hex, generation] = ENTRY.exec(storeKey.slice(prefix.length)) ?? [];
  if (hex === undefined) return undefined;
  return { hex, generation: generation === undefined ? undefined : Number(generation) };
}

/** Whether a store key is that of an entry of the function, or of a part of one. */
export function isOwned(storeKey: string, prefix: string): boolean {
  return entryNameOf(storeKey, prefix) !== undefined ||
    (storeKey.startsWith(prefix) && PART.test(storeKey.slice(prefix.length)));
}

/** The store key of an older generation. */
export function generationKey(storeKey: string, created: number): string {
  return `${storeKey}@${Math.floor(created)}`;
}

/** A store key of a function: its path, the key of the call, a generation or a part. */
export const OURS: RegExp = /^(.+)\/([0-9a-f]{64})(?:@\d+)?(\..+)?$/;

/** What the store keys of a cache start with. */
export function rootOf(namespace: string | undefined): string {
  return namespace === undefined ? "" : `ns.${namespace}/`;
}

/** Whether a store key is one of a cache: a cache without a namespace has none of another's. */
export function isOf(storeKey: string, namespace: string | undefined): boolean {
  if (!OURS.test(storeKey) || storeKey.startsWith("tag/")) return false;
  return namespace === undefined
    ? !storeKey.startsWith("ns.")
    : storeKey.startsWith(rootOf(namespace));
}
