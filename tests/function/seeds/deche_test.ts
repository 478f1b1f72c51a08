// What the tests of deche show, in the idiom of JavaScript.

import type { CacheEvent } from "../../../lib/function/events.ts";
import { cached } from "../../../lib/function/decorators/mod.ts";
import { assert, rejects, test, withFakeTime } from "../../harness.ts";
import { FakeStore } from "../_fake_store.ts";
import { Recorder } from "../_recorder.ts";
import { fresh, keysIn } from "./_fresh.ts";

/** A function with positions and options, on a store of its own. */
function sum() {
  const deja = fresh();
  const f = deja.persistent(
    "sum",
    (a: number, b: number, options: { zzz?: number; aaa?: number } = {}) =>
      a + b + 0 * (options.zzz ?? 0),
  );
  return { deja, f };
}

test("the key does not depend on the order of options", async () => {
  const { f } = sum();
  assert.equal(await f.key(3, 4, { zzz: 10, aaa: 1 }), await f.key(3, 4, { aaa: 1, zzz: 10 }));
  assert.notEqual(await f.key(3, 4, { zzz: 10 }), await f.key(4, 3, { zzz: 10 }));
});

test("one call is one entry, found by its arguments and by its key", async () => {
  const { deja, f } = sum();
  assert.isFalse(await f.has(3, 4, { zzz: 10 }));
  await f(3, 4, { zzz: 10 });
  assert.isTrue(await f.has(3, 4, { zzz: 10 }));
  const [entry, ...more] = await Array.fromAsync(f.entries());
  assert.isEmpty(more);
  assert.equal(entry.key, await f.key(3, 4, { zzz: 10 }));
  assert.deepEqual(await keysIn(deja.store), [`sum/${entry.key}`]);
  assert.deepInclude(await f.get({ key: entry.key }), {
    args: [3, 4, { zzz: 10 }],
    kind: "value",
    value: 7,
    name: "sum",
  });
  assert.equal(await f.peek(3, 4, { zzz: 10 }), 7);
  assert.isUndefined(await f.get({ key: "0".repeat(64) }));
});

test("entries() reads one entry after the other, as they are asked for", async () => {
  const store = new FakeStore();
  const f = fresh({ store }).persistent("f", (x: number) => x);
  for (const x of [1, 2, 3]) await f(x);
  store.asked.length = 0;
  for await (const _entry of f.entries()) break;
  assert.lengthOf(store.asked.filter((line) => line.startsWith("get")), 1);
});

test("an error that is kept is thrown again without a run, and nothing is written", async () => {
  const store = new FakeStore();
  let runs = 0;
  const f = fresh({ store }).persistent("f", (x: number) => {
    runs++;
    throw Object.assign(new RangeError(`no ${x}`), { x });
  }, { errors: true });
  const first = await rejects(f(1), RangeError, /^no 1$/);
  store.asked.length = 0;
  const second = await rejects(f(1), RangeError, /^no 1$/);
  assert.equal(runs, 1);
  assert.deepInclude(second, { x: 1 });
  assert.equal((first as unknown as { x: number }).x, 1);
  assert.isEmpty(store.asked.filter((line) => !line.startsWith("get")));
});

test("kept errors are listed, read and removed apart from values", async () => {
  const f = fresh().persistent("f", (x: number) => {
    if (x < 0) throw new RangeError(`no ${x}`);
    return x;
  }, { errors: true });
  await f(1);
  for (const x of [-1, -2]) await rejects(f(x), RangeError);
  const count = async (kind?: "value" | "error") =>
    (await Array.fromAsync(f.entries({ kind }))).length;
  assert.deepEqual([await count("error"), await count("value"), await count()], [2, 1, 3]);
  const entry = await f.get({ key: await f.key(-1) });
  assert.equal(entry!.kind, "error");
  assert.equal((entry!.error as RangeError).message, "no -1");
  assert.isUndefined(entry!.value);
  assert.isTrue(await f.delete(-1));
  assert.isFalse(await f.delete(-1));
  await f.clear({ kind: "error" });
  assert.deepEqual([await count("error"), await count("value")], [0, 1]);
});

test("a kept error ends by a time of its own", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    let runs = 0;
    const f = fresh().persistent("f", () => {
      runs++;
      throw new Error("down");
    }, { ttl: "1h", errors: { ttl: 100 } });
    for (const _ of [1, 2]) await rejects(f(), Error, /down/);
    assert.equal(runs, 1);
    advance(110);
    await rejects(f(), Error, /down/);
    assert.equal(runs, 2);
  });
});

test("a result counts for its time, and until a moment", async () => {
  for (const ttl of [100, new Date(1_000_100)]) {
    await withFakeTime(1_000_000, async ({ advance }) => {
      const f = fresh().persistent("f", (x: number) => x, { ttl });
      await f(1);
      assert.isTrue(await f.has(1));
      advance(110);
      assert.isFalse(await f.has(1));
    });
  }
});

