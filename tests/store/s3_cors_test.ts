import { createCache } from "../../mod.ts";
import { StoreError } from "../../lib/errors.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { s3Store } from "../../lib/store/s3/mod.ts";
import { type TieredEvent, tieredStore } from "../../lib/store/tiered/mod.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test } from "../harness.ts";
import { fakeS3 } from "../servers/fake_s3.ts";
import { BUCKET, CREDENTIALS } from "../servers/s3.ts";

const SIZES = [0, 10, 3000, 3100, 10_000];
const ADVICE = /has no header ETag; in a page, let the CORS rules of the bucket expose ETag and/;

/** A store whose bucket lets a page see no header but those that every page may see. */
function hiddenStore(service = fakeS3()): { readonly store: Store; readonly names: Set<string> } {
  const names = new Set<string>();
  const fetch = async (request: Request) => {
    if (request.method === "PUT") names.add(new URL(request.url).pathname);
    const response = await service(request);
    const headers = new Headers(response.headers);
    for (const name of ["etag", "content-range"]) headers.delete(name);
    const { status } = response;
    return new Response(status === 204 ? null : await response.arrayBuffer(), { status, headers });
  };
  const options = { endpoint: "https://s3.example", bucket: BUCKET, credentials: CREDENTIALS };
  return { store: s3Store({ ...options, fetch }), names };
}

test("s3Store() lists and deletes entries of all sizes where a page may not see their ranges", async () => {
  await using store = hiddenStore().store;
  for (const size of SIZES) await store.set(`size ${size}`, new Uint8Array(size));
  const listed = await Array.fromAsync(store.list());
  assert.sameDeepMembers(
    listed,
    SIZES.map((size) => ({ key: `size ${size}`, size, expires: Infinity })),
  );
  for (const size of SIZES) assert.isTrue(await store.delete(`size ${size}`));
  assert.deepEqual(await Array.fromAsync(store.list()), []);
});

test("s3Store() leaves no lease that nobody holds where a page may not see the ETag", async () => {
  const service = fakeS3();
  for (const _ of ["makes the object that finds out", "finds it there"]) {
    const { store, names } = hiddenStore(service);
    await rejects(store.lease!("key", 60_000), StoreError, ADVICE);
    assert.deepEqual([...names], [`/${BUCKET}/deja/leases-v1/probe`]);
    assert.isFalse(store.supports.lease);
  }
});

test("s3Store() without leases, since a page may not see the ETag, is filled as a tier", async () => {
  const events: TieredEvent[] = [];
  const { store: slow } = hiddenStore();
  const onEvent = (event: TieredEvent) => void events.push(event);
  await using store = tieredStore([memoryStore(), slow], { onEvent });
  const double = createCache({ store }).persistent("double", (x: number) => x * 2);
  assert.equal(await double(2), 4);
  await store.flush();
  assert.lengthOf(await Array.fromAsync(slow.list()), 1);
  assert.deepEqual(events, []);
});

test("s3Store() says what to expose where an upload in parts misses the ETag", async () => {
  await using store = hiddenStore().store;
  const stream = new Blob([new Uint8Array(9_000_000)]).stream();
  await rejects(store.setStream!("key", stream), StoreError, ADVICE);
});
