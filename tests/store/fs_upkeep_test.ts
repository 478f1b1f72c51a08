import { StoreError } from "../../lib/errors.ts";
import { writeEntry } from "../../lib/store/_entry_file.ts";
import { chooseFiles } from "../../lib/store/fs/choose_files.ts";
import type { Files } from "../../lib/store/fs/files.ts";
import { type FsPruneReport, fsStore } from "../../lib/store/fs/mod.ts";
import { FolderStore, PLAIN } from "../../lib/store/fs/store.ts";
import type { Store } from "../../lib/store/mod.ts";
import { assert, rejects, runScript, withFakeTime } from "../harness.ts";
import { filesIn, type NodeFs, testFiles } from "./_files.ts";

const DAY_MS = 86_400_000;
/** Bytes of the file of an entry `name/nNN` with a value of 100 bytes. */
const FILE_BYTES = 24 + 8 + 100;

function key(i: number): string {
  return `name/n${String(i).padStart(2, "0")}`;
}

/** Sets entries of which each was used an hour after the one before, the last an hour ago. */
async function fill(root: string, fs: NodeFs, count: number): Promise<void> {
  await using store = await fsStore(root);
  for (let i = 0; i < count; i++) {
    await store.set(key(i), new Uint8Array(100).fill(i));
    age(root, fs, i, count - i);
  }
}

/** Makes the last use of an entry so many hours old. */
function age(root: string, fs: NodeFs, i: number, hours: number): void {
  const [file] = filesIn(fs, root).filter((path) => path.endsWith(`/${key(i).slice(5)}`));
  const used = new Date(Date.now() - hours * 3_600_000);
  fs.utimesSync(`${root}/${file}`, used, used);
}

async function keysOf(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ key }) => key).sort();
}

testFiles("prune() removes what was used least recently, to just fit", async (root, fs) => {
  await fill(root, fs, 40);
  await using store = await fsStore(root);
  assert.deepEqual(await store.prune({ maxEntries: 25 }), {
    removedEntries: 15,
    removedBytes: 15 * FILE_BYTES,
    entries: 25,
    bytes: 25 * FILE_BYTES,
  });
  assert.deepEqual(await keysOf(store), Array.from({ length: 25 }, (_, i) => key(15 + i)));
  const report = await store.prune({ maxBytes: 10 * FILE_BYTES + 5 });
  assert.deepInclude(report, { removedEntries: 15, entries: 10 });
  assert.deepEqual(await keysOf(store), Array.from({ length: 10 }, (_, i) => key(30 + i)));
  assert.deepInclude(await store.prune({ maxAge: "5.5h" }), { removedEntries: 5, entries: 5 });
  assert.deepEqual(await keysOf(store), Array.from({ length: 5 }, (_, i) => key(35 + i)));
  assert.deepInclude(await store.prune({}), { removedEntries: 0, entries: 5 });
});

testFiles("prune() cuts within entries of one age, and no deeper", async (root, fs) => {
  await fill(root, fs, 30);
  for (let i = 0; i < 30; i++) age(root, fs, i, 5);
  await using store = await fsStore(root);
  assert.deepInclude(await store.prune({ maxEntries: 7 }), { removedEntries: 23, entries: 7 });
  assert.lengthOf(await keysOf(store), 7);
});

testFiles("prune() holds every limit at once", async (root, fs) => {
  await fill(root, fs, 20);
  await using store = await fsStore(root);
  const limits = { maxEntries: 15, maxBytes: 12 * FILE_BYTES, maxAge: "18.5h" } as const;
  assert.deepInclude(await store.prune(limits), { removedEntries: 8, entries: 12 });
});

/**
 * Sets 2,000 entries, each used later than the one before by a part of its age that upkeep tells
 * from the next.
 */
