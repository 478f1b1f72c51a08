import { jsonText } from "../../../lib/cli/map/json_text.ts";
import { assert, test } from "../../harness.ts";

class Point {
  constructor(readonly x: number, readonly big: bigint) {}
}

const FORMS: Readonly<Record<string, readonly [value: unknown, json: string]>> = {
  "plain data": [{ a: [1, "b\n", null, true], c: {} }, '{"a":[1,"b\\n",null,true],"c":{}}'],
  "undefined": [undefined, "null"],
  "undefined in an array and in an object": [[undefined, { a: undefined }], "[null,{}]"],
  "numbers that JSON has not": [[NaN, Infinity, -0], "[null,null,0]"],
  "a bigint": [{ fib: 2880067194370816120n }, '{"fib":"2880067194370816120"}'],
  "a date and a URL": [
    [new Date(0), new URL("https://example.org/")],
    '["1970-01-01T00:00:00.000Z","https://example.org/"]',
  ],
  "a regular expression": [/a+/g, '"/a+/g"'],
  "a map of a set": [new Map([["a", new Set([1n])]]), '[["a",["1"]]]'],
  "bytes": [new Uint8Array([104, 105]), '"aGk="'],
  "bytes within a longer buffer": [new Uint8Array([0, 104, 105, 0]).subarray(1, 3), '"aGk="'],
  "a buffer": [{ b: Uint8Array.of(104, 105).buffer }, '{"b":"aGk="}'],
  "other typed arrays": [
    [new Float32Array([0.5, -1]), new BigInt64Array([-1n])],
    '[[0.5,-1],["-1"]]',
  ],
  "an error": [
    new RangeError("no", { cause: 1n }),
    '{"name":"RangeError","message":"no","cause":"1"}',
  ],
  "an instance of a class": [new Point(1, 2n), '{"x":1,"big":"2"}'],
  "one value in two places": [((a) => [a, a])({ b: 1n }), '[{"b":"1"},{"b":"1"}]'],
  "a property called __proto__": [
    { ["__proto__"]: 1n, ...JSON.parse('{"a":1}') },
    '{"__proto__":"1","a":1}',
  ],
};

for (const [what, [value, json]] of Object.entries(FORMS)) {
  test(`jsonText() writes ${what}`, () => assert.equal(jsonText(value), json));
}

test("jsonText() writes long bytes", () => {
  const bytes = new Uint8Array(300_000).map((_, index) => index);
  assert.deepEqual(
    Uint8Array.from(atob(JSON.parse(jsonText(bytes))), (char) => char.charCodeAt(0)),
    bytes,
  );
});

test("jsonText() leaves what it is given as it was", () => {
  const value = { a: [1n, { b: new Set([1]) }] };
  jsonText(value);
  assert.deepEqual(value, { a: [1n, { b: new Set([1]) }] });
});

const cycle: { self?: unknown } = {};
cycle.self = [cycle];

const REFUSED: Readonly<Record<string, readonly [value: unknown, message: RegExp]>> = {
  "a Response": [new Response(""), /^The result is a Response, which has no JSON form: return /],
  "a stream": [{ body: new ReadableStream() }, /^The result has, at \.body, a ReadableStream, /],
  "an iterator": [async function* () {}(), /^The result is an AsyncGenerator, /],
  "a function": [{ a: [() => 1] }, /^The result has, at \.a\[0\], a function, /],
  "a symbol": [Symbol("a"), /^The result is a symbol, /],
  "a cycle": [cycle, /^The result has, at \.self\[0\], a reference to what it is itself a part of/],
};

for (const [what, [value, message]] of Object.entries(REFUSED)) {
  test(`jsonText() refuses ${what}, and says where it is`, () => {
    assert.throws(() => jsonText(value), TypeError, message);
  });
}
