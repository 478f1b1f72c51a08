import { createCache } from "../../lib/function/create_cache.ts";
import { cached } from "../../lib/function/decorators/mod.ts";
import { cache } from "../../lib/function/memory_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { until } from "./_kinds.ts";

/** Counts runs, and is an argument of no method. */
const runs = { scale: 0, noted: 0, area: 0, helper: 0, hidden: 0 };

class Shape {
  note = "";
  #depth: number;

  constructor(readonly width: number, readonly height: number, depth = 0) {
    this.#depth = depth;
  }

  @cached({ attributes: ["width"], freeVariables: "ignore" })
  scale(factor: number, offset = 0): number {
    runs.scale++;
    return this.width * factor + offset;
  }

  @cached({ attributes: [], freeVariables: "ignore" })
  noted(text: string): string {
    runs.noted++;
    this.note = text;
    return text.toUpperCase();
  }

  @cached({ attributes: ["width", "height"], freeVariables: "ignore" })
  get area(): number {
    runs.area++;
    return this.width * this.height;
  }

  @cached({ freeVariables: "ignore" })
  static helper(x: number): number {
    runs.helper++;
    return -x;
  }

  // A function of the instance may look at what only the class can see.
  static depthOf(shape: Shape): number {
    return shape.#depth;
  }

  @cached({ attributes: (self: Shape) => Shape.depthOf(self), freeVariables: "ignore" })
  volume(area: number): number {
    runs.hidden++;
    return area * this.#depth;
  }
}

test("a method is keyed on its arguments and the named attributes, never on identity", () => {
  assert.equal(new Shape(2, 1).scale(5), 10);
  assert.equal(new Shape(2, 3).scale(5, 0), 10);
  assert.equal(runs.scale, 1);
  assert.equal(new Shape(3, 1).scale(5), 15);
  const shape = new Shape(2, 1) as { width: number } & Shape;
  shape.width = 4;
  assert.equal(shape.scale(5), 20);
  assert.equal(runs.scale, 3);
});

test("an attribute that the object does not have is an error that names it", () => {
  class Plane {
    readonly o: { a?: number } = { a: 1 };
    #hidden = 1;

    @cached({ attributes: ["factr"], freeVariables: "ignore" })
    wrong(x: number): number {
      return x;
    }

    @cached({ attributes: ["#hidden"], freeVariables: "ignore" })
    hidden(x: number): number {
      return x * this.#hidden;
    }

    @cached({ attributes: ["o.b"], freeVariables: "ignore" })
    deep(x: number): number {
      return x;
    }
  }
  const plane = new Plane();
  assert.throws(() => plane.wrong(1), TypeError, /attributes of wrong name "factr", which this/);
  assert.throws(() => plane.hidden(1), TypeError, /name "#hidden".* give a function of it/);
  assert.throws(() => plane.deep(1), TypeError, /name "o\.b"/);
});

test("an attribute may stand inside another, by a path with dots", () => {
  let computed = 0;
  class Plane {
    constructor(readonly o: { a: number; b?: number } | undefined) {}

    @cached({ attributes: ["o.a"], freeVariables: "ignore" })
    times(x: number): number {
      computed++;
      return x * (this.o?.a ?? 0);
    }
  }
  const results = [{ a: 1 }, { a: 1, b: 2 }, { a: 2 }, undefined].map((o) => new Plane(o).times(3));
  assert.deepEqual(results, [3, 3, 6, 0]);
  assert.equal(computed, 3);
});

test("a function in attributes that throws is named", () => {
  class Plane {
    @cached({ attributes: (self) => self.a.b, freeVariables: "ignore" })
    times(x: number): number {
      return x;
    }
  }
  assert.throws(() => new Plane().times(1), TypeError, /^attributes of times failed: /);
});

