import { createCache } from "../../lib/function/create_cache.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { assert, runScript, testOn, withTempFolder } from "../harness.ts";
import { sizes } from "./fixtures/sizes.ts";
import { Recorder } from "./_recorder.ts";

const SCRIPT = new URL("./fixtures/call_sizes.ts", import.meta.url).href;
const WORDS = ["to", "be", "not"];
const RESULT: [string, number][] = [["to", 2], ["be", 2], ["not", 3]];

/** What a process that called the function has to say. */
interface Said {
  readonly events: string[];
  readonly result: [string, number][];
  readonly key: string;
}

async function inProcess(path: string, words = WORDS): Promise<Said> {
  const { code, stdout, stderr } = await runScript(SCRIPT, [path, ...words]);
  assert.equal(code, 0, stderr);
  assert.equal(stderr, "");
  return JSON.parse(stdout);
}

async function here(path: string): Promise<Said> {
  await using store = await fsStore(path);
  const recorder = new Recorder();
  const cached = createCache({ store, onEvent: recorder.onEvent }).persistent(sizes);
  const result = [...await cached(WORDS)];
  return { events: recorder.take(), result, key: await cached.key(WORDS) };
}

/** A test with the path of a store that no one has used. */
function testFiles(name: string, body: (path: string) => Promise<void>): void {
  testOn(
    ["deno", "bun"],
    "needs a file system",
    name,
    () => withTempFolder((folder) => body(`${folder}/cache`)),
  );
}

testFiles("a new process finds what this one stored", async (path) => {
  const first = await here(path);
  assert.deepEqual(first.events, ["miss", "store"]);
  const second = await inProcess(path);
  assert.deepEqual(second, { events: ["hit"], result: RESULT, key: first.key });
});

testFiles("this process finds what another one stored", async (path) => {
  const first = await inProcess(path);
  assert.deepEqual(first.events, ["miss", "store"]);
  assert.deepEqual(await here(path), { events: ["hit"], result: RESULT, key: first.key });
  assert.deepEqual((await inProcess(path)).events, ["hit"]);
  assert.deepEqual((await inProcess(path, ["other"])).events, ["miss", "store"]);
});

testFiles(
  "processes at once on one folder give the same results and damage nothing",
  async (path) => {
    const all = await Promise.all([inProcess(path), inProcess(path), here(path)]);
    for (const { events, result } of all) {
      assert.deepEqual(result, RESULT);
      assert.include(["hit", "miss,store", "miss,join"], events.join());
    }
    assert.lengthOf(all.filter(({ events }) => events.includes("store")), 1, "one computes");
    assert.deepEqual((await here(path)).events, ["hit"]);
  },
);
