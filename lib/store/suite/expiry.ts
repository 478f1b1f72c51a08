/**
 * Cases about expiry, against a clock that only the case moves.
 *
 * @module
 */

import type { StoreEntryInfo } from "../store.ts";
import {
  check,
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  collect,
  sameBytes,
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
    name: "keeps an expiry that is far ahead, or no whole number, as it was given",
    body: ({ store }) =>
      withClock(async (clock) => {
        const moments = [clock.now() + 0.5, 2 ** 43 + 0.25, 8.64e15, Number.MAX_VALUE];
        for (const [size, expires] of moments.entries()) {
          await store.set("key", sample(size), { expires });
          await checkEntry(store, "key", sample(size));
          await checkList(store, undefined, { key: size });
          if (store.supports.expiry !== true) continue;
          const told: number[] = [];
          await store.get("key", { onEntry: (about) => void told.push(about.expires) });
          for (const entry of await collect(store)) told.push(entry.expires!);
          check(
            told.length === 2 && told.every((moment) => moment === expires),
            `get() and list() told ${told.join(", ")} of an entry that expires at ${expires}`,
          );
        }
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
  {
    name: "survives a clock that jumps back and forth",
    body: ({ store }) =>
      withClock(async (clock) => {
        await store.set("key", sample(10), { expires: clock.now() + HOUR_MS });
        clock.advance(-1000 * HOUR_MS);
        await checkEntry(store, "key", sample(10));
        await checkList(store, undefined, { key: 10 });
        await store.set("past", sample(20), { expires: clock.now() + HOUR_MS });
        await checkEntry(store, "past", sample(20));
        clock.advance(1001 * HOUR_MS);
        await checkMissing(store, "key");
        await checkList(store, undefined, {});
        clock.advance(-1001 * HOUR_MS);
        const bytes = await store.get("key");
        check(
          bytes === undefined || sameBytes(bytes, sample(10)),
          "An entry that had expired came back with other bytes when the clock was set back",
        );
        for (const size of [30, 40]) {
          await store.set("key", sample(size), { expires: clock.now() + HOUR_MS });
          await checkEntry(store, "key", sample(size));
        }
      }),
  },
  {
    name: "tells when an entry expires",
    needs: ["expiry"],
    body: ({ store }) =>
      withClock(async (clock) => {
        const expires = clock.now() + HOUR_MS;
        await store.set("key", sample(10), { expires });
        await store.set("forever", sample(20));
        const wanted = new Map([["key", expires], ["forever", Infinity]]);
        for (const [key, moment] of wanted) {
          const told: number[] = [];
          const onEntry = (about: StoreEntryInfo) => void told.push(about.expires);
          check(await store.get(key, { onEntry }) !== undefined, "get() missed a live entry");
          check(
            told.length === 1 && told[0] === moment,
            `get() told ${told.join(", ") || "nothing"} of an entry that expires at ${moment}`,
          );
          const stream = await store.getStream?.(key, { onEntry });
          await stream?.cancel();
          check(
            stream === undefined || told[1] === moment,
            `getStream() told ${told[1]} of an entry that expires at ${moment}`,
          );
        }
        for (const { key, expires } of await collect(store)) {
          check(
            expires === wanted.get(key),
            `list() told ${expires} of an entry that expires at ${wanted.get(key)}`,
          );
        }
        const onEntry = () => check(false, "get() told of an entry that is not there");
        await store.get("missing", { onEntry });
        clock.advance(HOUR_MS);
        await store.get("key", { onEntry });
      }),
  },
];
