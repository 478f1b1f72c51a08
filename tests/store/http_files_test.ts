import { StoreError } from "../../lib/errors.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { httpStore, storeIndex } from "../../lib/store/http/mod.ts";
import { writeEntry } from "../../lib/store/_entry_file.ts";
import { placeOf } from "../../lib/store/_place.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test, testOn, withFakeTime, withTempFolder } from "../harness.ts";
import { NEEDS_SERVER, startServer } from "../servers/http.ts";
import { builtin } from "./_files.ts";

const ADDRESS = "https://example.org/site/cache";
const BYTES = Uint8Array.of(1, 2, 3);
const KEYS = ["plain", "name/0123abcd", "A", "a", "..", "a/../b", "50 %", "é/ü", "x".repeat(1024)];

function pathOf(key: string): string {
  const { folders, shard, file } = placeOf(key);
  return ["v1", ...folders, shard, file].join("/");
}

/** A server for files that holds them in memory, and decodes paths as such servers do. */
function filesIn(files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>) {
  return ({ url }: Request) => {
    const path = decodeURIComponent(new URL(url).pathname.replace("/site/cache/", ""));
    const file = files.get(path);
    return Promise.resolve(new Response(file ?? null, { status: file === undefined ? 404 : 200 }));
  };
}

function bytesOf(key: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`bytes of ${key}`);
}

async function listed(store: Store, prefix?: string): Promise<string[]> {
  const keys: string[] = [];
  for await (const { key } of store.list(prefix)) keys.push(key);
  return keys.sort();
}

test("httpStore() reads the files that the fs store makes", async () => {
  const files = new Map(KEYS.map((key) => [pathOf(key), writeEntry(key, bytesOf(key), Infinity)]));
  await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(files) });
  for (const key of KEYS) assert.deepEqual(await store.get(key), bytesOf(key));
  assert.isUndefined(await store.get("another"));
});

test("httpStore() does not read a file that has expired", () =>
  withFakeTime(1_000_000, async (clock) => {
    const files = new Map([[pathOf("a"), writeEntry("a", bytesOf("a"), 1_000_100)]]);
    await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(files) });
    assert.deepEqual(await store.get("a"), bytesOf("a"));
    clock.advance(100);
    assert.isUndefined(await store.get("a"));
  }));

test("httpStore() does not list from an index what has expired meanwhile", () =>
  withFakeTime(1_000_000, async (clock) => {
    const source = memoryStore();
    await source.set("short", BYTES, { expires: 1_000_100 });
    await source.set("long", BYTES);
    const index = new Uint8Array(await new Response(storeIndex(source)).arrayBuffer());
    const files = new Map([["index.ndjson", index]]);
    await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(files) });
    assert.deepEqual(await listed(store), ["long", "short"]);
    clock.advance(100);
    assert.deepEqual(await listed(store), ["long"]);
  }));

test("httpStore() makes a StoreError of a file that is damaged or another's", async () => {
  const whole = writeEntry("a", bytesOf("a"), Infinity);
  for (
    const file of [whole.subarray(0, 30), whole.subarray(0, 3), writeEntry("b", whole, Infinity)]
  ) {
    const files = new Map([[pathOf("a"), file]]);
    await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(files) });
    await rejects(store.get("a"), StoreError, /cannot be read .*put the files there again/);
  }
});

test("httpStore() says when a server sends a page for a file that is not there", async () => {
  const fetch = () =>
    Promise.resolve(new Response("<!doctype html>", { headers: { "content-type": "text/html" } }));
  await using store = httpStore(ADDRESS, { files: true, fetch });
  await rejects(store.get("a"), StoreError, /a page came instead; let the server answer 404/);
});

test("httpStore() lists files by the index beside them, and says when there is none", async () => {
  const source = memoryStore();
  for (const key of KEYS) await source.set(key, bytesOf(key));
  const files = new Map<string, Uint8Array<ArrayBuffer>>();
  await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(files) });
  await rejects(listed(store), StoreError, /there is no index\.ndjson; write one with storeIndex/);
  const index = new Uint8Array(await new Response(storeIndex(source)).arrayBuffer());
  files.set("index.ndjson", index);
  assert.deepEqual(await listed(store), [...KEYS].sort());
  assert.deepEqual(await listed(store, "a"), KEYS.filter((key) => key.startsWith("a")).sort());
  files.set("index.ndjson", index.subarray(0, -4));
  await rejects(listed(store), StoreError, /index\.ndjson cannot be read/);
});

test("httpStore() cannot write files, and says so in its manifest", async () => {
  await using store = httpStore(ADDRESS, { files: true, fetch: filesIn(new Map()) });
  assert.isTrue(store.supports.readOnly);
  await rejects(store.set("a", bytesOf("a")), StoreError, /can only be read/);
  await rejects(store.delete("a"), StoreError, /can only be read/);
});

testOn(
  ["deno", "bun"],
  NEEDS_SERVER,
  "httpStore() reads and lists a folder that fsStore() filled and a server serves as it is",
  () =>
    withTempFolder(async (folder) => {
      const { readFile, writeFile } = builtin<typeof import("node:fs/promises")>(
        "node:fs/promises",
      );
      {
        await using source = await fsStore(`${folder}/cache`);
        for (const key of KEYS) await source.set(key, bytesOf(key));
        const index = await new Response(storeIndex(source)).text();
        await writeFile(`${folder}/cache/index.ndjson`, index);
      }
      await using server = startServer(async ({ url }) => {
        const path = folder + decodeURIComponent(new URL(url).pathname);
        const file = await readFile(path).catch(() => undefined);
        return new Response(file && new Uint8Array(file), { status: file ? 200 : 404 });
      });
      await using store = httpStore(`${server.url}cache`, { files: true });
      for (const key of KEYS) assert.deepEqual(await store.get(key), bytesOf(key));
      assert.deepEqual(await listed(store), [...KEYS].sort());
      assert.isUndefined(await store.get("another"));
    }),
);
