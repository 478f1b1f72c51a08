import { assert, test } from "../harness.ts";
import { exportsProblems } from "./exports.ts";

const manifest = {
  name: "@deja/cache",
  version: "1.0.0",
  license: "MIT",
  exports: { ".": "./mod.ts", "./fs": "./fs.ts" },
};

const exists = (path: string): Promise<boolean> => Promise.resolve(path.endsWith(".ts"));

test("exportsProblems() is content with manifests that agree, whatever else they hold", async () => {
  assert.deepEqual(await exportsProblems({ ...manifest, imports: {} }, manifest, exists), []);
});

const wrong = {
  name: { ...manifest, name: "@deja/other" },
  version: { ...manifest, version: "1.0.1" },
  license: { name: manifest.name, version: manifest.version, exports: manifest.exports },
  exports: { ...manifest, exports: { ".": "./mod.ts" } },
};

for (const [member, other] of Object.entries(wrong)) {
  test(`exportsProblems() finds that the ${member} differs`, async () => {
    for (const pair of [[manifest, other], [other, manifest]] as const) {
      const problems = await exportsProblems(pair[0], pair[1], exists);
      assert.lengthOf(problems, 1);
      assert.match(problems[0], new RegExp(`^${member} `));
    }
  });
}

test("exportsProblems() finds an entry point without a file", async () => {
  const gone = { ...manifest, exports: { ".": "./mod.js" } };
  assert.deepEqual(await exportsProblems(gone, gone, exists), [
    ". points at ./mod.js, which does not exist",
  ]);
});
