import { assert, test } from "../harness.ts";
import { arrowProblems, type Graph } from "./arrows.ts";

const right: Readonly<Record<string, Graph>> = {
  "an empty library": {},
  "files of one folder": { "lib/hash/mod.ts": ["lib/hash/core.ts"], "lib/hash/core.ts": [] },
  "hash, errors and a pinned package under key": {
    "lib/key/key.ts": ["lib/hash/mod.ts", "lib/errors.ts", "npm:js-tokens@10.0.0"],
  },
  "hash over the generated module": { "lib/hash/backend.ts": ["wasm/blake3.ts"] },
  "a store over its contract, its folder and the private helpers": {
    "lib/store/fs/mod.ts": ["lib/store/store.ts", "lib/store/fs/deno.ts", "lib/store/_keys.ts"],
  },
  "the one file that opens stores": {
    "lib/function/default_store.ts": ["lib/store/fs/mod.ts", "lib/store/opfs/mod.ts"],
  },
  "a leaf over everything": { "lib/cli/ls.ts": ["lib/store/fs/mod.ts", "lib/record/mod.ts"] },
  "two ways to one file": {
    "mod.ts": ["lib/function/cache.ts", "lib/lru.ts"],
    "lib/function/cache.ts": ["lib/lru.ts"],
    "lib/lru.ts": [],
  },
};

const wrong: Readonly<Record<string, readonly [graph: Graph, problem: RegExp]>> = {
  "errors over anything": [{ "lib/errors.ts": ["lib/hash/mod.ts"] }, /may import only nothing/],
  "hash over codec": [{ "lib/hash/a.ts": ["lib/codec/mod.ts"] }, /a\.ts imports lib\/codec/],
  "codec over key": [{ "lib/codec/a.ts": ["lib/key/mod.ts"] }, /lib\/codec\/ may import only/],
  "record over key": [{ "lib/record/a.ts": ["lib/key/mod.ts"] }, /lib\/record\/ may import only/],
  "a store over another store": [
    { "lib/store/tiered/mod.ts": ["lib/store/fs/mod.ts"] },
    /tiered\/mod\.ts imports lib\/store\/fs/,
  ],
  "a store file over another store file": [
    { "lib/store/http.ts": ["lib/store/memory.ts"] },
    /http\.ts imports lib\/store\/memory\.ts/,
  ],
  "a store over the codec": [{ "lib/store/fs/mod.ts": ["lib/codec/mod.ts"] }, /imports lib\/codec/],
  "a store over function": [
    { "lib/store/a.ts": ["lib/function/cache.ts"] },
    /imports lib\/function/,
  ],
  "function over a store of one runtime": [
    { "lib/function/cache.ts": ["lib/store/fs/mod.ts"] },
    /cache\.ts imports lib\/store\/fs/,
  ],
  "mod.ts over a store of one runtime": [
    { "mod.ts": ["lib/store/opfs/mod.ts"] },
    /mod\.ts imports lib\/store\/opfs/,
  ],
  "anyone over a leaf": [{ "mod.ts": ["lib/cli/mod.ts"] }, /imports lib\/cli/],
  "a leaf over another leaf": [
    { "lib/cli/a.ts": ["lib/inspector/a.ts"] },
    /imports lib\/inspector/,
  ],
  "the library over its tests": [{ "lib/lru.ts": ["tests/harness.ts"] }, /imports tests/],
  "a module of Node's": [{ "lib/store/fs/mod.ts": ["node:fs"] }, /only files and pinned packages/],
  "an address": [{ "lib/lru.ts": ["https://example.com/a.js"] }, /only files and pinned packages/],
  "a file in no place": [{ "other/a.ts": ["lib/lru.ts"] }, /other\/a\.ts has no rule/],
  "a file that imports itself": [{ "lib/key/a.ts": ["lib/key/a.ts"] }, /in a circle/],
  "a circle of three": [
    {
      "lib/key/a.ts": ["lib/key/b.ts"],
      "lib/key/b.ts": ["lib/key/c.ts"],
      "lib/key/c.ts": ["lib/key/a.ts"],
    },
    /a\.ts -> lib\/key\/b\.ts -> lib\/key\/c\.ts -> lib\/key\/a\.ts/,
  ],
};

for (const [name, graph] of Object.entries(right)) {
  test(`arrowProblems() allows ${name}`, () => assert.deepEqual(arrowProblems(graph), []));
}

for (const [name, [graph, problem]] of Object.entries(wrong)) {
  test(`arrowProblems() finds ${name}`, () => {
    const problems = arrowProblems(graph);
    assert.lengthOf(problems, 1);
    assert.match(problems[0], problem);
  });
}
