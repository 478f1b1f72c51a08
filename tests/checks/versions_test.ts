import { assert, test } from "../harness.ts";
import { versionProblems } from "./versions.ts";

const imports = { acorn: "npm:acorn@8.1.0", noble: "npm:@noble/hashes@2.4.0" };

test("versionProblems() is content with a guide that names what deno.json imports", () => {
  const guide = 'Import `"acorn": "npm:acorn@8.1.0"` and "npm:@noble/hashes@2.4.0".';
  assert.deepEqual(versionProblems(guide, { exports: {}, imports }), []);
  assert.deepEqual(versionProblems("Nothing to import", { exports: {} }), []);
});

test("versionProblems() finds other versions, and packages that are not imported", () => {
  const guide = '"npm:acorn@8.0.9" "npm:@noble/hashes@2.4.1" "npm:left-pad@1.0.0"';
  assert.deepEqual(versionProblems(guide, { exports: {}, imports }), [
    "The README names npm:acorn@8.0.9, which deno.json does not import",
    "The README names npm:@noble/hashes@2.4.1, which deno.json does not import",
    "The README names npm:left-pad@1.0.0, which deno.json does not import",
  ]);
});
