/**
 * Cases about expiry, against a clock that only the case moves.
 *
 * @module
 */

import {
  check,
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  sample,
  type StoreCase,
  withClock,
} from "./_case.ts";

/** Long enough that no real clock behind a store reaches it during a case. */
const HOUR_MS = 3_600_000;

/** The cases. */
export const cases: readonly StoreCase[] = [
  {
    name: "keeps an entry until the moment it expires, and not at that moment",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10), { expires: clock.now() + HOUR_MS });
        await checkEntry(store, "key", sample(10));
        clock.advance(HOUR_MS - 1);
        await checkEntry(store, "key", sample(10));
        clock.advance(1);
        await checkMissing(store, "key");
      }),
  },
  {
    name: "keeps an entry without expiry for a thousand years",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10));
        await store.set("key2", sample(20), {});
        clock.advance(1000 * 365 * 24 * HOUR_MS);
        await checkEntry(store, "key", sample(10));
        await checkEntry(store, "key2", sample(20));
      }),
  },
  {
    name: "does not list what has expired",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("short", sample(1), { expires: clock.now() + HOUR_MS });
        await store.set("long", sample(2), { expires: clock.now() + 2 * HOUR_MS });
        await store.set("forever", sample(3));
        await checkList(store, undefined, { short: 1, long: 2, forever: 3 });
        clock.advance(HOUR_MS);
        await checkList(store, undefined, { long: 2, forever: 3 });
        clock.advance(HOUR_MS);
        await checkList(store, undefined, { forever: 3 });
      }),
  },
  {
    name: "clears an old expiry by overwriting without one",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10), { expires: clock.now() + HOUR_MS });
        await store.set("key", sample(20));
        clock.advance(2 * HOUR_MS);
        await checkEntry(store, "key", sample(20));
        await checkList(store, undefined, { key: 20 });
      }),
  },
  {
    name: "replaces an old expiry by a later or an earlier one",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("later", sample(1), { expires: clock.now() + HOUR_MS });
        await store.set("later", sample(2), { expires: clock.now() + 3 * HOUR_MS });
        await store.set("earlier", sample(3), { expires: clock.now() + 3 * HOUR_MS });
        await store.set("earlier", sample(4), { expires: clock.now() + HOUR_MS });
        clock.advance(2 * HOUR_MS);
        await checkEntry(store, "later", sample(2));
        await checkMissing(store, "earlier");
      }),
  },
  {
    name: "counts what has expired already as missing, also over an older entry",
    body: ({ store }) =>
      withClock(async (clock) => {
        for (const expires of [clock.now(), clock.now() - 0.5, 0, -1]) {
          await store.set("key", sample(10));
          await store.set("key", sample(20), { expires });
          await checkMissing(store, "key");
          await checkList(store, undefined, {});
        }
      }),
  },
  {
    name: "sets a key anew after it has expired",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10), { expires: clock.now() + HOUR_MS });
        clock.advance(HOUR_MS);
        await checkMissing(store, "key");
        await store.set("key", sample(20), { expires: clock.now() + HOUR_MS });
        await checkEntry(store, "key", sample(20));
        await checkList(store, undefined, { key: 20 });
      }),
  },
  {
    name: "says that there was nothing when it deletes what has expired",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10), { expires: clock.now() + HOUR_MS });
        clock.advance(HOUR_MS);
        check(
          await store.delete("key") === false,
          "delete() of an expired entry did not resolve to false",
        );
        await checkMissing(store, "key");
      }),
  },
  {
    name: "rejects an expiry that is not finite with a RangeError, and keeps the entry",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      for (const expires of [NaN, Infinity, -Infinity]) {
        await checkRejects(
          () => store.set("key", sample(20), { expires }),
          RangeError,
          `set() with expires ${expires}`,
        );
      }
      await checkEntry(store, "key", sample(10));
    },
  },
  {
    name: "rejects an expiry that is not a number with a TypeError, and keeps the entry",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      for (const wrong of ["1h", "5", 5n, new Date(), null]) {
        const expires = wrong as unknown as number;
        await checkRejects(
          () => store.set("key", sample(20), { expires }),
          TypeError,
          `set() with expires ${String(wrong)}`,
        );
      }
      await checkEntry(store, "key", sample(10));
    },
  },
];
