/** Functions given as options that throw: named in the error or the event, and fatal to nobody. */

import { createCache } from "../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../lib/function/events.ts";
import { withCache } from "../../lib/function/web/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, rejects, test } from "../harness.ts";
import { KINDS, reasonOf, until } from "./_kinds.ts";
import { Recorder, written } from "./_recorder.ts";

const boom = (): never => {
  throw new Error("boom");
};

for (const [kind, make] of Object.entries(KINDS)) {
  for (const option of ["ttl", "accept", "tags"] as const) {
    test(`${kind}: a ${option} that throws is an event, and the caller has the result`, async () => {
      const f = make((x: number) => x * 2, { [option]: boom });
      for (let call = 0; call < 2; call++) assert.equal(await f.call(21), 42);
      const events = f.recorder.takeEvents();
      const told = events.filter(({ type }) => type === "option-error");
      assert.lengthOf(told, 2);
      assert.deepInclude(told[0], { option });
      assert.equal(((told[0] as { error: unknown }).error as Error).message, "boom");
      assert.isFalse(await f.has(21));
    });
  }

  for (const option of ["key", "closure"] as const) {
    test(`${kind}: a ${option} that throws is named in the error of that call alone`, async () => {
      let fails = true;
      const f = make((x: number) => x * 2, { [option]: () => fails ? boom() : 1 });
      const error = await reasonOf(f.call(21)) as Error;
      assert.match(
        error.message,
        new RegExp(`^${option} of f failed: boom; correct the function `),
      );
      assert.equal((error.cause as Error).message, "boom");
      fails = false;
      assert.equal(await f.call(21), 42);
    });
  }

  test(`${kind}: a where that throws is named, and clear() removes nothing`, async () => {
    const f = make((x: number) => x * 2);
    await f.call(1);
    for (const act of ["clear", "entries"] as const) {
      const error = await reasonOf(f[act]({ where: boom })) as Error;
      assert.match(error.message, /^where of f failed: boom; /);
      assert.equal((error.cause as Error).message, "boom");
    }
    assert.isTrue(await f.has(1));
  });

  test(`${kind}: a listener that throws or rejects harms no call`, async () => {
    for (const onEvent of [boom, () => Promise.reject(new Error("boom"))]) {
      const said = await written("error", async () => {
        const f = make((x: number) => x * 2, { onEvent });
        for (let call = 0; call < 2; call++) assert.equal(await f.call(21), 42);
        await Promise.resolve();
      });
      assert.match(String(said[0][0]), /^déjà: onEvent of f threw on a \S+ event:$/);
    }
  });
}

test("a serializer whose encode throws is an event that names it, and is no store of half", async () => {
  const recorder = new Recorder();
  const store = memoryStore();
  const f = createCache({ store, onEvent: recorder.onEvent }).persistent("f", (x: number) => x, {
    serializer: { encode: boom, decode: (bytes) => bytes[0] },
  });
  assert.equal(await f(5), 5);
  const [, failed, refused] = recorder.takeEvents();
  assert.deepInclude(failed, { type: "option-error", option: "serializer.encode" });
  assert.equal(((failed as { error: unknown }).error as Error).message, "boom");
  assert.deepInclude(refused, { type: "not-stored", reason: "option failed" });
  assert.isEmpty(await Array.fromAsync(store.list()));
});

test("an onProgress of map() that throws or rejects does not end the map", async () => {
  const f = createCache({ store: memoryStore() }).persistent("f", (x: number) => x * 2);
  for (const onProgress of [boom, () => Promise.reject(new Error("boom"))]) {
    const said = await written("error", async () => {
      assert.deepEqual(await f.map([1, 2, 3], { onProgress: onProgress as () => void }), [2, 4, 6]);
      await Promise.resolve();
    });
    assert.deepEqual(said.map(([what]) => what), Array(3).fill("déjà: onProgress of map threw:"));
  }
});

test("a retry.when of map() that throws is named in the error", async () => {
  const f = createCache({ store: memoryStore() }).persistent("f", (_x: number) => boom());
  await rejects(
    f.map([1], { retry: { times: 2, delay: 1, when: boom } }),
    TypeError,
    /^retry\.when of map failed: boom; /,
  );
  await rejects(
    f.map([1], { retry: { times: 2, delay: 1, when: (() => Promise.resolve(true)) as never } }),
    TypeError,
    /^retry\.when of map failed: retry\.when /,
  );
});

test("an onEvent of withCache() that throws or rejects harms no request", async () => {
  for (const onEvent of [boom, () => Promise.reject(new Error("boom"))]) {
    const said = await written("error", async () => {
      const handler = withCache(
        () => new Response("x", { headers: { "cache-control": "max-age=60" } }),
        { store: memoryStore(), onEvent: onEvent as () => void },
      );
      for (let request = 0; request < 2; request++) {
        assert.equal(await (await handler(new Request("https://example.org/"))).text(), "x");
      }
      await Promise.resolve();
    });
    assert.match(String(said[0][0]), /^déjà: onEvent of withCache threw on a miss event:$/);
  }
});

test("a validate that throws costs one caller a run, and joined callers nothing", async () => {
  const events: CacheEvent[] = [];
  let throws = false;
  let runs = 0;
  const f = createCache({ store: memoryStore(), onEvent: (event) => void events.push(event) })
    .persistent("f", (x: number) => x + 0 * ++runs, {
      validate: () => throws ? boom() : true,
      freeVariables: "ignore",
    });
  await f(1);
  throws = true;
  assert.deepEqual(await Promise.all([f(1), f(1), f(1)]), [1, 1, 1]);
  assert.equal(runs, 2);
  throws = false;
  assert.equal(await f(1), 1);
  assert.equal(runs, 2);
  await until(() => events.some(({ type }) => type === "option-error"));
});
