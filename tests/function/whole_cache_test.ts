import type { Member } from "../../lib/function/group.ts";
import { Group } from "../../lib/function/group.ts";
import { noCounts } from "../../lib/function/event_log.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { assert, test } from "../harness.ts";
import { Recorder } from "./_recorder.ts";

/** Something that needs `classes` to be stored. */
class Money {
  readonly cents: number;

  constructor(cents: number) {
    this.cents = cents;
  }
}

const classes = {
  money: {
    class: Money,
    encode: ({ cents }: Money) => cents,
    decode: (cents: unknown) => new Money(cents as number),
  },
};

const serializer = {
  encode: (value: unknown) => new TextEncoder().encode(JSON.stringify(value)),
  decode: (bytes: Uint8Array) => JSON.parse(new TextDecoder().decode(bytes)),
};

test("stats() of a cache count all functions together, and each by its name", async () => {
  const deja = createCache({ store: memoryStore() });
  const [one, two] = [
    deja.cache((x: number) => x, { name: "one" }),
    deja.persistent("two", (x: number) => x),
  ];
  for (let turn = 0; turn < 5; turn++) one(1);
  await two(1);
  await two(1);
  deja.cache((x: number) => -x, { name: "one" })(1);
  const { functions, ...all } = deja.stats();
  assert.deepInclude(all, { hits: 5, misses: 3 });
  assert.sameMembers(Object.keys(functions), ["one", "two"]);
  assert.deepInclude(functions.one, { hits: 4, misses: 2 });
  assert.deepInclude(functions.two, { hits: 1, misses: 1 });
  assert.deepEqual(JSON.parse(JSON.stringify(deja.stats())), deja.stats(), "they are plain data");
});

test("stats() of a cache keep the counts of functions that nobody uses any more", () => {
  const collected: (() => void)[] = [];
  const real = globalThis.FinalizationRegistry;
  class Registry {
    readonly #clean: (held: unknown) => void;
    constructor(clean: (held: unknown) => void) {
      this.#clean = clean;
    }
    register(_: object, held: unknown): void {
      collected.push(() => this.#clean(held));
    }
  }
  globalThis.FinalizationRegistry = Registry as never;
  let group: Group;
  try {
    group = new Group();
  } finally {
    globalThis.FinalizationRegistry = real;
  }
  const member: Member = { forget: () => {}, stored: undefined };
  const count = (hits: number) => ({ ...noCounts(), hits, timeSaved: hits });
  group.add(member, member, { name: "f", counts: count(2), pending: { hits: 3, saved: 10 } });
  group.add(member, member, { name: "f", counts: count(1) });
  const before = group.stats();
  assert.deepInclude(before.functions.f, { hits: 6, timeSaved: 33 });
  collected[0]();
  assert.deepEqual(group.stats(), before);
  collected[1]();
  assert.deepEqual(group.stats(), before);
});

test("entries() of a cache read values with the classes and the serializer of their functions", async () => {
  const deja = createCache({ store: memoryStore(), namespace: "n" });
  const price = deja.persistent("price", (cents: number) => new Money(cents), { classes });
  const text = deja.persistent("text", (x: number) => ({ x }), { serializer });
  await price(5);
  await text(5);
  const entries = await Array.fromAsync(deja.entries());
  assert.sameDeepMembers(entries.map(({ name, value }) => [name, value]), [
    ["price", new Money(5)],
    ["text", { x: 5 }],
  ]);
  assert.isTrue(entries.every((entry) => !("unreadable" in entry)));
  // Used here too: what nobody uses any more may be collected, and with it what it reads with.
  assert.equal(price.stats().misses + text.stats().misses, 2);
});

test("entries() of a cache say why a value cannot be read, and list the rest", async () => {
  const store = memoryStore();
  const writer = createCache({ store });
  await writer.persistent("price", (cents: number) => new Money(cents), { classes })(5);
  await writer.persistent("text", (x: number) => ({ x }), { serializer })(5);
  await writer.persistent("plain", (x: number) => x)(5);
  const recorder = new Recorder();
  const reader = createCache({ store, onEvent: recorder.onEvent });
  const entries = await Array.fromAsync(reader.entries());
  const found = Object.fromEntries(entries.map((entry) => [entry.name, entry]));
  assert.sameMembers(Object.keys(found), ["price", "text", "plain"]);
  assert.deepInclude(found.plain, { value: 5, args: [5] });
  for (const name of ["price", "text"]) {
    assert.deepInclude(found[name], { value: undefined, args: [5], kind: "value" });
    assert.instanceOf(found[name].unreadable, Error);
  }
  assert.match(found.text.unreadable!.message, /serializer/);
  assert.isEmpty(recorder.take(), "nothing is damaged");
});

test("entries() of a cache leave out a damaged record, with an event", async () => {
  const store = memoryStore();
  const recorder = new Recorder();
  const deja = createCache({ store, onEvent: recorder.onEvent });
  const f = deja.persistent("f", (x: number) => x);
  await f(1);
  await f(2);
  await store.set(`f/${await f.key(1)}`, Uint8Array.of(1, 2, 3));
  recorder.take();
  const entries = await Array.fromAsync(deja.entries());
  assert.deepEqual(entries.map(({ value }) => value), [2]);
  assert.deepEqual(recorder.take(), ["corrupt"]);
});
