import { createCache } from "../../mod.ts";
import { StoreError } from "../../lib/errors.ts";
import { httpStore, serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { sealedStore, type Store } from "../../lib/store/mod.ts";
import { s3Store } from "../../lib/store/s3/mod.ts";
import { type TieredEvent, tieredStore } from "../../lib/store/tiered/mod.ts";
import { assert, rejects, test } from "../harness.ts";
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

test("tieredStore() waits no longer than timeout for a set under a lease", async () => {
  const inner = memoryStore();
  const hung: Store = {
    ...inner,
    name: "hung",
    supports: inner.supports,
    get: (key) => inner.get(key),
    set: () => new Promise(() => {}),
    lease: (key, duration) => inner.lease!(key, duration),
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const events: TieredEvent[] = [];
  const onEvent = (event: TieredEvent) => void events.push(event);
  await using store = tieredStore([flakyStore("fast"), hung], { timeout: 5, onEvent });
  const lease = await store.lease!("key", 60_000);
  const set = store.set("key", Uint8Array.of(1), { lease: lease! });
  await rejects(set, StoreError, /hung store took longer over a set than the timeout/);
  assert.deepEqual(events.map(({ type }) => type), ["failure"]);
});
