import { createCache } from "../../mod.ts";
import { StoreError } from "../../lib/errors.ts";
import { httpStore, serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { sealedStore, type Store, type StoreSupports } from "../../lib/store/mod.ts";
import { s3Store } from "../../lib/store/s3/mod.ts";
import { type TieredEvent, tieredStore } from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { fakeS3 } from "../servers/fake_s3.ts";
import { BUCKET, CREDENTIALS } from "../servers/s3.ts";
import { flakyStore } from "./_flaky.ts";

const SECRET = "a secret of more than 16 letters";

/** A store over HTTP whose server turns out to have no leases, and what stands behind it. */
function leaselessHttp(): { readonly store: Store; readonly behind: Store } {
  const behind = flakyStore("behind");
  const fetch = serveStore(behind, { writeToken: "token" });
  return { store: httpStore("https://cache.example/", { token: "token", fetch }), behind };
}

/** As {@linkcode leaselessHttp}, of an S3 service that heeds no conditions. */
function leaselessS3(): { readonly store: Store; readonly behind: Store } {
  const service = fakeS3();
  const fetch = (request: Request) => {
    const { method, signal } = request;
    const headers = new Headers(request.headers);
    for (const name of ["if-match", "if-none-match"]) headers.delete(name);
    const body = request.arrayBuffer();
    return body.then((bytes) =>
      service(
        new Request(request.url, {
          method,
          signal,
          headers,
          body: method === "PUT" ? bytes : null,
        }),
      )
    );
  };
  const options = { endpoint: "https://s3.example", bucket: BUCKET, credentials: CREDENTIALS };
  return { store: s3Store({ ...options, fetch }), behind: s3Store({ ...options, fetch }) };
}

async function keysIn(store: Store): Promise<string[]> {
  return (await Array.fromAsync(store.list())).map(({ key }) => key);
}

const LEASELESS = {
  "http store over a server": leaselessHttp,
  "s3 store on a server": leaselessS3,
};

for (const [what, make] of Object.entries(LEASELESS)) {
  test(`tieredStore() fills an ${what} that turns out to have no leases`, async () => {
    const { store: slow, behind } = make();
    const events: TieredEvent[] = [];
    const onEvent = (event: TieredEvent) => void events.push(event);
    await using store = tieredStore([flakyStore("fast"), slow], { onEvent });
    assert.isTrue(store.supports.lease);
    const deja = createCache({ store, onEvent: () => {} });
    const double = deja.persistent("double", (x: number) => x * 2);
    for (let i = 0; i < 3; i++) assert.equal(await double(i), 2 * i);
    await store.flush();
    assert.lengthOf(await keysIn(behind), 3);
    assert.isFalse(store.supports.lease);
    assert.deepEqual(events, []);
    await rejects(store.lease!("key", 1000), StoreError, /none of its tiers leases/);
  });

  test(`tieredStore() leases from another tier where an ${what} has no leases`, async () => {
    const events: TieredEvent[] = [];
    const onEvent = (event: TieredEvent) => void events.push(event);
    const { store: slow, behind } = make();
    await using store = tieredStore([memoryStore(), slow], { onEvent });
    await using lease = await store.lease!("key", 60_000);
    assert.equal(lease?.key, "key");
    await store.set("key", Uint8Array.of(1), { lease });
    assert.deepEqual(await keysIn(behind), ["key"]);
    assert.deepEqual(events, []);
  });

  test(`sealedStore() says so as soon as an ${what} has no leases`, async () => {
    await using store = sealedStore(make().store, { secret: SECRET });
    assert.isTrue(store.supports.lease);
    await store.lease!("key", 60_000).catch(() => {});
    assert.isFalse(store.supports.lease);
  });
}

/** A store that leases, and whose `set` does what it is told to. */
function leasing(set: Store["set"] | undefined, more: Partial<StoreSupports> = {}): Store {
  const inner = memoryStore();
  return {
    ...flakyStore("leasing", more),
    supports: { ...inner.supports, ...more },
    get: (key) => inner.get(key),
    set: set ?? ((key, bytes, options) => inner.set(key, bytes, options)),
    delete: (key) => inner.delete(key),
    lease: (key, duration) => inner.lease!(key, duration),
  };
}

const broken = () =>
  Promise.reject(new StoreError("Broken", { store: "leasing", operation: "set" }));
const hung = () => new Promise<void>(() => {});

for (const [what, set] of Object.entries({ rejects: broken, hangs: hung })) {
  test(`tieredStore() goes on with its other tiers where the one that leases ${what} in a set`, async () => {
    const events: TieredEvent[] = [];
    const onEvent = (event: TieredEvent) => void events.push(event);
    const fast = flakyStore("fast");
    await using store = tieredStore([fast, leasing(set)], { timeout: 5, onEvent });
    const lease = await store.lease!("key", 60_000);
    await store.set("key", Uint8Array.of(1), { lease: lease! });
    assert.deepEqual(await fast.get("key"), Uint8Array.of(1));
    const [failure, ...more] = events;
    assert.isEmpty(more);
    assert.deepInclude(failure, { type: "failure", tier: "leasing", operation: "set", key: "key" });
  });

  test(`tieredStore() rejects where its one tier ${what} in a set under its lease`, async () => {
    await using store = tieredStore([leasing(set)], { timeout: 5, onEvent: () => {} });
    const lease = await store.lease!("key", 60_000);
    const writing = store.set("key", Uint8Array.of(1), { lease: lease! });
    const error = await rejects(writing, StoreError, /none of its tiers took the entry/);
    assert.equal(error.operation, "set", "It is not the lease that failed");
  });
}

test('tieredStore() with write: "behind" writes later to the tier that leases and failed', async () => {
  const events: TieredEvent[] = [];
  const onEvent = (event: TieredEvent) => void events.push(event);
  const inner = memoryStore();
  let fails = true;
  const slow = leasing((...args) => fails ? broken() : inner.set(...args));
  await using store = tieredStore([flakyStore("fast"), slow], { write: "behind", onEvent });
  const lease = await store.lease!("key", 60_000);
  await store.set("key", Uint8Array.of(1), { lease: lease! });
  fails = false;
  await withFakeTime(Date.now() + 60_000, () => store.flush());
  assert.deepEqual(await inner.get("key"), Uint8Array.of(1));
  assert.deepEqual(events.map(({ type }) => type), ["failure", "recovery"]);
});

test("tieredStore() writes nowhere under a lost lease, and blames no tier for it", async () => {
  const events: TieredEvent[] = [];
  const onEvent = (event: TieredEvent) => void events.push(event);
  const fast = flakyStore("fast");
  await using store = tieredStore([fast, leasing(undefined, { maxBytes: 10 })], { onEvent });
  const lost = await store.lease!("key", 60_000);
  const large = new Uint8Array(11);
  await store.set("key", large, { lease: lost! });
  assert.deepEqual(await fast.get("key"), large, "It is too large for the tier that leases");
  await lost![Symbol.asyncDispose]();
  const foreign = await memoryStore().lease!("key", 60_000);
  for (
    const [bytes, lease] of [[Uint8Array.of(1), lost], [new Uint8Array(12), lost], [
      large,
      foreign,
    ]] as const
  ) {
    const error = await rejects(
      store.set("key", bytes, { lease: lease! }),
      StoreError,
      /no longer held/,
    );
    assert.equal(error.operation, "lease");
    assert.deepEqual(await fast.get("key"), large);
  }
  assert.isEmpty(events);
});

test("a persistent function is stored where the tier that leases fails to store it", async () => {
  const [tiers, told]: [TieredEvent[], string[]] = [[], []];
  await using store = tieredStore([flakyStore("fast"), leasing(broken)], {
    onEvent: (event) => void tiers.push(event),
  });
  const deja = createCache({ store, onEvent: ({ type }) => void told.push(type) });
  const double = deja.persistent("double", (x: number) => x * 2);
  for (let i = 0; i < 2; i++) assert.equal(await double(2), 4);
  assert.deepEqual(told, ["miss", "store", "hit"]);
  assert.deepEqual(tiers.map(({ type }) => type), ["failure"]);
});
