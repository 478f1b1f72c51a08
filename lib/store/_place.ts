/**
 * Where a key's entry stands in a tree of folders: names that a person can read and that every file
 * system keeps apart.
 *
 * @module
 */

import { blake3, toHex } from "../hash/mod.ts";
import { MAX_STORE_KEY_LENGTH } from "./store.ts";

/** Where an entry stands below the versioned folder. */
export interface Place {
  /** Names of the nested folders, one for each segment of the key but the last. */
  readonly folders: readonly string[];
  /** Two hexadecimal digits: the sub-folder of the last of the folders. */
  readonly shard: string;
  /** Name of the file in that sub-folder. */
  readonly file: string;
}

/** The longest name in UTF-16 code units, all of them ASCII; file systems stop at 255 or so. */
const MAX_NAME_LENGTH = 96;
/** How much of a longer name stays readable in front of its hash. */
const SHORTENED_LENGTH = 48;
/** Folders that keep their names; deeper ones share one, so that the whole path stays short. */
const MAX_NAMED_FOLDERS = 3;
/** Bytes of BLAKE3 in a name: enough that no two names ever meet. */
const NAME_HASH_BYTES = 16;

/** Windows takes these for devices, with any extension and in any case. */
const DEVICE_NAME = /^(?:con|prn|aux|nul|com\d|lpt\d)(?:\.|$)/;
/** How the sub-folders are called, which no segment's folder may be. */
const SHARD_NAME = /^[0-9a-f]{2}$/;

/** Finds the place of a legal key; distinct keys have distinct places. */
export function placeOf(key: string): Place {
  const segments = key.split("/");
  const last = segments.pop()!;
  const folders = segments.slice(0, MAX_NAMED_FOLDERS).map(escapeName);
  if (segments.length > MAX_NAMED_FOLDERS) {
    folders.push(`~${hashText(segments.slice(MAX_NAMED_FOLDERS).join("/"))}`);
  }
  const shard = /^[0-9a-f]{2,}$/.test(last) ? last.slice(0, 2) : hashText(last).slice(0, 2);
  return { folders, shard, file: escapeName(last) };
}

/** Names of the folders that hold every key with `prefix`, and maybe others. */
export function foldersOf(prefix: string): string[] {
  return prefix.split("/").slice(0, -1).slice(0, MAX_NAMED_FOLDERS).map(escapeName);
}

/**
 * Finds the key whose place this is, without a look into the file.
 *
 * @param names Names of the folders below the versioned one, the {@linkcode Place.shard} left out,
 *   and of the file.
 * @returns The key, or `undefined` where its place tells only a hash of it, or is that of no key.
 */
export function keyAt(names: readonly string[]): string | undefined {
  const segments = names.map(unescapeName);
  if (segments.includes(undefined)) return undefined;
  const key = segments.join("/");
  if (key === "" || key.length > MAX_STORE_KEY_LENGTH) return undefined;
  const { folders, file } = placeOf(key);
  const same = [...folders, file].every((name, i) => name === names[i]);
  return same && folders.length + 1 === names.length ? key : undefined;
}

/** Whether a folder's name is that of a {@linkcode Place.shard}. */
export function isShard(name: string): boolean {
  return SHARD_NAME.test(name);
}

/**
 * Turns one segment of a key into a file name that is legal everywhere, and that no other segment
 * turns into, also where case or Unicode normal form does not count.
 *
 * | in the segment                                    | in the name                              |
 * |---------------------------------------------------|------------------------------------------|
 * | `a` to `z`, `0` to `9`, `-`, `_`, an inner `.`    | itself                                   |
 * | `A` to `Z`                                        | `!` and the small letter                 |
 * | any other character, a leading or a trailing `.`  | `%` and two digits for each UTF-8 byte   |
 * | a device of Windows, or two hexadecimal digits    | the first character as above             |
 * | nothing                                           | `%_`                                     |
 * | what would give more than 96 characters           | the first 48, `~`, 32 digits of BLAKE3   |
 */
export function escapeName(segment: string): string {
  if (segment === "") return "%_";
  let name = segment.replace(/^\.|\.$|[^a-z0-9_.-]/gu, escapeCharacter);
  if (DEVICE_NAME.test(name) || SHARD_NAME.test(name)) {
    name = percentEncode(name[0]) + name.slice(1);
  }
  if (name.length <= MAX_NAME_LENGTH) return name;
  return `${name.slice(0, SHORTENED_LENGTH)}~${hashText(segment)}`;
}

/** The segment that {@linkcode escapeName} made `name` of, if that can be told. */
function unescapeName(name: string): string | undefined {
  if (name === "%_") return "";
  if (name.includes("~")) return undefined;
  try {
    return decodeURIComponent(
      name.replace(/!([a-z])/g, (_, letter: string) => letter.toUpperCase()),
    );
  } catch {
    return undefined; // The name of nothing that was escaped.
  }
}

function escapeCharacter(character: string): string {
  return /[A-Z]/.test(character) ? `!${character.toLowerCase()}` : percentEncode(character);
}

function percentEncode(character: string): string {
  return toHex(new TextEncoder().encode(character)).replace(/../g, "%$&");
}

/** A name of 32 hexadecimal digits for a text that may be long or hostile. */
export function hashText(text: string): string {
  return toHex(blake3(new TextEncoder().encode(text)).subarray(0, NAME_HASH_BYTES));
}