test("what a method reads of this and does not list is told of, and nothing else", async () => {
  const told: string[] = [];
  const deja = createCache({
    store: memoryStore(),
    onEvent: (event) => {
      if (event.type === "free-variable") told.push(`${event.variable} ${event.remedy}`);
    },
  });
  class Area {
    constructor(readonly width: number, readonly height: number) {}

    @deja.cached({ persistent: true, attributes: ["width"] })
    async times(x: number): Promise<number> {
      return await Promise.resolve(x * this.width * this.height);
    }

    @deja.cached({ persistent: true, attributes: ["width", "height"], freeVariables: "error" })
    async both(x: number): Promise<number> {
      return await Promise.resolve(x * this.width * this.height);
    }

    @deja.cached({ persistent: true, attributes: ["width"], freeVariables: "error" })
    async strict(x: number): Promise<number> {
      return await Promise.resolve(x * this.height);
    }
  }
  const area = new Area(2, 3);
  assert.equal(await area.both(1), 6);
  await rejects(area.strict(1), TypeError, /strict reads this\.height, which the key does not see/);
  await area.times(1);
  await area.times(2);
  await until(() => told.length > 1);
  assert.sameMembers(told, Array(2).fill('this.height attributes: ["width","height"]'));
});

test("no attribute may count at all", () => {
  assert.equal(new Shape(1, 1).noted("a"), "A");
  assert.equal(new Shape(2, 2).noted("a"), "A");
  assert.equal(runs.noted, 1);
});

test("a getter is cached by the attributes", () => {
  assert.equal(new Shape(2, 3).area, 6);
  assert.equal(new Shape(2, 3).area, 6);
  assert.equal(new Shape(3, 3).area, 9);
  assert.equal(runs.area, 2);
});

test("a static method needs no attributes where it does not read this", () => {
  assert.equal(Shape.helper(3), -3);
  assert.equal(Shape.helper(3), -3);
  assert.equal(runs.helper, 1);
});

test("private state counts by choice", () => {
  assert.equal(new Shape(1, 1, 2).volume(10), 20);
  assert.equal(new Shape(9, 9, 2).volume(10), 20);
  assert.equal(new Shape(1, 1, 3).volume(10), 30);
  assert.equal(runs.hidden, 2);
});

test("a cached method has the methods of a cached function", () => {
  const { scale } = Shape.prototype as unknown as { scale: { stats(): { misses: number } } };
  assert.isAtLeast(scale.stats().misses, 1);
  assert.equal((scale as unknown as { name: string }).name, "scale");
});

test("methods on a store are shared by objects with equal attributes", async () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "ignore" });
  let computed = 0;
  class Report {
    constructor(readonly title: string, readonly author: string) {}

    @deja.cached({ persistent: true, name: "Report.text", attributes: ["title"] })
    async text(pages: number): Promise<string> {
      computed++;
      return await Promise.resolve(`${this.title} ${pages}`);
    }
  }
  assert.equal(await new Report("a", "x").text(1), "a 1");
  assert.equal(await new Report("a", "y").text(1), "a 1");
  assert.equal(await new Report("b", "x").text(1), "b 1");
  assert.equal(computed, 2);
  assert.equal(deja.stats().hits, 1);
});

/** The methods of a cached function, which no decorator can add to a type. */
// deno-lint-ignore no-explicit-any -- both kinds at once.
const looked = (method: unknown) => method as any;

test("a method that is read off an object can be looked into", async () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "ignore" });
  class Plane {
    static scale = 1;

    constructor(readonly a: number) {}

    @deja.cached({ attributes: ["a"] })
    now(x: number): number {
      return this.a * x;
    }

    @deja.cached({ persistent: true, attributes: ["a"] })
    async later(x: number): Promise<number> {
      return await Promise.resolve(this.a * x);
    }

    @deja.cached({ attributes: ["scale"] })
    static scaled(x: number): number {
      return this.scale * x;
    }
  }
  class Other extends Plane {
    override now(x: number): number {
      return super.now(x) + 1;
    }
  }
  const [plane, equal, unlike] = [2, 2, 3].map((a) => new Plane(a));
  assert.equal(plane.now(3), 6);
  assert.equal(await plane.later(3), 6);
  assert.strictEqual(plane.now, plane.now);
  for (const name of ["now", "later"] as const) {
    for (const each of [plane, equal]) {
      assert.isTrue(await looked(each[name]).has(3));
      assert.equal(await looked(each[name]).peek(3), 6);
      assert.equal((await looked(each[name]).explain(3)).outcome, "hit");
    }
    assert.equal((await looked(equal[name]).get({ args: [3] })).value, 6);
    assert.isFalse(await looked(unlike[name]).has(3));
    assert.deepEqual((await looked(unlike[name]).explain(3)).changed, ["attribute a"]);
    assert.equal(await looked(unlike[name]).refresh(3), 9);
    assert.deepEqual(await looked(unlike[name]).map([3, 4]), [9, 12]);
    assert.equal(await (await looked(unlike[name]).reference(5)).get(), 15);
    assert.isTrue(await looked(plane[name]).delete(3));
    assert.isFalse(await looked(equal[name]).has(3));
    assert.equal(plane[name].length, 1);
    assert.equal(plane[name].name, name);
  }
  assert.equal(Plane.scaled(5), 5);
  assert.isTrue(looked(Plane.scaled).has(5));
  assert.equal(new Other(2).now(3), 7);
  assert.equal(plane.now.call(unlike, 3), 9);
});

