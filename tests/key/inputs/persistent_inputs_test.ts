import { createCache } from "../../../lib/function/create_cache.ts";
import {
  directory,
  type DirectoryInput,
  file,
  type FileInput,
} from "../../../lib/key/inputs/inputs.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { fsStore } from "../../../lib/store/fs/mod.ts";
import { cache } from "../../../lib/function/memory_cache.ts";
import { assert, runScript, test, testOn, withTempFolder } from "../../harness.ts";
import { Recorder } from "../../function/_recorder.ts";

type Fs = typeof import("node:fs");

function fs(): Fs {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Fs };
  };
  return process.getBuiltinModule("node:fs");
}

function setUp() {
  const recorder = new Recorder();
  const deja = createCache({
    store: memoryStore(),
    onEvent: recorder.onEvent,
    freeVariables: "ignore",
  });
  return { recorder, deja };
}

function testFiles(name: string, body: (folder: string, disk: Fs) => Promise<void>): void {
  testOn(
    ["deno", "bun"],
    "needs a file system with paths",
    name,
    () => withTempFolder((folder) => body(folder, fs())),
  );
}

testFiles("a file counts by what is in it", async (folder, disk) => {
  const { deja, recorder } = setUp();
  const size = deja.persistent("size", (input: FileInput) => disk.statSync(input.path).size);
  disk.writeFileSync(`${folder}/a`, "1");
  disk.writeFileSync(`${folder}/b`, "1");
  assert.equal(await size(file(`${folder}/a`)), 1);
  assert.equal(await size(file(`${folder}/b`)), 1);
  disk.writeFileSync(`${folder}/a`, "22");
  assert.equal(await size(file(`${folder}/a`)), 2);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", "miss", "store"]);
});

testFiles("a folder counts by the names and contents in it", async (folder, disk) => {
  const { deja } = setUp();
  const names = deja.persistent("names", ({ path }: DirectoryInput) => disk.readdirSync(path));
  disk.writeFileSync(`${folder}/a`, "1");
  assert.deepEqual(await names(directory(folder)), ["a"]);
  assert.deepEqual(await names(directory(folder)), ["a"]);
  disk.writeFileSync(`${folder}/b`, "1");
  assert.deepEqual((await names(directory(folder))).sort(), ["a", "b"]);
  assert.equal(names.stats().misses, 2);
});

testFiles(
  "a result of a file that was edited meanwhile is not kept as that of the old one",
  async (folder, disk) => {
    const { deja, recorder } = setUp();
    const path = `${folder}/a`;
    let edit = true;
    const read = deja.persistent("read", async (input: FileInput) => {
      await Promise.resolve();
      if (edit) disk.writeFileSync(input.path, "2");
      return disk.readFileSync(input.path, "utf8");
    });
    disk.writeFileSync(path, "1");
    assert.equal(await read(file(path)), "2");
    assert.deepInclude(recorder.takeEvents().at(-1), {
      type: "not-stored",
      reason: "inputs changed",
    });
    edit = false;
    disk.writeFileSync(path, "1");
    assert.equal(await read(file(path)), "1");
  },
);

testFiles("a folder that the function writes into is not kept either", async (folder, disk) => {
  const { deja, recorder } = setUp();
  const f = deja.persistent("f", ({ path }: DirectoryInput) => {
    disk.writeFileSync(`${path}/new`, "1");
  });
  await f(directory(folder));
  assert.deepInclude(recorder.takeEvents().at(-1), { reason: "inputs changed" });
});

testFiles("files count among closed-over values too", async (folder, disk) => {
  const { deja } = setUp();
  disk.writeFileSync(`${folder}/rules`, "1");
  const rules = () => file(`${folder}/rules`);
  const f = deja.persistent("f", (n: number) => n, { closure: () => ({ rules: rules() }) });
  await f(1);
  await f(1);
  disk.writeFileSync(`${folder}/rules`, "2");
  await f(1);
  assert.equal(f.stats().misses, 2);
});

