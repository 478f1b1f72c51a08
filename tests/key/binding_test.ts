import { OMITTED } from "../../lib/codec/internal.ts";
import { Binding, type BindingOptions } from "../../lib/key/binding.ts";
import { directory, dropIf, dropIfEqual, file, OMIT } from "../../lib/key/mod.ts";
import { opaqueSignature, signatureOf } from "../../lib/key/signature.ts";
import { normalTokens } from "../../lib/key/source.ts";
import { assert, test } from "../harness.ts";

function binding(source: string, options: Partial<BindingOptions> = {}): Binding {
  const signature = signatureOf(normalTokens(source));
  return new Binding(signature, { ignore: [], ...options }, "f", (fn) => fn.toString());
}

function bind(
  source: string,
  args: readonly unknown[],
  options?: Partial<BindingOptions>,
): readonly unknown[] {
  return binding(source, options).bind(args);
}

test("every spelling of a call with defaults is one array", () => {
  const each = binding("(x, y = 2, z = 3) => 1");
  for (
    const args of [[2], [2, 2], [2, 2, 3], [2, undefined, 3], [2, undefined], [2, 2, undefined]]
  ) {
    assert.deepEqual(each.bind(args), [2, 2, 3]);
  }
  assert.deepEqual(each.bind([]), [undefined, 2, 3]);
  assert.deepEqual(each.bind([1, null, 3]), [1, null, 3]);
});

test("arguments that are complete are not copied, and no others are changed", () => {
  const each = binding("(x, y = 2) => 1");
  for (const args of [[1, 2], [{ signal: 1 }, NaN], [null, [undefined]]]) {
    assert.deepEqual(each.bind(args), [...args]);
  }
  const complete = [1, {}];
  assert.strictEqual(each.bind(complete), complete);
  const { signal } = new AbortController();
  for (const args of [[1], [1, undefined], [signal, 2], [{ signal }, 2], [1, 2, 3]]) {
    const before = [...args];
    assert.notStrictEqual(each.bind(args), args);
    assert.deepEqual(args, before);
  }
});

test("a default that is not constant counts as not given", () => {
  const each = binding("(x, now = Date.now()) => 1");
  assert.deepEqual(each.bind([1]), [1, undefined]);
  assert.deepEqual(each.bind([1, undefined]), each.bind([1]));
  assert.deepEqual(each.bind([1, 5]), [1, 5]);
});

test("a default that a parameter hides behind its name is no constant", () => {
  for (
    const source of [
      "(Infinity, x = Infinity) => x",
      "({ NaN }, x = NaN) => x",
      "function (undefined, x = [undefined]) {}",
    ]
  ) {
    const each = binding(source);
    assert.deepEqual(each.bind([1]), each.bind([1, undefined]));
    assert.notDeepEqual(each.bind([1]), each.bind([1, Infinity]), source);
    assert.notDeepEqual(each.bind([1]), each.bind([1, NaN]), source);
    assert.notDeepEqual(each.bind([1]), each.bind([1, [undefined]]), source);
  }
});

test("rest arguments are one array", () => {
  assert.deepEqual(bind("(a, ...r) => 1", [1, 2, undefined]), [1, [2, undefined]]);
  assert.deepEqual(bind("(a, ...r) => 1", []), [undefined, []]);
});

test("arguments beyond the parameters count only where the function can see them", () => {
  assert.deepEqual(bind("(a) => 1", [1, 2, 3]), [1]);
  assert.deepEqual(bind("function (a) { return arguments[1] }", [1, 2]), [1, 2, 2]);
  const opaque = new Binding(opaqueSignature(1), { ignore: [] }, "f", String);
  assert.deepEqual(opaque.bind([1, 2, 3]), [1, 2, 3]);
});

test("a function that counts its arguments is told them apart by their number", () => {
  const each = binding("function (x) { return arguments.length }");
  assert.notDeepEqual(each.bind([]), each.bind([undefined]));
});

test("every spelling of a destructured call is one array", () => {
  const each = binding("({ x, y = 2, inner: { z = 3 } = {} } = {}, ...rest) => 1");
  const whole = { x: 1, y: 2, inner: { z: 3 } };
  for (
    const options of [
      { x: 1 },
      { y: undefined, x: 1 },
      { x: 1, y: 2, inner: {} },
      { x: 1, inner: { z: 3, unread: 5 }, unread: 4 },
    ]
  ) {
    assert.deepEqual(each.bind([options]), [whole, []]);
  }
  assert.deepEqual(each.bind([]), [{ y: 2, inner: { z: 3 } }, []]);
  assert.deepEqual(each.bind([undefined]), each.bind([{}]));
  assert.deepEqual(each.bind([null]), [null, []]);
});

test("a rest in a pattern reads all remaining properties", () => {
  const each = binding("({ x = 1, ...rest }) => 1");
  assert.deepEqual(each.bind([{ y: 2 }]), [{ x: 1, y: 2 }]);
});