async function fillMuch(
  root: string,
  fs: NodeFs,
  isExpired: (i: number) => boolean,
): Promise<void> {
  const now = Date.now();
  {
    await using store = await fsStore(root);
    await withFakeTime(now - DAY_MS * 9, async () => {
      for (let i = 0; i < 2000; i++) {
        const options = isExpired(i) ? { expires: now - DAY_MS } : {};
        await store.set(key(i), new Uint8Array(100), options);
      }
    });
  }
  for (const file of filesIn(fs, `${root}/v1`)) {
    const i = Number(file.slice(file.lastIndexOf("/n") + 2));
    const used = new Date(now - 2 ** (16 + 24.6 * (1 - i / 2000)));
    fs.utimesSync(`${root}/v1/${file}`, used, used);
  }
}

for (const limits of [{ maxEntries: 500 }, { maxBytes: 500 * (FILE_BYTES + 2) }]) {
  const [name] = Object.keys(limits);
  testFiles(
    `prune() spares what is young where far too much and what is expired exceed ${name}`,
    async (root, fs) => {
      const isExpired = (i: number) => i % 10 === 0;
      await fillMuch(root, fs, isExpired);
      await using store = await fsStore(root);
      assert.deepInclude(await store.prune(limits), { removedEntries: 1500, entries: 500 });
      const live = Array.from({ length: 2000 }, (_, i) => i).filter((i) => !isExpired(i));
      assert.sameMembers(await keysOf(store), live.slice(-500).map(key));
    },
  );
}

testFiles("prune() removes unread what is too old for certain", async (root, fs) => {
  await fillMuch(root, fs, () => false);
  const own = chooseFiles();
  let reads = 0;
  const files: Files = {
    ...own,
    readStart(path, limit) {
      reads++;
      return own.readStart(path, limit);
    },
  };
  await using store = await FolderStore.open(files, root);
  assert.deepInclude(await store.prune({ maxEntries: 500 }), {
    removedEntries: 1500,
    entries: 500,
  });
  // A sample of some hundred, and all but what exceeds the limit even if 576 were useless.
  assert.isBelow(reads, 1400);
});

testFiles("a read makes an entry young, at most once in five minutes", async (root, fs) => {
  await fill(root, fs, 10);
  await using store = await fsStore(root);
  await store.get(key(0));
  const stream = await store.getStream(key(1));
  await stream!.cancel();
  const [file] = filesIn(fs, root).filter((path) => path.endsWith("/n00"));
  const used = fs.statSync(`${root}/${file}`).mtimeMs;
  await withFakeTime(Date.now() + 200_000, async () => void await store.get(key(0)));
  assert.equal(fs.statSync(`${root}/${file}`).mtimeMs, used);
  await store.prune({ maxEntries: 4 });
  assert.deepEqual(await keysOf(store), [key(0), key(1), key(8), key(9)]);
});

testFiles(
  "reads within five minutes count in the upkeep of the handle that read",
  async (root, fs) => {
    await fill(root, fs, 10);
    for (let i = 0; i < 10; i++) age(root, fs, i, (10 - i) / 3600); // Seconds instead of hours.
    await using store = await fsStore(root, { maxEntries: 100 });
    await store.get(key(0));
    await (await store.getStream(key(1)))!.cancel();
    await store.get(key(2));
    age(root, fs, 2, -1 / 3600); // Another process has used it since.
    const used = (i: number) => {
      const [file] = filesIn(fs, root).filter((path) => path.endsWith(`/${key(i).slice(5)}`));
      return fs.statSync(`${root}/${file}`).mtimeMs;
    };
    const later = used(2);
    assert.deepInclude(await store.prune({ maxEntries: 4 }), { removedEntries: 6, entries: 4 });
    assert.deepEqual(await keysOf(store), [0, 1, 2, 9].map(key));
    assert.equal(used(2), later);
  },
);

