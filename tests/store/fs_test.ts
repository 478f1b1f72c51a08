import { DecodeError, StoreError } from "../../lib/errors.ts";
import { writeEntry } from "../../lib/store/_entry_file.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import type { Store } from "../../lib/store/mod.ts";
import { assert, rejects, runScript, withFakeTime } from "../harness.ts";
import { filesIn, type NodeFs, testFiles } from "./_files.ts";

const DIGEST = "3fa9".repeat(16);
const KEY = `etl/load users/${DIGEST}`;
const ENTRY = `v1/etl/load%20users/3f/${DIGEST}`;
const BYTES = Uint8Array.of(1, 2, 3);

async function keysOf(store: Store): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  return keys.sort();
}

testFiles(
  "fsStore() keeps one readable path for each entry and marks the folder",
  async (root, fs) => {
    await using store = await fsStore(root);
    await store.set(KEY, BYTES);
    await store.set("loadUsers/first page", BYTES);
    const [gitignore, tag, first, second, ...more] = filesIn(fs, root);
    assert.deepEqual([gitignore, tag, first], [".gitignore", "CACHEDIR.TAG", ENTRY]);
    assert.match(second, /^v1\/load!users\/[0-9a-f]{2}\/first%20page$/);
    assert.isEmpty(more);
    assert.equal(fs.readFileSync(`${root}/.gitignore`, "utf8"), "*\n");
    assert.match(
      fs.readFileSync(`${root}/CACHEDIR.TAG`, "utf8"),
      /^Signature: 8a477f597d28d172789f06886806bc55\n/,
    );
    assert.deepEqual(
      new Uint8Array(fs.readFileSync(`${root}/${ENTRY}`)),
      writeEntry(KEY, BYTES, Infinity),
    );
  },
);

testFiles("fsStore() never writes a marker over or back", async (root, fs) => {
  await (await fsStore(root)).set(KEY, BYTES);
  fs.writeFileSync(`${root}/.gitignore`, "mine");
  fs.rmSync(`${root}/CACHEDIR.TAG`);
  await (await fsStore(root)).set("other", BYTES);
  assert.equal(fs.readFileSync(`${root}/.gitignore`, "utf8"), "mine");
  assert.isFalse(fs.existsSync(`${root}/CACHEDIR.TAG`));
});

testFiles("fsStore() does not mark a folder that holds something else", async (root, fs) => {
  fs.mkdirSync(root);
  fs.writeFileSync(`${root}/main.ts`, "");
  await (await fsStore(root)).set(KEY, BYTES);
  assert.deepEqual(filesIn(fs, root), ["main.ts", ENTRY]);
});

const DAMAGES: Readonly<Record<string, (path: string, fs: NodeFs) => void>> = {
  "empty": (path, fs) => fs.truncateSync(path, 0),
  "cut in its header": (path, fs) => fs.truncateSync(path, 10),
  "cut in its bytes": (path, fs) => fs.truncateSync(path, fs.statSync(path).size - 1),
  "longer than it was": (path, fs) => fs.appendFileSync(path, "x"),
  "foreign": (path, fs) => fs.writeFileSync(path, "a text that someone put here by mistake"),
  "of another key": (path, fs) => fs.writeFileSync(path, writeEntry("other", BYTES, Infinity)),
  "of a later version": (path, fs) => {
    const file = writeEntry(KEY, BYTES, Infinity);
    file[4] = 2;
    fs.writeFileSync(path, file);
  },
  "a folder": (path, fs) => {
    fs.rmSync(path);
    fs.mkdirSync(`${path}/with/folders`, { recursive: true });
    fs.writeFileSync(`${path}/and a file`, "");
  },
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  testFiles(`fsStore() says of a file that is ${what} that it cannot be read`, async (root, fs) => {
    await using store = await fsStore(root);
    await store.set(KEY, BYTES);
    await store.set("whole", BYTES);
    damage(`${root}/${ENTRY}`, fs);
    const error = await rejects(
      store.get(KEY),
      StoreError,
      /cannot be read: .+; set or delete it$/,
    );
    assert.include(error.message, DIGEST);
    assert.equal(error.operation, "get");
    assert.instanceOf(error.cause, DecodeError);
    assert.deepEqual(await keysOf(store), [KEY, "whole"]);
    await store.set(KEY, BYTES);
    assert.deepEqual(await store.get(KEY), BYTES);
    damage(`${root}/${ENTRY}`, fs);
    assert.isTrue(await store.delete(KEY));
    assert.isUndefined(await store.get(KEY));
    assert.isFalse(fs.existsSync(`${root}/${ENTRY}`));
  });
}

