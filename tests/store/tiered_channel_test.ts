import { memoryStore } from "../../lib/store/memory.ts";
import {
  type InvalidationChannel,
  type TieredEvent,
  tieredStore,
} from "../../lib/store/tiered/mod.ts";
import { assert, test } from "../harness.ts";

const BYTES = Uint8Array.of(1);

/** A channel that says nothing until it is told to answer. */
function silentChannel(): InvalidationChannel & { readonly answer: () => void; count: number } {
  const { promise, resolve } = Promise.withResolvers<void>();
  const channel = {
    count: 0,
    answer: resolve,
    publish: () => {
      channel.count++;
      return promise;
    },
    subscribe: () => () => promise,
  };
  return channel;
}

test("tieredStore() changes entries and closes over a channel that never answers", async () => {
  const events: TieredEvent[] = [];
  const invalidation = silentChannel();
  const store = tieredStore([memoryStore(), memoryStore()], {
    timeout: 1,
    invalidation,
    onEvent: (event) => void events.push(event),
  });
  await store.set("a", BYTES);
  assert.deepEqual(await store.get("a"), BYTES);
  assert.isTrue(await store.delete("a"));
  assert.equal(invalidation.count, 2);
  await store[Symbol.asyncDispose]();
  assert.isAtLeast(events.length, 1);
  for (const event of events) {
    assert.equal(event.type, "invalidation");
    assert.match(String((event as { error: unknown }).error), /channel for invalidations takes/);
  }
});

test("tieredStore() closes over a channel whose subscription never comes", async () => {
  const store = tieredStore([memoryStore()], {
    timeout: 1,
    invalidation: { publish: () => {}, subscribe: () => new Promise(() => {}) },
    onEvent: () => {},
  });
  await store.set("a", BYTES);
  await store[Symbol.asyncDispose]();
});

test("tieredStore() waits for a channel again once it has answered", async () => {
  const invalidation = silentChannel();
  const options = { timeout: 1, invalidation, onEvent: () => {} };
  await using store = tieredStore([memoryStore()], options);
  await store.set("a", BYTES);
  invalidation.answer();
  // Nobody knows that it has answered before it has.
  await new Promise((resolve) => setTimeout(resolve));
  let isOver = false;
  const next = Promise.withResolvers<void>();
  invalidation.publish = () => next.promise.then(() => void (isOver = true));
  const setting = store.set("b", BYTES);
  next.resolve();
  await setting;
  assert.isTrue(isOver);
});
