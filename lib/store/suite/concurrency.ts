/**
 * Cases about calls that overlap on one handle.
 *
 * @module
 */

import type { Store } from "../store.ts";
import { check, checkEntry, checkList, sameBytes, sample, type StoreCase } from "./_case.ts";

/** Lengths across the sizes at which stores change their way of writing. */
const LENGTHS = [0, 1, 100, 5000, 0x10000, 0x10001, 200_000];

/** Values of which no two share a length or a first byte for long. */
const VALUES: readonly (readonly [length: number, seed: number])[] = Array.from(
  { length: 21 },
  (_, i) => [LENGTHS[i % LENGTHS.length] + i, i + 1],
);

/**
 * Fails unless what stands under `key` is one of the values, whole.
 *
 * @param expected Whether an entry has to stand there, or may be missing.
 */
export async function checkWhole(
  store: Store,
  key: string,
  expected: "present" | "any",
): Promise<void> {
  const bytes = await store.get(key);
  if (bytes === undefined) {
    check(expected === "any", "No entry is left after concurrent writes of one key");
    return;
  }
  const value = VALUES.find(([length]) => length === bytes.length);
  check(
    value !== undefined && sameBytes(bytes, sample(...value)),
    `Read ${bytes.length} bytes that are none of the values that were written, or a mixture`,
  );
}

/** Waits for all, so that nothing goes on after a case has ended, and throws what one threw. */
export async function together(promises: Iterable<Promise<unknown>>): Promise<void> {
  for (const result of await Promise.allSettled(promises)) {
    if (result.status === "rejected") throw result.reason;
  }
}

/** Writes every value under `key` at once, the handles taking turns. */
export function writeAll(stores: readonly Store[], key: string): Promise<void> {
  return together(
    VALUES.map((value, i) => stores[i % stores.length].set(key, sample(...value))),
  );
}

/** The cases. */
export const cases: readonly StoreCase[] = [
  {
    name: "leaves one value whole after concurrent writes of one key",
    body: async ({ store }) => {
      for (let round = 0; round < 3; round++) {
        await writeAll([store], "key");
        await checkWhole(store, "key", "present");
        check((await listed(store)) === 1, "Concurrent writes of one key left several entries");
      }
    },
  },
  {
    name: "shows readers a whole value while one key is written",
    body: async ({ store }) => {
      await whileReading(store, "key", "any", async () => {
        for (let round = 0; round < 3; round++) await writeAll([store], "key");
      });
    },
  },
  {
    name: "never shows a key as missing while it is overwritten",
    body: async ({ store }) => {
      await store.set("key", sample(...VALUES[0]));
      await whileReading(store, "key", "present", () => writeAll([store], "key"));
    },
  },
  {
    name: "serves 200 concurrent sets and gets",
    body: async ({ store }) => {
      const keys = Array.from({ length: 200 }, (_, i) => `name ${i % 7}/${i}`);
      await together(keys.map((key, i) => store.set(key, sample(i * 10, i + 1))));
      await together(keys.map((key, i) => checkEntry(store, key, sample(i * 10, i + 1))));
      await checkList(store, undefined, new Map(keys.map((key, i) => [key, i * 10])));
    },
  },
  {
    name: "survives concurrent deletes, sets and gets of one key",
    body: async ({ store }) => {
      await store.set("key", sample(...VALUES[0]));
      await together(VALUES.map(async (value, i) => {
        if (i % 3 === 0) await store.delete("key");
        else if (i % 3 === 1) await store.set("key", sample(...value));
        else await checkWhole(store, "key", "any");
      }));
      await checkWhole(store, "key", "any");
      await store.delete("key");
      await checkList(store, undefined, {});
    },
  },
  {
    name: "says of concurrent deletes of one entry at least once that there was one",
    body: async ({ store }) => {
      await store.set("key", sample(10));
      const said = await Promise.all(Array.from({ length: 5 }, () => store.delete("key")));
      check(said.includes(true), "Of five concurrent deletes of an entry none resolved to true");
      await checkList(store, undefined, {});
    },
  },
];

/** Runs `act` while two readers look at `key` all the time. */
async function whileReading(
  store: Store,
  key: string,
  expected: "present" | "any",
  act: () => Promise<void>,
): Promise<void> {
  let acting = true;
  const read = async () => {
    while (acting) {
      // Several times in each turn, to look also between two steps of a write in one turn.
      for (let i = 0; i < 3; i++) await checkWhole(store, key, expected);
      await nextTurn();
    }
  };
  await together([read(), read(), act().finally(() => acting = false)]);
}

/** Lets the event loop turn: a store whose reads are synchronous inside would starve the writers. */
function nextTurn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve));
}

async function listed(store: Store): Promise<number> {
  let count = 0;
  for await (const _ of store.list()) count++;
  return count;
}
