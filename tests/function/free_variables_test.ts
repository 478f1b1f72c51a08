import { unseenError, unseenVariables } from "../../lib/function/free_variables.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";
import { fromText } from "./_recorder.ts";
import { assert, test } from "../harness.ts";

// Properties of one object, since a bundler renames what has the name of something else.
const outer = { rate: 2, helper: (x: number) => x + 1 };

async function unseenBy(
  fn: unknown,
  closure?: () => unknown,
  code: "source" | "ignore" = "source",
): Promise<number> {
  const settings = { name: "f", code, closure };
  return (await unseenVariables(fn as AnyFunction, settings)).length;
}

test("a function that reads a variable unseen is told of with the line to write", async () => {
  const [{ variable, remedy }, ...more] = await unseenVariables(
    ((x: number) => x * outer.rate) as AnyFunction,
    { name: "f", code: "source", closure: undefined },
  );
  assert.isEmpty(more);
  assert.equal(remedy, `closure: () => ({ ${variable} })`);
});

test("what the closure reads or names is seen", async () => {
  const fn = (x: number) => x * outer.rate;
  assert.equal(await unseenBy(fn), 1);
  assert.equal(await unseenBy(fn, () => ({ outer })), 0);
  assert.equal(await unseenBy(fn, () => outer.rate), 0);
  assert.equal(await unseenBy(fn, () => [outer]), 0);
  assert.equal(await unseenBy(fn, () => ({ other: 1 })), 1);
});

test("a function may call itself by its name", async () => {
  const fib = fromText("(n) => n < 2 ? n : fib(n - 1) + fib(n - 2)");
  const settings = { code: "source", closure: undefined } as const;
  assert.isEmpty(await unseenVariables(fib as AnyFunction, { name: "fib", ...settings }));
  assert.lengthOf(await unseenVariables(fib as AnyFunction, { name: "f", ...settings }), 1);
});

test("a function of its arguments and of globals alone has nothing unseen", async () => {
  assert.equal(await unseenBy((x: number, { y = 2 } = {}) => Math.max(x, y)), 0);
  assert.equal(await unseenBy(Math.max), 0);
});

test("who leaves the code out of the key answers for the variables too", async () => {
  assert.equal(await unseenBy((x: number) => x * outer.rate, undefined, "ignore"), 0);
});

test("a closure that throws is no trouble here", async () => {
  const closure = () => {
    throw new Error(`mine ${outer.rate}`);
  };
  assert.equal(await unseenBy((x: number) => x * outer.rate, closure), 0);
});

test("the error names all of them", () => {
  const unseen = ["a", "b"].map((variable) => ({ variable, remedy: "" }));
  assert.equal(
    unseenError("sum", unseen).message,
    "sum reads a, b, which the key does not see: write closure: () => ({ a, b }), " +
      "or pass what it needs as arguments",
  );
});
