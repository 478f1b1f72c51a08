import { normalTokens, tokensText } from "../../lib/key/source.ts";
import { assert, test } from "../harness.ts";

const normal = (source: string): string => tokensText(normalTokens(source));

const EQUAL: readonly (readonly [name: string, a: string, b: string])[] = [
  ["comments", "(x) => x + 1", "(x) => /* plus */ x + 1 // one"],
  ["layout", "(x) => {\n  return x\n    + 1;\n}", "(x)=>{return x+1;}"],
  ["quote style", "() => 'it\\'s \"x\"'", '() => "it\'s \\"x\\""'],
  ["escapes that mean the same", "() => '\\x41\\u{42}\\u0043\\n'", "() => 'ABC\\\n\\n'"],
  ["a template without substitutions", "() => `abc`", "() => 'abc'"],
  ["the notation of numbers", "() => [1_000, 0x10, .5, 0b11n]", "() => [1e3, 16, 0.50, 3n]"],
  ["parentheses round a lone parameter", "x => x", "(x) => x"],
  ["how a printer writes booleans", "() => [true, !false]", "() => [!0, !!1]"],
  ["trailing commas", "(a, b,) => f([a, b,], { a, b, },)", "(a, b) => f([a, b], { a, b })"],
  ["the last semicolon of a block", "() => { f(); }", "() => { f() }"],
  ["a function's own unused name", "function f(x) { return x }", "function (x) { return x }"],
  ["a line break before a plain operator", "() => a\n+ b", "() => a + b"],
  ["a line break after a semicolon", "() => { a;\n++b }", "() => { a; ++b }"],
  [
    "the decorators that a printer puts into a method's name",
    "async *g(x) { yield x }",
    'async* [(_dec$4 = [\n dec,\n d2({ a: ")" })\n], _dec$5 = [d], "g")](x) { yield x; }',
  ],
  [
    "how a method's name is computed",
    "[_computedKey1](x) {}",
    "[(_dec = [d], _key$8 = a.b)](x) {}",
  ],
  ["carriage returns in a template", "() => `a\r\n${1}`.length", "() => `a\n${1}`.length"],
];

for (const [name, a, b] of EQUAL) {
  test(`normalised source does not see ${name}`, () => assert.equal(normal(a), normal(b)));
}

const DIFFERENT: readonly (readonly [name: string, a: string, b: string])[] = [
  ["an operator", "(x) => x + 1", "(x) => x - 1"],
  ["a number", "() => 1", "() => 2"],
  ["a number and a bigint", "() => 1", "() => 1n"],
  ["a number and a string", "() => 1", "() => '1'"],
  ["a string and a name", "() => 'x'", "() => x"],
  ["spaces in a string", "() => 'a b'", "() => 'a  b'"],
  ["what looks like a comment in a string", "() => 'a/* b */'", "() => 'a'"],
  ["what looks like a comment in a RegExp", "() => /[/]* b */", "() => /[/]/"],
  ["a template and a string with its text", "() => `${x}`", "() => '${x}'"],
  ["a tagged template and its text", "() => tag`a`", "() => tag('a')"],
  ["raw text that a tag sees", "() => tag`\\n`", "() => tag`\n`"],
  ["return and its value on two lines", "() => { return\nx }", "() => { return x }"],
  ["where ++ stands between lines", "() => { a\n++\nb }", "() => { a++\nb }"],
  ["what ! stands before", "() => !0[x]", "() => true[x]"],
  ["an escape of a letter that only looks hexadecimal", '() => "\\X41"', '() => "A"'],
  ["an octal escape", '() => "\\1"', '() => "1"'],
  ["NUL and three zeros", '() => "\\0000"', '() => "\\0"'],
  [
    "a RegExp after of",
    "(x) => { for (m of /:\\/\\//) f(1) }",
    "(x) => { for (m of /:\\/\\//) f(2) }",
  ],
  ["a RegExp after a block", "() => { a: {} /\\/\\//.f(1) }", "() => { a: {} /\\/\\//.f(2) }"],
  [
    "a quote in a RegExp after of",
    "() => { for (m of /'/) f('a  b') }",
    "() => { for (m of /'/) f('a b') }",
  ],
  ["raw text that a method sees as a tag", "(t) => t.of`\\u0041`", "(t) => t.of`A`"],
  ["raw text that a private method sees", "(t) => t.#f`\\u0041`", "(t) => t.#f`A`"],
  ["an index in a default", "(x = [1]) => x", "(x = [2]) => x"],
  ["an elision", "() => [,]", "() => []"],
  ["two elisions", "() => [,,]", "() => [,]"],
  ["the parts of a for", "() => { for (;;) f() }", "() => { for (;f();) ; }"],
  ["async", "async () => 1", "() => 1"],
  ["a generator", "function* () {}", "function () {}"],
  ["a name that the function uses", "function f(x) { return f }", "function g(x) { return f }"],
  ["an octal and a decimal number", "() => 010", "() => 10"],
  ["where a token ends", "() => a b", "() => ab"],
];

for (const [name, a, b] of DIFFERENT) {
  test(`normalised source sees ${name}`, () => assert.notEqual(normal(a), normal(b)));
}
