import { StoreError } from "../../lib/errors.ts";
import { chooseFiles } from "../../lib/store/fs/choose_files.ts";
import type { Files } from "../../lib/store/fs/files.ts";
import { fsStore, type FsStoreOptions } from "../../lib/store/fs/mod.ts";
import { FolderStore, PLAIN } from "../../lib/store/fs/store.ts";
import { assert, rejects } from "../harness.ts";
import { filesIn, nodeDriver, testFiles } from "./_files.ts";

const LARGE = 3_000_000;

function sample(length: number): Uint8Array<ArrayBuffer> {
  return new Uint8Array(length).map((_, i) => i * 31 >> 3);
}

function streamOf(...pieces: Uint8Array[]): ReadableStream<Uint8Array> {
  return ReadableStream.from(pieces) as ReadableStream<Uint8Array>;
}

async function bytesOf(stream: ReadableStream<Uint8Array<ArrayBuffer>>): Promise<Uint8Array> {
  return new Uint8Array(await new Response(stream).arrayBuffer());
}

/** A driver that notes what it waits for the disk with. */
function noting(notes: string[], files = chooseFiles()): Files {
  return {
    ...files,
    async create(path) {
      const file = await files.create(path);
      return {
        ...file,
        async sync() {
          await file.sync();
          notes.push(path.endsWith(".tmp") ? "entry" : path);
        },
      };
    },
    rename(from, to) {
      files.rename(from, to);
      notes.push("move");
    },
    async syncFolder(path) {
      await files.syncFolder(path);
      notes.push(path);
    },
  };
}

testFiles("fsStore() with fsync waits for the file, and for every folder it made", async (root) => {
  for (const driver of [chooseFiles(), nodeDriver()]) {
    for (const length of [3, LARGE]) {
      const notes: string[] = [];
      const at = `${root}-${crypto.randomUUID()}`;
      const options = { ...PLAIN, fsync: true };
      await using store = await FolderStore.open(noting(notes, driver), at, options);
      notes.length = 0;
      await store.set("name/key", sample(length));
      const folder = notes.at(-1)!;
      assert.match(folder, /\/v1\/name\/[0-9a-f]{2}$/);
      assert.deepEqual(notes.slice(-3), ["entry", "move", folder]);
      assert.includeMembers(notes.slice(0, -3), [`${at}/v1/name`, `${at}/v1`, at]);
      notes.length = 0;
      await store.setStream("name/key", streamOf(sample(length), sample(5)));
      assert.deepEqual(notes, ["entry", "move", folder]);
      assert.equal((await store.get("name/key"))!.length, length + 5);
      notes.length = 0;
      await store.delete("name/key");
      assert.deepEqual(notes, [folder]);
    }
  }
});

testFiles("fsStore() without fsync waits for no disk", async (root) => {
  const notes: string[] = [];
  await using store = await FolderStore.open(noting(notes), root);
  await store.set("name/key", sample(LARGE));
  await store.setStream("name/key", streamOf(sample(5)));
  await store.delete("name/key");
  assert.deepEqual(notes, ["move", "move"]);
});

testFiles("getStream() says of a damaged file that it cannot be read", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set("name/key", sample(LARGE));
  const path = `${root}/${filesIn(fs, root).find((path) => path.endsWith("/key"))}`;
  fs.truncateSync(path, LARGE);
  await rejects(store.getStream("name/key"), StoreError, /cannot be read: .+; set or delete it$/);
  fs.rmSync(path);
  fs.mkdirSync(path);
  await rejects(store.getStream("name/key"), StoreError, /cannot be read: it is a folder/);
});

testFiles("a stream whose file is cut meanwhile fails with a StoreError", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set("name/key", sample(LARGE));
  const path = `${root}/${filesIn(fs, root).find((path) => path.endsWith("/key"))}`;
  const stream = await store.getStream("name/key");
  fs.truncateSync(path, LARGE >> 1);
  await rejects(bytesOf(stream!), StoreError, /ends \d+ bytes too early/);
});

testFiles("getStream() reads the entry that it found, also when that is replaced", async (root) => {
  await using store = await fsStore(root);
  for (const length of [0, 5, 10_000, LARGE]) {
    await store.set("name/key", sample(length));
    const stream = await store.getStream("name/key");
    await store.set("name/key", new Uint8Array(7));
    assert.deepEqual(await bytesOf(stream!), sample(length));
  }
});

testFiles("getStream() stops with the signal's reason", async (root) => {
  await using store = await fsStore(root);
  await store.set("name/key", sample(LARGE));
  const abort = new AbortController();
  const stream = await store.getStream("name/key", { signal: abort.signal });
  const reader = stream!.getReader();
  await reader.read();
  abort.abort(new RangeError("Enough"));
  await rejects(reader.read(), RangeError, /Enough/);
});

