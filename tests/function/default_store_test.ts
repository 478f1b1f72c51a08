import { persistentCache } from "../../lib/function/create_cache.ts";
import { openDefaultStore } from "../../lib/function/default_store.ts";
import { opfsStore } from "../../lib/store/opfs/mod.ts";
import { assert, runScript, testOn, withTempFolder } from "../harness.ts";
import { Recorder, written } from "./_recorder.ts";

const SCRIPT = new URL("./fixtures/call_default.ts", import.meta.url).href;

/** Options of a process that calls the function. */
interface Process {
  readonly cwd: string;
  readonly env?: Record<string, string>;
  readonly quiet?: boolean;
}

/** Calls the function in a new process; the variable is unset unless given. */
async function inProcess(
  { cwd, env, quiet }: Process,
): Promise<{ events: string[]; stderr: string }> {
  const words = [quiet ? "quiet" : "loud", "to", "be"];
  const { code, stdout, stderr } = await runScript(SCRIPT, words, {
    cwd,
    env: { DEJA_DIR: "", ...env },
  });
  assert.equal(code, 0, stderr);
  const { events, result } = JSON.parse(stdout);
  assert.deepEqual(result, [["to", 2], ["be", 2]]);
  return { events, stderr };
}

/** A test with a fresh folder; `names` gives what is in a folder below it. */
function testFiles(
  name: string,
  body: (folder: string, fs: typeof import("node:fs")) => Promise<void>,
): void {
  testOn(["deno", "bun"], "needs a file system", name, () => {
    const { process } = globalThis as unknown as {
      process: { getBuiltinModule(name: string): typeof import("node:fs") };
    };
    return withTempFolder((folder) => body(folder, process.getBuiltinModule("node:fs")));
  });
}

testFiles("the default store is .deja in the working directory", async (folder, fs) => {
  assert.deepEqual(await inProcess({ cwd: folder }), { events: ["miss", "store"], stderr: "" });
  assert.deepEqual(fs.readdirSync(folder), [".deja"]);
  assert.isTrue(fs.existsSync(`${folder}/.deja/v1/sizes`));
  assert.deepEqual(await inProcess({ cwd: folder }), { events: ["hit"], stderr: "" });
});

testFiles("DEJA_DIR names another folder, from the working directory on", async (folder, fs) => {
  const env = { DEJA_DIR: "some/where" };
  assert.deepEqual((await inProcess({ cwd: folder, env })).events, ["miss", "store"]);
  assert.deepEqual(fs.readdirSync(folder), ["some"]);
  assert.deepEqual((await inProcess({ cwd: folder, env })).events, ["hit"]);
  const absolute = { DEJA_DIR: `${folder}/some/where` };
  assert.deepEqual((await inProcess({ cwd: `${folder}/some`, env: absolute })).events, ["hit"]);
});

testFiles(
  "a DEJA_DIR that is a file costs events, and the function still works",
  async (folder, fs) => {
    fs.writeFileSync(`${folder}/file`, "mine");
    const env = { DEJA_DIR: "file" };
    const { events } = await inProcess({ cwd: folder, env });
    assert.include(events, "miss");
    assert.include(events, "store-error");
    assert.notInclude(events, "store");
    assert.equal(fs.readFileSync(`${folder}/file`, "utf8"), "mine");
    const { stderr } = await inProcess({ cwd: folder, env, quiet: true });
    assert.lengthOf(stderr.match(/déjà: store-error in sizes/g) ?? [], 1);
  },
);

testFiles("a wrapper that is never called makes no folder", async (folder, fs) => {
  const script = `${folder}/idle.ts`;
  const mod = new URL("../../mod.ts", import.meta.url).href;
  fs.writeFileSync(
    script,
    `import { persistentCache } from ${JSON.stringify(mod)};\n` +
      `console.log(persistentCache("idle", (x: number) => x).name === "");\n`,
  );
  const { code, stderr } = await runScript(script, [], { cwd: folder });
  assert.equal(code, 0, stderr);
  assert.deepEqual(fs.readdirSync(folder), ["idle.ts"]);
});

testOn(
  ["deno"],
  "only Deno has permissions",
  "without permissions Deno asks nobody: one warning names the flags, and results stay in memory",
  () =>
    withTempFolder(async (cwd) => {
      const config = new URL("../../deno.json", import.meta.url);
      for (const granted of [[], ["--allow-read"], ["--allow-read", "--allow-env=DEJA_DIR"]]) {
        const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
          args: [
            "run",
            "--config",
            decodeURIComponent(config.pathname),
            ...granted,
            SCRIPT,
            "loud",
            "to",
            "be",
          ],
          cwd,
          env: { NO_COLOR: "1", DEJA_DIR: "" },
        }).output();
        const [out, err] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
        assert.equal(code, 0, err);
        assert.deepEqual(JSON.parse(out), {
          events: ["miss", "store"],
          result: [["to", 2], ["be", 2]],
        });
        const lines = err.trim().split("\n");
        assert.lengthOf(lines, 1, err);
        const flags = granted.length === 0
          ? "--allow-read=.deja --allow-write=.deja"
          : "--allow-write=.deja";
        const other = granted.includes("--allow-env=DEJA_DIR")
          ? ""
          : ", or with --allow-env=DEJA_DIR too where that names another";
        assert.include(lines[0], `kept in memory only`);
        assert.include(lines[0], `Deno may not use .deja; run it with ${flags}${other};`);
      }
    }),
);

// First, since a folder that is open is not asked for again.
testOn(
  ["chromium", "firefox"],
  "needs the origin private file system",
  "the default store of a browser that refuses storage is memory, with a warning",
  async () => {
    const { getDirectory } = StorageManager.prototype;
    StorageManager.prototype.getDirectory = () =>
      Promise.reject(new DOMException("Private", "SecurityError"));
    try {
      const lines = await written("warn", async () => {
        await using store = await openDefaultStore();
        assert.equal(store.name, "memory");
      });
      assert.lengthOf(lines, 1);
      assert.match(String(lines[0]), /kept in memory only.+pass a store to createCache/);
    } finally {
      StorageManager.prototype.getDirectory = getDirectory;
    }
  },
);

testOn(
  ["chromium", "firefox"],
  "needs the origin private file system",
  "the default store of a browser is its private file system, where other wrappers find it",
  async () => {
    const recorder = new Recorder();
    const name = `default store test ${crypto.randomUUID()}`;
    const [one, two] = [1, 2].map(() =>
      persistentCache(name, (x: number) => new Date(x), { onEvent: recorder.onEvent })
    );
    try {
      assert.deepEqual(await one(5), new Date(5));
      assert.deepEqual(await two(5), new Date(5));
      assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
      await using store = await opfsStore();
      const keys = (await Array.fromAsync(store.list(`${name}/`))).map(({ key }) => key);
      assert.deepEqual(keys, [`${name}/${await one.key(5)}`]);
    } finally {
      await one.clear();
    }
    assert.isFalse(await two.has(5));
  },
);
