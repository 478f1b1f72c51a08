/**
 * Cases about keys: every legal key is a place of its own, every illegal one is refused.
 *
 * @module
 */

import { MAX_STORE_KEY_LENGTH } from "../store.ts";
import {
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  collect,
  sample,
  show,
  type StoreCase,
} from "./_case.ts";

const MAX = MAX_STORE_KEY_LENGTH;

/**
 * Legal keys by what makes them hard. Within a row and between rows they are all distinct, and a
 * store that confuses any two, or treats one as a path, fails.
 */
const HARD_KEYS: Readonly<Record<string, readonly string[]>> = {
  "paths": [
    ".",
    "..",
    "../..",
    "/",
    "//",
    "/a",
    "a/",
    "a/b",
    "a//b",
    "a/./b",
    "a/../b",
    "./a",
    "~",
  ],
  "files beside folders": [
    "a",
    "a/b/c",
    "a/b/c/d",
    "ab",
    "ab/cd",
    "ab/cd/ef",
    "00",
    "00/00",
    "0/0",
  ],
  "case": [
    "A",
    "A/b",
    "a/B",
    "aB",
    "Ab",
    "AB",
    "\u212a",
    "k",
    "K",
    "\u0130",
    "i\u0307",
    "\u00df",
    "ss",
  ],
  "normal forms": ["\u00e9", "e\u0301", "\ufb01", "fi", "\u1112\u1161", "\ud558"],
  "device names": [
    "CON",
    "con",
    "con.txt",
    "NUL",
    "nul",
    "PRN",
    "AUX",
    "COM1",
    "lpt9.x",
    "a/con/b",
  ],
  "names that folders use": [".gitignore", "CACHEDIR.TAG", "v1", "v1/a", ".tmp", "a.tmp", "index"],
  "dots and spaces": ["a.", "a..", "a ", "a", " a", " ", "...", ".a", "a .", "a\u00a0", "a\u200b"],
  "controls": [
    "\0",
    "a\0",
    "a\0b",
    "\u0001",
    "\n",
    "a\nb",
    "\r",
    "\t",
    "\u007f",
    "\u2028",
    "\ufeffa",
  ],
  "punctuation": [
    "a:b",
    "a\\b",
    "..\\a",
    "a*b",
    "a?b",
    'a"b',
    "<a>",
    "a|b",
    "a'b",
    "$a",
    "{a}",
    "*",
  ],
  "escapes": [
    "%2e",
    "%2E",
    "%",
    "%%",
    "%00",
    "%41",
    "%c3%a9",
    "!a",
    "=41",
    "_",
    "a%2fb",
    "a+b",
    "&amp;",
  ],
  "emoji": [
    "\u{1f600}",
    "\u{1f600}\u{1f600}",
    "\u{1f469}\u200d\u{1f4bb}",
    "\u2764",
    "\u2764\ufe0f",
  ],
  "names of properties": ["__proto__", "constructor", "toString", "hasOwnProperty", "length"],
  "lengths near that of a file name": [
    ...[63, 64, 65, 127, 128, 143, 200, 254, 255, 256].map((n) => "n".repeat(n)),
    ...[85, 86, 127, 128].map((n) => "\u00e9".repeat(n)),
    "N".repeat(200),
    "n".repeat(199) + "N",
    `${"d".repeat(255)}/${"f".repeat(255)}`,
  ],
  "lengths near the longest": [
    "x".repeat(MAX),
    "x".repeat(MAX - 1),
    "x".repeat(MAX - 1) + "y",
    "X".repeat(MAX),
    "\u8a9e".repeat(MAX),
    "\u{1f600}".repeat(MAX / 2),
    "\0".repeat(MAX),
    "/".repeat(MAX),
    "a/".repeat(MAX / 2),
    "A/".repeat(MAX / 2 - 1) + "A",
    "../".repeat(MAX / 4),
  ],
};

const ILLEGAL_KEYS: readonly (readonly [
  what: string,
  key: unknown,
  type: typeof TypeError | typeof RangeError,
])[] = [
  ["an empty key", "", RangeError],
  ["a key that is too long", "x".repeat(MAX + 1), RangeError],
  ["a key of 10,000 characters", "x".repeat(10_000), RangeError],
  ["a key with a lone high surrogate", "a\ud83d", TypeError],
  ["a key with a lone low surrogate", "\ude00a", TypeError],
  ["a number", 5, TypeError],
  ["undefined", undefined, TypeError],
  ["null", null, TypeError],
  ["an array", ["key"], TypeError],
  ["a String object", Object("key"), TypeError],
];

/** Each key once, with bytes of its own. */
function numbered(keys: Iterable<string>): [key: string, bytes: Uint8Array<ArrayBuffer>][] {
  return [...new Set(keys)].map((key, i) => [key, sample(3 + i % 5, i + 1)]);
}

/** The cases. */
export const cases: readonly StoreCase[] = [
  ...Object.entries(HARD_KEYS).map(([label, keys]): StoreCase => ({
    name: `keeps keys apart that are hard for their ${label}`,
    body: async ({ store }) => {
      const entries = numbered(keys);
      for (const [key, bytes] of entries) {
        await checkMissing(store, key);
        await store.set(key, bytes);
      }
      for (const [key, bytes] of entries) await checkEntry(store, key, bytes);
      await checkList(
        store,
        undefined,
        new Map(entries.map(([key, bytes]) => [key, bytes.length])),
      );
    },
  })),
  {
    name: "keeps all hard keys apart at once, and deletes each alone",
    body: async ({ store }) => {
      const entries = numbered(Object.values(HARD_KEYS).flat());
      for (const [key, bytes] of entries) await store.set(key, bytes);
      for (const [key, bytes] of entries) await checkEntry(store, key, bytes);
      const kept = entries.filter((_, i) => i % 2 === 0);
      for (const [key] of entries.filter((_, i) => i % 2 === 1)) await store.delete(key);
      for (const [key, bytes] of kept) await checkEntry(store, key, bytes);
      await checkList(store, undefined, new Map(kept.map(([key, bytes]) => [key, bytes.length])));
    },
  },
  {
    name: "keeps keys of one name that differ in one hexadecimal digit",
    body: async ({ store }) => {
      const digest = "0123456789abcdef".repeat(4);
      const entries = numbered(
        Array.from(digest, (_, i) => `name/${digest.slice(0, i)}0${digest.slice(i + 1)}`),
      );
      for (const [key, bytes] of entries) await store.set(key, bytes);
      for (const [key, bytes] of entries) await checkEntry(store, key, bytes);
    },
  },
  ...ILLEGAL_KEYS.map(([what, illegal, type]): StoreCase => ({
    name: `rejects ${what} with a ${type.name}`,
    body: async ({ store }) => {
      const key = illegal as string;
      await checkRejects(() => store.get(key), type, `get(${show(String(key))})`);
      await checkRejects(() => store.set(key, sample(1)), type, `set(${show(String(key))})`);
      await checkRejects(() => store.delete(key), type, `delete(${show(String(key))})`);
      await checkList(store, undefined, {});
    },
  })),
  {
    name: "rejects a prefix that is not a string with a TypeError",
    body: async ({ store }) => {
      for (const prefix of [5, null, ["a"]]) {
        const wrong = prefix as unknown as string;
        await checkRejects(() => collect(store, wrong), TypeError, `list(${String(prefix)})`);
      }
    },
  },
];
