import { decode, encode } from "../../../lib/codec/mod.ts";
import { DecodeError, EncodeError, StoreError } from "../../../lib/errors.ts";
import { isStreamed } from "../../../lib/function/results.ts";
import { UnstorableItem } from "../../../lib/function/streams/forms.ts";
import { PART_BYTES, removeParts } from "../../../lib/function/streams/parts.ts";
import {
  descriptorOf,
  Recording,
  replay,
  type StreamPlace,
} from "../../../lib/function/streams/recording.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";
import { assert, rejects, test } from "../../harness.ts";

function place(store: Store = memoryStore()): StreamPlace {
  return { store, storeKey: "f/key", classes: undefined };
}

type Bytes = Uint8Array<ArrayBuffer>;

/** A stream that says how far it was read, and whether it was cancelled. */
class Source<T> {
  pulled = 0;
  cancelled: unknown;
  readonly stream: ReadableStream<T>;

  constructor(items: readonly T[], failure?: Error) {
    this.stream = new ReadableStream<T>({
      pull: (controller) => {
        if (this.pulled < items.length) controller.enqueue(items[this.pulled++]);
        else if (failure === undefined) controller.close();
        else controller.error(failure);
      },
      cancel: (reason) => {
        this.cancelled = reason ?? "no reason";
      },
    }, { highWaterMark: 0 });
  }
}

async function all<T>(result: unknown): Promise<T[]> {
  const values: T[] = [];
  if (result instanceof ReadableStream) {
    const reader = result.getReader();
    for (let read = await reader.read(); !read.done; read = await reader.read()) {
      values.push(read.value);
    }
  } else for await (const value of result as AsyncIterable<T>) values.push(value);
  return values;
}

async function text(result: unknown): Promise<string> {
  return await new Response(result as ReadableStream).text();
}

function bytes(value: string): Bytes {
  return new TextEncoder().encode(value);
}

/** The descriptor as it comes out of a record. */
function stored(recording: Recording) {
  return descriptorOf(decode(encode(recording.descriptor())));
}

async function keysIn(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ key }) => key);
}

test("a stream of bytes is stored while it is read, and replayed", async () => {
  const where = place();
  const source = new Source([bytes("one "), bytes("two "), bytes("three")]);
  const recording = await Recording.start(source.stream, where, undefined);
  assert.equal(await text(recording.first()), "one two three");
  assert.deepEqual(await recording.ended, { how: "complete" });
  for (let i = 0; i < 2; i++) {
    assert.equal(await text(await replay(where, stored(recording))), "one two three");
  }
});

test("an empty stream is a stream", async () => {
  const where = place();
  const recording = await Recording.start(new Source([]).stream, where, undefined);
  assert.deepEqual(await all(recording.first()), []);
  assert.deepEqual(await recording.ended, { how: "complete" });
  assert.deepEqual(await all(await replay(where, stored(recording))), []);
});

test("the source is read no faster than its reader reads", async () => {
  const source = new Source(Array.from({ length: 10 }, (_, i) => bytes(`${i}`)));
  const recording = await Recording.start(source.stream, place(), undefined);
  const reader = (recording.first() as ReadableStream).getReader();
  for (let i = 0; i < 3; i++) await reader.read();
  assert.isAtMost(source.pulled, 4);
  await reader.cancel("enough");
  assert.equal(source.cancelled, "enough");
});

test("large streams are stored in parts, and pieces of any size come back", async () => {
  const where = place();
  const sizes = [10, PART_BYTES, PART_BYTES * 2.5, 1, PART_BYTES - 1, 0, 77];
  const pieces = sizes.map((size, i) => new Uint8Array(size).fill(i + 1));
  const recording = await Recording.start(new Source(pieces).stream, where, undefined);
  const whole = await new Blob(pieces).bytes();
  assert.deepEqual(await new Response(recording.first() as ReadableStream).bytes(), whole);
  await recording.ended;
  const { parts } = stored(recording);
  assert.isTrue(parts.every(({ size }) => size <= PART_BYTES));
  const again = await replay(where, stored(recording));
  assert.deepEqual(await new Response(again as ReadableStream).bytes(), whole);
});

