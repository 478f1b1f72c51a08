/**
 * Cases about leases. They run out by the clock of whoever keeps them, which may be a server's, so
 * these cases use the real one: long leases that outlast the case, and short ones that are waited
 * for.
 *
 * @module
 */

import { StoreError } from "../../errors.ts";
import type { Store, StoreLease } from "../store.ts";
import {
  type CaseContext,
  check,
  checkEntry,
  checkList,
  checkMissing,
  checkRejects,
  sample,
  type StoreCase,
} from "./_case.ts";

const HOUR_MS = 3_600_000;
const SHORT_MS = 50;
/** How long a case waits for a short lease to run out before it takes it for one that never does. */
const PATIENCE_MS = 3_000;
const TURN_MS = 10;

/** The cases; each needs `supports.lease`. */
export const cases: readonly StoreCase[] = ([
  {
    name: "leases a key to one holder at a time",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      const lease = await taken(store, "key");
      check(lease.key === "key", "The lease does not name its key");
      check(await take(store, "key") === undefined, "The same handle got the lease twice");
      check(await take(other, "key") === undefined, "Two handles hold one lease");
      const free = await taken(other, "key 2");
      await free[Symbol.asyncDispose]();
      await lease[Symbol.asyncDispose]();
      const next = await taken(other, "key");
      check(await take(store, "key") === undefined, "Two handles hold one lease after a release");
      await next[Symbol.asyncDispose]();
    },
  },
  {
    name: "gives a lease to one of many who ask at once",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      for (let round = 0; round < 3; round++) {
        const asked = await Promise.all(
          Array.from({ length: 20 }, (_, i) => take(i % 2 === 0 ? store : other, "key")),
        );
        const leases = asked.filter((lease) => lease !== undefined);
        check(leases.length === 1, `${leases.length} of 20 who asked at once got the lease`);
        await leases[0][Symbol.asyncDispose]();
      }
    },
  },
  {
    name: "numbers the leases of a key upwards",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      let last = -Infinity;
      for (let i = 0; i < 4; i++) {
        const lease = await taken(i % 2 === 0 ? store : other, "key");
        check(lease.token > last, `A lease has the token ${lease.token} after ${last}`);
        last = lease.token;
        await lease[Symbol.asyncDispose]();
      }
    },
  },
  {
    name: "renews a lease that is held, and none that was given back",
    body: async ({ store }) => {
      const lease = await taken(store, "key");
      check(await lease.renew() === true, "renew() of a held lease did not resolve to true");
      check(await take(store, "key") === undefined, "A renewed lease was given to another");
      await lease[Symbol.asyncDispose]();
      check(await lease.renew() === false, "renew() after giving back did not resolve to false");
      await lease[Symbol.asyncDispose]();
      const next = await taken(store, "key");
      await lease[Symbol.asyncDispose]();
      check(await lease.renew() === false, "An old lease was renewed over a new one");
      check(await take(store, "key") === undefined, "An old lease gave back a new one");
      await next[Symbol.asyncDispose]();
    },
  },
  {
    name: "lets a lease run out that is neither renewed nor given back",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      const lost = await taken(store, "key", SHORT_MS);
      const next = await takenOver(other, "key");
      check(next.token > lost.token, "A lease that was taken over has no larger token");
      check(await lost.renew() === false, "A lost lease was renewed");
      await lost[Symbol.asyncDispose]();
      check(await take(store, "key") === undefined, "A lost lease gave back that of its successor");
      await next[Symbol.asyncDispose]();
    },
  },
  {
    name: "keeps a lease for as long as it was asked for, and as long again when it is renewed",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      // Of a minute, one that counts in seconds would be over.
      await using minute = await taken(store, "minute", 60_000);
      for (let duration = 200;; duration *= 4) {
        const asked = performance.now();
        const lease = await taken(store, "key", duration);
        const end = performance.now() + duration;
        await pause(duration / 2);
        const renewing = performance.now();
        const isHeld = await lease.renew();
        const renewed = performance.now();
        while (performance.now() <= end) await pause(TURN_MS);
        const next = await take(other, "key");
        // A machine that was too busy in between tells nothing, but at the next try.
        const isInTime = renewed < asked + duration && performance.now() < renewing + duration;
        await next?.[Symbol.asyncDispose]();
        await lease[Symbol.asyncDispose]();
        if (isInTime) {
          check(isHeld, "A lease was lost before it ran out");
          check(next === undefined, "A lease that was renewed did not last as long again");
        }
        if (isInTime || duration > PATIENCE_MS) break;
      }
      check(await take(other, "minute") === undefined, "A lease ran out too early");
      check(await minute.renew() === true, "A lease of a minute was lost at once");
    },
  },
  {
    name: "writes under a lease, and not under a lost one",
    body: async (context) => {
      const { store } = context;
      await using other = await otherHandle(context);
      const lost = await taken(store, "key", HOUR_MS);
      await store.set("key", sample(10), { lease: lost });
      await checkEntry(store, "key", sample(10));
      await lost[Symbol.asyncDispose]();
      const next = await taken(other, "key");
      await checkRefusesLease(
        () => store.set("key", sample(20), { lease: lost }),
        "set() under a lost lease",
      );
      await checkRefusesLease(
        () => other.set("key 2", sample(20), { lease: next }),
        "set() under the lease of another key",
      );
      await checkMissing(store, "key 2");
      await checkEntry(other, "key", sample(10));
      await other.set("key", sample(30), { lease: next });
      await checkEntry(store, "key", sample(30));
      await next[Symbol.asyncDispose]();
    },
  },
  {
    name: "keeps leases apart from entries",
    body: async ({ store }) => {
      const lease = await taken(store, "key");
      await checkMissing(store, "key");
      await checkList(store, undefined, {});
      await store.set("key", sample(10));
      await checkList(store, undefined, { key: 10 });
      check(await store.delete("key") === true, "delete() of a leased key's entry said false");
      check(await take(store, "key") === undefined, "delete() of an entry ended the lease");
      check(await lease.renew() === true, "delete() of an entry lost the lease");
      await lease[Symbol.asyncDispose]();
      await checkList(store, undefined, {});
    },
  },
  {
    name: "leases hard keys apart",
    body: async ({ store }) => {
      const keys = ["a", "A", "a/b", "../a", "\u00e9", "e\u0301", "CON", "x".repeat(1024), "nul\0"];
      const leases = await Promise.all(keys.map((key) => taken(store, key)));
      for (const lease of leases) await lease[Symbol.asyncDispose]();
      check(leases.length === keys.length, "Some hard keys have no lease of their own");
    },
  },
  {
    name: "refuses a wrong key or duration, an aborted signal, and a closed handle",
    body: async ({ store }) => {
      for (const duration of [0, -1, NaN, Infinity]) {
        await checkRejects(
          () => store.lease!("key", duration),
          RangeError,
          `lease() for ${duration} milliseconds`,
        );
      }
      const word = "1h" as unknown as number;
      await checkRejects(() => store.lease!("key", word), TypeError, "lease() for a string");
      await checkRejects(() => store.lease!("", HOUR_MS), RangeError, "lease() of an empty key");
      const signal = AbortSignal.abort(new SyntaxError("The reason"));
      await checkRejects(
        () => store.lease!("key", HOUR_MS, { signal }),
        SyntaxError,
        "lease() with an aborted signal",
      );
      await (await taken(store, "key"))[Symbol.asyncDispose]();
      await store[Symbol.asyncDispose]();
      await checkRejects(() => store.lease!("key", HOUR_MS), StoreError, "lease() after closing");
    },
  },
] satisfies StoreCase[]).map((each) => ({ ...each, needs: ["lease"] }));

