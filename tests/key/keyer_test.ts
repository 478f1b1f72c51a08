import { decode } from "../../lib/codec/mod.ts";
import { EncodeError } from "../../lib/errors.ts";
import { toHex } from "../../lib/hash/mod.ts";
import {
  type AnyFunction,
  Keyer,
  type KeyerOptions,
  OptionError,
  registerWrapper,
} from "../../lib/key/mod.ts";
import { assert, test } from "../harness.ts";

function keyer(fn: AnyFunction, options: Partial<KeyerOptions> = {}): Keyer {
  return new Keyer(fn, { name: "f", code: "source", ignore: [], ...options });
}

const add = (a: number, b = 1) => a + b;

test("a key is 32 bytes, in hex the same", () => {
  const key = keyer(add).key([1]);
  assert.equal(key.bytes.length, 32);
  assert.equal(toHex(key.bytes), key.hex);
});

test("a key sees name, version, code, closure and arguments, each by itself", () => {
  const keys = [
    keyer(add),
    keyer(add, { name: "g" }),
    keyer(add, { version: 1 }),
    keyer(add, { version: "1" }),
    keyer((a: number, b = 1) => a - b),
    keyer(add, { code: "ignore" }),
    keyer(add, { code: "mine" }),
    keyer(add, { closure: () => undefined }),
    keyer(add, { closure: () => 1 }),
    keyer(add, { ignore: ["b"] }),
  ].flatMap((each) => [each.key([1]).hex, each.key([2]).hex]);
  assert.equal(new Set(keys).size, keys.length);
});

test("a key does not see the order of properties in a closed-over value", () => {
  const a = keyer(add, { closure: () => ({ x: 1, y: 2 }) });
  const b = keyer(add, { closure: () => ({ y: 2, x: 1 }) });
  assert.equal(a.key([1]).hex, b.key([1]).hex);
});

test("closed-over values are looked at again for each key", () => {
  const list = [1, 2];
  const each = keyer(add, { closure: () => ({ list }) });
  const before = each.key([1]).hex;
  list.push(3);
  const after = each.key([1]).hex;
  list.pop();
  assert.notEqual(after, before);
  assert.equal(each.key([1]).hex, before);
});

test("a cached function among the closed-over values counts with its own function key", () => {
  const wrapper = () => 0;
  let identity = "one";
  registerWrapper(wrapper, add as AnyFunction, () => identity);
  const each = keyer(add, { closure: () => ({ wrapper }) });
  const before = each.key([1]).hex;
  identity = "two";
  assert.notEqual(each.key([1]).hex, before);
});

test("a cached function may name itself among its closed-over values", () => {
  const wrapper = () => 0;
  const made = keyer(add, { closure: () => ({ wrapper }) });
  registerWrapper(wrapper, add as AnyFunction, () => made.identity());
  const key = made.key([1]).hex;
  assert.equal(made.key([1]).hex, key);
  assert.notEqual(key, keyer(add).key([1]).hex);
});

test("keyWithArguments() gives the same key, and the canonical arguments", () => {
  const each = keyer(add, { ignore: ["b"] });
  const { hex, args } = each.keyWithArguments([1, 2]);
  assert.equal(hex, each.key([1]).hex);
  assert.deepEqual(decode(args), [1, undefined]);
});

test("a wrapper is called as its original is", () => {
  const wrapper = (..._: unknown[]) => 0;
  registerWrapper(wrapper as AnyFunction, add as AnyFunction, () => "identity");
  const each = keyer(wrapper as AnyFunction);
  assert.equal(each.key([5]).hex, each.key([5, 1]).hex);
});

for (
  const [name, fn] of [
    ["a native function", Math.max],
    ["a bound function", add.bind(undefined)],
    ["a proxy", new Proxy(add, {})],
  ] as const
) {
  test(`the code of ${name} is refused, unless a fingerprint stands for it`, () => {
    assert.throws(() => keyer(fn as AnyFunction), TypeError, /pass code: "ignore"/);
    assert.notEqual(
      keyer(fn as AnyFunction, { code: "a" }).key([1]).hex,
      keyer(fn as AnyFunction, { code: "b" }).key([1]).hex,
    );
  });
}

