import { assert, test, testOn } from "../../harness.ts";
import { rowProblem, rowsOf, testNamesIn } from "./table.ts";

test("a row needs a test, or says why it has none", () => {
  const problems = rowsOf([
    "| Seed feature | In déjà | Test |",
    "| --- | --- | --- |",
    "| a | like this | `a_test`: “a holds” `b_test`: “b holds” |",
    "| b | Not done: there is no b | — |",
    "| c | like this | — |",
    "| d |  | `a_test`: “a holds” |",
  ].join("\n")).map(rowProblem);
  assert.deepEqual(problems, [
    undefined,
    undefined,
    "c has no test and no excuse",
    "A cell is empty beside d",
  ]);
});

test("the names of tests are found as text and as templates", () => {
  const isTest = testNamesIn(
    'test("a (b) holds", f); test(`of ${kind}, all ${how} hold`, f); test(`${kind}: x`, f);',
  );
  assert.isTrue(isTest("a (b) holds"));
  assert.isTrue(isTest("of many, all good hold"));
  for (const name of ["a b holds", "a (b)", "of many", "cache(): x"]) assert.isFalse(isTest(name));
});

testOn(
  ["deno"],
  "the files are read with Deno",
  "every feature of the seeds has a test that is there, or says why it has none",
  async () => {
    const root = new URL("../../../", import.meta.url);
    const read = (path: string) => Deno.readTextFile(new URL(path, root));
    const rows = rowsOf(await read("lib/function/README.md"));
    assert.isNotEmpty(rows);
    const problems = rows.map(rowProblem).filter((problem) => problem !== undefined);
    for (const { file, name } of rows.flatMap(({ tests }) => tests)) {
      const source = await read(`tests/${file}.ts`).catch(() => undefined);
      if (source === undefined) problems.push(`There is no file tests/${file}.ts`);
      else if (!testNamesIn(source)(name)) problems.push(`${file}.ts has no test “${name}”`);
    }
    assert.equal(problems.join("\n"), "");
  },
);
