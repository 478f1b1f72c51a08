import { createCache } from "../../../lib/function/create_cache.ts";
import {
  directory,
  type DirectoryInput,
  file,
  type FileInput,
} from "../../../lib/key/inputs/inputs.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test, testOn, withTempFolder } from "../../harness.ts";
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
