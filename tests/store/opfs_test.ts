import { DecodeError, StoreError } from "../../lib/errors.ts";
import { writeEntry } from "../../lib/store/_entry_file.ts";
import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { assert, rejects, test, testOn, withFakeTime } from "../harness.ts";

const KEY = "load users/3fa9";
const FOLDER = "load%20users";
const FILE = "3fa9=";
const BYTES = Uint8Array.of(1, 2, 3);

/** A test in a browser, with a path that is removed afterwards and the layout's folder in it. */
function testOpfs(
  name: string,
  body: (path: string, layout: () => Promise<FileSystemDirectoryHandle>) => Promise<void>,
): void {
  testOn(["chromium", "firefox"], "needs the origin private file system", name, async () => {
    const path = `opfs test ${crypto.randomUUID()}`;
    const root = await navigator.storage.getDirectory();
    const layout = async () => await (await root.getDirectoryHandle(path)).getDirectoryHandle("v1");
    try {
      await body(path, layout);
    } finally {
      await root.removeEntry(path, { recursive: true });
    }
  });
}

async function namesIn(folder: FileSystemDirectoryHandle): Promise<string[]> {
  return (await Array.fromAsync(folder.keys())).sort();
}

async function overwrite(
  folder: FileSystemDirectoryHandle,
  content: Uint8Array<ArrayBuffer>,
): Promise<void> {
  const writable = await (await folder.getFileHandle(FILE, { create: true })).createWritable();
  await writable.write(content);
  await writable.close();
}

testOpfs(
  "opfsStore() keeps one file for each entry, in a folder per function",
  async (path, layout) => {
    await using store = await opfsStore(path);
    await store.set(KEY, BYTES);
    const folder = await (await layout()).getDirectoryHandle(FOLDER);
    assert.deepEqual(await namesIn(folder), [FILE]);
    const file = await (await folder.getFileHandle(FILE)).getFile();
    assert.deepEqual(new Uint8Array(await file.arrayBuffer()), writeEntry(KEY, BYTES, Infinity));
  },
);

const WHOLE = writeEntry(KEY, BYTES, Infinity);

const DAMAGES: Readonly<Record<string, Uint8Array<ArrayBuffer>>> = {
  "cut in its header": WHOLE.slice(0, 10),
  "cut in its bytes": WHOLE.slice(0, -1),
  "foreign": new TextEncoder().encode("a text that someone put here by mistake"),
  "of another key": writeEntry("other", BYTES, Infinity),
};

for (const [what, content] of Object.entries(DAMAGES)) {
  testOpfs(
    `opfsStore() says of a file that is ${what} that it cannot be read`,
    async (path, layout) => {
      await using store = await opfsStore(path);
      await store.set(KEY, BYTES);
      await store.set("whole", BYTES);
      const folder = await (await layout()).getDirectoryHandle(FOLDER);
      await overwrite(folder, content);
      const error = await rejects(
        store.get(KEY),
        StoreError,
        /cannot be read: .+; set or delete it$/,
      );
      assert.instanceOf(error.cause, DecodeError);
      assert.deepEqual(await Array.fromAsync(store.list()), [{ key: "whole", size: 3 }]);
      await store.set(KEY, BYTES);
      assert.deepEqual(await store.get(KEY), BYTES);
      await overwrite(folder, content);
      assert.isTrue(await store.delete(KEY));
      assert.isUndefined(await store.get(KEY));
    },
  );
}

testOpfs(
  "opfsStore() replaces a folder that stands where a file should be",
  async (path, layout) => {
    await using store = await opfsStore(path);
    const folder = await (await layout()).getDirectoryHandle(FOLDER, { create: true });
    const inPlace = await folder.getDirectoryHandle(FILE, { create: true });
    await inPlace.getDirectoryHandle("inside", { create: true });
    const error = await rejects(store.get(KEY), StoreError, /cannot be read: it is a folder/);
    assert.instanceOf(error.cause, DecodeError);
    assert.deepEqual(await Array.fromAsync(store.list()), []);
    await store.set(KEY, BYTES);
    assert.deepEqual(await store.get(KEY), BYTES);
  },
);

