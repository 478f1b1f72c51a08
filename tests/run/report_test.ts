import { assert, SKIP_MARK, test } from "../harness.ts";
import { readJUnit } from "./junit.ts";
import { type Part, report } from "./report.ts";

test("readJUnit() reads what deno test writes", () => {
  const xml = `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="deno test" tests="3" failures="1" errors="0" time="0.210">
  <testsuite name="./tests/harness.ts" tests="3" disabled="1" errors="0" failures="1">
    <testcase name="is &lt;a&gt; &amp; &quot;b&quot;" classname="./a.ts" line="51" col="10">
    </testcase>
    <testcase name="1.0" classname="./a.ts">
      <failure message="short">AssertionError: 1 &lt; 2</failure>
    </testcase>
    <testcase name="x${SKIP_MARK}no disk" classname="./a.ts"><skipped/></testcase>
  </testsuite>
</testsuites>`;
  assert.deepEqual(readJUnit(xml, "a_test.ts"), [
    { file: "a_test.ts", name: `is <a> & "b"`, status: "passed" },
    { file: "a_test.ts", name: "1.0", status: "failed", message: "AssertionError: 1 < 2" },
    { file: "a_test.ts", name: "x", status: "skipped", message: "no disk" },
  ]);
});

test("readJUnit() reads what bun test writes, suites within suites too", () => {
  const xml = `<testsuites name="bun test">
  <testsuite name="a_test.ts" file="a_test.ts"><testsuite name="inner">
    <testcase name="holds" assertions="0" />
    <testcase name="fails"><failure type="Error" message="first&#10;second" /></testcase>
    <testcase name="breaks"><error message="no module" /></testcase>
    <testcase name="waits"><skipped /></testcase>
  </testsuite></testsuite>
</testsuites>`;
  assert.deepEqual(readJUnit(xml).map(({ name, status, message }) => [name, status, message]), [
    ["holds", "passed", undefined],
    ["fails", "failed", "first\nsecond"],
    ["breaks", "failed", "no module"],
    ["waits", "skipped", "no reason given"],
  ]);
});

test("readJUnit() reads a report without tests", () => {
  for (const inner of ["", `<testsuite name="a_test.ts" tests="0"></testsuite>`]) {
    assert.deepEqual(readJUnit(`<testsuites name="deno test">${inner}</testsuites>`), []);
  }
});

test("report() shows each failure, groups the skips and ends with the counts", () => {
  const parts: Part[] = [
    {
      name: "deno",
      seconds: 1.25,
      cases: [
        { file: "a_test.ts", name: "holds", status: "passed" },
        { file: "a_test.ts", name: "fails", status: "failed", message: "one\n\ntwo" },
      ],
    },
    {
      name: "firefox",
      seconds: 12,
      cases: ["a", "b"].map((name) => ({
        file: "a_test.ts",
        name,
        status: "skipped",
        message: "no disk",
      })),
    },
  ];
  assert.deepEqual(report(parts).split("\n"), [
    "FAILED deno | a_test.ts | fails",
    "    one",
    "",
    "    two",
    "",
    "part     passed  failed  skipped  seconds",
    "deno          1       1        0      1.3",
    "firefox       0       0        2     12.0",
    "",
    "Skipped, and why:",
    "  no disk: 2 on firefox",
    "",
    "1 passed, 1 failed, 2 skipped",
  ]);
});
