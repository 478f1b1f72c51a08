import { freeVariables, readsOfThis, type ThisReads } from "../../lib/key/free_variables.ts";
import { type AnyFunction, registerWrapper } from "../../lib/key/mod.ts";
import { assert, test } from "../harness.ts";

/** A function of a given source, as `toString()` gives it. */
function printedAs(source: string): AnyFunction {
  return { toString: () => source } as unknown as AnyFunction;
}

/** What the finder says of a source, by way of a function that prints so. */
async function namesIn(source: string): Promise<readonly string[]> {
  const original = Function.prototype.toString;
  const fn = printedAs(source);
  Function.prototype.toString = function (this: unknown): string {
    return this === fn ? source : original.call(this as AnyFunction);
  };
  try {
    // The source is taken before anything is awaited.
    return await freeVariables(fn);
  } finally {
    Function.prototype.toString = original;
  }
}

const SOURCES: readonly (readonly [source: string, names: readonly string[]])[] = [
  ["(x) => x * rate", ["rate"]],
  ["(x, y = base, { a, b: [c] = [other] }, ...r) => [x, y, a, b2, c, r]", ["base", "other", "b2"]],
  ["function f(n) { return n < 2 ? n : f(n - 1) + g(n) }", ["g"]],
  ["async (x) => { for (const i of list) { var late = i } return late }", ["list"]],
  ["() => { try { parseInt('1') } catch (error) { throw error } }", []],
  ["() => { try { openFile() } catch { label: for (;;) break label } }", ["openFile"]],
  ["() => ({ short, [computed]: 1, plain: 2 }.plain)", ["short", "computed"]],
  ["() => new (class A extends Base { #p = m; n() { return this.#p } static { s() } })()", [
    "Base",
    "m",
    "s",
  ]],
  ["() => tag`a ${part}`", ["tag", "part"]],
  ["() => typeof maybe", ["maybe"]],
  ['[(_dec$2 = [decorated({ attributes: ["a"] })], "times")](x) { return x * rate }', ["rate"]],
  ['async *[(_dec = [decorated()], "of")](x) { yield x * rate }', ["rate"]],
  ["() => { written = 1 }", ["written"]],
  ["() => Math.max(Number.MAX_VALUE, globalThis.x, undefined, NaN, console)", []],
  ["function () { return arguments.length + this.size }", []],
  ["method(a) { return super.method(a, extra) }", ["extra"]],
  ["async *generator(a) { yield* helper(a) }", ["helper"]],
  ["get value() { return hidden }", ["hidden"]],
  ["#secret(a) { return this.#other + outer }", ["outer"]],
  ["x => x /* a comment with words */ // and another", []],
  ["() => import(address)", ["address"]],
  ["() => new.target", []],
  ["not a function at all {", []],
];

for (const [source, names] of SOURCES) {
  test(`the free variables of ${source} are ${names.join(", ") || "none"}`, async () => {
    assert.deepEqual(await namesIn(source), names);
  });
}

test("a wrapper has the free variables of its original", async () => {
  const rate = { value: 2 };
  const original = (x: number) => x * rate.value;
  const wrapper = () => 0;
  registerWrapper(wrapper as AnyFunction, original as AnyFunction, () => "identity");
  assert.equal((await freeVariables(wrapper as AnyFunction)).length, 1);
});

test("a global of another runtime that is asked for with typeof is no free variable", async () => {
  const names = (body: string) => freeVariables(new Function(`return () => ${body}`)());
  for (const host of ["Deno", "Bun", "process", "window", "document"]) {
    assert.deepEqual(await names(`typeof ${host} === "undefined" ? 1 : ${host}.version`), []);
    const unasked = await names(`${host}.version`);
    assert.deepEqual(unasked, host in globalThis ? [] : [host]);
  }
  const source = 'typeof settings === "string" ? settings : typeof rate';
  assert.deepEqual(await names(source), ["settings", "rate"], "what no runtime has is told of");
});

test("a native function has no free variables that could be told", async () => {
  assert.deepEqual(await freeVariables(Math.max as AnyFunction), []);
});

const METHODS: readonly (readonly [source: string, reads: string])[] = [
  ["times(x) { return x * this.factor + this.factor }", "factor"],
  ["times(x) { return [() => this.a, this?.b, this.o.deep, this.#own] }", "a b o #own"],
  [
    "times(x) { this.note = x; this.count += 1; return this.helper(this.size) }",
    "count size this.helper()",
  ],
  ["get area() { return other.this.x }", ""],
  ["times() { return [function () { return this.a }, class { b = this.c; d() { this.e } }] }", ""],
  ["function (x) { return x * this.factor }", "factor"],
  ['[(_dec = [this.late], "times")](x) { return this.factor }', "factor"],
  ["times() { const { k, l: m = this.n } = this; return k + m }", "k l n"],
  ["times() { let k; ({ k } = this); return k }", "k"],
  ["times() { const { k, ...rest } = this; return rest }", "k this"],
  ["times() { const self = this; return self.k }", "this"],
  ["times() { return helper(this) + this[name] + this.a }", "a this"],
  ["times() { return this.#get?.() + super.get() + super.base }", "this.#get() super.get()"],
  ["times(x) { return #k in x && #k in this }", ""],
];

for (const [source, reads] of METHODS) {
  test(`of this, ${source} reads ${reads || "nothing"}`, async () => {
    const fn = () => 1;
    const original = Function.prototype.toString;
    Function.prototype.toString = function (this: unknown): string {
      return this === fn ? source : original.call(this as AnyFunction);
    };
    let found: Promise<ThisReads>;
    try {
      found = readsOfThis(fn);
    } finally {
      Function.prototype.toString = original;
    }
    const { names, calls, isHandedOn } = await found;
    const said = [...names, ...calls.map((call) => `${call}()`), ...isHandedOn ? ["this"] : []];
    assert.equal(said.join(" "), reads);
  });
}
