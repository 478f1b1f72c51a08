import { StoreError } from "../../lib/errors.ts";
import { chooseFiles } from "../../lib/store/fs/choose_files.ts";
import { type Files, MAX_SYNC_BYTES, problemOf } from "../../lib/store/fs/files.ts";
import { resolvePath } from "../../lib/store/fs/path.ts";
import { FolderStore } from "../../lib/store/fs/store.ts";
import { assert, rejects, testOn, withTempFolder } from "../harness.ts";
import { builtin, NEEDS_FILES, nodeDriver } from "./_files.ts";

const BYTES = Uint8Array.of(1, 2, 3);

/** Runs on every driver that the runtime has: in Deno both, in Bun one. */
function testDrivers(
  name: string,
  body: (files: Files, folder: string) => void | Promise<void>,
): void {
  testOn(["deno", "bun"], NEEDS_FILES, name, async () => {
    for (const files of [chooseFiles(), nodeDriver()]) {
      await withTempFolder((folder) => body(files, folder));
    }
  });
}

async function thrownBy(act: () => unknown): Promise<unknown> {
  try {
    await act();
  } catch (error) {
    return error;
  }
  throw new Error("Expected a failure");
}

/** What each driver calls a problem that each system calls by its own name. */
const PROBLEMS: readonly (readonly [
  what: string,
  problem: string,
  act: (files: Files, folder: string) => unknown,
])[] = [
  ["reads a missing file", "not-found", (files, at) => files.read(`${at}/none`)],
  ["reads the start of a missing file", "not-found", (files, at) => files.readStart(`${at}/no`, 9)],
  ["reads below a file", "not-a-folder", (files, at) => files.read(`${at}/file/below`)],
  ["reads a folder", "is-a-folder", (files, at) => files.read(`${at}/folder`)],
  ["reads the start of a folder", "is-a-folder", (files, at) => files.readStart(`${at}/folder`, 9)],
  ["creates over a file", "exists", (files, at) => files.createNow(`${at}/file`, BYTES)],
  [
    "creates a file over a file to write it piece by piece",
    "exists",
    (files, at) => files.create(`${at}/file`),
  ],
  ["creates in no folder", "not-found", (files, at) => files.create(`${at}/none/file`)],
  [
    "creates below a file",
    "not-a-folder",
    (files, at) => files.createNow(`${at}/file/below`, BYTES),
  ],
  ["moves over a folder", "is-a-folder", (files, at) => files.rename(`${at}/file`, `${at}/folder`)],
  ["moves nothing", "not-found", (files, at) => files.rename(`${at}/none`, `${at}/other`)],
  ["removes nothing", "not-found", (files, at) => files.remove(`${at}/none`)],
  [
    "removes nothing in the background",
    "not-found",
    (files, at) => files.removeInBackground(`${at}/none`),
  ],
  ["makes a folder over a file", "exists", (files, at) => files.makeFolder(`${at}/file`)],
  ["makes a folder below a file", "not-a-folder", (files, at) => files.makeFolder(`${at}/file/a`)],
  ["lists no folder", "not-found", (files, at) => files.entries(`${at}/none`)],
  ["lists a file", "not-a-folder", (files, at) => files.entries(`${at}/file`)],
  ["asks for the status of nothing", "not-found", (files, at) => files.status(`${at}/none`)],
  ["uses a long name", "name-too-long", (files, at) => files.read(`${at}/${"x".repeat(300)}`)],
];

for (const [what, problem, act] of PROBLEMS) {
  testDrivers(`problemOf() says ${problem} when a driver ${what}`, async (files, folder) => {
    files.createNow(`${folder}/file`, BYTES);
    files.makeFolder(`${folder}/folder/inside`);
    assert.equal(problemOf(await thrownBy(() => act(files, folder))), problem);
  });
}

testDrivers(
  "Files reads what it created, at sizes on both sides of its limit",
  async (files, folder) => {
    for (const size of [0, 1, 1000, MAX_SYNC_BYTES, MAX_SYNC_BYTES + 1, 3_000_000]) {
      const bytes = new Uint8Array(size).map((_, i) => i * 31 >> 3);
      files.createNow(`${folder}/${size}`, bytes);
      const { bytes: whole } = await files.read(`${folder}/${size}`);
      assert.isTrue(whole.length === size && whole.every((byte, i) => byte === bytes[i]));
      assert.equal(Object.getPrototypeOf(whole), Uint8Array.prototype);
      const part = files.readStart(`${folder}/${size}`, 500);
      assert.equal(part.size, size);
      assert.deepEqual(part.start, bytes.slice(0, 500));
    }
  },
);

