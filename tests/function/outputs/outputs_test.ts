import { decode, encode } from "../../../lib/codec/mod.ts";
import { DecodeError } from "../../../lib/errors.ts";
import { Disk, openDisk } from "../../../lib/function/outputs/disk.ts";
import {
  outputsOf,
  type OutputsPlace,
  restoreOutputs,
  storeOutputs,
} from "../../../lib/function/outputs/outputs.ts";
import { PART_BYTES } from "../../../lib/function/streams/parts.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, rejects, testOn, withTempFolder } from "../../harness.ts";

type Fs = typeof import("node:fs");

function fs(): Fs {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Fs };
  };
  return process.getBuiltinModule("node:fs");
}

function testWithFiles(
  name: string,
  body: (folder: string, fs: Fs, place: OutputsPlace, disk: Disk) => Promise<void>,
): void {
  testOn(
    ["deno", "bun"],
    "needs a file system with paths",
    name,
    () =>
      withTempFolder((folder) =>
        body(folder, fs(), { store: memoryStore(), storeKey: "f/key" }, openDisk())
      ),
  );
}

async function keysIn({ store }: OutputsPlace): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ key }) => key);
}

testWithFiles(
  "a file goes where the next call names, with its mode",
  async (folder, fs, place, disk) => {
    fs.writeFileSync(`${folder}/first`, "content");
    fs.chmodSync(`${folder}/first`, 0o750);
    const stored = await storeOutputs(disk, place, { out: `${folder}/first` }, undefined);
    const descriptor = outputsOf(decode(encode(stored)));
    fs.rmSync(`${folder}/first`);
    for (const path of [`${folder}/second`, `${folder}/new/folder/third`, `${folder}/first`]) {
      await restoreOutputs(disk, place, descriptor, { out: path });
      assert.equal(fs.readFileSync(path, "utf8"), "content");
      assert.equal(fs.statSync(path).mode & 0o777, 0o750);
    }
    assert.sameMembers(fs.readdirSync(folder), ["first", "new", "second"]);
  },
);

testWithFiles("a system that writes less than it was given is asked again", async (folder, fs) => {
  const own = fs.promises;
  const write = async (path: string, flags: string) => {
    const handle = await own.open(path, flags);
    return {
      read: handle.read.bind(handle),
      write: (bytes: Uint8Array, offset: number, length: number) =>
        handle.write(bytes, offset, Math.min(length, 1000)),
      close: () => handle.close(),
    };
  };
  const disk = new Disk({ ...own, open: write } as ConstructorParameters<typeof Disk>[0]);
  const bytes = Uint8Array.from({ length: 2500 }, (_, i) => i);
  await disk.write(
    `${folder}/out`,
    0o600,
    (async function* () {
      yield bytes;
    })(),
  );
  assert.deepEqual(new Uint8Array(fs.readFileSync(`${folder}/out`)), bytes);
});

testWithFiles("what stood in the place is replaced as a whole", async (folder, fs, place, disk) => {
  fs.writeFileSync(`${folder}/a`, "new");
  const stored = await storeOutputs(disk, place, { out: `${folder}/a` }, undefined);
  fs.writeFileSync(`${folder}/b`, "old and longer");
  await restoreOutputs(disk, place, stored, { out: `${folder}/b` });
  assert.equal(fs.readFileSync(`${folder}/b`, "utf8"), "new");
});

testWithFiles("files of any size come back exactly", async (folder, fs, place, disk) => {
  for (const size of [0, 1, PART_BYTES, PART_BYTES * 2 + 5]) {
    const bytes = new Uint8Array(size).map((_, i) => i * 31 + (i >> 8));
    fs.writeFileSync(`${folder}/a`, bytes);
    const stored = await storeOutputs(disk, place, { out: `${folder}/a` }, undefined);
    await restoreOutputs(disk, place, stored, { out: `${folder}/b` });
    assert.equal(fs.readFileSync(`${folder}/b`).compare(bytes), 0);
  }
});

