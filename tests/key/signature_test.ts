import { OMITTED } from "../../lib/codec/internal.ts";
import { bind, signatureOf } from "../../lib/key/signature.ts";
import { normalTokens } from "../../lib/key/source.ts";
import { assert, test } from "../harness.ts";

const parse = (source: string) => signatureOf(normalTokens(source));
const names = (source: string) =>
  parse(source).parameters.map(({ name, rest }) => (rest ? "..." : "") + (name ?? "{}"));

const SHAPES: readonly (readonly [source: string, names: readonly string[]])[] = [
  ["() => 1", []],
  ["x => x", ["x"]],
  ["async x => x", ["x"]],
  ["async (x, y) => x", ["x", "y"]],
  ["function (a, b) {}", ["a", "b"]],
  ["function named(a) {}", ["a"]],
  ["function* generator(a) {}", ["a"]],
  ["async function* both(a) {}", ["a"]],
  ["method(a, b) {}", ["a", "b"]],
  ["async *method(a) {}", ["a"]],
  ["#hidden(a) {}", ["a"]],
  ["static helper(a) {}", ["a"]],
  ["get value() {}", []],
  ["'quoted name'(a) {}", ["a"]],
  ["[computed(1, 2)](a) {}", ["a"]],
  ["[(_dec$2 = [dec()], 'm')](a) {}", ["a"]],
  ["(a, ...rest) => 1", ["a", "...rest"]],
  ["({ a, b }, [c, d], e) => 1", ["{}", "{}", "e"]],
  ["({ a = f(1, 2) } = {}, b = [1, 2], c = (x, y) => x) => 1", ["{}", "b", "c"]],
  ["(a = `${f(1, 2)}`, b) => 1", ["a", "b"]],
  ["(a = `${1}-${2}-${3}`, b) => 1", ["a", "b"]],
  ["(a = /[,)]/, b) => 1", ["a", "b"]],
  ["(/* x, */ a, // y\n b) => 1", ["a", "b"]],
];

for (const [source, expected] of SHAPES) {
  test(`the parameters of ${source} are ${expected.join(", ") || "none"}`, () => {
    assert.deepEqual(names(source), expected);
  });
}

const DEFAULTS: readonly (readonly [source: string, value: unknown])[] = [
  ["1", 1],
  ["-1.5", -1.5],
  ["10n", 10n],
  ["-10n", -10n],
  ["'it\\'s'", "it's"],
  ["`text`", "text"],
  ["true", true],
  ["null", null],
  ["undefined", undefined],
  ["Infinity", Infinity],
  ["-Infinity", undefined],
  ["[]", []],
  ["[1, 'a', [true]]", [1, "a", [true]]],
  ["{}", {}],
  ["{ a: 1, 'b c': { d: [2] }, 3: 4 }", { a: 1, "b c": { d: [2] }, 3: 4 }],
];

for (const [source, value] of DEFAULTS) {
  test(`the default ${source} is read as a constant`, () => {
    assert.deepEqual(parse(`(x = ${source}) => x`).parameters[0].fallback, value);
  });
}

for (
  const source of [
    "f()",
    "other",
    "[1, f()]",
    "[1, , 2]",
    "[,]",
    "{ a }",
    "{ ...a }",
    "1 + 1",
    "010",
    "{ __proto__: null }",
    "{ [k]: 1 }",
    "() => 1",
    "new Map()",
  ]
) {
  test(`the default ${source} is not taken for a constant`, () => {
    assert.isUndefined(parse(`(x = ${source}) => x`).parameters[0].fallback);
  });
}

test("bind() gives one array for every spelling of a call", () => {
  const signature = parse("(x, y = 2, z = 3) => 1");
  const none = new Set<string>();
  for (
    const args of [[2], [2, 2], [2, 2, 3], [2, undefined, 3], [2, undefined], [2, 2, undefined]]
  ) {
    assert.deepEqual(bind(signature, none, args), [2, 2, 3]);
  }
  assert.deepEqual(bind(signature, none, []), [undefined, 2, 3]);
  assert.deepEqual(bind(signature, none, [1, null, 3]), [1, null, 3]);
});

test("bind() keeps rest arguments and arguments beyond the parameters", () => {
  const none = new Set<string>();
  assert.deepEqual(bind(parse("(a, ...r) => 1"), none, [1, 2, undefined]), [1, [
    2,
    undefined,
  ]]);
  assert.deepEqual(bind(parse("(a, ...r) => 1"), none, []), [undefined, []]);
  assert.deepEqual(bind(parse("(a) => 1"), none, [1, 2, 3]), [1, 2, 3]);
});

test("bind() leaves out ignored parameters, rest parameters too", () => {
  const ignored = new Set(["b", "r"]);
  assert.deepEqual(bind(parse("(a, b, c) => 1"), ignored, [1, 2, 3]), [1, OMITTED, 3]);
  assert.deepEqual(bind(parse("(a, ...r) => 1"), ignored, [1, 2, 3]), [1, OMITTED]);
});

const READERS: readonly (readonly [source: string, reads: string])[] = [
  ["function () { return this.x }", "of the call"],
  ["method() { return super.x }", "of the call"],
  ["() => this.x", "of its surroundings"],
  ["(x, y = `${x}-${x}`) => this.x", "of its surroundings"],
  ["function () { return a.this }", "no"],
  ["function () { return 'this' }", "no"],
  ["function () { return new (class { x = this })() }", "no"],
  ["function () { return function f(a = {}) { return this }(), this }", "of the call"],
  ["function () { return 1 }", "no"],
];

for (const [source, reads] of READERS) {
  test(`whose this ${source} reads: ${reads}`, () => assert.equal(parse(source).readsThis, reads));
}

test("bind() counts the arguments of a function that can see how many there are", () => {
  const none = new Set<string>();
  const signature = parse("function (x) { return arguments.length }");
  assert.notDeepEqual(bind(signature, none, []), bind(signature, none, [undefined]));
  assert.isFalse(parse("function (x) { return x.arguments }").readsArguments);
  assert.isFalse(parse("(x) => arguments").readsArguments);
});