testDrivers("Files moves, lists, removes and says what stands where", async (files, folder) => {
  files.makeFolder(`${folder}/a/b`);
  files.makeFolder(`${folder}/a/b`);
  files.createNow(`${folder}/a/one`, BYTES);
  files.createNow(`${folder}/a/two`, new Uint8Array(9));
  files.rename(`${folder}/a/one`, `${folder}/a/two`);
  const entries = (await files.entries(`${folder}/a`)).sort((x, y) => x.name < y.name ? -1 : 1);
  assert.deepEqual(entries, [{ name: "b", isFolder: true }, { name: "two", isFolder: false }]);
  assert.deepEqual((await files.read(`${folder}/a/two`)).bytes, BYTES);
  assert.isTrue(files.status(`${folder}/a`).isFolder);
  const { isFolder, modified } = files.status(`${folder}/a/two`);
  assert.isFalse(isFolder);
  assert.approximately(modified, Date.now(), 3_600_000);
  await files.removeInBackground(`${folder}/a/two`);
  assert.deepEqual(await files.entries(`${folder}/a`), [{ name: "b", isFolder: true }]);
  files.removeTree(`${folder}/a`);
  assert.deepEqual(await files.entries(folder), []);
});

testOn(
  ["deno"],
  "Deno alone has both drivers",
  "The drivers share one cache",
  () =>
    withTempFolder(async (folder) => {
      await using own = await FolderStore.open(chooseFiles(), folder);
      await using node = await FolderStore.open(nodeDriver(), folder);
      await own.set("name/own", BYTES);
      await node.set("name/node", BYTES);
      assert.deepEqual(await node.get("name/own"), BYTES);
      assert.deepEqual(await own.get("name/node"), BYTES);
    }),
);

function systemError(code: string): Error {
  return Object.assign(new Error(`${code}: as the system says`), { code });
}

/** A driver on which everything that writes fails. */
function failing(files: Files, error: Error): Files {
  const fail = (): never => {
    throw error;
  };
  const create = (): Promise<never> => Promise.reject(error);
  const removals = { remove: fail, removeInBackground: create, removeTree: fail };
  return { ...files, ...removals, create, createNow: fail, rename: fail, makeFolder: fail };
}

const REFUSALS: readonly (readonly [what: string, error: Error, message: RegExp])[] = [
  ["read-only", systemError("EROFS"), /the file system is read-only; choose/],
  ["forbidden", systemError("EACCES"), /the permissions of the folder forbid it/],
  [
    "without the permission",
    Object.assign(new Error("Requires write access"), { name: "NotCapable" }),
    /run it with --allow-read=\S+ --allow-write=\S+$/,
  ],
  ["of unknown moods", systemError("EWHAT"), /refuses with Error: EWHAT: as the system says/],
];

for (const [what, error, message] of REFUSALS) {
  testDrivers(`fsStore() opens a cache that is ${what} only to read it`, async (files, folder) => {
    const root = `${folder}/cache`;
    const unwritable = failing(files, error);
    const refused = await rejects(FolderStore.open(unwritable, root), StoreError, message);
    assert.include(refused.message, root);
    assert.equal(refused.cause, error);

    await (await FolderStore.open(files, root)).set("name/key", BYTES);
    await using store = await FolderStore.open(unwritable, root);
    assert.deepEqual(await store.get("name/key"), BYTES);
    const [{ key, size }, ...more] = await Array.fromAsync(store.list());
    assert.deepEqual([key, size, more], ["name/key", 3, []]);
    await rejects(store.set("name/key", BYTES), StoreError, message);
    await rejects(store.delete("name/key"), StoreError, message);
  });
}

testDrivers(
  "fsStore() leaves nothing behind of a write that fails halfway",
  async (files, folder) => {
    let full = false;
    const filling: Files = {
      ...files,
      createNow(path, bytes) {
        files.createNow(path, full ? bytes.subarray(0, bytes.length >> 1) : bytes);
        if (full) throw systemError("ENOSPC");
      },
    };
    await using store = await FolderStore.open(filling, folder);
    await store.set("name/key", BYTES);
    full = true;
    await rejects(
      store.set("name/key", new Uint8Array(100)),
      StoreError,
      /the disk is full; prune/,
    );
    await rejects(
      store.set("name/new", new Uint8Array(100)),
      StoreError,
      /the disk is full; prune/,
    );
    full = false;
    assert.deepEqual(await store.get("name/key"), BYTES);
    assert.isUndefined(await store.get("name/new"));
    const fs = builtin<typeof import("node:fs")>("node:fs");
    const left = fs.readdirSync(folder, { recursive: true }) as string[];
    assert.isEmpty(left.filter((path) => path.endsWith(".tmp")));
  },
);

