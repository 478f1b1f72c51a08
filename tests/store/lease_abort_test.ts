import { httpStore, serveStore } from "../../lib/store/http/mod.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { type Fetch, s3Store } from "../../lib/store/s3/mod.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test } from "../harness.ts";
import { fakeS3 } from "../servers/fake_s3.ts";
import { BUCKET, CREDENTIALS } from "../servers/s3.ts";

const HOUR_MS = 3_600_000;

/** Stores over a network, each over what makes its requests. */
const STORES: Readonly<Record<string, (through: (service: Fetch) => Fetch) => Store>> = {
  http: (through) => {
    const service = serveStore(memoryStore(), { writeToken: "token" });
    return httpStore("https://cache.example/", { token: "token", fetch: through(service) });
  },
  s3: (through) =>
    s3Store({
      endpoint: "https://s3.example",
      bucket: BUCKET,
      credentials: CREDENTIALS,
      fetch: through(fakeS3()),
    }),
};

for (const [name, make] of Object.entries(STORES)) {
  test(`the ${name} store gives back a lease that it was given after the call was given up`, async () => {
    let asked = () => {};
    let held = Promise.resolve();
    let givenBack = () => {};
    await using store = make((service) => async (request) => {
      const { method, url, signal } = request;
      const body = method === "GET" ? null : await request.arrayBuffer();
      const { headers } = request;
      const answer = await service(new Request(url, { method, headers, body }));
      if (!url.includes("lease") || method === "GET") return answer;
      givenBack();
      asked();
      await held;
      signal.throwIfAborted();
      return answer;
    });
    // Whatever the store wants to know of the server first, it knows after this.
    await (await store.lease!("other", HOUR_MS))![Symbol.asyncDispose]();

    const reached = Promise.withResolvers<void>();
    const answered = Promise.withResolvers<void>();
    [asked, held] = [reached.resolve, answered.promise];
    const controller = new AbortController();
    const given = store.lease!("key", HOUR_MS, { signal: controller.signal });
    await reached.promise;
    controller.abort(new SyntaxError("Enough"));
    await rejects(given, SyntaxError, /Enough/);
    const back = Promise.withResolvers<void>();
    givenBack = back.resolve;
    answered.resolve();
    await back.promise;
    const lease = await store.lease!("key", HOUR_MS);
    assert.isDefined(lease);
    await lease![Symbol.asyncDispose]();
  });

  test(`the ${name} store ends what it asks for a lease that was given up when it is closed`, async () => {
    let silent = false;
    const open = new Set<Request>();
    const reached = Promise.withResolvers<void>();
    const store = make((service) => async (request) => {
      const { method, url, signal } = request;
      if (!silent || method === "GET") return await service(request);
      assert.include(url, "lease");
      open.add(request);
      reached.resolve();
      return await new Promise((_, reject) => {
        signal.addEventListener("abort", () => {
          open.delete(request);
          reject(signal.reason);
        });
      });
    });
    // Whatever the store wants to know of the server first, it knows after this.
    await (await store.lease!("other", HOUR_MS))![Symbol.asyncDispose]();
    silent = true;
    const controller = new AbortController();
    const given = store.lease!("key", HOUR_MS, { signal: controller.signal });
    await reached.promise;
    controller.abort(new SyntaxError("Enough"));
    await rejects(given, SyntaxError, /Enough/);
    await store[Symbol.asyncDispose]();
    assert.equal(open.size, 0);
  });
}

test("the s3 store waits on closing until a lease that was given up is given back", async () => {
  const puts: PromiseWithResolvers<void>[] = [];
  let reached = () => {};
  let held = false;
  const store = STORES.s3((service) => async (request) => {
    if (!held || request.method !== "PUT") return await service(request);
    const answer = await service(request);
    const put = Promise.withResolvers<void>();
    puts.push(put);
    reached();
    await put.promise;
    return answer;
  });
  const next = () => new Promise<void>((resolve) => reached = resolve);
  await (await store.lease!("other", HOUR_MS))![Symbol.asyncDispose]();

  held = true;
  const controller = new AbortController();
  const taken = next();
  const given = store.lease!("key", HOUR_MS, { signal: controller.signal });
  await taken;
  controller.abort(new SyntaxError("Enough"));
  await rejects(given, SyntaxError, /Enough/);
  const givenBack = next();
  puts[0].resolve();
  await givenBack;
  let isClosed = false;
  const closed = store[Symbol.asyncDispose]().then(() => isClosed = true);
  await new Promise((resolve) => setTimeout(resolve));
  assert.isFalse(isClosed);
  puts[1].resolve();
  await closed;
});
