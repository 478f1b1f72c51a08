import { EncodeError } from "../../../lib/errors.ts";
import { type AnyFunction, directory, file, Keyer } from "../../../lib/key/mod.ts";
import { assert, rejects, runtime, test, testOn, withTempFolder } from "../../harness.ts";

const NEEDS_FILES = "needs a file system with paths";

function keyer(closure?: () => unknown): Keyer {
  const fn: AnyFunction = (a: unknown) => a;
  return new Keyer(fn, { name: "f", code: "source", ignore: [], closure });
}

const each = keyer();

/** The key by the way that persistent functions take, which has to agree with the other. */
async function keyOf(argument: unknown): Promise<string> {
  const readings = await each.prepare([argument]);
  const { hex } = each.key([argument], readings);
  assert.equal(each.keyWithArguments([argument], readings).hex, hex);
  assert.equal(each.key([argument]).hex, hex);
  return hex;
}

/** The runtime's own files, on Deno and Bun. */
function files(): typeof import("node:fs") {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): typeof import("node:fs") };
  };
  return process.getBuiltinModule("node:fs");
}

function testWithFiles(name: string, body: (folder: string) => Promise<void>): void {
  testOn(["deno", "bun"], NEEDS_FILES, name, () => withTempFolder(body));
}

testWithFiles("a file counts by its content, not by its name or times", async (folder) => {
  const { utimesSync, writeFileSync } = files();
  writeFileSync(`${folder}/a`, "content");
  writeFileSync(`${folder}/b`, "content");
  writeFileSync(`${folder}/c`, "contents");
  utimesSync(`${folder}/b`, 1, 1);
  const key = await keyOf(file(`${folder}/a`));
  assert.equal(await keyOf(file(`${folder}/b`)), key);
  assert.equal(await keyOf(file(new URL(`file://${folder}/a`))), key);
  assert.notEqual(await keyOf(file(`${folder}/c`)), key);
  assert.notEqual(await keyOf("content"), key);
});

testWithFiles("a file of many pieces counts by all of them", async (folder) => {
  const { writeFileSync } = files();
  const bytes = new Uint8Array(3_000_000);
  writeFileSync(`${folder}/a`, bytes);
  const before = await keyOf(file(`${folder}/a`));
  bytes[2_999_999] = 1;
  writeFileSync(`${folder}/a`, bytes);
  assert.notEqual(await keyOf(file(`${folder}/a`)), before);
});

testWithFiles(
  "an edit that keeps size and times is seen while the file is fresh",
  async (folder) => {
    const { statSync, utimesSync, writeFileSync } = files();
    const path = `${folder}/a`;
    writeFileSync(path, "one");
    const { mtime } = statSync(path);
    const before = await keyOf(file(path));
    writeFileSync(path, "two");
    utimesSync(path, mtime, mtime);
    assert.notEqual(await keyOf(file(path)), before);
  },
);

testWithFiles("a file that is not fresh is not read twice", async (folder) => {
  const { openSync, promises, writeFileSync } = files();
  const path = `${folder}/a`;
  writeFileSync(path, "content");
  const real = Date.now;
  const patched = files() as { openSync: typeof openSync; promises: typeof promises };
  const { open } = promises;
  let opened = 0;
  // Ten seconds later, by the clock that freshness is told by.
  Date.now = () => real() + 10_000;
  patched.openSync = ((...args: Parameters<typeof openSync>) => {
    if (args[0] === path) opened++;
    return openSync(...args);
  }) as typeof openSync;
  promises.open = (...args) => {
    if (args[0] === path) opened++;
    return open(...args);
  };
  try {
    const first = await keyOf(file(path));
    assert.equal(opened, 1);
    assert.equal(await keyOf([file(path), file(path)]), await keyOf([file(path), file(path)]));
    assert.equal(opened, 1);
    writeFileSync(path, "other content");
    assert.notEqual(await keyOf(file(path)), first);
    assert.isAbove(opened, 1);
  } finally {
    Date.now = real;
    patched.openSync = openSync;
    promises.open = open;
  }
});

testWithFiles(
  "what was prepared holds for the call, whatever becomes of the file",
  async (folder) => {
    const { rmSync, writeFileSync } = files();
    const input = file(`${folder}/a`);
    writeFileSync(input.path, "one");
    const readings = await each.prepare([input]);
    const { hex } = each.key([input], readings);
    writeFileSync(input.path, "two");
    assert.notEqual(each.key([input]).hex, hex);
    rmSync(input.path);
    writeFileSync(input.path, "one");
    assert.equal(await keyOf(input), hex);
  },
);

testWithFiles("files count inside arguments, and among closed-over values", async (folder) => {
  const { writeFileSync } = files();
  const path = `${folder}/a`;
  writeFileSync(path, "one");
  const closing = keyer(() => ({ model: file(path) }));
  const [nested, closed] = [await keyOf({ list: [file(path)] }), closing.key([1]).hex];
  writeFileSync(path, "two");
  assert.notEqual(await keyOf({ list: [file(path)] }), nested);
  await closing.prepare([1]);
  assert.notEqual(closing.key([1]).hex, closed);
});

