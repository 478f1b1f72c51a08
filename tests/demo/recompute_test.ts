import { assert } from "../harness.ts";
import { assertRun, demoTest, withDemoCopy } from "./_demo_copy.ts";

const sources = ["bundle_size.ts", "bundle.ts"].map((name) => `bench/demo/${name}`);

demoTest("a second process answers from the cache and does not start esbuild", async (demo) => {
  const first = await demo.run();
  assertRun(first, { hits: 0, misses: 3 });
  for (const spec of ["one@1.0.0", "two@2.0.0", "three@3.0.0"]) assert.include(first.chart, spec);
  await Deno.remove(`${demo.folder}/node_modules`, { recursive: true }); // Where esbuild is.
  const second = await demo.run();
  assertRun(second, { hits: 3, misses: 0 });
  assert.equal(second.chart, first.chart);
  assert.match(second.stdout, /; saved \d+\.\d\d s\n$/);
  const third = await demo.run("--no-minify");
  assert.match(third.stderr, /Cannot bundle one@1\.0\.0: .*node_modules/);
});

demoTest("other options recompute, and the earlier results stay", async (demo) => {
  const minified = await demo.run();
  const plain = await demo.run("--no-minify");
  assertRun(plain, { hits: 0, misses: 3 });
  assert.notEqual(plain.chart, minified.chart);
  assertRun(await demo.run("--target=es2020"), { hits: 0, misses: 3 });
  assertRun(await demo.run("--target", "es2022"), { hits: 3, misses: 0 });
});

demoTest("a new package in the list recomputes only that one", async (demo) => {
  assertRun(await demo.run("one", "two", "one"), { hits: 0, misses: 2 });
  assertRun(await demo.run(), { hits: 2, misses: 1 });
});

demoTest("an edit of the function recomputes, a comment does not", async (demo) => {
  const before = await demo.run("one");
  for (const path of sources) {
    await demo.edit(path, (text) => text.replaceAll("await ", "await /* soon */ "));
  }
  assertRun(await demo.run("one"), { hits: 1, misses: 0 });
  await demo.edit(sources[0], (text) => text.replace("bytes: code.length", "bytes: 7000"));
  const after = await demo.run("one");
  assertRun(after, { hits: 0, misses: 1 });
  assert.notInclude(before.chart, "7.0 kB");
  assert.include(after.chart, "7.0 kB");
});

demoTest("an edit of a helper recomputes", async (demo) => {
  await demo.run("one");
  await demo.edit(sources[1], (text) => text.replace('"production"', '"development"'));
  assertRun(await demo.run("one"), { hits: 0, misses: 1 });
  await demo.edit(sources[1], (text) => text.replace("symlinks: false", "symlinks: true"));
  assertRun(await demo.run("one"), { hits: 0, misses: 1 });
});

demoTest("a package with a new version recomputes", async (demo) => {
  await demo.run("one");
  const [list, manifest] = ["", "node_modules/one/"].map((folder) =>
    `bench/demo/packages/${folder}package.json`
  );
  await demo.edit(list, (text) => text.replace("1.0.0", "1.0.1"));
  const stale = await demo.run("one");
  assert.equal(stale.code, 1);
  assert.match(stale.stderr, /Cannot bundle one@1\.0\.1: Version 1\.0\.0 is installed: run/);
  await demo.edit(manifest, (text) => text.replace("1.0.0", "1.0.1"));
  assertRun(await demo.run("one"), { hits: 0, misses: 1 });
});

demoTest("the size is of the package's own code for browsers, wherever it lies", async (demo) => {
  const { chart } = await demo.run("--no-minify", "three");
  await withDemoCopy(async (elsewhere) => {
    assert.equal((await elsewhere.run("--no-minify", "three")).chart, chart);
  }, "/down".repeat(30));
  assert.match(chart, /three@3\.0\.0 .*\(0\.1 kB before gzip\)/);
});
