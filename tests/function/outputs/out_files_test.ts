import { createCache } from "../../../lib/function/create_cache.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test, testOn, withFakeTime, withTempFolder } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { Recorder } from "../_recorder.ts";

type Fs = typeof import("node:fs");

function fs(): Fs {
  const { process } = globalThis as unknown as {
    process: { getBuiltinModule(name: string): Fs };
  };
  return process.getBuiltinModule("node:fs");
}

/** A cache, and a function on it that writes a file or a folder. */
function setUp(disk: Fs) {
  const recorder = new Recorder();
  const store = memoryStore();
  const deja = createCache({ store, onEvent: recorder.onEvent, freeVariables: "ignore" });
  const runs: string[] = [];
  const go = { on: Promise.resolve() };
  const write = deja.persistent("write", async (text: string, path: string) => {
    runs.push(path);
    await go.on;
    disk.writeFileSync(path, text);
    disk.chmodSync(path, 0o640);
    return text.length;
  }, { outFiles: ["path"] });
  const keys = async () => (await Array.fromAsync(store.list())).map(({ key }) => key);
  return { recorder, store, deja, runs, go, write, keys };
}

type Body = (folder: string, disk: Fs, setting: ReturnType<typeof setUp>) => Promise<void>;

function testFiles(name: string, body: Body): void {
  testOn(
    ["deno", "bun"],
    "needs a file system with paths",
    name,
    () => withTempFolder((folder) => body(folder, fs(), setUp(fs()))),
  );
}

function testLinks(name: string, body: Body): void {
  testOn(
    ["bun"],
    "needs to make symbolic links, which Deno allows with permissions for all paths alone",
    name,
    () => withTempFolder((folder) => body(folder, fs(), setUp(fs()))),
  );
}

testFiles(
  "what a function wrote is put where the next call names, though the first is long gone",
  async (folder, disk, { write, runs, recorder }) => {
    assert.equal(await write("text", `${folder}/a`), 4);
    disk.rmSync(`${folder}/a`);
    for (const path of [`${folder}/b`, `${folder}/new/c`, `${folder}/a`]) {
      assert.equal(await write("text", path), 4);
      assert.equal(disk.readFileSync(path, "utf8"), "text");
      assert.equal(disk.statSync(path).mode & 0o777, 0o640);
    }
    assert.lengthOf(runs, 1);
    assert.deepEqual(recorder.take(), ["miss", "store", "hit", "hit", "hit"]);
  },
);

testFiles("a folder of files comes back", async (folder, disk, { deja }) => {
  let runs = 0;
  const f = deja.persistent("f", (out: string) => {
    runs++;
    disk.mkdirSync(`${out}/deep`, { recursive: true });
    disk.writeFileSync(`${out}/a`, "1");
    disk.writeFileSync(`${out}/deep/b`, "2");
  }, { outFiles: ["out"] });
  await f(`${folder}/one`);
  disk.rmSync(`${folder}/one`, { recursive: true });
  await f(`${folder}/two`);
  assert.equal(disk.readFileSync(`${folder}/two/a`, "utf8"), "1");
  assert.equal(disk.readFileSync(`${folder}/two/deep/b`, "utf8"), "2");
  assert.equal(runs, 1);
});

testFiles(
  "an output that was not written means an event, and the value",
  async (folder, _disk, { deja, recorder, keys }) => {
    const f = deja.persistent("f", (_out: string) => "value", { outFiles: ["_out"] });
    assert.equal(await f(`${folder}/none`), "value");
    const event = recorder.takeEvents().at(-1);
    assert.deepInclude(event, { type: "not-stored", reason: "no output" });
    assert.match(String((event as { error: unknown }).error), /none/);
    assert.deepEqual(await keys(), []);
    assert.equal(await f(`${folder}/none`), "value");
  },
);

testFiles("callers who join get files of their own", async (folder, disk, setting) => {
  const { write, runs, go, recorder } = setting;
  const held = Promise.withResolvers<void>();
  go.on = held.promise;
  const paths = ["a", "b", "c"].map((name) => `${folder}/${name}`);
  const calls = paths.map((path) => write("text", path));
  await until(() => recorder.events.filter(({ type }) => type === "join").length === 2);
  held.resolve();
  assert.deepEqual(await Promise.all(calls), [4, 4, 4]);
  for (const path of paths) assert.equal(disk.readFileSync(path, "utf8"), "text");
  assert.lengthOf(runs, 1);
});

testFiles("so do those who join where nothing could be stored", async (folder, disk, setting) => {
  const { deja } = setting;
  const f = deja.persistent("f", async (text: string, path: string) => {
    await Promise.resolve();
    disk.writeFileSync(path, text);
    return text;
  }, { outFiles: ["path"], accept: () => false });
  const paths = ["a", "b", "c"].map((name) => `${folder}/${name}`);
  await Promise.all(paths.map((path) => f("text", path)));
  for (const path of paths) assert.equal(disk.readFileSync(path, "utf8"), "text");
});

testFiles("a look at a stored result writes no files", async (folder, disk, { write }) => {
  await write("text", `${folder}/a`);
  assert.equal(await write.peek("text", `${folder}/b`), 4);
  assert.isTrue(await write.has("text", `${folder}/b`));
  const [entry] = await Array.fromAsync(write.entries());
  assert.equal(entry.value, 4);
  assert.isFalse(disk.existsSync(`${folder}/b`));
});