test("a function that sees its arguments is keyed on the whole of a destructured one", () => {
  const each = binding("function ({ x }) { return arguments[0].y }");
  assert.deepEqual(each.bind([{ x: 1, y: 2 }]), [{ x: 1, y: 2 }, 1]);
});

test("a destructured instance counts by what is read of it", () => {
  class Point {
    #x = 4;
    get x() {
      return this.#x;
    }
  }
  assert.deepEqual(bind("({ x }) => 1", [new Point()]), [{ x: 4 }]);
});

test("a destructured file or folder counts as a whole", () => {
  for (const input of [file("a"), directory("a")]) {
    assert.equal(bind("({ path }) => 1", [input])[0], input);
  }
});

test("a getter that throws is left for the key to name", () => {
  const value = {
    get x(): never {
      throw new Error("mine");
    },
  };
  assert.equal(bind("({ x }) => 1", [value])[0], value);
});

test("ignored parameters are a mark, rest parameters too", () => {
  const options = { ignore: ["b"] };
  assert.deepEqual(bind("(a, b, c) => 1", [1, 2, 3], options), [1, OMITTED, 3]);
  assert.deepEqual(bind("(a, ...b) => 1", [1, 2, 3], options), [1, OMITTED]);
});

test("ignored names may stand inside a parameter", () => {
  const inside = { ignore: ["options.verbose", "options.log.level"] };
  assert.deepEqual(
    bind("(a, options) => 1", [1, { verbose: true, log: { level: 1, to: 2 }, deep: 1 }], inside),
    [1, { log: { to: 2 }, deep: 1 }],
  );
  assert.deepEqual(bind("(a, options) => 1", [1], inside), [1, undefined]);
  assert.deepEqual(
    bind("({ verbose, deep = 1 }) => 1", [{ verbose: true }], { ignore: ["verbose"] }),
    [{ deep: 1 }],
  );
  assert.deepEqual(
    bind("({ log: { level: lvl } }) => 1", [{ log: { level: 2 } }], { ignore: ["log.level"] }),
    [{ log: {} }],
  );
  assert.deepEqual(
    bind("({ log: { level: lvl } }) => 1", [{ log: { level: 2 } }], { ignore: ["lvl"] }),
    [{ log: {} }],
  );
});

test("an argument is not changed by what is left out of its key", () => {
  const options = { verbose: true, signal: new AbortController().signal };
  bind("(options) => 1", [options], { ignore: ["options.verbose"] });
  assert.hasAllKeys(options, ["verbose", "signal"]);
});

test("an AbortSignal is no part of a call, nor as `signal` in its options", () => {
  const { signal } = new AbortController();
  assert.deepEqual(bind("(a, b = 2) => 1", [1, signal]), [1, 2]);
  assert.deepEqual(bind("(a, options) => 1", [1, { signal, b: 2 }]), [1, { b: 2 }]);
  assert.deepEqual(bind("(a, { signal, b }) => 1", [1, { signal, b: 2 }]), [1, { b: 2 }]);
  assert.deepEqual(bind("(...all) => 1", [1, signal]), [[1]]);
  assert.deepEqual(bind("(...all) => 1", [1, { signal, b: 2 }]), [[1, { b: 2 }]]);
  const seesAll = "function (a) { return arguments[1]; }";
  assert.deepEqual(bind(seesAll, [1, { signal, b: 2 }]), bind(seesAll, [1, { b: 2 }]));
  assert.deepEqual(bind("(options) => 1", [{ signal: "red" }]), [{ signal: "red" }]);
});

test("key maps parameters: the same result is the same call, another mapper is not", () => {
  const even = { key: { x: (x: number) => x % 2 } };
  assert.deepEqual(bind("(x, y) => 1", [4, 1], even), bind("(x, y) => 1", [2, 1], even));
  assert.notDeepEqual(bind("(x, y) => 1", [4, 1], even), bind("(x, y) => 1", [5, 1], even));
  assert.notDeepEqual(
    bind("(x, y) => 1", [4, 1], even),
    bind("(x, y) => 1", [4, 1], { key: { x: (x: number) => x * 0 } }),
  );
  assert.notDeepEqual(bind("(x, y) => 1", [0, 1], even), bind("(x, y) => 1", [0, 1]));
});

test("a mapper gets the default, also inside a parameter", () => {
  const seen: unknown[] = [];
  const key = { y: (y: unknown) => seen.push(y), "o.p": (p: unknown) => seen.push(p) };
  bind("(x, y = 2, o = { p: 3 }) => 1", [1], { key });
  assert.deepEqual(seen, [2, 3]);
});