testFiles("setStream() leaves nothing of a stream that is given up", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set("name/key", sample(3));
  const before = filesIn(fs, root);
  const abort = new AbortController();
  let cancelled: unknown;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(sample(100_000)),
    cancel: (reason) => void (cancelled = reason),
  });
  const given = store.setStream("name/key", stream, { signal: abort.signal });
  const reason = new RangeError("Enough");
  setTimeout(() => abort.abort(reason));
  assert.equal(await rejects(given, RangeError), reason);
  assert.equal(cancelled, reason);
  assert.deepEqual(await store.get("name/key"), sample(3));
  assert.deepEqual(filesIn(fs, root), before);
});

testFiles("setStream() says that the disk is full, and tells the source", async (root, fs) => {
  const files: Files = {
    ...chooseFiles(),
    async create(path) {
      const file = await chooseFiles().create(path);
      let room = 300_000;
      return {
        ...file,
        async write(bytes) {
          if ((room -= bytes.length) < 0) {
            throw Object.assign(new Error("Full"), { code: "ENOSPC" });
          }
          await file.write(bytes);
        },
      };
    },
  };
  await using store = await FolderStore.open(files, root);
  let cancelled = false;
  const stream = new ReadableStream<Uint8Array>({
    pull: (controller) => controller.enqueue(sample(100_000)),
    cancel: () => void (cancelled = true),
  });
  await rejects(store.setStream("name/key", stream), StoreError, /the disk is full; prune/);
  assert.isTrue(cancelled);
  assert.isEmpty(filesIn(fs, root).filter((path) => path.endsWith(".tmp")));
  await rejects(store.set("name/key", sample(LARGE)), StoreError, /the disk is full; prune/);
  assert.isEmpty(filesIn(fs, root).filter((path) => path.endsWith(".tmp")));
});

testFiles(
  "setStream() starts no stream a second time when its folder vanishes",
  async (root, fs) => {
    await using store = await fsStore(root);
    const stream = new ReadableStream<Uint8Array>({
      pull(controller) {
        controller.enqueue(sample(10));
        fs.rmSync(root, { recursive: true });
        controller.close();
      },
    }, { highWaterMark: 0 });
    await rejects(
      store.setStream("name/key", stream),
      StoreError,
      /was removed meanwhile; try again/,
    );
    assert.isUndefined(await store.get("name/key"));
    await store.setStream("name/key", streamOf(sample(10)));
    assert.deepEqual(await store.get("name/key"), sample(10));
  },
);

testFiles("setStream() refuses what is no stream of its own", async (root) => {
  await using store = await fsStore(root);
  const locked = streamOf(sample(1));
  locked.getReader();
  for (const wrong of [locked, sample(1), undefined]) {
    const stream = wrong as ReadableStream<Uint8Array>;
    await rejects(store.setStream("key", stream), TypeError, /needs a ReadableStream/);
  }
  await using reader = await fsStore(root, { readOnly: true });
  await rejects(reader.setStream("key", streamOf(sample(1))), StoreError, /opened with readOnly/);
});

testFiles("a write that was given up does not come after the next one", async (root) => {
  await using store = await fsStore(root);
  for (let round = 0; round < 5; round++) {
    const abort = new AbortController();
    const given = store.set("name/key", sample(LARGE), { signal: abort.signal });
    abort.abort();
    await rejects(given, DOMException);
    await store.set("name/key", sample(round));
    await store[Symbol.asyncDispose]();
    await using again = await fsStore(root);
    assert.equal((await again.get("name/key"))!.length, round);
    return;
  }
});

testFiles("delete() and list() reach everything that get() refuses", async (root, fs) => {
  await using store = await fsStore(root);
  const keys = ["etl/load users/first page", `etl/x/${"3f".repeat(32)}`, "A/B", "plain", "con/nul"];
  for (const key of keys) await store.set(key, sample(100));
  for (const path of filesIn(fs, `${root}/v1`)) fs.writeFileSync(`${root}/v1/${path}`, "rubbish");
  const listed = (await Array.fromAsync(store.list())).map(({ key }) => key);
  assert.sameMembers(listed, keys);
  for (const key of listed) {
    await rejects(store.get(key), StoreError, /cannot be read/);
    assert.isTrue(await store.delete(key));
  }
  assert.isEmpty(filesIn(fs, `${root}/v1`));
});

const WRONG: readonly (readonly [options: unknown, message: RegExp])[] = [
  [{ maxbytes: 5 }, /"maxbytes" of fsStore\(\): did you mean "maxBytes"/],
  [{ size: 5 }, /"size" of fsStore\(\): it takes readOnly, fsync, onUpkeep, maxBytes/],
  [{ fsync: "yes" }, /"fsync" of fsStore\(\) must be true or false, received yes/],
  [{ onUpkeep: {} }, /"onUpkeep" of fsStore\(\) must be a function/],
  [{ maxBytes: "64 MB/s" }, /maxBytes must be bytes or a string such as "64MiB"/],
  [{ maxEntries: "5" }, /maxEntries must be a number, received string/],
  [{ maxAge: {} }, /maxAge must be milliseconds or a string/],
];

for (const [options, message] of WRONG) {
  testFiles(`fsStore() refuses ${JSON.stringify(options)}`, async (root) => {
    await rejects(fsStore(root, options as FsStoreOptions), TypeError, message);
  });
}