function take(store: Store, key: string, duration = HOUR_MS): Promise<StoreLease | undefined> {
  return store.lease!(key, duration);
}

/** Checks that a write is refused for its lease, in such a way that it can be told from a failure. */
export async function checkRefusesLease(
  act: () => PromiseLike<unknown>,
  what: string,
): Promise<void> {
  let operation: string | undefined;
  await checkRejects(
    () =>
      act().then(undefined, (error) => {
        operation = (error as Partial<StoreError>).operation;
        throw error;
      }),
    StoreError,
    what,
  );
  check(
    operation === "lease",
    `${what} rejected with the operation "${operation}" instead of "lease"`,
  );
}

/** Takes a lease that has to be free. */
export async function taken(store: Store, key: string, duration = HOUR_MS): Promise<StoreLease> {
  const lease = await take(store, key, duration);
  check(lease !== undefined, "A lease that nobody held was refused");
  return lease;
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}

/** Waits until a short lease has run out. */
async function takenOver(store: Store, key: string): Promise<StoreLease> {
  const end = performance.now() + PATIENCE_MS;
  while (performance.now() < end) {
    const lease = await take(store, key);
    if (lease !== undefined) return lease;
    await pause(TURN_MS);
  }
  throw new Error(`A lease of ${SHORT_MS} ms had not run out after ${PATIENCE_MS} ms`);
}

/** Another handle on the same place; the same one, in a store that has no other. */
export async function otherHandle(
  { store, reopen }: CaseContext,
): Promise<Store & AsyncDisposable> {
  if (store.supports.persistent) return await reopen();
  return new Proxy(store, {
    get: (target, property) => {
      // The suite closes the one handle that there is.
      if (property === Symbol.asyncDispose) return () => Promise.resolve();
      const member = Reflect.get(target, property);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
}