test("a mapper that makes undefined of something is an error that names the option", () => {
  // deno-lint-ignore no-explicit-any -- as the option has it, where a typo is not found.
  const typo = (file: any) => file?.etga;
  const reason = " of f failed: it returned undefined, not null or OMIT";
  for (const key of [{ file: typo }, { "o.file": typo }, typo]) {
    const source = "(file, o) => 1";
    const args = [{ etag: 1 }, { file: { etag: 1 } }];
    const option = typeof key === "function" ? "key" : `key.${Object.keys(key)[0]}`;
    assert.throws(() => bind(source, args, { key }), TypeError, option + reason);
    assert.doesNotThrow(() => bind(source, [undefined, { file: undefined }], { key }));
    assert.doesNotThrow(() => bind(source, [], { key }));
  }
  const read = { key: { file: (file: { etag?: number }) => file.etag ?? OMIT } };
  assert.notDeepEqual(bind("(file) => 1", [{ etag: 1 }], read), bind("(file) => 1", [{}], read));
});

test("one function of all arguments may give the key", () => {
  const options = { key: (a: { id: number }) => a.id };
  const [one, two, three] = [{ id: 1, at: 1 }, { id: 1, at: 2 }, { id: 2, at: 1 }]
    .map((a) => bind("(a, b) => 1", [a], options));
  assert.deepEqual(one, two);
  assert.notDeepEqual(one, three);
  assert.notDeepEqual(bind("(a) => 1", [1]), one);
});

test("one function of all arguments gets them with defaults and without signals", () => {
  const given = (source: string, ...args: unknown[]) =>
    bind(source, args, { key: (...given: unknown[]) => given })[2];
  const { signal } = new AbortController();
  const source = "(o, b = 2) => 1";
  for (const args of [[1], [1, 2], [1, undefined], [1, signal]]) {
    assert.deepEqual(given(source, ...args), [1, 2]);
  }
  assert.deepEqual(given(source, { signal, a: 1 }, null), [{ a: 1 }, null]);
  assert.deepEqual(given("(a, ...r) => 1", 1, signal, 2, undefined), [1, 2, undefined]);
  assert.deepEqual(given("(a, ...r) => 1", 1, { signal, b: 2 }), [1, { b: 2 }]);
  assert.deepEqual(given("(a, b) => 1"), [undefined, undefined]);
});

test("a function in key that throws is named, with what it threw as the cause", () => {
  const cause = new RangeError("mine");
  const fail = () => {
    throw cause;
  };
  for (
    const [key, option] of [
      [fail, "key"],
      [{ x: fail }, "key.x"],
      [{ "y.z": fail }, "key.y.z"],
      [{ x: dropIf(fail) }, "key.x"],
    ] as const
  ) {
    try {
      bind("(x, y) => 1", [1, { z: 2 }], { key });
      assert.fail("It must throw");
    } catch (error) {
      assert.instanceOf(error, TypeError);
      const { message } = error as Error;
      assert.match(message, new RegExp(`^${option.replaceAll(".", "\\.")} of f failed: mine;`));
      assert.strictEqual((error as Error).cause, cause);
    }
  }
});

test("a parameter that is dropped leaves the array as it was before there was one", () => {
  const before = bind("(a) => 1", [1]);
  const options = { key: { b: dropIfEqual([2]), c: dropIf((c: number) => c > 9) } };
  const after = (...args: unknown[]) => bind("(a, b = [2], c = 10) => 1", args, options);
  assert.deepEqual(after(1), before);
  assert.deepEqual(after(1, [2], 11), before);
  assert.notDeepEqual(after(1, [3]), before);
  assert.notDeepEqual(after(1, [2], 5), before);
  assert.notDeepEqual(after(1, 5), after(1, [2], 5));
  assert.deepEqual(
    bind("(a, { b }) => 1", [1, { b: 2 }], { key: { b: () => OMIT } }),
    [1, {}],
  );
});

test("names must be those of parameters, and stand in one option", () => {
  const fails = (source: string, options: Partial<BindingOptions>, message: RegExp) =>
    assert.throws(() => binding(source, options), TypeError, message);
  fails("(a, b) => 1", { ignore: ["c"] }, /^ignore names "c", .* parameter of f; it has a, b$/);
  fails("(a, { b, c: { d } }) => 1", { key: { e: String } }, /^key names "e".* has a, b, d$/);
  fails("() => 1", { ignore: ["c"] }, /it has no parameter with a name/);
  fails("(a) => 1", { ignore: ["a"], key: { a: String } }, /"a" stands both in ignore and in key/);
});

test("dropIf() takes a function", () => {
  assert.throws(() => dropIf(1 as never), TypeError, /received number/);
});

test("dropIf() takes no promise for a yes", () => {
  const later = dropIf((() => Promise.reject(new Error("late"))) as never);
  assert.throws(
    () => bind("(x) => 1", [1], { key: { x: later } }),
    TypeError,
    /^key\.x of f failed: it returned a promise, not true or false/,
  );
});

test("what stands in a bound array is named by its parameter", () => {
  const each = binding("(a, b, c, { d }) => 1", { key: { b: String, d: String } });
  assert.equal(each.describe("[0].x").path, "a.x");
  assert.equal(each.describe("[1]").path, "c");
  assert.equal(each.describe("[2].d").path, "arguments[2].d");
  assert.equal(each.describe("[4].b[1].x").path, "key.b().x");
  assert.equal(binding("(a) => 1", { key: String }).describe("[2].x").path, "key().x");
});
