import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../lib/function/events.ts";
import { unseenError, unseenVariables } from "../../lib/function/free_variables.ts";
import type { AnyFunction } from "../../lib/key/mod.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { fromText, written } from "./_recorder.ts";
import { assert, rejects, test } from "../harness.ts";

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

test("one line names all variables, besides what the closure has", async () => {
  const fn = fromText("() => helper(client, MODEL)");
  const remedies = async (closure?: string) => {
    const unseen = await unseenVariables(fn as AnyFunction, {
      name: "f",
      code: "source",
      closure: closure === undefined ? undefined : fromText(closure),
    });
    return unseen.map(({ variable, remedy }) => `${variable}: ${remedy}`);
  };
  const all = "closure: () => ({ helper, client, MODEL })";
  assert.deepEqual(await remedies(), [`helper: ${all}`, `client: ${all}`, `MODEL: ${all}`]);
  const written = "closure: () => ({ MODEL: Number.MAX_VALUE, helper, client })";
  const kept = [`helper: ${written}`, `client: ${written}`];
  assert.deepEqual(await remedies("() => ({\n  MODEL: Number.MAX_VALUE,\n})"), kept);
  const named = "closure: () => ({ MODEL, helper, client })";
  const byName = [`helper: ${named}`, `client: ${named}`];
  assert.deepEqual(await remedies("() => { const MODEL = 1; return { MODEL } }"), byName);
  assert.deepEqual(await remedies("() => ({ MODEL: 1 /* a */ })"), byName);
});

test("what the functions in the closure read unseen is told of, however deep they are", async () => {
  const unseenIn = async (closure: () => unknown) => {
    const fn = fromText("() => helper()") as AnyFunction;
    const unseen = await unseenVariables(fn, { name: "f", code: "source", closure });
    return unseen.map(({ variable, within }) => `${variable} in ${within}`);
  };
  const helper = fromText("() => rate * deeper()") as AnyFunction;
  assert.deepEqual(await unseenIn(() => ({ helper })), ["rate in helper", "deeper in helper"]);
  assert.deepEqual(await unseenIn(() => ({ helper, rate: 1, deeper: 2 })), []);
  const deeper = fromText("() => base") as AnyFunction;
  const cycle: unknown[] = [deeper];
  cycle.push(cycle);
  const tools = { deeper, cycle, nothing: null };
  assert.deepEqual(await unseenIn(() => ({ helper, tools, rate: 1 })), [
    "deeper in helper",
    "base in deeper",
  ]);
  assert.deepEqual(
    await unseenIn(() => ({ helper: cache(helper, { freeVariables: "ignore" }) })),
    [],
  );
});

test("what only a helper reads is an event, and neither a warning nor an error", async () => {
  const closure = { helper: fromText("() => typeof inner") as () => string };
  const told: CacheEvent[] = [];
  const onEvent = (event: CacheEvent) => {
    if (event.type === "free-variable") told.push(event);
  };
  const heard = createCache({ store: memoryStore(), onEvent });
  const fn = fromText<() => string>("() => helper()");
  const options = { closure: () => closure, freeVariables: "error" } as const;
  await rejects(heard.persistent("f", fn, options)(), ReferenceError, /helper/);
  assert.lengthOf(told, 1);
  assert.deepInclude(told[0], { variable: "inner", within: "helper" });
  const lines = await written("warn", async () => {
    const f = createCache({ store: memoryStore() }).persistent("f", fn, { closure: () => closure });
    await rejects(f(), ReferenceError, /helper/);
  });
  assert.isEmpty(lines);
});

test("a recursive function of another name than its variable names itself in its closure", async () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "error" });
  const source = "((wrap) => { const fact = wrap(async (n) => n < 2 ? 1 : n * await " +
    "fact(n - 1), () => ({ fact })); return fact })";
  const make = fromText<(wrap: unknown) => (n: number) => Promise<number>>(source);
  const fact = make((fn: (n: number) => Promise<number>, closure: () => unknown) =>
    deja.persistent("factorial", fn, { closure })
  );
  assert.equal(await fact(5), 120);
});

test("a method that reads this in a way that no list covers is told of, also with an empty one", async () => {
  const told = async (body: string, attributes: readonly string[]) => {
    const fn = fromText(`({ method() { ${body} } }).method`) as AnyFunction;
    const settings = { name: "f", code: "source", closure: undefined, attributes } as const;
    const unseen = await unseenVariables(fn, settings);
    return unseen.map(({ variable, remedy }) => `${variable} ${remedy}`);
  };
  const given = "attributes: (self) => ..., a function that gives what the result depends on";
  const both = 'attributes: ["a","b"]';
  assert.deepEqual(await told("return this.a", []), ['this.a attributes: ["a"]']);
  assert.deepEqual(await told("const { a, b } = this", []), [`this.a ${both}`, `this.b ${both}`]);
  assert.deepEqual(await told("const self = this", ["a"]), [`this ${given}`]);
  assert.deepEqual(await told("return this.get()", ["a"]), [`this.get() ${given}`]);
  assert.deepEqual(await told("this.a = 1; return this.get()", ["get"]), []);
});

const UNSEEN = ["a", "b"].map((variable) => ({
  variable,
  remedy: "closure: () => ({ a, b })",
}));

test("the error names all of them, and the way out", () => {
  assert.equal(
    unseenError("sum", UNSEEN).message,
    "sum reads a, b, which the key does not see: write closure: () => ({ a, b }) (in place of a " +
      "client, a module or the like, a string such as its version or URL), or pass what it needs " +
      "as arguments",
  );
  const ofThis = [{ variable: "this.a", remedy: 'attributes: ["a"]' }];
  assert.equal(
    unseenError("", ofThis).message,
    'A cached function reads this.a, which the key does not see: write attributes: ["a"], or pass ' +
      "what it needs as arguments",
  );
});

test("a function that is wrapped again and again warns once, with one line for all", async () => {
  const lines = await written("warn", async () => {
    const deja = createCache({ store: memoryStore() });
    const source = "() => typeof one + typeof two";
    for (let i = 0; i < 3; i++) await deja.persistent("made", fromText(source))();
    // Whose call waits for its look, which comes after theirs.
    const last = deja.persistent("last", fromText(source), { freeVariables: "error" });
    await rejects(last(), TypeError, /^last reads one, two, /);
  });
  const ours = lines.map(([line]) => String(line)).filter((line) => line.includes("one, two"));
  assert.deepEqual(ours.map((line) => /^déjà: (.+) reads/.exec(line)?.[1]), ["made", "last"]);
  assert.include(ours[0], "closure: () => ({ one, two }) (in place of a client");
});