testFiles("prune() removes what is expired, damaged, abandoned and empty", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set("a/whole", new Uint8Array(1));
  await store.set("b/expired", new Uint8Array(1), { expires: Date.now() + 1000 });
  await store.set("c/cut", new Uint8Array(9));
  await store.set("d/foreign", new Uint8Array(9));
  await store.set("e/folder", new Uint8Array(9));
  await store.set("f/moved", new Uint8Array(9));
  const paths = filesIn(fs, root).map((path) => `${root}/${path}`);
  const at = (name: string) => paths.find((path) => path.endsWith(`/${name}`))!;
  fs.truncateSync(at("cut"), 30);
  fs.writeFileSync(at("foreign"), "a text");
  fs.rmSync(at("folder"));
  fs.mkdirSync(`${at("folder")}/inside`, { recursive: true });
  fs.writeFileSync(at("moved"), writeEntry("other", new Uint8Array(9), Infinity));
  const folder = at("whole").replace("/whole", "");
  fs.writeFileSync(`${folder}/.0b0e.tmp`, "");
  fs.writeFileSync(`${folder}/.0b0f.tmp`, "");
  fs.utimesSync(`${folder}/.0b0e.tmp`, 0, 0);
  await withFakeTime(Date.now() + 1000, async () => {
    assert.deepInclude(await store.prune(), { removedEntries: 6, entries: 1 });
  });
  assert.deepEqual(fs.readdirSync(`${root}/v1`), ["a"]);
  assert.deepEqual(fs.readdirSync(folder).sort(), [".0b0f.tmp", "whole"]);
});

testFiles("prune() keeps what a later release wrote, while it is young", async (root, fs) => {
  await fill(root, fs, 2);
  const path = `${root}/${filesIn(fs, root).find((path) => path.endsWith("/n00"))}`;
  const file = writeEntry(key(0), new Uint8Array(100), Infinity);
  file[4] = 2;
  fs.writeFileSync(path, file);
  await using store = await fsStore(root);
  assert.deepInclude(await store.prune(), { removedEntries: 0, entries: 2 });
  assert.deepInclude(await store.prune({ maxEntries: 1 }), { removedEntries: 1, entries: 1 });
  assert.isTrue(fs.existsSync(path));
});

testFiles("prune() removes leases that ran out long ago, and no token", async (root, fs) => {
  await using store = await fsStore(root);
  await store.lease("lost", 1000);
  await using _held = await store.lease("held", 10 * DAY_MS);
  await withFakeTime(Date.now() + DAY_MS, () => store.prune());
  const left = filesIn(fs, `${root}/leases`);
  assert.lengthOf(left.filter((path) => path.includes("/token.")), 2);
  assert.lengthOf(left, 3);
});

testFiles(
  "an entry from the future counts as used now from the next upkeep on",
  async (root, fs) => {
    await fill(root, fs, 3);
    age(root, fs, 0, -1000);
    await using store = await fsStore(root);
    await store.prune();
    age(root, fs, 1, -0.1);
    age(root, fs, 2, -0.1);
    await withFakeTime(Date.now() + DAY_MS / 2, () => store.prune({ maxEntries: 2 }));
    assert.deepEqual(await keysOf(store), [key(1), key(2)]);
  },
);

testFiles("fsStore() with limits keeps itself within them", async (root) => {
  const reports: (FsPruneReport | StoreError)[] = [];
  const onUpkeep = (report: FsPruneReport | StoreError) => void reports.push(report);
  for (let round = 0; round < 20; round++) {
    await using store = await fsStore(root, { maxEntries: 50, onUpkeep });
    for (let i = 0; i < 10; i++) await store.set(`round ${round}/${i}`, new Uint8Array(10));
  }
  await using store = await fsStore(root);
  const keys = await keysOf(store);
  assert.isAtMost(keys.length, 50);
  assert.isAtLeast(keys.length, 40);
  assert.isTrue(keys.includes("round 19/9"));
  assert.isAtMost(reports.length, 40);
  for (const report of reports) assert.notInstanceOf(report, StoreError);
});

testFiles("fsStore() with limits counts what is overwritten and deleted once", async (root) => {
  let passes = 0;
  const options = { maxBytes: "1MiB", onUpkeep: () => void passes++ } as const;
  await using store = await fsStore(root, options);
  await store.set("key", new Uint8Array(1000));
  await using other = await fsStore(root, options);
  while (passes === 0) await turn();
  for (let i = 0; i < 200; i++) {
    await store.set("key", new Uint8Array(300_000));
    await other.set("more", new Uint8Array(400_000));
    await store.delete("more");
  }
  await turn();
  assert.equal(passes, 1);
});