testFiles(
  "fsStore() lists an entry that was moved under the key of its new place, where it is damaged",
  async (root, fs) => {
    await using store = await fsStore(root);
    await store.set(KEY, BYTES);
    fs.cpSync(`${root}/v1/etl`, `${root}/v1/copy`, { recursive: true });
    const copy = KEY.replace("etl", "copy");
    assert.deepEqual(await keysOf(store), [copy, KEY]);
    await rejects(store.get(copy), StoreError, /cannot be read: the file is .+ of another key/);
    assert.isTrue(await store.delete(copy));
    assert.deepEqual(await keysOf(store), [KEY]);
  },
);

testFiles(
  "fsStore() takes a file where a folder should be for no entry, and says so on set",
  async (root, fs) => {
    await using store = await fsStore(root);
    fs.writeFileSync(`${root}/v1/etl`, "");
    assert.isUndefined(await store.get(KEY));
    assert.isFalse(await store.delete(KEY));
    assert.deepEqual(await keysOf(store), []);
    await rejects(store.set(KEY, BYTES), StoreError, /a file stands where .+ should be; remove it/);
  },
);

testFiles("fsStore() starts again when its folder is removed", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set(KEY, BYTES);
  fs.rmSync(root, { recursive: true });
  assert.isUndefined(await store.get(KEY));
  assert.isFalse(await store.delete(KEY));
  assert.deepEqual(await keysOf(store), []);
  await store.set(KEY, BYTES);
  assert.deepEqual(await store.get(KEY), BYTES);
  assert.deepEqual(filesIn(fs, root), [".gitignore", "CACHEDIR.TAG", ENTRY]);
});

testFiles("fsStore() leaves no temporary files behind", async (root, fs) => {
  await using store = await fsStore(root);
  for (const size of [0, 10, 300_000]) await store.set(KEY, new Uint8Array(size));
  fs.rmSync(`${root}/${ENTRY}`);
  await store.set(KEY, BYTES);
  assert.deepEqual(filesIn(fs, root), [".gitignore", "CACHEDIR.TAG", ENTRY]);
});

testFiles(
  "fsStore() takes no abandoned file for an entry, and removes it after an hour",
  async (root, fs) => {
    await using store = await fsStore(root);
    await store.set(KEY, BYTES);
    const abandoned = `${root}/v1/etl/load%20users/3f/.0b0e.tmp`;
    fs.writeFileSync(abandoned, writeEntry(KEY, Uint8Array.of(9), Infinity));
    assert.deepEqual(await keysOf(store), [KEY]);
    assert.isTrue(fs.existsSync(abandoned));
    await withFakeTime(Date.now() + 3_700_000, async () => {
      assert.deepEqual(await keysOf(store), [KEY]);
    });
    assert.isFalse(fs.existsSync(abandoned));
    assert.deepEqual(await store.get(KEY), BYTES);
  },
);

testFiles("fsStore() removes what has expired when it lists", async (root, fs) => {
  await using store = await fsStore(root);
  await store.set(KEY, BYTES, { expires: Date.now() + 1000 });
  await withFakeTime(Date.now() + 1000, async () => {
    assert.isUndefined(await store.get(KEY));
    assert.isTrue(fs.existsSync(`${root}/${ENTRY}`));
    assert.deepEqual(await keysOf(store), []);
  });
  assert.isFalse(fs.existsSync(`${root}/${ENTRY}`));
});

testFiles("fsStore() says which path it cannot use, and why", async (root, fs) => {
  fs.writeFileSync(root, "");
  for (const path of [root, `${root}/below/a/file`]) {
    const error = await rejects(fsStore(path), StoreError, /a file stands where .+ should be/);
    assert.include(error.message, path);
    assert.equal(error.operation, "open");
  }
  fs.rmSync(root);
  fs.mkdirSync(root);
  fs.writeFileSync(`${root}/v1`, "");
  await rejects(fsStore(root), StoreError, /a file stands where .+ should be; remove it/);
});

