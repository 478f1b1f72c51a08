/**
 * Cases about calls that are given up.
 *
 * @module
 */

import type { Store, StoreCallOptions } from "../store.ts";
import {
  check,
  checkEntry,
  checkList,
  checkMissing,
  collect,
  sameBytes,
  sample,
  type StoreCase,
} from "./_case.ts";
import { together } from "./concurrency.ts";

/** Large enough that stores do not finish at once. */
const LARGE = 0x100000;

/** Every call that a store has to have, by name. */
const CALLS: Readonly<
  Record<string, (store: Store, options: StoreCallOptions) => Promise<unknown>>
> = {
  get: (store, options) => store.get("key", options),
  set: (store, options) => store.set("key", sample(LARGE, 2), options),
  delete: (store, options) => store.delete("key", options),
  list: (store, options) => collect(store, "", options),
};

/** The cases. */
export const cases: readonly StoreCase[] = [
  {
    name: "rejects with the signal's reason where it is aborted already, and does nothing",
    body: async ({ store }) => {
      await store.set("key", sample(100));
      const reason = new Error("The reason of the case");
      const signal = AbortSignal.abort(reason);
      for (const [name, call] of Object.entries(CALLS)) {
        const outcome = await settled(call(store, { signal }));
        check(outcome.error === reason, `${name}() with an aborted signal ${tell(outcome)}`);
      }
      await checkEntry(store, "key", sample(100));
      await checkList(store, undefined, { key: 100 });
    },
  },
  {
    name: "gives a call up with the signal's reason, whole or not at all",
    body: async ({ store }) => {
      const reason = "a reason that is no error";
      for (const [name, call] of Object.entries(CALLS)) {
        await store.set("key", sample(100));
        const controller = new AbortController();
        const pending = settled(call(store, { signal: controller.signal }));
        controller.abort(reason);
        const outcome = await pending;
        check(
          !outcome.failed || outcome.error === reason,
          `${name}() that was aborted meanwhile ${tell(outcome)}`,
        );
        const bytes = await store.get("key");
        check(
          bytes === undefined ||
            [sample(100), sample(LARGE, 2)].some((whole) => sameBytes(bytes, whole)),
          `After an aborted ${name}(), a part of the bytes is there`,
        );
      }
    },
  },
  {
    name: "stops a listing that is under way",
    body: async ({ store }) => {
      for (let i = 0; i < 50; i++) await store.set(`name/${i}`, sample(i));
      const controller = new AbortController();
      const reason = new Error("Enough");
      let count = 0;
      const outcome = await settled((async () => {
        for await (const _ of store.list("name/", { signal: controller.signal })) {
          if (++count === 1) controller.abort(reason);
        }
      })());
      check(outcome.error === reason, `list() that was aborted on the way ${tell(outcome)}`);
      check((await collect(store)).length === 50, "An aborted listing removed entries");
    },
  },
  {
    name: "works on after calls were given up",
    body: async ({ store }) => {
      const controller = new AbortController();
      const { signal } = controller;
      const given = Array.from(
        { length: 10 },
        (_, i) => settled(store.set(`key ${i % 3}`, sample(1000 + i), { signal })),
      );
      controller.abort();
      await together(given);
      // Under other keys, since what was given up may still arrive at a server.
      for (let i = 0; i < 3; i++) await store.set(`later ${i}`, sample(i));
      for (let i = 0; i < 3; i++) await checkEntry(store, `later ${i}`, sample(i));
      await store.delete("later 0");
      await checkMissing(store, "later 0");
    },
  },
  {
    name: "takes a signal that is never aborted",
    body: async ({ store }) => {
      const { signal } = new AbortController();
      await store.set("key", sample(100), { signal });
      check(sameBytes(await store.get("key", { signal }), sample(100)), "get() missed the entry");
      check((await collect(store, "", { signal })).length === 1, "list() missed the entry");
      check(await store.delete("key", { signal }), "delete() missed the entry");
    },
  },
];

interface Settled {
  readonly failed: boolean;
  readonly error: unknown;
}

async function settled(promise: Promise<unknown>): Promise<Settled> {
  try {
    await promise;
    return { failed: false, error: undefined };
  } catch (error) {
    return { failed: true, error };
  }
}

function tell({ failed, error }: Settled): string {
  return failed ? `rejected with ${String(error)} instead of the reason` : "did not reject";
}