testOpfs(
  "opfsStore() takes the empty file of a writer that died for no entry",
  async (path, layout) => {
    await using store = await opfsStore(path);
    const folder = await (await layout()).getDirectoryHandle(FOLDER, { create: true });
    await folder.getFileHandle(FILE, { create: true });
    assert.isUndefined(await store.get(KEY));
    assert.isFalse(await store.delete(KEY));
    await folder.getFileHandle(FILE, { create: true });
    assert.deepEqual(await Array.fromAsync(store.list()), []);
    assert.deepEqual(await namesIn(folder), []);
  },
);

testOpfs("opfsStore() removes what has expired when it lists", async (path, layout) => {
  await using store = await opfsStore(path);
  await withFakeTime(Date.now(), async (clock) => {
    await store.set(KEY, BYTES, { expires: Date.now() + 1000 });
    clock.advance(1000);
    assert.deepEqual(await Array.fromAsync(store.list()), []);
  });
  assert.deepEqual(await namesIn(await (await layout()).getDirectoryHandle(FOLDER)), []);
});

testOpfs("opfsStore() starts again when its folder is removed", async (path) => {
  await using store = await opfsStore(path);
  await store.set(KEY, BYTES);
  const root = await navigator.storage.getDirectory();
  await root.removeEntry(path, { recursive: true });
  assert.isUndefined(await store.get(KEY));
  assert.isFalse(await store.delete(KEY));
  assert.deepEqual(await Array.fromAsync(store.list()), []);
  await store.set(KEY, BYTES);
  assert.deepEqual(await store.get(KEY), BYTES);
});

testOpfs("opfsStore() leaves nothing behind of a write that fails", async (path, layout) => {
  await using store = await opfsStore(path);
  const { write } = FileSystemWritableFileStream.prototype;
  FileSystemWritableFileStream.prototype.write = () =>
    Promise.reject(new DOMException("Full", "QuotaExceededError"));
  try {
    await rejects(store.set(KEY, BYTES), StoreError, /storage for this site is full; prune/);
  } finally {
    FileSystemWritableFileStream.prototype.write = write;
  }
  assert.deepEqual(await namesIn(await (await layout()).getDirectoryHandle(FOLDER)), []);
  await store.set(KEY, BYTES);
  assert.deepEqual(await store.get(KEY), BYTES);
});

testOpfs("opfsStore() says when the browser refuses storage", async (path) => {
  await opfsStore(path);
  const { getDirectory } = StorageManager.prototype;
  StorageManager.prototype.getDirectory = () =>
    Promise.reject(new DOMException("Private", "SecurityError"));
  try {
    await rejects(opfsStore(path), StoreError, /refuses storage here, as in a private window/);
  } finally {
    StorageManager.prototype.getDirectory = getDirectory;
  }
});

testOpfs("opfsStore() says when the browser cannot replace files as a whole", async (path) => {
  await opfsStore(path);
  const { createWritable } = FileSystemFileHandle.prototype;
  Reflect.deleteProperty(FileSystemFileHandle.prototype, "createWritable");
  try {
    await rejects(opfsStore(path), StoreError, /cannot replace files as a whole; update it/);
  } finally {
    FileSystemFileHandle.prototype.createWritable = createWritable;
  }
});

testOn(["deno", "bun"], "has OPFS", "opfsStore() says what to use on Deno and Bun", async () => {
  const error = await rejects(opfsStore(), StoreError, /on Deno and Bun use fsStore\(\)/);
  assert.equal(error.operation, "open");
});

test("opfsStore() refuses a path that names no folder", async () => {
  for (const path of ["", "/", "a/", "/a", "a//b", ".", "a/../b"]) {
    await rejects(opfsStore(path), TypeError, /names of folders/);
  }
  await rejects(opfsStore(5 as unknown as string), TypeError, /names of folders/);
});
