/**
 * The part of the bench that runs in a page or a worker.
 *
 * @module
 */
import { createStore, get, keys, set, type UseStore } from "idb-keyval";
import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { race, timeAwaited, type Timer } from "../shared/race.ts";

/** Entries in each store. */
export const ENTRIES = 1000;
/** Bytes of each. */
export const BYTES = 1024;
/** The names of the contenders. */
export const CONTENDERS = ["déjà", "idb-keyval", "Cache API"] as const;

/** A clock of Firefox ticks once in a millisecond. */
const BATCH_NS = 25_000_000;
/** Entries of which memory holds the latest 16 MiB only. */
const MANY_ENTRIES = 24_000;
/** Entries to get once each. */
const GETS = 200;

/** Nanoseconds by contender. */
export type Times = Readonly<Record<string, number>>;

/** A store of keys and bytes, opened. */
interface Opened {
  get(key: string): Promise<Uint8Array | undefined>;
  set(key: string, bytes: Uint8Array<ArrayBuffer>): Promise<void>;
  count(): Promise<number>;
  close(): Promise<void>;
}

const OPENERS: Readonly<Record<typeof CONTENDERS[number], (name: string) => Promise<Opened>>> = {
  "déjà": async (name) => {
    const store = await opfsStore(name);
    return {
      get: (key) => store.get(key),
      set: (key, bytes) => store.set(key, bytes),
      count: async () => {
        let count = 0;
        for await (const _ of store.list()) count++;
        return count;
      },
      close: () => store[Symbol.asyncDispose](),
    };
  },
  "idb-keyval": (name) => {
    const store: UseStore = createStore(name, "entries");
    return Promise.resolve({
      get: (key) => get<Uint8Array>(key, store),
      set: (key, bytes) => set(key, bytes, store),
      count: async () => (await keys(store)).length,
      close: () => Promise.resolve(),
    });
  },
  "Cache API": async (name) => {
    const cache = await caches.open(name);
    return {
      get: async (key) => {
        const response = await cache.match(`/${key}`);
        return response && new Uint8Array(await response.arrayBuffer());
      },
      set: (key, bytes) => cache.put(`/${key}`, new Response(bytes)),
      count: async () => (await cache.keys()).length,
      close: () => Promise.resolve(),
    };
  },
};

function keyOf(i: number): string {
  return `load-users/${(i % ENTRIES).toString(16).padStart(8, "0")}`;
}

function valueOf(i: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(BYTES).fill(i);
}

/** Fills all stores, and leaves them to another page. */
export async function fill(name: string): Promise<void> {
  for (const contender of CONTENDERS) {
    const store = await OPENERS[contender](name);
    await Promise.all(Array.from({ length: ENTRIES }, (_, i) => store.set(keyOf(i), valueOf(i))));
    await store.close();
  }
}

/**
 * Opens each store for the first time in this page and gets one entry.
 *
 * @param turn Which contender is the first, who finds the browser's part asleep.
 */
export async function coldHits(name: string, turn: number): Promise<Times> {
  const times: Record<string, number> = {};
  for (const i of CONTENDERS.keys()) {
    const contender = CONTENDERS[(turn + i) % CONTENDERS.length];
    const start = performance.now();
    const store = await OPENERS[contender](name);
    const bytes = await store.get(keyOf(500));
    times[contender] = (performance.now() - start) * 1e6;
    check(bytes, 500);
    await store.close();
  }
  return times;
}

/** Fills a store of ours with more than it keeps in memory. */
async function fillMany(name: string): Promise<Opened> {
  const store = await OPENERS["déjà"](name);
  await Promise.all(
    Array.from({ length: MANY_ENTRIES }, (_, i) => store.set(`many/${i}`, valueOf(i))),
  );
  return store;
}

/** Races the stores, opened. */
export async function warm(name: string): Promise<Readonly<Record<string, Times>>> {
  const stores: (readonly [string, Opened])[] = [];
  for (const contender of CONTENDERS) stores.push([contender, await OPENERS[contender](name)]);
  for (const [, store] of stores) check(await store.get(keyOf(7)), 7);
  const raceAll = async (act: (store: Opened) => () => Promise<unknown>): Promise<Times> => {
    const timers = stores.map(([contender, store]): [string, Timer] => {
      const body = act(store);
      return [contender, (count) => timeAwaited(body, count)];
    });
    return Object.fromEntries(await race(new Map(timers), { batchNs: BATCH_NS }));
  };
  let turn = 0;
  const figures = {
    "warm hit, in memory": await raceAll((store) => () => store.get(keyOf(turn++ % 100))),
    "set": await raceAll((store) => () => {
      const i = turn++ % ENTRIES;
      return store.set(keyOf(i), valueOf(i));
    }),
    "list": await raceAll((store) => () => store.count()),
    ...await fileHits(stores, name),
  };
  for (const [, store] of stores) await store.close();
  return figures;
}

/** Hits of entries that are not in memory: neighbours one after another, and far from each other. */
async function fileHits(
  stores: readonly (readonly [string, Opened])[],
  name: string,
): Promise<Readonly<Record<string, Times>>> {
  const many = await fillMany(`${name} many`);
  const order = Array.from({ length: GETS }, (_, i) => i);
  const figures = {
    "warm hit, in the file": await distinctGets(stores, many, order, (i) => i),
    "warm hit, in the file, scattered": await distinctGets(
      stores,
      many,
      order,
      // The first of them are in memory now, and so are the last.
      (i) => 500 + (i * 7919) % (MANY_ENTRIES / 4),
    ),
  };
  await many.close();
  return figures;
}

/** The mean time of gets that are each the first of their entry. */
async function distinctGets(
  stores: readonly (readonly [string, Opened])[],
  many: Opened,
  order: readonly number[],
  place: (i: number) => number,
): Promise<Times> {
  const times: Record<string, number> = {};
  for (const [contender, store] of stores) {
    const ours = contender === "déjà";
    let i = 0;
    const next = () => place(order[i++]);
    const body = ours ? () => many.get(`many/${next()}`) : () => store.get(keyOf(next()));
    times[contender] = await timeAwaited(body, GETS);
  }
  return times;
}

function check(bytes: Uint8Array | undefined, i: number): void {
  if (bytes?.length !== BYTES || bytes[0] !== i % 256) throw new Error("A store gave other bytes");
}