testFiles("refresh, delete and clear remove stored files", async (folder, disk, setting) => {
  const { write, keys, runs } = setting;
  await write("text", `${folder}/a`);
  const before = await keys();
  await write.refresh("text", `${folder}/a`);
  assert.lengthOf(runs, 2);
  assert.lengthOf(await keys(), before.length);
  disk.rmSync(`${folder}/a`);
  await write("text", `${folder}/b`);
  assert.equal(disk.readFileSync(`${folder}/b`, "utf8"), "text");
  await write.delete("text", "");
  assert.deepEqual(await keys(), []);
  await write("text", `${folder}/a`);
  await write.clear();
  assert.deepEqual(await keys(), []);
});

testFiles("a stored file that is damaged is written anew", async (folder, disk, setting) => {
  const { write, keys, store, runs, recorder } = setting;
  await write("text", `${folder}/a`);
  const part = (await keys()).find((key) => key.includes("."))!;
  await store.set(part, new Uint8Array(4));
  assert.equal(await write("text", `${folder}/b`), 4);
  assert.equal(disk.readFileSync(`${folder}/b`, "utf8"), "text");
  assert.lengthOf(runs, 2);
  assert.include(recorder.take(), "corrupt");
});

test("outFiles that name no parameter are an error at wrap time", () => {
  const deja = createCache({ store: memoryStore() });
  assert.throws(
    () => deja.persistent("f", (path: string) => path, { outFiles: ["paht"] }),
    TypeError,
    /^outFiles names "paht", which is no parameter of f/,
  );
});

testFiles("a path may stand in an object, or be a default", async (folder, disk, { deja }) => {
  let runs = 0;
  const write = (text: string, path: string) => {
    runs++;
    disk.writeFileSync(path, text);
  };
  const inObject = deja.persistent(
    "inObject",
    (text: string, options: { path: string; mode?: string }) => write(text, options.path),
    { outFiles: ["options.path"] },
  );
  const takenApart = deja.persistent(
    "takenApart",
    ({ text, to: { path } }: { text: string; to: { path: string } }) => write(text, path),
    { outFiles: ["path"] },
  );
  for (const path of [`${folder}/a`, `${folder}/b`]) {
    await inObject("one", { path });
    assert.equal(disk.readFileSync(path, "utf8"), "one");
    await takenApart({ text: "two", to: { path } });
    assert.equal(disk.readFileSync(path, "utf8"), "two");
  }
  assert.equal(runs, 2);
  await inObject("one", { path: `${folder}/a`, mode: "other" });
  assert.equal(runs, 3);

  const byDefault = deja.persistent("byDefault", (_text: string, _path = "/nowhere/at/all") => {}, {
    outFiles: ["_path"],
    onEvent: (event) => event.type === "not-stored" && told.push(String(event.error)),
  });
  const told: string[] = [];
  await byDefault("text");
  assert.match(told[0], /nowhere.at.all/);
});

testLinks("links in a folder come back as links", async (folder, disk, { deja, recorder }) => {
  let runs = 0;
  const f = deja.persistent("f", (out: string) => {
    runs++;
    disk.mkdirSync(`${out}/v1/deep`, { recursive: true });
    disk.writeFileSync(`${out}/v1/deep/file`, "1");
    disk.symlinkSync("v1", `${out}/current`);
    disk.symlinkSync("../..", `${out}/v1/deep/around`);
    disk.symlinkSync("nothing", `${out}/broken`);
  }, { outFiles: ["out"] });
  await f(`${folder}/one`);
  disk.rmSync(`${folder}/one`, { recursive: true });
  for (const path of [`${folder}/two`, `${folder}/two`]) {
    await f(path);
    assert.equal(disk.readlinkSync(`${path}/current`), "v1");
    assert.equal(disk.readlinkSync(`${path}/v1/deep/around`), "../..");
    assert.equal(disk.readlinkSync(`${path}/broken`), "nothing");
    assert.equal(disk.readFileSync(`${path}/current/deep/file`, "utf8"), "1");
  }
  assert.equal(runs, 1);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", "hit"]);
});

testLinks("no link that leads out of its folder is stored", async (folder, disk, setting) => {
  const { deja, recorder, keys } = setting;
  const f = deja.persistent("f", (target: string, out: string) => {
    disk.mkdirSync(`${out}/sub`, { recursive: true });
    disk.symlinkSync(target, `${out}/sub/link`);
  }, { outFiles: ["out"] });
  const targets = [
    "/etc/passwd",
    "../..",
    "../../other",
    "../sub/../../x",
    "./../.././x",
    "a/../b",
  ];
  for (const [index, target] of targets.entries()) {
    await f(target, `${folder}/${index}`);
    const event = recorder.takeEvents().at(-1);
    assert.deepInclude(event, { type: "not-stored", reason: "no output" }, target);
    assert.match(
      String((event as { error: unknown }).error),
      /link at .*sub\/link: what it leads to/,
    );
  }
  assert.deepEqual(await keys(), []);
});

test("outFiles do not take what is left of the arguments", () => {
  const deja = createCache({ store: memoryStore() });
  assert.throws(
    () => deja.persistent("f", (...paths: string[]) => paths, { outFiles: ["paths"] }),
    TypeError,
    /^outFiles names "paths", which takes any number of arguments; give what it names a parameter/,
  );
});

testFiles("no run behind a caller's back writes over its file", async (folder, disk, setting) => {
  await withFakeTime(1_800_000_000_000, async (clock) => {
    const { store } = setting;
    const deja = createCache({ store, ttl: "1m", staleWhileRevalidate: "1h" });
    let runs = 0;
    const f = deja.persistent("f", (path: string) => {
      disk.writeFileSync(path, `run ${++runs}`);
      return runs;
    }, { outFiles: ["path"], freeVariables: "ignore" });
    assert.equal(await f(`${folder}/a`), 1);
    clock.advance(60_000);
    assert.equal(await f(`${folder}/b`), 2);
    assert.equal(disk.readFileSync(`${folder}/b`, "utf8"), "run 2");
  });
});