for (const limits of [{ maxEntries: 1 }, { maxBytes: 1000 }]) {
  const [name] = Object.keys(limits);
  testFiles(`what was written last stays where it fits ${name} by itself`, async (root, fs) => {
    await using store = await fsStore(root);
    await store.set("first", new Uint8Array(200));
    const path = filesIn(fs, root).find((path) => path.endsWith("/first"));
    const past = new Date(Date.now() - 60_000);
    fs.utimesSync(`${root}/${path}`, past, past);
    const limited = await fsStore(root, limits);
    await limited.set("last", new Uint8Array(880));
    await limited[Symbol.asyncDispose]();
    const left = await Array.fromAsync(store.list());
    assert.deepEqual(left.map(({ key }) => key), ["last"]);
  });
}

testFiles("fsStore() with maxAge looks for what is too old now and then", async (root, fs) => {
  await fill(root, fs, 10);
  const start = Date.now();
  for (const hours of [0, 2]) {
    await withFakeTime(start + hours * 3_600_000, async () => {
      await using store = await fsStore(root, { maxAge: "7.5h" });
      await store.set("new", new Uint8Array(1));
    });
  }
  await using store = await fsStore(root);
  assert.deepEqual(await keysOf(store), [...[5, 6, 7, 8, 9].map(key), "new"]);
});

testFiles("fsStore() counts anew where its totals are lost or damaged", async (root, fs) => {
  for (const damage of ["", "x".repeat(50)]) {
    await using store = await fsStore(root, { maxEntries: 10 });
    for (let i = 0; i < 30; i++) await store.set(key(i), new Uint8Array(10));
    await store[Symbol.asyncDispose]();
    fs.writeFileSync(`${root}/upkeep/totals`, damage);
    const again = await fsStore(root, { maxEntries: 10 });
    await again.set("last", new Uint8Array(1));
    await again[Symbol.asyncDispose]();
    assert.isAtMost((await keysOf(await fsStore(root))).length, 10);
  }
});

testFiles("a record that is being read is not cut off by its removal", async (root) => {
  await using store = await fsStore(root);
  const bytes = new Uint8Array(2_000_000).map((_, i) => i * 31 >> 4);
  await store.set("large", bytes);
  const stream = await store.getStream("large");
  const reader = stream!.getReader();
  let { value } = await reader.read();
  await withFakeTime(Date.now() + DAY_MS, () => store.prune({ maxAge: 1 }));
  assert.isUndefined(await store.get("large"));
  let length = 0;
  while (value !== undefined) {
    for (let i = 0; i < value.length; i += 997) assert.equal(value[i], bytes[length + i]);
    length += value.length;
    value = (await reader.read()).value;
  }
  assert.equal(length, bytes.length);
});

testFiles("prune() waits its turn, and gives up by its signal", async (root, fs) => {
  await fill(root, fs, 3);
  await using store = await fsStore(root);
  fs.mkdirSync(`${root}/upkeep`);
  fs.writeFileSync(`${root}/upkeep/pass.1`, ""); // As another process just writes it.
  const abort = new AbortController();
  const given = store.prune({}, { signal: abort.signal });
  const reason = new RangeError("Enough");
  abort.abort(reason);
  assert.equal(await rejects(given, RangeError), reason);
  const waiting = store.prune({ maxEntries: 1 });
  fs.rmSync(`${root}/upkeep/pass.1`);
  assert.deepInclude(await waiting, { removedEntries: 2, entries: 1 });
  const both = await Promise.all([store.prune({}), (await fsStore(root)).prune({})]);
  for (const report of both) assert.deepInclude(report, { removedEntries: 0, entries: 1 });
});

