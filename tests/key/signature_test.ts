import { signatureOf } from "../../lib/key/signature.ts";
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
  ["-Infinity", -Infinity],
  ["60 * 60 * 24", 86_400],
  ["1 + 2 * 3 - 4 / 2", 5],
  ["(1 + 2) * 3", 9],
  ["2 ** 3 ** 2", 512],
  ["10 - 3 - 2", 5],
  ["7 % 4 << 2 | 1", 13],
  ["-1 >>> 30 & ~1 ^ 4", 6],
  ["'a' + `b`", "ab"],
  ["1 / 0", Infinity],
  ["!0", true],
  ["void 0", undefined],
  ["[60 * 24, { a: 1 + 1 }]", [1440, { a: 2 }]],
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
    "1 + other",
    "1 +",
    "1 ? 2 : 3",
    "1 .x",
    "[] + 1",
    "2n ** 9n",
    "+1n",
    "`${1}`",
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

test("whether a function can see how many arguments it is given", () => {
  assert.isTrue(parse("function (x) { return arguments.length }").readsArguments);
  assert.isFalse(parse("function (x) { return x.arguments }").readsArguments);
  assert.isFalse(parse("(x) => arguments").readsArguments);
});

test("an object pattern is read with its names, defaults and what is taken apart in turn", () => {
  const [{ pattern, fallback }] =
    parse("({ a, b: c = 2, 'd e': { f = [1] } = {}, g: [h], ...i } = { a: 1 }) => 1").parameters;
  assert.deepEqual(fallback, { a: 1 });
  const plain = { fallback: undefined, pattern: undefined };
  assert.deepEqual(pattern, {
    rest: true,
    properties: [
      { ...plain, key: "a", name: "a" },
      { ...plain, key: "b", name: "c", fallback: 2 },
      {
        key: "d e",
        name: undefined,
        fallback: {},
        pattern: {
          rest: false,
          properties: [{ ...plain, key: "f", name: "f", fallback: [1] }],
        },
      },
      { ...plain, key: "g", name: undefined },
    ],
  });
});

for (const source of ["({ [x]: a }) => 1", "({ __proto__: a }) => 1", "([a]) => 1", "(a) => 1"]) {
  test(`${source} has no pattern that can be read`, () => {
    assert.isUndefined(parse(source).parameters[0].pattern);
  });
}