testDrivers("fsStore() passes a failing read on as a StoreError", async (files, folder) => {
  const broken: Files = {
    ...files,
    read: () => Promise.reject(systemError("EIO")),
    readStart: () => {
      throw systemError("EIO");
    },
  };
  await (await FolderStore.open(files, folder)).set("name/key", BYTES);
  await using store = await FolderStore.open(broken, folder);
  await rejects(store.get("name/key"), StoreError, /Cannot get in the cache at .+ EIO/);
  await rejects(store.delete("name/key"), StoreError, /Cannot delete in the cache at .+ EIO/);
  await rejects(Array.fromAsync(store.list()), StoreError, /Cannot list in the cache at .+ EIO/);
});

testOn(
  ["deno"],
  "Deno alone has permissions",
  "fsStore() names the flags that Deno lacks",
  () =>
    withTempFolder(async (folder) => {
      const root = `${folder}/cache`;
      const script = new URL("./fixtures/open_store.ts", import.meta.url).href;
      const config = new URL("../../deno.json", import.meta.url).pathname;
      const run = async (...flags: string[]): Promise<string[]> => {
        const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: ["run", "--no-prompt", "--config", config, ...flags, script, root],
          env: { NO_COLOR: "1" },
        }).output();
        const lines = new TextDecoder().decode(stdout).trim().split("\n");
        assert.isNotEmpty(lines[0], new TextDecoder().decode(stderr));
        return lines;
      };
      const advice = `run it with --allow-read=${root} --allow-write=${root}`;

      const [none] = await run();
      assert.match(none, /^open: StoreError: Cannot open in the cache/);
      assert.isTrue(none.endsWith(advice), none);

      assert.deepEqual(await run(`--allow-read=${root}`, `--allow-write=${root}`), [
        "get: undefined",
        "set: undefined",
        "open: done",
      ]);

      const [get, set, open] = await run(`--allow-read=${root}`);
      assert.deepEqual([get, open], ["get: 4,5", "open: done"]);
      assert.match(set, /^set: StoreError: Cannot set in the cache/);
      assert.isTrue(set.endsWith(advice), set);
    }),
);

const PATHS: readonly (readonly [windows: boolean, path: string, resolved: string])[] = [
  [false, "cache", "/work/cache"],
  [false, "./a/../cache", "/work/./a/../cache"],
  [false, "/cache", "/cache"],
  [false, "file:///a%20b/c%C3%A9", "/a b/c\u00e9"],
  [false, "C:\\cache", "/work/C:\\cache"],
  [true, "cache", "C:\\work/cache"],
  [true, "C:\\cache", "C:\\cache"],
  [true, "c:/cache", "c:/cache"],
  [true, "\\\\host\\share", "\\\\host\\share"],
  [true, "file:///C:/a%20b", "C:/a b"],
  [true, "file://host/share/a", "//host/share/a"],
];

testOn(
  ["deno", "bun"],
  NEEDS_FILES,
  "resolvePath() gives the same absolute path from wherever it is used",
  () => {
    for (const [windows, path, resolved] of PATHS) {
      const workingDirectory = () => windows ? "C:\\work" : "/work";
      const files = { windows, workingDirectory } as Files;
      assert.equal(resolvePath(files, path), resolved);
      if (path.startsWith("file:")) assert.equal(resolvePath(files, new URL(path)), resolved);
    }
  },
);

testOn(
  ["deno", "bun"],
  NEEDS_FILES,
  "resolvePath() leaves a relative path as it is where the runtime does not tell",
  () => {
    const files = { windows: false, workingDirectory: () => undefined } as unknown as Files;
    assert.equal(resolvePath(files, "cache"), "cache");
  },
);

testOn(
  ["chromium", "firefox"],
  "needs a browser",
  "fsStore() says that a browser has no files",
  () => {
    assert.throws(() => chooseFiles(), StoreError, /in a browser use opfsStore\(\)/);
  },
);