testFiles("fsStore() refuses what names no folder", async () => {
  for (const path of ["", "a\0b", "https://example.com/", new URL("data:,a")]) {
    await rejects(fsStore(path.toString().startsWith("https") ? new URL(path) : path), TypeError);
  }
  await rejects(fsStore(5 as unknown as string), TypeError, /path or the file: URL/);
});

testFiles("fsStore() takes a file: URL with escapes, as a URL or as text", async (root) => {
  const url = new URL(`file://${root}%20and%20%C3%A9/`);
  await (await fsStore(url)).set(KEY, BYTES);
  assert.deepEqual(await (await fsStore(url.href)).get(KEY), BYTES);
  assert.deepEqual(await (await fsStore(`${root} and \u00e9`)).get(KEY), BYTES);
});

testFiles("fsStore() with readOnly reads, and changes nothing", async (root, fs) => {
  await rejects(fsStore(root, { readOnly: true }), StoreError, /There is no cache at .+readOnly/);
  assert.isFalse(fs.existsSync(root));
  await (await fsStore(root)).set(KEY, BYTES, { expires: Date.now() + 1000 });
  await using store = await fsStore(root, { readOnly: true });
  assert.deepEqual(await store.get(KEY), BYTES);
  assert.deepEqual(await keysOf(store), [KEY]);
  await rejects(store.set(KEY, BYTES), StoreError, /opened with readOnly/);
  await rejects(store.delete(KEY), StoreError, /opened with readOnly/);
  await withFakeTime(Date.now() + 1000, async () => {
    assert.deepEqual(await keysOf(store), []);
  });
  assert.isTrue(fs.existsSync(`${root}/${ENTRY}`));
});

testFiles("fsStore() keeps its folder when the working directory changes", async (root) => {
  const { process } = globalThis as unknown as {
    process: { cwd(): string; chdir(path: string): void };
  };
  const before = process.cwd();
  try {
    process.chdir(root.slice(0, root.lastIndexOf("/")));
    await using store = await fsStore("cache");
    process.chdir(before);
    await store.set(KEY, BYTES);
  } finally {
    process.chdir(before);
  }
  assert.deepEqual(await (await fsStore(root)).get(KEY), BYTES);
});

testFiles("fsStore() is shared by processes that write the same keys at once", async (root, fs) => {
  const script = new URL("./fixtures/write_many.ts", import.meta.url).href;
  const results = await Promise.all(
    [0, 1].map((id) => runScript(script, [root, String(id)])),
  );
  for (const { code, stderr } of results) assert.equal(code, 0, stderr);
  await using store = await fsStore(root);
  for (const key of await keysOf(store)) assert.isAtLeast((await store.get(key))!.length, 1000);
  assert.isEmpty(filesIn(fs, root).filter((file) => file.endsWith(".tmp")));
});

const WRONG:
  readonly (readonly [name: string, path: unknown, options: unknown, message: RegExp])[] = [
    [
      "an unknown option",
      "x",
      { readonly: true },
      /"readonly" of fsStore\(\): did you mean "readOnly"/,
    ],
    [
      "an option of the wrong type",
      "x",
      { readOnly: 1 },
      /"readOnly" .* true or false, received 1/,
    ],
    ["null as options", "x", null, /must be an object, received null/],
    ["the URL of another scheme", "http://a/b", {}, /received one of http:/],
    ["a URL object of another scheme", new URL("http://a/b"), {}, /received http:/],
    ["an empty path", "", {}, /needs the path/],
  ];

for (const [name, path, options, message] of WRONG) {
  testFiles(`fsStore() refuses ${name}`, async () => {
    await rejects(fsStore(path as string, options as { readOnly?: boolean }), TypeError, message);
  });
}

testFiles(
  "fsStore() ends a setStream whose stream stands still when it is closed, and leaves nothing",
  async (root, fs) => {
    const store = await fsStore(root);
    const begun = Promise.withResolvers<void>();
    let pieces = 0;
    const source = new ReadableStream({
      pull: (controller) => {
        if (pieces++ === 0) controller.enqueue(new Uint8Array(5000));
        else begun.resolve();
      },
    });
    const given = rejects(store.setStream("key", source), StoreError, /was closed meanwhile/);
    await begun.promise;
    await store[Symbol.asyncDispose]();
    assert.deepEqual(filesIn(fs, `${root}/v1`), []);
    await given;
  },
);
