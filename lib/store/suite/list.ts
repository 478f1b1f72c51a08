/**
 * Cases about listing: exact keys and sizes, by prefix.
 *
 * @module
 */

import { together } from "./concurrency.ts";
import { checkList, collect, sample, type StoreCase } from "./_case.ts";

/** Calls under way at a time where there are many. */
const BATCH = 100;

const HEX = "0123456789abcdef".repeat(4);

/** Key to size. */
const ENTRIES: Readonly<Record<string, number>> = {
  "a": 1,
  "ab": 2,
  "a/b": 3,
  "a/bc": 4,
  "a/b/c": 5,
  "a/b/c/d/e/f/g": 6,
  "b": 0,
  "A/b": 7,
  [`load users/${HEX}`]: 8,
  [`load users 2/${HEX}`]: 9,
  [`etl/load users/${HEX}`]: 10,
  [`etl/load users/1${HEX.slice(1)}`]: 11,
  "\u00e9/x": 12,
  "e\u0301/x": 13,
  "\u{1f600}": 14,
};

const PREFIXES = [
  "",
  "a",
  "a/",
  "a/b",
  "a/b/",
  "a/b/c/d/",
  "a/b/c/d/e/f/g",
  "a/b/c/d/e/f/g/",
  "A",
  "ab",
  "load users",
  "load users/",
  `load users/${HEX.slice(0, 6)}`,
  "etl/",
  "etl/load users/0",
  "e",
  "\u00e9",
  "c",
  "/",
  "%",
  "*",
  ".",
  "_",
  "?",
  "[a]",
  "\\",
  "^a",
  "\ud83d",
];

/** The cases. */
export const cases: readonly StoreCase[] = [
  {
    name: "lists nothing when fresh",
    body: async ({ store }) => {
      await checkList(store, undefined, {});
      await checkList(store, "a", {});
    },
  },
  {
    name: "lists exact keys and sizes, all or by prefix",
    body: async ({ store }) => {
      for (const [key, size] of Object.entries(ENTRIES)) await store.set(key, sample(size));
      await checkList(store, undefined, ENTRIES);
      for (const prefix of PREFIXES) {
        const expected = Object.entries(ENTRIES).filter(([key]) => key.startsWith(prefix));
        await checkList(store, prefix, Object.fromEntries(expected));
      }
    },
  },
  {
    name: "lists the size of what was set last",
    body: async ({ store }) => {
      for (const size of [10, 0x20000, 3]) {
        await store.set("key", sample(size));
        await checkList(store, undefined, { key: size });
      }
    },
  },
  {
    name: "does not list what was deleted",
    body: async ({ store }) => {
      await store.set("a", sample(1));
      await store.set("b", sample(2));
      await store.delete("a");
      await checkList(store, undefined, { b: 2 });
    },
  },
  {
    name: "lists 300 entries, each once",
    body: async ({ store }) => {
      const expected = new Map<string, number>();
      for (let i = 0; i < 300; i++) {
        const key = `name ${i % 3}/${(i * 0x9e3779b1 >>> 0).toString(16)}`;
        expected.set(key, i);
        await store.set(key, sample(i));
      }
      await checkList(store, undefined, expected);
    },
  },
  {
    name: "lists more than 10,000 entries under one prefix, each once",
    body: async ({ store }) => {
      // 101 under one prefix and 10,001 under the other, so that no round number is enough.
      const expected = Array.from({ length: 10_102 }, (_, i) => ({
        key: `name ${i <= 100 ? "few" : "many"}/${(i * 0x9e3779b1 >>> 0).toString(16)}`,
        size: i % 17,
      }));
      for (let at = 0; at < expected.length; at += BATCH) {
        await together(
          expected.slice(at, at + BATCH).map(({ key, size }) => store.set(key, sample(size))),
        );
      }
      for (const prefix of ["name few/", "name many/"]) {
        const under = expected.filter(({ key }) => key.startsWith(prefix));
        await checkList(store, prefix, new Map(under.map(({ key, size }) => [key, size])));
      }
    },
  },
  {
    name: "can be emptied while it is listed",
    body: async ({ store }) => {
      for (let i = 0; i < 50; i++) await store.set(`name/${i}`, sample(i));
      for await (const { key } of store.list("name/")) await store.delete(key);
      await checkList(store, undefined, {});
    },
  },
  {
    name: "can be listed in part, and again",
    body: async ({ store }) => {
      for (let i = 0; i < 10; i++) await store.set(`name/${i}`, sample(i));
      for await (const _ of store.list()) break;
      const listed = await collect(store);
      await checkList(store, "name/", new Map(listed.map(({ key, size }) => [key, size])));
    },
  },
];
