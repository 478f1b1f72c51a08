import type { ClassRegistry } from "../../lib/codec/mod.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import type { NotStoredEvent } from "../../lib/function/events.ts";
import type { CacheOptions } from "../../lib/function/options.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { KINDS, reasonOf } from "./_kinds.ts";
import { Recorder } from "./_recorder.ts";

const THROWN: Readonly<Record<string, () => unknown>> = {
  "an error": () => new Error("plain"),
  "an error of a native class": () => new RangeError("out"),
  "an error with a cause": () => new TypeError("outer", { cause: { id: 5 } }),
  "an error with properties": () => Object.assign(new Error("own"), { status: 404, at: [1] }),
  "an aggregate": () => new AggregateError([new Error("one"), 2], "both"),
  ...typeof SuppressedError === "undefined" ? {} : {
    "a suppressed error": () => new SuppressedError(new Error("one"), 2, "both"),
  },
  "a text": () => "text",
  "undefined": () => undefined,
  "null": () => null,
  "a plain object": () => ({ code: "E1" }),
};

for (const [kind, make] of Object.entries(KINDS)) {
  for (const [what, thrown] of Object.entries(THROWN)) {
    for (const how of ["throws", "rejects"] as const) {
      test(`${kind}: errors keeps ${what} that the function ${how}`, async () => {
        let runs = 0;
        const f = make((_id: number) => {
          runs++;
          if (how === "throws") throw thrown();
          return Promise.reject(thrown());
        }, { errors: true });
        const first = await reasonOf(f.call(1));
        const again = await reasonOf(f.call(1));
        assert.equal(runs, 1);
        assert.deepEqual(f.recorder.take(), ["miss", "store", "hit"]);
        assert.deepEqual(again, first);
        if (!(first instanceof Error)) return;
        const copy = again as Error;
        assert.strictEqual(copy.constructor, first.constructor);
        assert.equal(copy.message, first.message);
        assert.deepEqual(copy.cause, first.cause);
        assert.deepEqual({ ...copy }, { ...first });
      });
    }
  }

  test(`${kind}: errors is off unless asked for`, async () => {
    let runs = 0;
    for (const options of [{}, { errors: false }]) {
      runs = 0;
      const f = make(() => {
        runs++;
        throw new Error("again");
      }, options);
      await reasonOf(f.call());
      await reasonOf(f.call());
      assert.equal(runs, 2);
    }
  });

  for (const name of ["AbortError", "TimeoutError"]) {
    test(`${kind}: errors never keeps an ${name}`, async () => {
      let runs = 0;
      const f = make(() => {
        runs++;
        throw new DOMException("given up", name);
      }, { errors: true });
      await reasonOf(f.call());
      await reasonOf(f.call());
      assert.equal(runs, 2);
      assert.isFalse(await f.has());
    });
  }

  test(`${kind}: errors.when chooses, and errors.ttl says for how long`, async () => {
    await withFakeTime(1_000_000, async (clock) => {
      let runs = 0;
      const f = make((status: number) => {
        runs++;
        throw Object.assign(new Error("http"), { status });
      }, {
        ttl: "1h",
        errors: { ttl: "1m", when: (error) => (error as { status: number }).status === 404 },
      });
      for (const status of [404, 404, 500, 500]) await reasonOf(f.call(status));
      assert.equal(runs, 3);
      clock.advance(60_000);
      await reasonOf(f.call(404));
      assert.equal(runs, 4);
    });
  });

  for (const option of ["staleIfError", "staleWhileRevalidate"] as const) {
    test(`${kind}: an error past its time is not thrown again, whatever ${option} says`, async () => {
      await withFakeTime(1_000_000, async (clock) => {
        let runs = 0;
        const f = make(() => {
          runs++;
          if (runs === 3) return "value";
          throw new Error(`failure ${runs}`);
        }, { ttl: "1m", errors: true, [option]: "1h" });
        assert.equal((await reasonOf(f.call()) as Error).message, "failure 1");
        clock.advance(60_000);
        assert.equal((await reasonOf(f.call()) as Error).message, "failure 2");
        clock.advance(60_000);
        assert.equal(await f.call(), "value");
        assert.deepEqual(
          f.recorder.take(),
          ["miss", "store", "expire", "miss", "store", "expire", "miss", "store"],
        );
      });
    });
  }

  test(`${kind}: an errors.when that throws is named in an event; the caller gets the error`, async () => {
    const failure = new Error("of the function");
    const f = make(() => {
      throw failure;
    }, {
      errors: {
        when: () => {
          throw new Error("of the option");
        },
      },
    });
    assert.strictEqual(await reasonOf(f.call()), failure);
    const event = f.recorder.takeEvents().find(({ type }) => type === "option-error");
    assert.deepInclude(event, { option: "errors.when" });
  });

  test(`${kind}: entries tell values and errors apart, and each can go on its own`, async () => {
    const f = make((x: number) => {
      if (x < 0) throw new RangeError(`${x} is less than 0`);
      return x * 2;
    }, { errors: true });
    for (const x of [1, 2]) await f.call(x);
    for (const x of [-1, -2]) await reasonOf(f.call(x));
    const values = await f.entries({ kind: "value" });
    assert.sameMembers(values.map(({ value }) => value), [2, 4]);
    const errors = await f.entries({ kind: "error" });
    assert.sameMembers(errors.map(({ error }) => (error as Error).message), [
      "-1 is less than 0",
      "-2 is less than 0",
    ]);
    assert.sameDeepMembers(errors.map(({ args }) => args), [[-1], [-2]]);
    for (const { value } of errors) assert.isUndefined(value);
    await f.clear({ kind: "error" });
    assert.isEmpty(await f.entries({ kind: "error" }));
    assert.lengthOf(await f.entries({ kind: "value" }), 2);
    assert.isTrue(await f.delete(1));
    assert.lengthOf(await f.entries(), 1);
  });

  test(`${kind}: an error of a class that nobody registered still reaches the caller`, async () => {
    class Odd extends Error {}
    const f = make(() => {
      throw new Odd("odd");
    }, { errors: true });
    assert.instanceOf(await reasonOf(f.call()), Odd);
    assert.instanceOf(await reasonOf(f.call()), Odd);
  });
}

