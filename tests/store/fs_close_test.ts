import { type FsStore, fsStore, type FsStoreOptions } from "../../lib/store/fs/mod.ts";
import { assert } from "../harness.ts";
import { testFiles } from "./_files.ts";

const LARGE = 3_000_000;
const HOUR_MS = 3_600_000;

/** What may be under way when a store is closed. */
const CALLS: Readonly<Record<string, (store: FsStore) => Promise<unknown>>> = {
  "a set of little": (store) => store.set("name/key", new Uint8Array(10)),
  "a set of much": (store) => store.set("name/key", new Uint8Array(LARGE)),
  "a set of much that was given up": (store) => {
    const controller = new AbortController();
    const set = store.set("name/key", new Uint8Array(LARGE), { signal: controller.signal });
    controller.abort();
    return set;
  },
  "a delete": (store) => store.delete("old"),
  "a lease": (store) => store.lease("name/key", HOUR_MS),
  "a stream": (store) => store.setStream("name/key", new Blob([new Uint8Array(LARGE)]).stream()),
  "a prune": (store) => store.prune({ maxEntries: 1 }),
  "a get of much": (store) => store.get("much"),
  "a listing": async (store) => {
    for await (const _ of store.list());
  },
};

const OPTIONS: readonly FsStoreOptions[] = [{}, { fsync: true }, { maxEntries: 1 }];

for (const [what, call] of Object.entries(CALLS)) {
  testFiles(
    `fsStore() does nothing to its folder once it is closed, also where ${what} was under way`,
    async (root, fs) => {
      for (const options of OPTIONS) {
        const store = await fsStore(root, options);
        await store.set("old", new Uint8Array(10));
        await store.set("much", new Uint8Array(LARGE));
        const calls = Array.from({ length: 5 }, () => call(store));
        const outcomes = Promise.allSettled(calls);
        await store[Symbol.asyncDispose]();
        // Whoever writes now makes it again.
        fs.rmSync(root, { recursive: true });
        await outcomes;
        assert.isFalse(fs.existsSync(root));
      }
    },
  );
}

testFiles(
  "fsStore() removes nothing in a listing that goes on after it was closed",
  async (root, fs) => {
    const store = await fsStore(root);
    for (let i = 0; i < 10; i++) await store.set(`key ${i}`, new Uint8Array(i), { expires: 1 });
    await store.set("live", new Uint8Array(1));
    const files = () => fs.readdirSync(root, { recursive: true }).length;
    const listing = store.list()[Symbol.asyncIterator]();
    const before = files();
    const first = listing.next();
    await store[Symbol.asyncDispose]();
    const closed = files();
    await first.catch(() => {});
    while (!(await listing.next().catch(() => ({ done: true }))).done);
    assert.isAtMost(closed, before);
    assert.equal(files(), closed);
  },
);