test("a wrapper of a wrapper is called as the original is", () => {
  const inner = ((..._: unknown[]) => 0) as AnyFunction;
  const outer = ((..._: unknown[]) => 1) as AnyFunction;
  registerWrapper(inner, add as AnyFunction, () => "inner");
  registerWrapper(outer, inner, () => "outer");
  assert.equal(keyer(outer).key([5]).hex, keyer(outer).key([5, 1]).hex);
});

test("ignore must name parameters", () => {
  assert.throws(
    () => keyer(add, { ignore: ["c"] }),
    TypeError,
    /"c".*no parameter of f; it has a, b/,
  );
  assert.throws(
    () => keyer(() => 1, { ignore: ["c"] }),
    TypeError,
    /it has no parameter with a name/,
  );
});

test("an argument that cannot be a key is named by its parameter and path", () => {
  const fails = (fn: AnyFunction, args: unknown[]) => {
    try {
      keyer(fn).key(args);
    } catch (error) {
      assert.instanceOf(error, EncodeError);
      return error as EncodeError;
    }
    throw new Error("Expected an EncodeError");
  };
  const named = fails((options: unknown) => options, [{ user: { socket: new WeakMap() } }]);
  assert.equal(named.path, "options.user.socket");
  assert.match(
    named.message,
    /a WeakMap at options\.user\.socket: .*ignore: \["options\.user\.socket"\]$/,
  );
  assert.equal(fails(({ a }: { a: unknown }) => a, [{ a: () => 1 }]).path, "arguments[0].a");
  assert.equal(fails((...all: unknown[]) => all, [1, Symbol("s")]).path, "all[1]");
});

test("a closed-over value that cannot be a key is named by its path", () => {
  const each = keyer(add, { closure: () => ({ db: { socket: new WeakMap() } }) });
  assert.throws(() => each.key([1]), EncodeError, /a WeakMap at closure\(\)\.db\.socket: /);
});

test("what closure() itself throws is the cause of an error that names it", () => {
  const error = new RangeError("mine");
  const each = keyer(add, {
    closure: () => {
      throw error;
    },
  });
  for (const make of [() => each.key([1]), () => each.closureParts()]) {
    let thrown: unknown;
    try {
      make();
    } catch (failure) {
      thrown = failure;
    }
    assert.instanceOf(thrown, OptionError);
    assert.match((thrown as Error).message, /^closure of .* failed: mine; correct the function/);
    assert.strictEqual((thrown as Error).cause, error);
  }
});

test("keys may be made while an argument's getter makes one", () => {
  const each = keyer((a: unknown) => a);
  const plain = each.key([{ inner: each.key([1]).hex }]).hex;
  const nested = each.key([{
    get inner() {
      return each.key([1]).hex;
    },
  }]).hex;
  assert.equal(nested, plain);
});

test("a key that takes time to make names the parameter, and who can wait for it", () => {
  const each = keyer((image: unknown) => image);
  assert.throws(
    () => each.key([{ content: new Blob(["bytes"]) }]),
    EncodeError,
    /at image\.content: its content takes time to read, for which persistentCache can wait/,
  );
});

/** Fails however it is looked at, by each trap on its own. */
const REFUSING = (["getPrototypeOf", "ownKeys", "getOwnPropertyDescriptor"] as const).map((trap) =>
  [
    trap,
    new Proxy({ signal: 1, b: 1 }, {
      [trap]() {
        throw new RangeError("refused");
      },
    }),
  ] as const
);

for (
  const [form, fn, options] of [
    ["an argument", (a: unknown, _: unknown) => a, {}],
    ["a rest argument", (...a: unknown[]) => a, {}],
    ["an argument of which a part is ignored", (a: unknown, _: unknown) => a, { ignore: ["a.b"] }],
  ] as const
) {
  for (const [trap, proxy] of REFUSING) {
    test(`${form} that throws when it is looked at (${trap}) is an error with its path`, () => {
      const each = keyer(fn as AnyFunction, options);
      assert.throws(() => each.key([proxy, 2]), EncodeError, /at a\b.*refused/);
    });
  }
}

test("of an argument that is taken apart, only what is read has to be readable", () => {
  const each = keyer((({ b }: { b: unknown }) => b) as AnyFunction);
  for (const [trap, proxy] of REFUSING) {
    if (trap === "getPrototypeOf") assert.throws(() => each.key([proxy]), EncodeError, /refused/);
    else assert.equal(each.key([proxy]).hex, each.key([{ b: 1 }]).hex);
  }
});
