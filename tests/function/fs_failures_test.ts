import { DecodeError } from "../../lib/errors.ts";
import type { PersistentCached } from "../../lib/function/cached_function.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { assert, testOn, withTempFolder } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

type Fs = typeof import("node:fs");

/** A cached function on a folder that was just opened, with one result in it. */
interface Scene {
  readonly folder: string;
  readonly fs: Fs;
  readonly recorder: Recorder;
  readonly list: PersistentCached<(size: number) => number[]>;
  /** Path of the file that holds the result of `list(2)`. */
  readonly file: string;
}

function testFiles(name: string, body: (scene: Scene) => Promise<void>): void {
  testOn(["deno", "bun"], "needs a file system", name, () =>
    withTempFolder(async (parent) => {
      const { process } = globalThis as unknown as {
        process: { getBuiltinModule(name: string): Fs };
      };
      const fs = process.getBuiltinModule("node:fs");
      const folder = `${parent}/cache`;
      await using store = await fsStore(folder);
      const recorder = new Recorder();
      const { persistent } = createCache({ store, onEvent: recorder.onEvent });
      const list = persistent("list", (size: number) => Array.from({ length: size }, () => 0));
      await list(2);
      recorder.take();
      const key = await list.key(2);
      const file = `${folder}/v1/list/${key.slice(0, 2)}/${key}`;
      await body({ folder, fs, recorder, list, file });
    }));
}

const DAMAGES: Readonly<Record<string, (scene: Scene) => void>> = {
  "is empty": ({ fs, file }) => fs.truncateSync(file, 0),
  "was truncated": ({ fs, file }) => fs.truncateSync(file, fs.statSync(file).size - 1),
  "was truncated to its first bytes": ({ fs, file }) => fs.truncateSync(file, 5),
  "is foreign": ({ fs, file }) => fs.writeFileSync(file, "a text, put here by mistake"),
  "has another byte in it": ({ fs, file }) => {
    const bytes = fs.readFileSync(file);
    bytes[bytes.length >> 1] ^= 1;
    fs.writeFileSync(file, bytes);
  },
  "is a folder": ({ fs, file }) => {
    fs.rmSync(file);
    fs.mkdirSync(file);
  },
};

for (const [what, damage] of Object.entries(DAMAGES)) {
  testFiles(`a file that ${what} is a corrupt event, a miss and a new file`, async (scene) => {
    const { list, recorder } = scene;
    damage(scene);
    assert.deepEqual(await list(2), [0, 0]);
    const [corrupt, ...rest] = recorder.takeEvents();
    assert.equal(corrupt.type, "corrupt");
    const { error } = corrupt as { error: Error };
    assert.instanceOf(error instanceof DecodeError ? error : error.cause, DecodeError);
    assert.deepEqual(rest.map(({ type }) => type), ["miss", "store"]);
    assert.deepEqual(await list(2), [0, 0]);
    assert.deepEqual(recorder.take(), ["hit"]);
  });
}

testFiles("a folder that vanishes while in use is made again", async (scene) => {
  const { fs, folder, list, recorder } = scene;
  fs.rmSync(folder, { recursive: true });
  assert.deepEqual(await list(2), [0, 0]);
  assert.deepEqual(await list(2), [0, 0]);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});

testFiles(
  "a folder that becomes a file costs events, and the function still works",
  async (scene) => {
    const { fs, folder, list, recorder } = scene;
    fs.rmSync(folder, { recursive: true });
    fs.writeFileSync(folder, "mine");
    assert.deepEqual(await list(2), [0, 0]);
    const kinds = recorder.take();
    assert.include(kinds, "miss");
    assert.include(kinds, "store-error");
    assert.notInclude(kinds, "store");
    assert.equal(fs.readFileSync(folder, "utf8"), "mine");
  },
);
