import { decode, encode, encodeCanonical, MAX_DEPTH } from "../../lib/codec/mod.ts";
import { DecodeError, EncodeError } from "../../lib/errors.ts";
import { assert, test } from "../harness.ts";
import { CASES } from "./cases.ts";

class Point {
  x = 1;
}

const detached = () => {
  const bytes = new Uint8Array(8);
  structuredClone(bytes.buffer, { transfer: [bytes.buffer] });
  return bytes;
};

const UNENCODABLE:
  readonly (readonly [name: string, path: string, found: RegExp, make: () => unknown])[] = [
    ["a function", "", /^a function$/, () => () => 1],
    ["a symbol", ".user.id", /^a symbol$/, () => ({ user: { id: Symbol("id") } })],
    [
      "a class instance",
      ".user.tags[3]",
      /^a Point$/,
      () => ({ user: { tags: [0, 1, 2, new Point()] } }),
    ],
    [
      "an instance of an Error subclass",
      "[0]",
      /^a Mine$/,
      () => [new (class Mine extends Error {})()],
    ],
    ["an instance of a Map subclass", "[0]", /^a Mine$/, () => [new (class Mine extends Map {})()]],
    ["a WeakMap", '["odd key"]', /^a WeakMap$/, () => ({ "odd key": new WeakMap() })],
    ["a Promise", ".p", /^a Promise$/, () => ({ p: Promise.resolve() })],
    [
      "a Blob",
      "[1]",
      /^a Blob$/,
      () => new Map<string, unknown>([["a", 1], ["b", new Blob([])]]),
    ],
    ["a detached view", ".bytes", /^an? Uint8Array$/, () => ({ bytes: detached() })],
    ["a detached buffer", ".bytes", /^an? ArrayBuffer$/, () => ({ bytes: detached().buffer })],
    ["an array of a subclass", "[0]", /^a Mine$/, () => [new (class Mine extends Array {})()]],
    ["a view of a subclass", "[0]", /^a Mine$/, () => [new (class Mine extends Uint8Array {})(1)]],
    ["an arguments object", ".a", /^an Object$/, () => ({
      a: (function () {
        return arguments;
      })(),
    })],
    ["a namespace object", ".m", /^an Object$/, () => ({ m: Math })],
    ["a throwing getter", ".a.b", /^a value$/, () => ({
      a: {
        get b() {
          throw new RangeError("no");
        },
      },
    })],
    ["a throwing proxy", "", /^a value$/, () =>
      new Proxy({}, {
        ownKeys() {
          throw new Error("no");
        },
      })],
  ];

for (const [name, path, found, make] of UNENCODABLE) {
  for (const write of [encode, encodeCanonical]) {
    test(`${write.name}() says where ${name} stands`, () => {
      const error = assertThrows(() => write(make()));
      assert.equal(error.path, path);
      assert.match(error.found, found);
      assert.equal(error.code, "ENCODE");
      if (error.cause instanceof Error) assert.include(error.message, String(error.cause));
      assert.include(error.message, path === "" ? "Cannot encode" : ` at ${path}: `);
    });
  }
}

test("encode() refuses a Map that grows while it is encoded", () => {
  const map = new Map<string, unknown>();
  map.set("a", {
    get grow() {
      return map.set("b", 1).size;
    },
  });
  const error = assertThrows(() => encode({ map }));
  assert.equal(error.path, ".map");
  assert.match(error.reason, /changed while/);
});

test("encode() works again after a failure", () => {
  assertThrows(() => encode([[() => 1]]));
  assert.deepEqual(decode(encode([[1]])), [[1]]);
});

test("the depth limit is the same for writing and for reading, and is an error with a path", () => {
  let deepest: unknown = 1;
  for (let i = 0; i < MAX_DEPTH; i++) deepest = [deepest];
  for (const write of [encode, encodeCanonical]) {
    assert.doesNotThrow(() => decode(write(deepest)));
    assert.equal(assertThrows(() => write([deepest])).path, "[0]".repeat(MAX_DEPTH));
  }
  const header = new Uint8Array(MAX_DEPTH + 2).fill(0x91);
  header[MAX_DEPTH + 1] = 0xc0;
  assert.throws(() => decode(header), DecodeError, /nested deeper/);
});

const NESTINGS: Readonly<Record<string, (inner: unknown) => unknown>> = {
  arrays: (inner) => [inner],
  objects: (inner) => ({ inner }),
  "objects of one shape": (inner) => [{ inner: null }, { inner }],
  maps: (inner) => new Map([[1, inner]]),
  "map keys": (inner) => new Map([[inner, 1]]),
  sets: (inner) => new Set([inner]),
  errors: (inner) => new Error("x", { cause: inner }),
  "arrays with holes": (inner) => Object.assign([], { 3: inner }),
};

for (const [name, nest] of Object.entries(NESTINGS)) {
  test(`10,000 levels go both ways, and have a canonical form: ${name}`, () => {
    let value: unknown = new Date(0);
    const levels = name === "objects of one shape" ? 5000 : 10_000;
    for (let i = 0; i < levels; i++) value = nest(value);
    const bytes = encode(value);
    assert.deepEqual(encode(decode(bytes)), bytes);
    const canonical = encodeCanonical(value);
    assert.deepEqual(encodeCanonical(decode(bytes)), canonical);
    assert.deepEqual(
      encodeCanonical(decode(bytes), { unordered: true }),
      encodeCanonical(value, { unordered: true }),
    );
  });
}

