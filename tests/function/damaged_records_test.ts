import { encode } from "../../lib/codec/mod.ts";
import { DecodeError } from "../../lib/errors.ts";
import { createCache } from "../../lib/function/create_cache.ts";
import { blake3 } from "../../lib/hash/mod.ts";
import { sealRecord } from "../../lib/record/mod.ts";
import { assert, test } from "../harness.ts";
import { FakeStore } from "./_fake_store.ts";
import { Recorder } from "./_recorder.ts";

const CHECKSUM_BYTES = 32;
const VALUE = { text: "right", list: [1, 2, 3] };

/** A function with one stored result, and the record of it. */
async function stored() {
  const [store, recorder] = [new FakeStore(), new Recorder()];
  let runs = 0;
  const deja = createCache({ store, onEvent: recorder.onEvent });
  const f = deja.persistent("f", (_id: string) => {
    runs++;
    return VALUE;
  });
  await f("a");
  recorder.take();
  const key = `f/${await f.key("a")}`;
  return { f, recorder, store, key, record: store.entries.get(key)!, runs: () => runs };
}

/** The bytes with a checksum that is right for them. */
function resealed(record: Uint8Array): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(record);
  const checked = bytes.length - CHECKSUM_BYTES;
  bytes.set(blake3(bytes.subarray(0, checked)), checked);
  return bytes;
}

function changed(record: Uint8Array, at: number, byte: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(record);
  bytes[at] = byte;
  return bytes;
}

/** Puts `bytes` where the record was; the call must compute its result and say why. */
async function assertRecomputed(
  scene: Awaited<ReturnType<typeof stored>>,
  bytes: Uint8Array<ArrayBuffer>,
  what: string,
): Promise<void> {
  const { f, recorder, store, key } = scene;
  const before = scene.runs();
  store.entries.set(key, bytes);
  assert.deepEqual(await f("a"), VALUE, what);
  assert.equal(scene.runs(), before + 1, what);
  const [corrupt, ...rest] = recorder.takeEvents();
  assert.equal(corrupt.type, "corrupt", what);
  assert.equal(`f/${corrupt.key}`, key);
  assert.instanceOf((corrupt as { error: unknown }).error, DecodeError, what);
  assert.deepEqual(rest.map(({ type }) => type), ["miss", "store"], what);
}

test("a record with one byte changed, anywhere in it, is a corrupt event and a recomputation", async () => {
  const scene = await stored();
  for (let at = 0; at < scene.record.length; at++) {
    const bytes = changed(scene.record, at, scene.record[at] ^ (1 << (at % 8)));
    await assertRecomputed(scene, bytes, `byte ${at}`);
  }
  assert.equal(scene.f.stats().problems, scene.record.length);
});

test("a record that was cut, anywhere in it, is a corrupt event and a recomputation", async () => {
  const scene = await stored();
  for (let length = 0; length < scene.record.length; length++) {
    await assertRecomputed(scene, scene.record.slice(0, length), `${length} bytes`);
  }
});

type Make = (record: Uint8Array) => Uint8Array<ArrayBuffer>;

const DAMAGES: Readonly<Record<string, Make>> = {
  "that is a text file": () => new TextEncoder().encode("a text, put here by mistake ".repeat(9)),
  "of zeros": (record) => new Uint8Array(record.length),
  "with something behind it": (record) => Uint8Array.of(...record, 0),
  "twice in a row": (record) => Uint8Array.of(...record, ...record),
  "of a later format version": (record) => resealed(changed(record, 4, 2)),
  "of an earlier format version": (record) => resealed(changed(record, 4, 0)),
  "with flags that nobody knows": (record) => resealed(changed(record, 5, 128)),
  "with a description as long as all memory": (record) => resealed(changed(record, 67, 0xff)),
  "with a description that runs into the checksum": (record) => {
    const bytes = new Uint8Array(record);
    new DataView(bytes.buffer).setUint32(64, bytes.length - 72 - CHECKSUM_BYTES + 1, true);
    return resealed(bytes);
  },
};

for (const [what, make] of Object.entries(DAMAGES)) {
  test(`a record ${what} is a corrupt event and a recomputation`, async () => {
    const scene = await stored();
    await assertRecomputed(scene, make(scene.record), what);
    assert.deepEqual(await scene.f("a"), VALUE);
    assert.deepEqual(scene.recorder.take(), ["hit"]);
  });
}

test("a record of another call, copied under this key, is a corrupt event and a recomputation", async () => {
  const scene = await stored();
  await scene.f("b");
  scene.recorder.take();
  const other = scene.store.entries.get(`f/${await scene.f.key("b")}`)!;
  await assertRecomputed(scene, new Uint8Array(other), "a record of another call");
});

/** Values under a checksum and a key that are right. */
const VALUES: Readonly<Record<string, Uint8Array>> = {
  "is empty": new Uint8Array(0),
  "is cut": encode(VALUE).slice(0, -1),
  "has something behind it": Uint8Array.of(...encode(VALUE), 0),
  "is no MessagePack": Uint8Array.of(0xc1),
  "announces more entries than there are bytes": Uint8Array.of(0xdd, 0xff, 0xff, 0xff, 0xff),
  "is nested too deeply": new Uint8Array(100_000).fill(0x91),
};

for (const [what, value] of Object.entries(VALUES)) {
  test(`a whole record whose value ${what} is a corrupt event and a recomputation`, async () => {
    const scene = await stored();
    const key = Uint8Array.fromHex(await scene.f.key("a"));
    const times = { created: 0, expires: Infinity, duration: 1 };
    await assertRecomputed(scene, sealRecord(key, value, times, { name: "f" }), what);
  });
}

test("has() and peek() take a damaged record for none, and tell of it", async () => {
  const { f, recorder, store, key } = await stored();
  store.entries.set(key, Uint8Array.of(1, 2, 3));
  assert.isFalse(await f.has("a"));
  assert.isUndefined(await f.peek("a"));
  assert.deepEqual(recorder.take(), ["corrupt", "corrupt"]);
});

test("a store that says itself that an entry is damaged is a corrupt event", async () => {
  const { f, recorder, store } = await stored();
  store.interfere = (operation) => {
    if (operation !== "get") return;
    throw new Error("damaged", { cause: new DecodeError("cut short", { offset: 3 }) });
  };
  assert.deepEqual(await f("a"), VALUE);
  assert.deepEqual(recorder.take(), ["corrupt", "miss", "store"]);
});

test("delete() and refresh() get rid of a damaged record", async () => {
  const { f, recorder, store, key } = await stored();
  store.entries.set(key, Uint8Array.of(1, 2, 3));
  assert.isTrue(await f.delete("a"));
  store.entries.set(key, Uint8Array.of(1, 2, 3));
  assert.deepEqual(await f.refresh("a"), VALUE);
  recorder.take();
  assert.deepEqual(await f("a"), VALUE);
  assert.deepEqual(recorder.take(), ["hit"]);
});
