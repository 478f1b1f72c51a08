/**
 * Cases about handles: what a store says of itself, closing, and several handles on one place.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import {
  check,
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  collect,
  sample,
  type StoreCase,
  withClock,
} from "./_case.ts";
import { checkWhole, together, writeAll } from "./concurrency.ts";

/** The cases about one handle. */
export const lifecycleCases: readonly StoreCase[] = [
  {
    name: "says its name and what it supports",
    body: async ({ store }) => {
      check(typeof store.name === "string" && store.name !== "", "name is no text");
      check(typeof store.supports.persistent === "boolean", "supports.persistent is no boolean");
      await checkMissing(store, "key");
    },
  },
  {
    name: "closes twice without harm",
    body: async ({ store }) => {
      await store.set("key", sample(1));
      await store[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
    },
  },
  {
    name: "rejects every call after closing with a StoreError",
    body: async ({ store }) => {
      await store.set("key", sample(1));
      await store[Symbol.asyncDispose]();
      await checkRejects(() => store.get("key"), StoreError, "get() after closing");
      await checkRejects(() => store.set("key", sample(1)), StoreError, "set() after closing");
      await checkRejects(() => store.delete("key"), StoreError, "delete() after closing");
      await checkRejects(() => collect(store), StoreError, "list() after closing");
    },
  },
];

/** The cases about several handles on one place. */
export const persistenceCases: readonly StoreCase[] = [
  {
    name: "keeps entries and expiries when all handles are closed",
    needs: ["persistent"],
    body: ({ store, reopen }) =>
      withClock(async (clock) => {
        await store.set("key", sample(100));
        await store.set("short", sample(50), { expires: clock.now() + 1000 });
        await store[Symbol.asyncDispose]();
        await using second = await reopen();
        await checkEntry(second, "key", sample(100));
        await checkList(second, undefined, { key: 100, short: 50 });
        clock.advance(1000);
        await checkMissing(second, "short");
        await checkList(second, undefined, { key: 100 });
      }),
  },
  {
    name: "shows one handle what another sets, overwrites and deletes",
    needs: ["persistent"],
    body: async ({ store, reopen }) => {
      await using second = await reopen();
      await checkMissing(second, "key");
      await store.set("key", sample(100));
      await checkEntry(second, "key", sample(100));
      await second.set("key", sample(50));
      await checkEntry(store, "key", sample(50));
      await checkList(store, undefined, { key: 50 });
      check(await store.delete("key") === true, "delete() of another handle's entry said false");
      await checkMissing(second, "key");
      await checkList(second, undefined, {});
    },
  },
  {
    name: "keeps a handle open when another is closed",
    needs: ["persistent"],
    body: async ({ store, reopen }) => {
      const second = await reopen();
      await second.set("key", sample(100));
      await second[Symbol.asyncDispose]();
      await checkEntry(store, "key", sample(100));
      await store.set("key", sample(50));
      await checkEntry(store, "key", sample(50));
    },
  },
  {
    name: "leaves one value whole after concurrent writes through two handles",
    needs: ["persistent"],
    body: async ({ store, reopen }) => {
      await using second = await reopen();
      await together([writeAll([store, second], "key"), checkWhole(second, "key", "any")]);
      await checkWhole(store, "key", "present");
      await checkWhole(second, "key", "present");
    },
  },
];