test("a blob counts by what is in it, on every runtime", async () => {
  const { deja } = setUp();
  const size = deja.persistent("size", (input: FileInput) => (input.source as Blob).size);
  assert.equal(await size(file(new Blob(["abc"]))), 3);
  assert.equal(await size(file(new Blob(["a", "bc"]))), 3);
  assert.equal(await size(file(new Blob(["abcd"]))), 4);
  assert.equal(size.stats().misses, 2);
});

const COUNT_READS = new URL("./fixtures/count_reads.ts", import.meta.url).href;

/** Counts the reads of a file in a process of its own. */
async function readsOf(store: string, path: string, mode = "read-write"): Promise<unknown> {
  const { code, stdout, stderr } = await runScript(COUNT_READS, [store, path, mode]);
  assert.equal(code, 0, stderr);
  return JSON.parse(stdout);
}

testFiles(
  "a large file that is as it was is not read again by another process",
  async (folder, disk) => {
    const [store, path] = [`${folder}/store`, `${folder}/large`];
    disk.writeFileSync(path, new Uint8Array(0x100000));
    const first = { reads: 1, runs: 1, events: ["miss", "store", "hit"] };
    const later = { reads: 0, runs: 0, events: ["hit", "hit"] };
    assert.deepEqual(await readsOf(store, path), first);
    assert.deepEqual(await readsOf(store, path), later);
    disk.writeFileSync(path, new Uint8Array(0x100000).fill(1));
    assert.deepEqual(await readsOf(store, path), first, "another content of the same size");
    assert.deepEqual(await readsOf(store, path), later);
  },
);

testFiles("a digest that is damaged, or may not be stored, costs a read", async (folder, disk) => {
  const [place, path] = [`${folder}/store`, `${folder}/large`];
  disk.writeFileSync(path, new Uint8Array(0x100000));
  const unread = { reads: 1, runs: 1, events: ["miss", "hit"] };
  assert.deepInclude(await readsOf(place, path, "read-only"), { reads: 1, runs: 2 });
  assert.deepInclude(await readsOf(place, path, "read-only"), { reads: 1, runs: 2 });
  assert.deepInclude(await readsOf(place, path), { ...unread, events: ["miss", "store", "hit"] });
  {
    await using store = await fsStore(place);
    const digests = (await Array.fromAsync(store.list("file/"))).map(({ key }) => key);
    assert.lengthOf(digests, 1);
    const bytes = (await store.get(digests[0]))!;
    bytes[0] ^= 1;
    await store.set(digests[0], bytes);
  }
  assert.deepEqual(await readsOf(place, path), { reads: 1, runs: 0, events: ["hit", "hit"] });
  assert.deepEqual(await readsOf(place, path), { reads: 0, runs: 0, events: ["hit", "hit"] });
});

testFiles(
  "cache() does not keep a result whose file changed under the run",
  async (folder, disk) => {
    const path = `${folder}/input`;
    for (const waits of [false, true]) {
      const events: unknown[] = [];
      let changes = true;
      const change = () => {
        if (changes) disk.writeFileSync(path, "after");
      };
      const f = waits
        ? cache(async (input: FileInput) => {
          await Promise.resolve();
          change();
          return disk.readFileSync(input.path, "utf8");
        }, { name: "f", freeVariables: "ignore", onEvent: (event) => void events.push(event) })
        : cache((input: FileInput) => {
          change();
          return disk.readFileSync(input.path, "utf8");
        }, { name: "f", freeVariables: "ignore", onEvent: (event) => void events.push(event) });
      disk.writeFileSync(path, "before");
      assert.equal(await f(file(path)), "after");
      assert.deepInclude(events.at(-1), { type: "not-stored", reason: "inputs changed" });
      changes = false;
      disk.writeFileSync(path, "before");
      assert.equal(await f(file(path)), "before");
      assert.equal(await f(file(path)), "before");
      assert.deepInclude(f.stats(), { hits: 1, misses: 2 });
    }
  },
);