test("cycles and sharing are kept below the levels that the stack holds", () => {
  const shared = { a: 1 };
  const loop: unknown[] = [shared, shared];
  loop.push(loop);
  let value: unknown = loop;
  for (let i = 0; i < 1000; i++) value = { value };
  let copy = decode(encode(value)) as { value: unknown };
  for (let i = 0; i < 999; i++) copy = copy.value as { value: unknown };
  const found = copy.value as unknown[];
  assert.strictEqual(found[2], found);
  assert.strictEqual(found[0], found[1]);
});

test("what has no byte form is found with its path however deep it is", () => {
  let value: unknown = { user: { tags: [0, new WeakMap()] } };
  for (let i = 0; i < 500; i++) value = [value];
  for (const write of [encode, encodeCanonical]) {
    const error = assertThrows(() => write(value));
    assert.equal(error.path, `${"[0]".repeat(500)}.user.tags[1]`);
  }
});

test("decode() refuses every proper prefix of an encoded value", () => {
  for (const [name, make] of CASES) {
    const bytes = encode(make());
    const step = Math.max(1, Math.floor(bytes.length / 97));
    for (let length = 0; length < bytes.length; length += step) {
      assert.throws(() => decode(bytes.subarray(0, length)), DecodeError, undefined, name);
    }
  }
});

test("decode() refuses bytes after the value", () => {
  assert.throws(() => decode(new Uint8Array([...encode(1), 0])), DecodeError, /after the value/);
});

const HOSTILE: readonly (readonly [name: string, hex: string])[] = [
  ["an unused format byte", "c1"],
  ["an array that announces four billion elements", "ddffffffff"],
  ["a map that announces four billion entries", "dfffffffff"],
  ["a string that announces four gigabytes", "dbffffffff"],
  ["nested arrays that announce more than there is", "dd00000010".repeat(64)],
  ["a reference to nothing", "d60400000007"],
  ["an unknown extension", "d46300"],
  ["an unknown constant", "d40063"],
  ["an unknown composite", "91d40163"],
  ["a marker outside an array", "d40101"],
  ["a marker that is not first", "9201d40101"],
  ["a Map with a key alone", "92d4010101"],
  ["an Error of an unknown class", "92d5010399c0"],
  ["an Error whose message is a number", "92d501030001"],
  ["a RegExp that does not compile", "94d40105a128a000"],
  ["a RegExp with unknown flags", "94d40105a161a17a00"],
  ["an object with a number as key", "810102"],
  ["a record of an unknown shape", "92d5060000c0"],
  ["a record with too many values", "9281a16101" + "93ff0102"],
  ["a class that is not registered", "93d4010ba15001"],
  ["a class whose name is a number", "93d4010b0101"],
  ["an instance that points into itself", "93d4010ba150d60400000000"],
  ["a Temporal class of an unknown number", "92d5010f63a0"],
  ["a Temporal value that is no text of it", "92d5010f02a178"],
  ["a URL that is none", "92d4010ca178"],
  ["a boxed object", "92d40108 80".replace(" ", "")],
  ["a Response with an impossible status", "95d401140190c0c0"],
  ["a resizable buffer that reserves a terabyte", "93d40109cb4270000000000000c400"],
  [
    "a resizable buffer that reserves an array",
    "93d4010994d40106ceffffffffa137a5736576656effa137a5736576656e",
  ],
  ["a view that reaches beyond its buffer", "94d5010a06d50300000005"],
  ["a view on what is no buffer", "94d5010a06800000"],
  ["a view of an unknown type", "d503ff00"],
  ["a view whose bytes do not fill its elements", "d5030400"],
  ["a bigint with an unknown sign", "d50207ff"],
  ["a timestamp of two bytes", "d5ff0000"],
  ["a sparse array with a negative length", "92d40106ff"],
  ["a sparse array that is longer than it says", "94d4010601a13501"],
];

for (const [name, hex] of HOSTILE) {
  test(`decode() refuses ${name}`, () => {
    const error = assertThrows(() => decode(fromHex(hex)), DecodeError);
    assert.equal(error.code, "DECODE");
    assert.isAtLeast(error.offset, 0);
    assert.isAtMost(error.offset, hex.length / 2);
  });
}

test("decode() throws nothing but DecodeError on mutated bytes, and touches no prototype", () => {
  const random = generator(20_261_121);
  const seeds = CASES.map(([, make]) => encode(make())).filter((bytes) => bytes.length < 500);
  for (let round = 0; round < 2000; round++) {
    const bytes = seeds[random(seeds.length)].slice();
    for (let change = 0; change <= random(3); change++) {
      bytes[random(bytes.length)] = random(256);
    }
    try {
      decode(bytes);
    } catch (error) {
      assert.instanceOf(error, DecodeError);
    }
  }
  assert.isEmpty(Object.keys(Object.prototype));
});

/** Whole numbers below a bound, the same in every run. */
function generator(seed: number): (bound: number) => number {
  let state = seed;
  return (bound) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * bound);
  };
}

function assertThrows<E extends Error = EncodeError>(
  body: () => unknown,
  type: new (...args: never[]) => E = EncodeError as never,
): E {
  try {
    body();
  } catch (error) {
    assert.instanceOf(error, type);
    return error as E;
  }
  throw new Error(`Expected ${type.name}`);
}

function fromHex(hex: string): Uint8Array {
  return Uint8Array.from(hex.match(/../g)!, (pair) => Number.parseInt(pair, 16));
}

test("decode() says which error class the runtime lacks", () => {
  const bytes = encode(new EvalError("a"));
  const own = Object.getOwnPropertyDescriptor(globalThis, "EvalError")!;
  Reflect.deleteProperty(globalThis, "EvalError");
  try {
    assert.throws(() => decode(bytes), DecodeError, /the error class EvalError is not known here/);
  } finally {
    Object.defineProperty(globalThis, "EvalError", own);
  }
});