test("append keeps every result of a call, listed and read by time", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    let runs = 0;
    const f = fresh().persistent("f", (_x: number) => ++runs, { ttl: 100, expiry: "append" });
    for (const _ of [1, 2, 3]) {
      await f(7);
      advance(110);
    }
    const all = await Array.fromAsync(f.entries({ generations: "all", expired: true }));
    assert.sameMembers(all.map(({ value }) => value!), [1, 2, 3]);
    for (const { args } of all) assert.deepEqual(args, [7]);
    assert.lengthOf(await Array.fromAsync(f.entries({ expired: true })), 1);
    const key = await f.key(7);
    for (const [at, value] of [[1_000_000, 1], [1_000_109, 1], [1_000_110, 2], [1_000_300, 3]]) {
      assert.equal((await f.get({ key, at }))!.value, value);
    }
    assert.isUndefined(await f.get({ key, at: 999_999 }));
    assert.equal(await f.refresh(7), 4);
    assert.equal(await f(7), 4);
  });
});

test("a validator that throws refuses the result, is told of, and harms no call", async () => {
  for (const verb of ["cache", "persistent"] as const) {
    const events: CacheEvent[] = [];
    let runs = 0;
    const validate = () => {
      throw new Error("broken");
    };
    const f = fresh({ onEvent: (event) => events.push(event) })[verb](() => ++runs, {
      name: "f",
      validate,
    });
    assert.deepEqual([await f(), await f()], [1, 2]);
    const told = events.filter((event) => event.type === "option-error");
    assert.isNotEmpty(told);
    for (const { option, error } of told) {
      assert.equal(option, "validate");
      assert.match(String(error), /broken/);
    }
  }
});

test("a result that is not accepted reaches the caller and is not kept", async () => {
  const recorder = new Recorder();
  const f = fresh({ onEvent: recorder.onEvent }).persistent("f", (x: number) => x, {
    accept: (x) => x > 5,
  });
  assert.deepEqual([await f(6), await f(6), await f(1), await f(1)], [6, 6, 1, 1]);
  assert.deepEqual(recorder.take(), ["miss", "store", "hit", ...many("miss", "not-stored")]);
  assert.lengthOf(await Array.fromAsync(f.entries()), 1);
});

function many(...types: string[]): string[] {
  return [...types, ...types];
}

class Model {
  constructor(readonly a: number, readonly b: number) {}

  @cached({ attributes: ["a"], freeVariables: "ignore" })
  score(x: number): number {
    scorings++;
    return this.a * x;
  }
}
let scorings = 0;

test("only the named attributes of an object count", () => {
  assert.equal(new Model(1, 2).score(3), 3);
  assert.equal(new Model(1, 3).score(3), 3);
  assert.equal(scorings, 1);
});

test("a parameter that is ignored may be anything, and rest parameters count", async () => {
  const f = fresh().persistent(
    "f",
    (x: number, socket: unknown, ...more: number[]) => [x, typeof socket, more.length],
    { ignore: ["socket"] },
  );
  assert.equal(await f.key(1, () => {}, 2), await f.key(1, Symbol(), 2));
  assert.notEqual(await f.key(1, null, 2), await f.key(1, null, 2, 3));
});

test("defaults of a cache are replaced for some of its functions", async () => {
  const deja = fresh({ ttl: "1h", namespace: "etl" });
  const short = deja.with({ ttl: 100 });
  await withFakeTime(1_000_000, async ({ advance }) => {
    const [long, quick] = [deja, short].map((each, i) =>
      each.persistent(`f${i}`, (x: number) => x)
    );
    await Promise.all([long(1), quick(1)]);
    advance(110);
    assert.deepEqual([await long.has(1), await quick.has(1)], [true, false]);
  });
  for (const key of await keysIn(deja.store)) assert.match(key, /^ns\.etl\/f\d\/[0-9a-f]{64}$/);
});

test("a serializer of one's own makes the bytes, and the second call is a hit", async () => {
  const seen: string[] = [];
  const f = fresh().persistent("f", async (a: number, b: number) => {
    await null;
    return { columns: ["sum"], rows: [[a + b]] };
  }, {
    serializer: {
      encode: (value) => (seen.push("encode"), new TextEncoder().encode(JSON.stringify(value))),
      decode: (bytes) => (seen.push("decode"), JSON.parse(new TextDecoder().decode(bytes))),
    },
  });
  const table = { columns: ["sum"], rows: [[3]] };
  assert.deepEqual(await f(1, 2), table);
  assert.deepEqual(await f(1, 2), table);
  assert.deepInclude(f.stats(), { hits: 1, misses: 1 });
  assert.deepEqual(seen, ["encode", "decode"]);
  assert.lengthOf(await Array.fromAsync(f.entries()), 1);
});