for (const kind of ["persistentCache()", "cache() with clone"]) {
  test(`${kind}: an error of a class that classes lacks is an event with the line to write`, async () => {
    class HttpError extends Error {
      constructor(message: string, readonly status = 404, readonly url = "/x", options = {}) {
        super(message, options);
      }
    }
    let runs = 0;
    const fail = () => {
      runs++;
      throw new HttpError("gone", 404, "/x", { cause: "why" });
    };
    const options = (classes?: ClassRegistry) => ({
      errors: true,
      ...(classes === undefined ? {} : { classes }),
    });
    const make = (classes?: ClassRegistry) =>
      kind === "persistentCache()"
        ? KINDS[kind](fail, options(classes))
        : KINDS["cache()"](fail, { ...options(classes), clone: true } as CacheOptions);
    const f = make();
    for (let call = 0; call < 2; call++) {
      assert.deepInclude(await reasonOf(f.call()), { message: "gone", status: 404 });
    }
    assert.equal(runs, 2);
    const events = f.recorder.takeEvents().filter(({ type }) => type === "not-stored");
    assert.lengthOf(events, 2);
    const { reason, error } = events[0] as NotStoredEvent;
    assert.equal(reason, "no byte form");
    const { message } = error as Error;
    assert.match(
      message,
      /^Cannot encode an? HttpError: .+ where classes names it: write classes: /,
    );

    // The line does what it says.
    const line = /classes: (.+)$/.exec(message)![1];
    const g = make(new Function("HttpError", `return ${line}`)(HttpError) as ClassRegistry);
    runs = 0;
    await reasonOf(g.call());
    const again = await reasonOf(g.call());
    assert.equal(runs, 1);
    assert.instanceOf(again, HttpError);
    assert.deepInclude(again, { message: "gone", cause: "why", status: 404, url: "/x" });
  });
}

test("errors of a registered class come back from a store as that class", async () => {
  class HttpError extends Error {
    constructor(readonly status: number) {
      super(`HTTP ${status}`);
    }
  }
  const classes = {
    HttpError: {
      class: HttpError,
      encode: ({ status }: HttpError) => status,
      decode: (status: number) => new HttpError(status),
    },
  };
  const recorder = new Recorder();
  const deja = createCache({ store: memoryStore(), onEvent: recorder.onEvent });
  const f = deja.persistent("f", (status: number) => {
    throw new HttpError(status);
  }, { errors: true, classes });
  await rejects(f(404), HttpError, /HTTP 404/);
  const again = await rejects(f(404), HttpError, /HTTP 404/);
  assert.equal(again.status, 404);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit"]);
});
