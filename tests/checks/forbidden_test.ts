import { assert, test } from "../harness.ts";
import { forbidden } from "./forbidden.ts";

const cases: readonly [code: string, found: readonly string[]][] = [
  [`eval("1")`, ["eval"]],
  [`globalThis.eval`, ["eval"]],
  [`(0, eval)("1")`, ["eval"]],
  [`new Function("return 1")`, ["Function()"]],
  [`new Function`, ["Function()"]],
  [`Function /* so */ ("return 1")`, ["Function()"]],
  [`Function.prototype.toString.call(f)`, []],
  [`value instanceof Function`, []],
  [`"eval(1)"; // eval`, []],
  ["`new Function()`", []],
  [`evaluate(medieval)`, []],
];

for (const [code, found] of cases) {
  test(`forbidden() finds ${found.join() || "nothing"} in ${code}`, () => {
    assert.deepEqual(forbidden(code), found);
  });
}