testFiles("prune() refuses what it cannot do", async (root) => {
  const store = await fsStore(root);
  await store.set("key", new Uint8Array(1));
  await rejects(store.prune({ maxBytes: "much" as "1B" }), TypeError, /maxBytes must be bytes or/);
  await rejects(store.prune({ maxEntries: 0 }), RangeError, /maxEntries must be a positive/);
  await rejects(store.prune({ maxAge: -1 }), RangeError, /maxAge must be more than 0/);
  await rejects(fsStore(root, { maxEntries: 1.5 }), RangeError, /maxEntries must be a positive/);
  await store[Symbol.asyncDispose]();
  await rejects(store.prune(), StoreError, /Cannot prune: the fs store is closed/);
  await using reader = await fsStore(root, { readOnly: true });
  await rejects(reader.prune(), StoreError, /Cannot prune .+ readOnly/);
});

testFiles("upkeep that fails tells onUpkeep, and never who writes", async (root) => {
  const outcomes: unknown[] = [];
  const files: Files = {
    ...chooseFiles(),
    readStart: () => {
      throw Object.assign(new Error("EIO: broken"), { code: "EIO" });
    },
  };
  const limits = { maxBytes: Infinity, maxEntries: 1, maxAge: Infinity };
  const onUpkeep = (outcome: unknown) => void outcomes.push(outcome);
  const plain = { readOnly: false, fsync: false };
  await using store = await FolderStore.open(files, root, { ...plain, limits, onUpkeep });
  await store.set("a", new Uint8Array(1));
  await store.set("b", new Uint8Array(1));
  await store[Symbol.asyncDispose]();
  assert.isNotEmpty(outcomes);
  for (const outcome of outcomes) {
    assert.instanceOf(outcome, StoreError);
    assert.match((outcome as Error).message, /Cannot prune in the cache at .+ EIO: broken/);
  }
});

testFiles("upkeep passes over files that the system does not let go", async (root, fs) => {
  await fill(root, fs, 10);
  const own = chooseFiles();
  const files: Files = {
    ...own,
    async removeInBackground(path) {
      if (path.endsWith("/n03")) throw Object.assign(new Error("In use"), { code: "EPERM" });
      await own.removeInBackground(path);
    },
  };
  await using store = await FolderStore.open(files, root);
  assert.deepInclude(await store.prune({ maxEntries: 5 }), { removedEntries: 4, entries: 6 });
  assert.deepEqual(await keysOf(store), [3, 5, 6, 7, 8, 9].map(key));
});

testFiles("prune() rejects where the system fails to remove a file", async (root, fs) => {
  await fill(root, fs, 10);
  const own = chooseFiles();
  const files: Files = {
    ...own,
    async removeInBackground(path) {
      if (path.endsWith("/n03")) throw Object.assign(new Error("EIO: broken"), { code: "EIO" });
      await own.removeInBackground(path);
    },
  };
  await using store = await FolderStore.open(files, root);
  await rejects(store.prune({ maxEntries: 5 }), StoreError, /Cannot prune .+ EIO: broken/);
  assert.deepEqual(await keysOf(store), [3, 5, 6, 7, 8, 9].map(key));
});

