import { cached, methodOf } from "../../lib/function/decorators/mod.ts";
import { assert, test, testOn } from "../harness.ts";

const COMPILED = ["bun", "chromium", "firefox"] as const;
const BECAUSE = "the compiler within Deno cannot decorate private methods";

/** Only where it can be compiled. */
const load = () => import("./fixtures/private_methods.ts");

testOn(
  COMPILED,
  BECAUSE,
  "a private method is cached, and methodOf() looks into it for one object",
  async () => {
    const { runs, Scale } = await load();
    const two = new Scale(2);
    const three = new Scale(3);
    assert.deepEqual([two.call(21), two.call(21), new Scale(2).call(21)], [42, 42, 42]);
    assert.equal(runs.times, 1);
    assert.deepEqual([two.times.has(21), three.times.has(21)], [true, false]);
    assert.equal(two.times.peek(21), 42);
    assert.equal(two.times.explain(22).changed.join(), "argument x");
    assert.deepEqual(three.times.explain(21).changed, ["attribute factor"]);
    assert.notEqual(two.times.key(21), three.times.key(21));
    assert.isTrue(two.times.delete(21));
    assert.isFalse(two.times.has(21));
    assert.strictEqual(two.times, two.times, "one for each object");
    assert.equal(two.times.call(three, 1), 3, "it is called on whatever object as ever");
  },
);

testOn(COMPILED, BECAUSE, "a private method on a store can be looked into as well", async () => {
  const { runs, Scale } = await load();
  const two = new Scale(2);
  assert.equal(await two.stored.call(two, 5), 10);
  assert.deepEqual([await two.stored.has(5), await new Scale(3).stored.has(5)], [true, false]);
  assert.equal(await new Scale(2).stored.peek(5), 10);
  assert.equal(runs.stored, 1);
});

testOn(COMPILED, BECAUSE, "a private static method can be looked into too", async () => {
  const { runs, Scale } = await load();
  assert.equal(Scale.unit.call(Scale, 1), 2);
  assert.isTrue(Scale.unit.has(1));
  assert.equal(runs.unit, 1);
});

testOn(
  COMPILED,
  BECAUSE,
  "a private method that is not asked for by methodOf() says how to ask",
  async () => {
    const { Scale } = await load();
    const has = new Scale(2).bare();
    assert.throws(
      () => has.has(1),
      TypeError,
      /without an object; .* ask methodOf\(method, object\)/,
    );
  },
);

test("methodOf() looks into a public method for any object, and refuses what is none", () => {
  class Scale {
    constructor(readonly factor: number) {}

    @cached({ attributes: ["factor"], freeVariables: "ignore" })
    times(x: number): number {
      return x * this.factor;
    }
  }
  const scale = new Scale(2);
  scale.times(21);
  assert.isTrue(methodOf(scale.times, scale).has(21));
  assert.isTrue(methodOf(Scale.prototype.times, scale).has(21));
  assert.isFalse(methodOf(scale.times, new Scale(3)).has(21));
  for (const wrong of [() => 1, 5, undefined]) {
    assert.throws(
      () => methodOf(wrong as never, scale),
      TypeError,
      /^methodOf takes a method that is cached, such as this\.#times, received /,
    );
  }
  assert.throws(
    () => methodOf(scale.times, 5 as never),
    TypeError,
    /^methodOf takes the object of a method, received 5$/,
  );
});