test("entries of a method list the arguments alone", async () => {
  const deja = createCache({ store: memoryStore(), freeVariables: "ignore" });
  class Report {
    constructor(readonly title: string) {}

    @deja.cached({ persistent: true, attributes: ["title"] })
    async text(pages: number): Promise<string> {
      return await Promise.resolve(`${this.title} ${pages}`);
    }

    @deja.cached({ attributes: ["title"] })
    length(pages: number): number {
      return this.title.length * pages;
    }
  }
  const { text, length } = Report.prototype as unknown as Record<
    string,
    { entries(): AsyncIterable<{ args: unknown }> | Iterable<{ args: unknown }> }
  >;
  await new Report("a").text(5);
  new Report("a").length(5);
  for (const { entries } of [text, length]) {
    assert.deepEqual((await Array.fromAsync(entries())).map(({ args }) => args), [[5]]);
  }
});

test("wrapping in the constructor works too", () => {
  let computed = 0;
  class Circle {
    readonly area: (scale: number) => number;

    constructor(readonly radius: number) {
      this.area = cache((scale: number) => {
        computed++;
        return this.radius ** 2 * scale;
      }, { closure: () => ({ radius: this.radius }), freeVariables: "ignore" });
    }
  }
  const circle = new Circle(2);
  assert.equal(circle.area(3), 12);
  assert.equal(circle.area(3), 12);
  assert.equal(computed, 1);
});

/** Applies a decorator by hand, as compilers of another kind do. */
function applied(...args: unknown[]): unknown {
  return (cached() as unknown as (...args: unknown[]) => unknown)(...args);
}

test("a call by a compiler with legacy decorators says what to switch off", () => {
  const descriptor = { value: () => 1 };
  assert.throws(() => applied({}, "name", descriptor), TypeError, /switch experimentalDecorators/);
  assert.throws(() => applied(class {}), TypeError, /called as a legacy one/);
  const bare = cached as unknown as (...args: unknown[]) => unknown;
  assert.throws(() => bare({}, "name", descriptor), TypeError, /called as a legacy one/);
  const context = { kind: "method", name: "x" };
  assert.throws(() => bare(() => 1, context), TypeError, /must be an object, received a function/);
});

test("a generator method cannot be decorated, unless its results are stored", () => {
  const { method } = { *method() {} };
  const context = { kind: "method", name: "method", addInitializer() {} };
  assert.throws(() => applied(method, context), TypeError, /generator function/);
  const { cached: ofCache } = createCache({ store: memoryStore() });
  const decorate = ofCache({ persistent: true }) as (...args: unknown[]) => unknown;
  assert.isFunction(decorate(method, context));
});

test("only methods and getters are decorated", () => {
  for (const kind of ["class", "field", "accessor", "setter"]) {
    assert.throws(() => applied(undefined, { kind, name: "x" }), TypeError, `received a ${kind}`);
  }
});

test("a method that reads this has to name what counts", () => {
  const { perimeter } = {
    perimeter(this: { width: number }) {
      return this.width * 4;
    },
  };
  assert.throws(
    () => applied(perimeter, { kind: "method", name: "perimeter" }),
    TypeError,
    /cached\(\) of perimeter needs the attributes of this/,
  );
});

test("options of cached() are checked", () => {
  const wrong = (options: unknown) => () => cached(options as { attributes: string[] });
  assert.throws(
    wrong({ attributes: "width" }),
    TypeError,
    /"attributes" of cached must be .* received "width"/,
  );
  assert.throws(wrong({ attribute: [] }), TypeError, /did you mean "attributes"/);
  assert.throws(wrong({ outFiles: ["a"] }), TypeError, /Unknown option "outFiles" of cached/);
});
