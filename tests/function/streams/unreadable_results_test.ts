import { createCache } from "../../../lib/function/create_cache.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test } from "../../harness.ts";
import { Recorder } from "../_recorder.ts";

/** Results that nobody but their receiver can do anything with. */
const RESULTS: Readonly<Record<string, () => unknown>> = {
  "a network error": () => Response.error(),
  "a response whose body was read": async () => {
    const response = new Response("read");
    await response.text();
    return response;
  },
  "a response whose body is being read": () => {
    const response = new Response("being read");
    response.body!.getReader();
    return response;
  },
  "a stream that is being read": () => {
    const stream = new ReadableStream();
    stream.getReader();
    return stream;
  },
};

for (const [what, make] of Object.entries(RESULTS)) {
  test(`${what} reaches the caller as it is, and is not stored`, async () => {
    const recorder = new Recorder();
    const store = memoryStore();
    const deja = createCache({ store, onEvent: recorder.onEvent });
    const given: unknown[] = [];
    const f = deja.persistent("f", async () => {
      given.push(await make());
      return given.at(-1);
    });
    const both = await Promise.all([f(), f()]);
    assert.isTrue(given.every((each) => both.includes(each)));
    assert.lengthOf(given, 2);
    const events = recorder.takeEvents().filter((event) => event.type === "not-stored");
    assert.deepEqual(events.map(({ reason }) => reason), ["no byte form", "no byte form"]);
    assert.instanceOf(events[0].error, TypeError);
    assert.isEmpty(await Array.fromAsync(store.list()));
  });
}