test("readers who join get all of it, whoever is ahead", async () => {
  const where = place();
  const pieces = Array.from({ length: 9 }, (_, i) => new Uint8Array(PART_BYTES / 2).fill(i));
  const recording = await Recording.start(new Source(pieces).stream, where, undefined);
  const first = (recording.first() as ReadableStream<Bytes>).getReader();
  for (let i = 0; i < 5; i++) assert.equal((await first.read()).value![0], i);
  assert.isTrue(recording.canBeJoined);
  const joined = await all<Bytes>(recording.join());
  assert.deepEqual(await new Blob(joined).bytes(), await new Blob(pieces).bytes());
  const rest: Bytes[] = [];
  for (let next = await first.read(); !next.done; next = await first.read()) rest.push(next.value);
  assert.deepEqual(await new Blob(rest).bytes(), await new Blob(pieces.slice(5)).bytes());
  const late = await all<Bytes>(recording.join());
  assert.deepEqual(await new Blob(late).bytes(), await new Blob(pieces).bytes());
  assert.deepEqual(await recording.ended, { how: "complete" });
});

test("a source that fails tells its readers, and leaves nothing", async () => {
  const where = place();
  const pieces = Array.from({ length: 3 }, () => new Uint8Array(PART_BYTES));
  const failure = new RangeError("the source");
  const recording = await Recording.start(new Source(pieces, failure).stream, where, undefined);
  const joined = recording.join();
  await rejects(all(recording.first()), RangeError, /the source/);
  await rejects(all(joined), RangeError, /the source/);
  assert.deepEqual(await recording.ended, { how: "failed", error: failure });
  assert.deepEqual(await keysIn(where.store), []);
});

test("a reader who leaves does not end what others read; the last one does", async () => {
  const where = place();
  const source = new Source(Array.from({ length: 9 }, (_, i) => bytes(`${i}`)));
  const recording = await Recording.start(source.stream, where, undefined);
  const [first, second] = [recording.first(), recording.join()] as ReadableStream[];
  await first.cancel();
  assert.isUndefined(source.cancelled);
  const reader = second.getReader();
  await reader.read();
  await reader.cancel("the last one");
  assert.equal(source.cancelled, "the last one");
  assert.deepEqual(await recording.ended, { how: "abandoned", reason: "the last one" });
  assert.isFalse(recording.canBeJoined);
  assert.deepEqual(await keysIn(where.store), []);
});

test("a store that fails costs the record, not the reader", async () => {
  const store = memoryStore();
  const error = new StoreError("No space", { store: "memory", operation: "set" });
  const failing: Store = new Proxy(store, {
    get: (target, property) => {
      if (property === "set") return () => Promise.reject(error);
      const member = Reflect.get(target, property);
      return typeof member === "function" ? member.bind(target) : member;
    },
  });
  const pieces = Array.from({ length: 3 }, () => new Uint8Array(PART_BYTES));
  const recording = await Recording.start(new Source(pieces).stream, place(failing), undefined);
  const read = await new Response(recording.first() as ReadableStream).bytes();
  assert.equal(read.length, 3 * PART_BYTES);
  assert.deepEqual(await recording.ended, { how: "not stored", error });
  assert.isFalse(recording.canBeJoined);
});

test("a generator's values come back as they were, each reader with its own", async () => {
  const where = place();
  async function* rows() {
    yield { id: 1n, tags: new Set(["a"]) };
    yield undefined;
    yield [new Date(0), -0];
  }
  const recording = await Recording.start(rows(), where, undefined);
  const joined = recording.join();
  const first = await all<{ tags: Set<string> }>(recording.first());
  first[0].tags.add("changed by the first");
  const expected = await Array.fromAsync(rows());
  assert.deepEqual(await all(joined), expected);
  assert.deepEqual(await all(await replay(where, stored(recording))), expected);
});

test("streams of values are recorded too", async () => {
  const where = place();
  const stream = await Recording.start(new Source([{ a: 1 }, { b: 2 }]).stream, where, undefined);
  const read = stream.first();
  assert.instanceOf(read, ReadableStream);
  assert.deepEqual(await all(read), [{ a: 1 }, { b: 2 }]);
  assert.instanceOf(await replay(where, stored(stream)), ReadableStream);
});