/** Fails unless each change of what is in a folder gives it another key. */
async function checkChanges(folder: string, changes: readonly (() => void)[]): Promise<void> {
  const keys = [await keyOf(directory(folder))];
  for (const change of changes) {
    change();
    keys.push(await keyOf(directory(folder)));
  }
  assert.equal(new Set(keys).size, keys.length);
}

testWithFiles("a folder counts by names and contents below it", async (folder) => {
  const { mkdirSync, renameSync, writeFileSync } = files();
  for (const root of [`${folder}/one`, `${folder}/two`]) {
    mkdirSync(`${root}/b/c`, { recursive: true });
    writeFileSync(`${root}/a`, "1");
    writeFileSync(`${root}/b/c/d`, "2");
  }
  assert.equal(await keyOf(directory(`${folder}/two/`)), await keyOf(directory(`${folder}/one`)));
  await checkChanges(`${folder}/one`, [
    () => writeFileSync(`${folder}/one/b/c/d`, "3"),
    () => renameSync(`${folder}/one/a`, `${folder}/one/aa`),
    () => mkdirSync(`${folder}/one/empty`),
  ]);
});

testOn(
  ["bun"],
  "needs links, which Deno makes only with all permissions",
  "links in a folder count by what they lead to",
  () =>
    withTempFolder(async (folder) => {
      const { rmSync, symlinkSync, writeFileSync } = files();
      const link = (to: string) => () => {
        rmSync(`${folder}/link`, { force: true });
        symlinkSync(to, `${folder}/link`);
      };
      writeFileSync(`${folder}/a`, "1");
      await checkChanges(folder, [
        link("nowhere"),
        link(".."),
        link("a"),
        () => writeFileSync(`${folder}/a`, "changed under the link"),
      ]);
    }),
);

testWithFiles("a filter chooses what counts in a folder", async (folder) => {
  const { mkdirSync, writeFileSync } = files();
  mkdirSync(`${folder}/out`);
  writeFileSync(`${folder}/a.ts`, "1");
  const filter = (path: string) => path !== "out" && !path.endsWith(".log");
  const before = await keyOf(directory(folder, { filter }));
  writeFileSync(`${folder}/out/b`, "2");
  writeFileSync(`${folder}/c.log`, "3");
  assert.equal(await keyOf(directory(folder, { filter })), before);
  assert.notEqual(await keyOf(directory(folder)), before);
  writeFileSync(`${folder}/a.ts`, "4");
  assert.notEqual(await keyOf(directory(folder, { filter })), before);
});

testWithFiles("what cannot be read is an error with its path", async (folder) => {
  for (const input of [file(`${folder}/none`), directory(`${folder}/none`)]) {
    await rejects(
      each.prepare([input])!,
      EncodeError,
      /^Cannot read .*\/none"\): there is nothing at/,
    );
    assert.throws(() => each.key([input]), EncodeError, /\/none"\): there is nothing at this path/);
  }
  await rejects(each.prepare([file(folder)])!, EncodeError, /it is a folder; use directory\(\)/);
});

test("a blob counts by its content", async () => {
  const key = async (...parts: string[]) => {
    const input = file(new Blob(parts));
    return each.key([input], await each.prepare([input])).hex;
  };
  assert.equal(await key("ab"), await key("a", "b"));
  assert.notEqual(await key("ab"), await key("ba"));
});

test("a file handle counts by what its file has in it now", async () => {
  let text = "one";
  const handle = {
    kind: "file",
    name: "a.txt",
    getFile: () => Promise.resolve(new Blob([text])),
  } as const;
  const key = async () => {
    const input = file(handle);
    assert.equal(input.path, "a.txt");
    return each.key([input], await each.prepare([input])).hex;
  };
  const before = await key();
  text = "two";
  assert.notEqual(await key(), before);
});

test("a blob cannot be read at once", () => {
  const input = file(new Blob(["a"]));
  assert.throws(() => each.key([input]), EncodeError, /read in the background; .*persistentCache/);
});

testOn(["chromium", "firefox"], "there is a file system", "paths need a file system", async () => {
  assert.include(["chromium", "firefox"], runtime);
  for (const input of [file("a"), directory("a")]) {
    await rejects(each.prepare([input])!, EncodeError, /no file system; use file\(\) with a Blob/);
  }
});

test("an input stands for its path in text", () => {
  assert.equal(`${file("a/b")} ${directory("c")}`, "a/b c");
});

test("file() and directory() refuse what is none", () => {
  const wrong = (value: unknown) => value as string;
  assert.throws(() => file(""), TypeError, /file\(\) takes a path, a Blob .*an empty string/);
  assert.throws(() => file(wrong(5)), TypeError, /received number/);
  assert.throws(() => directory(wrong(undefined)), TypeError, /directory\(\) takes a path, rec/);
  assert.throws(() => file(new URL("http://x/y")), TypeError, /file: URL, received http:\/\/x\/y/);
  const filter = wrong("*.ts") as unknown as () => boolean;
  assert.throws(() => directory("a", { filter }), TypeError, /must be a function, received string/);
});