testWithFiles("a folder comes back with all that is in it", async (folder, fs, place, disk) => {
  fs.mkdirSync(`${folder}/one/deep/er`, { recursive: true });
  fs.writeFileSync(`${folder}/one/a`, "1");
  fs.writeFileSync(`${folder}/one/deep/b`, "2");
  fs.writeFileSync(`${folder}/single`, "3");
  fs.chmodSync(`${folder}/one/deep`, 0o555);
  const paths = { out: `${folder}/one`, log: `${folder}/single` };
  const stored = await storeOutputs(disk, place, paths, undefined);
  fs.mkdirSync(`${folder}/two`);
  fs.writeFileSync(`${folder}/two/other`, "stays");
  await restoreOutputs(disk, place, stored, { out: `${folder}/two`, log: `${folder}/log` });
  assert.sameMembers(fs.readdirSync(`${folder}/two`), ["a", "deep", "other"]);
  assert.sameMembers(fs.readdirSync(`${folder}/two/deep`), ["b", "er"]);
  assert.equal(fs.readFileSync(`${folder}/two/deep/b`, "utf8"), "2");
  assert.equal(fs.statSync(`${folder}/two/deep`).mode & 0o777, 0o555);
  assert.equal(fs.readFileSync(`${folder}/log`, "utf8"), "3");
  for (const each of ["one", "two"]) fs.chmodSync(`${folder}/${each}/deep`, 0o755);
});

testWithFiles(
  "an output that was not written fails, and leaves nothing",
  async (folder, fs, place, disk) => {
    fs.writeFileSync(`${folder}/a`, "1");
    const paths = { a: `${folder}/a`, b: `${folder}/none` };
    await rejects(storeOutputs(disk, place, paths, undefined), Error, /none/);
    assert.deepEqual(await keysIn(place), []);
  },
);

testWithFiles(
  "a damaged part leaves the old file, and no half of the new",
  async (folder, fs, place, disk) => {
    fs.writeFileSync(`${folder}/a`, new Uint8Array(PART_BYTES + 1));
    const stored = await storeOutputs(disk, place, { out: `${folder}/a` }, undefined);
    fs.writeFileSync(`${folder}/a`, "old");
    const [, last] = (await keysIn(place)).sort();
    await place.store.set(last, new Uint8Array(1).fill(7));
    const restored = restoreOutputs(disk, place, stored, { out: `${folder}/a` });
    await rejects(restored, DecodeError, /Part 1 .* is damaged/);
    assert.equal(fs.readFileSync(`${folder}/a`, "utf8"), "old");
    assert.deepEqual(fs.readdirSync(folder), ["a"]);
  },
);

testWithFiles("outputs and parameters have to agree", async (folder, fs, place, disk) => {
  fs.writeFileSync(`${folder}/a`, "1");
  const stored = await storeOutputs(disk, place, { out: `${folder}/a` }, undefined);
  const path = `${folder}/b`;
  await rejects(restoreOutputs(disk, place, stored, {}), DecodeError, /output for out/);
  await rejects(
    restoreOutputs(disk, place, stored, { out: path, more: path }),
    DecodeError,
    /no output for more/,
  );
});

testWithFiles("a record cannot lead out of its place", async (folder, fs, place, disk) => {
  fs.writeFileSync(`${folder}/a`, "1");
  const stored = await storeOutputs(disk, place, { out: `${folder}/a` }, undefined);
  for (const path of ["..", "../b", "/b", "a/../../b", "a//b", "..\\b"]) {
    const outputs = { out: [{ ...stored.outputs.out[0], path }] };
    assert.throws(() => outputsOf({ ...stored, outputs }), DecodeError, /does not describe/);
  }
  const link = { path: "a/link", kind: "link", mode: 0, target: "../b", parts: 0 };
  const withEntries = (...out: unknown[]) => ({ ...stored, outputs: { out } });
  assert.ok(outputsOf(withEntries(link)));
  for (const target of ["/etc", "../..", "x/../..", "C:/x", "..\\..", "..\\..\\x", undefined]) {
    const wrong = withEntries({ ...link, target });
    assert.throws(() => outputsOf(wrong), DecodeError, /does not describe/, String(target));
  }
  const behind = withEntries(link, { ...stored.outputs.out[0], path: "a/link/b/c" });
  assert.throws(() => outputsOf(behind), DecodeError, /does not describe/);
  for (const wrong of [undefined, 1, {}, { ...stored, parts: 1 }]) {
    assert.throws(() => outputsOf(wrong), DecodeError, /does not describe/);
  }
});

testOn(["chromium", "firefox"], "there is a file system", "outFiles needs a file system", () => {
  assert.throws(openDisk, TypeError, /this runtime does not have/);
});