testFiles("what is set while upkeep removes what was there stays", async (root, fs) => {
  await fill(root, fs, 10);
  const own = chooseFiles();
  const [begun, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
  const files: Files = {
    ...own,
    async removeInBackground(path) {
      if (path.endsWith("/n00")) {
        begun.resolve();
        await goOn.promise;
      }
      await own.removeInBackground(path);
    },
  };
  await using store = await FolderStore.open(files, root);
  const pruning = store.prune({ maxEntries: 9 });
  await begun.promise;
  const bytes = Uint8Array.of(1, 2, 3);
  const setting = store.set(key(0), bytes);
  goOn.resolve();
  await Promise.all([pruning, setting]);
  assert.deepEqual(await store.get(key(0)), bytes);
});

testFiles("a folder or file that may not be read hides nothing else", async (root, fs) => {
  await fill(root, fs, 10);
  const own = chooseFiles();
  const refuse = () => {
    throw Object.assign(new Error("EACCES: permission denied"), { code: "EACCES" });
  };
  const paths = filesIn(fs, `${root}/v1`);
  const folder = paths.find((path) => path.endsWith("/n03"))!.slice(0, -"/n03".length);
  assert.lengthOf(paths.filter((path) => path.startsWith(folder)), 1);
  const rest = [0, 1, 2, 4, 6, 7, 8, 9].map(key);
  const files: Files = {
    ...own,
    entries: async (path) => path === `${root}/v1/${folder}` ? refuse() : await own.entries(path),
    readStart: (path, length) => path.endsWith("/n05") ? refuse() : own.readStart(path, length),
  };
  await using store = await FolderStore.open(files, root);
  const listed: string[] = [];
  const listing = (async () => {
    for await (const { key } of store.list()) listed.push(key);
  })();
  const error = await rejects(
    listing,
    StoreError,
    /Cannot list all of .+ and the rest was listed;/,
  );
  assert.match(String(error.cause), /permission denied/);
  assert.deepEqual(listed.sort(), rest);
  const seen = rest.length + 1; // A file that may not be read has its size and its age.
  const report = await store.prune({ maxEntries: 2 });
  assert.deepInclude(report, { removedEntries: seen - 2, entries: 2 });
  assert.isTrue(fs.existsSync(`${root}/v1/${folder}/n03`));
});

testFiles(
  "a pass that stands still is taken over after seconds, and removes nothing more",
  async (root, fs) => {
    await fill(root, fs, 30);
    const own = chooseFiles();
    const [stands, goOn] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()];
    const files: Files = {
      ...own,
      async entries(path) {
        if (path.endsWith("/v1/name")) {
          stands.resolve();
          await goOn.promise;
        }
        return await own.entries(path);
      },
    };
    const outcomes: unknown[] = [];
    const limits = { maxBytes: Infinity, maxEntries: 20, maxAge: Infinity };
    const onUpkeep = (outcome: unknown) => void outcomes.push(outcome);
    await using still = await FolderStore.open(files, root, { ...PLAIN, limits, onUpkeep });
    await still.set("first", new Uint8Array(1));
    await stands.promise;
    const write = async (name: string) => {
      await using other = await fsStore(root, { maxEntries: 20 });
      await other.set(name, new Uint8Array(1));
    };
    await write("second");
    const reader = await fsStore(root);
    assert.lengthOf(await keysOf(reader), 32);
    await withFakeTime(Date.now() + 6000, async () => {
      await write("third");
      const left = await keysOf(reader);
      assert.lengthOf(left, 18);
      goOn.resolve();
      await still[Symbol.asyncDispose]();
      assert.deepEqual(await keysOf(reader), left);
    });
    assert.isEmpty(outcomes);
  },
);

testFiles("prune() goes on where its lease ran out and nobody else took it", async (root, fs) => {
  await fill(root, fs, 10);
  await withFakeTime(Date.now(), async (clock) => {
    const own = chooseFiles();
    const files: Files = {
      ...own,
      async entries(path) {
        clock.advance(100_000);
        return await own.entries(path);
      },
    };
    await using store = await FolderStore.open(files, root);
    assert.deepInclude(await store.prune({ maxEntries: 4 }), { removedEntries: 6, entries: 4 });
  });
});

for (const processes of [2, 8]) {
  testFiles(`${processes} processes keep one folder within its limits`, async (root) => {
    const script = new URL("./fixtures/write_within.ts", import.meta.url).href;
    const results = await Promise.all(
      Array.from({ length: processes }, (_, id) => runScript(script, [root, String(id)])),
    );
    for (const { code, stderr } of results) assert.equal(code, 0, stderr);
    await using store = await fsStore(root, { maxEntries: 100 });
    await store.set("last", new Uint8Array(1));
    await store[Symbol.asyncDispose]();
    const left = await keysOf(await fsStore(root));
    assert.isAtMost(left.length, 100);
    assert.isAtLeast(left.length, 50);
  });
}

function turn(): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, 5));
}
