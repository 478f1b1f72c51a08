import { DecodeError, StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import {
  type BrokenSealEvent,
  sealedStore,
  type SealedStoreOptions,
  type Store,
} from "../../lib/store/mod.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";

const SECRET = "only we know this secret";
const BYTES = Uint8Array.of(1, 2, 3, 4, 5);
const HOUR_MS = 3_600_000;

/** Changes what stands in the store under `key`. */
async function tamper(
  store: Store,
  key: string,
  change: (bytes: Uint8Array<ArrayBuffer>) => Uint8Array,
): Promise<void> {
  await store.set(key, change((await store.get(key))!));
}

for (const encrypt of [false, true]) {
  const form = encrypt ? "sealed and encrypted" : "sealed";

  test(`sealedStore() hands out no ${form} entry of which any byte was changed`, async () => {
    const events: BrokenSealEvent[] = [];
    const inner = memoryStore();
    const options = { secret: SECRET, encrypt, onEvent: (e: BrokenSealEvent) => events.push(e) };
    const store = sealedStore(inner, options);
    const strict = sealedStore(inner, { ...options, verify: "strict" });
    await store.set("key", BYTES, { expires: Date.now() + HOUR_MS });
    const whole = (await inner.get("key"))!;
    for (let i = 0; i < whole.length; i++) {
      for (const bit of [1, 128]) {
        await inner.set("key", whole.map((byte, at) => at === i ? byte ^ bit : byte));
        assert.isUndefined(await store.get("key"), `byte ${i}`);
        const error = await rejects(strict.get("key"), StoreError, /not handed out/);
        assert.instanceOf(error.cause, DecodeError);
      }
    }
    for (let length = 0; length < whole.length; length++) {
      await inner.set("key", whole.subarray(0, length));
      assert.isUndefined(await store.get("key"), `cut to ${length}`);
    }
    await inner.set("key", new Uint8Array([...whole, 0]));
    assert.isUndefined(await store.get("key"));
    await inner.set("key", whole);
    assert.deepEqual(await store.get("key"), BYTES);
    assert.include(events[0], { type: "broken-seal", key: "key" });
    assert.lengthOf(events, whole.length * 5 + 1);
  });
}

test("sealedStore() hands out no entry that was moved to another key, or that is foreign", async () => {
  const inner = memoryStore();
  const store = sealedStore(inner, { secret: SECRET, onEvent: () => {} });
  await store.set("a", BYTES);
  await inner.set("b", (await inner.get("a"))!);
  await inner.set("c", BYTES);
  await sealedStore(inner, { secret: "another secret of 16" }).set("d", BYTES);
  for (const key of ["b", "c", "d"]) assert.isUndefined(await store.get(key), key);
  assert.deepEqual(await store.get("a"), BYTES);
});

test("sealedStore() lets an entry expire when it was set to, whatever the store says", async () => {
  await withFakeTime(1_000_000, async ({ advance }) => {
    const inner = memoryStore();
    await using store = sealedStore(inner, { secret: SECRET });
    await store.set("key", BYTES, { expires: 1_000_000 + HOUR_MS });
    await tamper(inner, "key", (bytes) => bytes); // set anew, without expiry
    let expires: number | undefined;
    await store.get("key", { onEntry: (about) => expires = about.expires });
    assert.equal(expires, 1_000_000 + HOUR_MS);
    advance(HOUR_MS);
    assert.isDefined(await inner.get("key"));
    assert.isUndefined(await store.get("key"));
  });
});

test('sealedStore() with verify: "off" reads what another secret sealed, and nothing unsealed', async () => {
  const inner = memoryStore();
  await sealedStore(inner, { secret: "another secret of 16" }).set("key", BYTES);
  const off = sealedStore(inner, { secret: SECRET, verify: "off", onEvent: () => {} });
  assert.deepEqual(await off.get("key"), BYTES);
  await inner.set("raw", new Uint8Array(100));
  assert.isUndefined(await off.get("raw"));
});

test("sealedStore() shows nothing of encrypted bytes, and encrypts equal ones differently", async () => {
  const inner = memoryStore();
  const store = sealedStore(inner, { secret: SECRET, encrypt: true, onEvent: () => {} });
  const text = new TextEncoder().encode("a very secret text indeed");
  for (const key of ["a", "b"]) await store.set(key, text);
  const [a, b] = [(await inner.get("a"))!, (await inner.get("b"))!];
  assert.notInclude(new TextDecoder("latin1").decode(a), "secret");
  assert.notDeepEqual(a.subarray(32), b.subarray(32));
  const plain = sealedStore(inner, { secret: SECRET, onEvent: () => {} });
  assert.isUndefined(await plain.get("a"));
  await plain.set("plain", text);
  assert.isUndefined(await store.get("plain"));
});

test("sealedStore() takes a secret as bytes, and a copy of them", async () => {
  const inner = memoryStore();
  const secret = new TextEncoder().encode(SECRET);
  const store = sealedStore(inner, { secret });
  secret.fill(0);
  await store.set("key", BYTES);
  assert.deepEqual(await sealedStore(inner, { secret: SECRET }).get("key"), BYTES);
});

test("sealedStore() refuses options that make no sense", () => {
  const open = (options: unknown) => () =>
    sealedStore(memoryStore(), options as SealedStoreOptions);
  assert.throws(open({ secret: "short" }), RangeError, /16 bytes or characters/);
  assert.throws(open({ secret: new Uint8Array(15) }), RangeError, /received 15/);
  assert.throws(open({}), TypeError, /secret must be/);
  assert.throws(open({ secret: SECRET, verify: "yes" }), TypeError, /verify must be/);
});

test("sealedStore() has the room of the store, less what it adds", () => {
  const room = (encrypt: boolean) =>
    sealedStore(memoryStore({ maxBytes: 1000 }), { secret: SECRET, encrypt }).supports.maxBytes;
  assert.equal(room(false), 936);
  assert.equal(room(true), 952);
});

test("sealedStore() takes a broken seal for a miss also where its listener throws", async () => {
  const inner = memoryStore();
  const onEvent = () => {
    throw new Error("Nobody listens");
  };
  await using store = sealedStore(inner, { secret: SECRET, onEvent });
  await inner.set("key", BYTES);
  const { warn } = console;
  const warnings: unknown[][] = [];
  console.warn = (...words) => void warnings.push(words);
  try {
    assert.isUndefined(await store.get("key"));
    assert.isUndefined(await store.getStream!("key"));
  } finally {
    console.warn = warn;
  }
  assert.lengthOf(warnings, 2);
  assert.match(String(warnings[0]), /onEvent of a sealed store threw.*Nobody listens/);
});