test("a response comes back with its status, headers and body", async () => {
  const where = place();
  const response = new Response("the body", {
    status: 203,
    statusText: "Said by others",
    headers: { "content-type": "text/x-test", "x-other": "1" },
  });
  const recording = await Recording.start(response, where, undefined);
  const first = recording.first() as Response;
  assert.equal(await first.text(), "the body");
  await recording.ended;
  const again = await replay(where, stored(recording)) as Response;
  for (const each of [first, again]) {
    assert.equal(each.status, 203);
    assert.equal(each.statusText, "Said by others");
    assert.equal(each.headers.get("content-type"), "text/x-test");
    assert.equal(each.headers.get("x-other"), "1");
  }
  assert.equal(await again.text(), "the body");
});

test("a response without a body is complete at once", async () => {
  const where = place();
  const recording = await Recording.start(new Response(null, { status: 204 }), where, undefined);
  assert.isNull((recording.first() as Response).body);
  assert.deepEqual(await recording.ended, { how: "complete" });
  assert.equal((await replay(where, stored(recording)) as Response).status, 204);
});

test("a response that was read already is refused", async () => {
  const response = new Response("a");
  await response.text();
  await rejects(Recording.start(response, place(), undefined), TypeError, /read already/);
});

test("a value without a byte form reaches the first reader, and all after it; nothing stays", async () => {
  const where = place();
  const odd = () => 1;
  async function* values() {
    yield 1;
    yield odd;
    yield 3;
  }
  const recording = await Recording.start(values(), where, undefined);
  const joined = recording.join();
  assert.deepEqual(await all(recording.first()), [1, odd, 3]);
  await rejects(all(joined), UnstorableItem, /a function/);
  const end = await recording.ended;
  assert.equal(end.how, "failed");
  assert.instanceOf((end as { error: Error }).error.cause, EncodeError);
  assert.deepEqual(await keysIn(where.store), []);
});

test("a stream of bytes that goes on with text fails", async () => {
  const source = new Source<unknown>([bytes("a"), "b"]);
  const recording = await Recording.start(source.stream, place(), undefined);
  await rejects(all(recording.first()), TypeError, /starts with bytes goes on with a string/);
});

test("a part that is gone or damaged is no hit", async () => {
  const where = place();
  const recording = await Recording.start(new Source([bytes("abc")]).stream, where, undefined);
  await text(recording.first());
  await recording.ended;
  const descriptor = stored(recording);
  const [key] = await keysIn(where.store);
  await where.store.set(key, bytes("abd"));
  await rejects(replay(where, descriptor), DecodeError, /Part 0 .* is damaged/);
  await where.store.delete(key);
  await rejects(replay(where, descriptor), DecodeError, /Part 0 .* is gone/);
});

test("removeParts() takes all parts of a call but those in use, and no entry of others", async () => {
  const where = place();
  const old = await Recording.start(new Source([bytes("b")]).stream, where, undefined);
  await text(old.first());
  await old.ended;
  const used = await Recording.start(new Source([bytes("a")]).stream, where, undefined);
  const late = used.join();
  await text(used.first());
  await used.ended;
  await where.store.set("f/key", bytes("the record"));
  await where.store.set("f/key2.x.0", bytes("another call"));
  await removeParts(where.store, where.storeKey);
  assert.equal((await keysIn(where.store)).length, 3);
  assert.equal(await text(late), "a");
  await removeParts(where.store, where.storeKey);
  assert.sameMembers(await keysIn(where.store), ["f/key", "f/key2.x.0"]);
});

test("what describes no stream is told from what does", () => {
  for (const wrong of [undefined, 5, {}, { shape: {}, generation: "g", parts: [] }]) {
    assert.throws(() => descriptorOf(wrong), DecodeError, /does not describe one/);
  }
});

test("isStreamed() knows what comes piece by piece", () => {
  const empty = new Source([]).stream;
  for (const value of [empty, new Response(), (async function* () {})()]) {
    assert.isTrue(isStreamed(value));
  }
  for (
    const value of [null, 1, "text", [], [].values(), new Map(), new Set(), { next: 1 }, bytes("a")]
  ) {
    assert.isFalse(isStreamed(value));
  }
});
