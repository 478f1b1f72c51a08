import { DecodeError } from "../../../lib/errors.ts";
import { createCache } from "../../../lib/function/create_cache.ts";
import type { CacheEvent } from "../../../lib/function/events.ts";
import type { PersistentOptions } from "../../../lib/function/options.ts";
import { PART_BYTES } from "../../../lib/function/streams/parts.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";
import { assert, test } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { Recorder } from "../_recorder.ts";

const PARTS = 3;

/** A stored stream of some parts, of which the bytes of one are then changed, or gone. */
function damaged(options: PersistentOptions, part: number, how: "changed" | "gone") {
  const store = memoryStore();
  const recorder = new Recorder();
  let runs = 0;
  const make = (own: PersistentOptions = options) =>
    createCache({ store, onEvent: recorder.onEvent, freeVariables: "ignore" }).persistent(
      "f",
      (form: string) => {
        runs++;
        let left = PARTS;
        const stream = new ReadableStream<Uint8Array<ArrayBuffer>>({
          pull(controller) {
            if (left-- === 0) controller.close();
            else controller.enqueue(new Uint8Array(PART_BYTES).fill(left));
          },
        }, { highWaterMark: 0 });
        return form === "response" ? new Response(stream) : stream;
      },
      own,
    );
  const f = make();
  const keys = async () => (await Array.fromAsync(store.list())).map(({ key }) => key);
  const stored = async () => {
    await until(() => recorder.events.some(({ type }) => type === "store"));
    await new Promise((resolve) => setTimeout(resolve));
  };
  const read = async (form: string) => await drained(await f(form));
  const harm = async () => {
    const key = (await keys()).find((each) => each.endsWith(`.${part}`))!;
    if (how === "gone") await store.delete(key);
    else await store.set(key, new Uint8Array(PART_BYTES));
  };
  return { f, make, read, harm, stored, keys, store: store as Store, recorder, runs: () => runs };
}

/** How many bytes come, and what they end with. */
async function drained(result: unknown): Promise<{ bytes: number; error: unknown }> {
  const stream = result instanceof Response ? result.body! : result as ReadableStream<Uint8Array>;
  const reader = stream.getReader();
  let bytes = 0;
  try {
    for (let step = await reader.read(); !step.done; step = await reader.read()) {
      bytes += step.value.length;
    }
    return { bytes, error: undefined };
  } catch (error) {
    return { bytes, error };
  }
}

const WHOLE = { bytes: PARTS * PART_BYTES, error: undefined };

for (const form of ["stream", "response"]) {
  for (const options of [{}, { expiry: "append" }] as const) {
    const what = `a ${form} that is damaged midway${"expiry" in options ? ", with append" : ""}`;
    test(`${what}, fails with what happened and is computed by the next call`, async () => {
      const { read, harm, stored, recorder, keys, runs } = damaged(options, 1, "changed");
      assert.deepEqual(await read(form), WHOLE);
      await stored();
      await harm();
      recorder.take();
      const { bytes, error } = await read(form);
      assert.equal(bytes, PART_BYTES);
      assert.instanceOf(error, DecodeError);
      assert.match(
        (error as Error).message,
        /^The stored result of f broke off after 1048576 bytes, which were right: part 2 of 3 is /,
      );
      assert.equal((error as DecodeError).offset, PART_BYTES);
      const corrupt = recorder.events.find((event: CacheEvent) => event.type === "corrupt");
      assert.strictEqual((corrupt as { error: unknown }).error, error);
      assert.match(corrupt!.key, /^[0-9a-f]{64}$/);
      assert.isEmpty(await keys(), "neither the record nor its parts are left");
      recorder.take();
      assert.deepEqual(await read(form), WHOLE);
      assert.equal(runs(), 2);
      await stored();
      assert.deepEqual(recorder.take(), ["miss", "store"]);
      assert.deepEqual(await read(form), WHOLE);
      assert.equal(runs(), 2, "the new one is whole");
    });
  }
}

for (const how of ["changed", "gone"] as const) {
  test(`a stream whose first part is ${how} is computed before a byte is given out`, async () => {
    const { read, harm, stored, recorder, runs } = damaged({}, 0, how);
    await read("stream");
    await stored();
    await harm();
    recorder.take();
    assert.deepEqual(await read("stream"), WHOLE);
    assert.equal(runs(), 2);
    assert.deepEqual(recorder.take().slice(0, 2), ["corrupt", "miss"]);
  });
}

test("a stream that loses a part while it is read fails, and the next call computes", async () => {
  const { f, read, harm, stored, runs } = damaged({}, 2, "gone");
  await read("stream");
  await stored();
  const open = await f("stream");
  await harm();
  const { bytes, error } = await drained(open);
  assert.equal(bytes, 2 * PART_BYTES);
  assert.match((error as Error).message, /part 3 of 3 is damaged or gone/);
  assert.deepEqual(await read("stream"), WHOLE);
  assert.equal(runs(), 2);
});

test("a damaged stream stays where nothing may be stored, and answers no call twice", async () => {
  const { make, read, harm, stored, keys, runs } = damaged({}, 1, "changed");
  await read("stream");
  await stored();
  await harm();
  const before = (await keys()).length;
  const reader = make({ mode: "read-only" });
  assert.instanceOf((await drained(await reader("stream"))).error, DecodeError);
  assert.lengthOf(await keys(), before);
  assert.deepEqual(await drained(await reader("stream")), WHOLE);
  assert.equal(runs(), 2);
});

for (const how of ["clear", "delete", "refresh"] as const) {
  test(`a stream that is being replayed stays whole through a ${how}(), and is gone after it`, async () => {
    const { f, read, stored, keys, recorder } = damaged({}, 1, "gone");
    await read("stream");
    await stored();
    const partsOf = async () => (await keys()).filter((key) => /\.\d+$/.test(key)).length;
    const first = (await f("stream") as unknown as ReadableStream<Uint8Array>).getReader();
    const second = (await f("stream") as unknown as ReadableStream<Uint8Array>).getReader();
    assert.equal((await first.read()).value!.length, PART_BYTES);
    recorder.events.splice(0);
    if (how === "clear") await f.clear();
    else if (how === "delete") await f.delete("stream");
    else {
      await drained(await f.refresh("stream"));
      await stored();
    }
    let bytes = PART_BYTES;
    for (let step = await first.read(); !step.done; step = await first.read()) {
      bytes += step.value.length;
    }
    assert.equal(bytes, WHOLE.bytes);
    const left = how === "refresh" ? PARTS : 0;
    assert.equal(await partsOf(), left + PARTS, "the second still reads");
    await second.cancel();
    for (let turn = 0; turn < 100 && await partsOf() > left; turn++) {
      await new Promise((resolve) => setTimeout(resolve));
    }
    assert.equal(await partsOf(), left);
    assert.notInclude(recorder.take(), "corrupt");
  });
}
