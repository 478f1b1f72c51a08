import { assert, testOn, withTempFolder } from "../harness.ts";

const onlyDeno = "the test command itself runs on Deno";

const files: readonly [name: string, source: string, cases: readonly (readonly string[])[]][] = [
  ["passes", `test("holds", () => {});`, [["holds", "passed"]]],
  ["fails", `test("fails", () => { throw new Error("no luck"); });`, [["fails", "failed"]]],
  ["skips", `testOn([], "no disk", "waits", () => {});`, [["waits", "skipped"]]],
  ["leaks", `test("leaks", () => void setTimeout(() => {}, 1e6));`, [["leaks", "failed"]]],
  [
    "throws",
    `test("holds", () => {}); throw new Error("no luck");`,
    [["(the file itself)", "failed"]],
  ],
  [
    "drops a rejection",
    `test("drops", async () => {
      Promise.reject(new Error("no luck"));
      await new Promise((resolve) => setTimeout(resolve, 10));
    });`,
    [["drops", "failed"], ["(the file itself)", "failed"]],
  ],
  ["exits", `Deno.exit(0);`, [["(the file itself)", "failed"]]],
  ["imports nothing", `import "./gone.ts";`, [["(the file itself)", "failed"]]],
  ["does not parse", `test("holds" () => {});`, [["(the file itself)", "failed"]]],
  ["is empty", ``, [["(the file itself)", "failed"]]],
];

for (const [name, source, expected] of files) {
  testOn(["deno"], onlyDeno, `denoCases() tells of a file that ${name}`, async () => {
    const { denoCases } = await import("./processes.ts");
    const harness = new URL("../harness.ts", import.meta.url);
    await withTempFolder(async (folder) => {
      const file = `${folder}/a_test.ts`;
      await Deno.writeTextFile(file, `import { test, testOn } from "${harness}";\n${source}`);
      const cases = await denoCases([file]);
      assert.deepEqual(cases.map(({ name, status }) => [name, status]), expected);
      assert.isTrue(cases.every((one) => one.file === file));
    });
  });
}

testOn(["deno"], onlyDeno, "run() kills a command whose time is over", async () => {
  const { run } = await import("./project.ts");
  const outcome = await run(Deno.execPath(), ["eval", "while (true);"], { limitMs: 1 });
  assert.equal(outcome.code, -1);
});
