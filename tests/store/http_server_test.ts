import { StoreError } from "../../lib/errors.ts";
import { createCache } from "../../mod.ts";
import { httpStore, serveStore, type ServeStoreOptions } from "../../lib/store/http/mod.ts";
import { frame, FRAMES_TYPE } from "../../lib/store/http/frames.ts";
import { memoryStore } from "../../lib/store/memory.ts";
import { namespacedStore } from "../../lib/store/namespaced.ts";
import type { Store, StoreLease } from "../../lib/store/store.ts";
import { assert, rejects, test } from "../harness.ts";

const ORIGIN = "https://example.org";
const BYTES = Uint8Array.of(1, 2, 3);
const TOKENS = { readToken: "may-read", writeToken: "may-write" };

type Init = RequestInit & { token?: string };

/** A server, and a way to ask it as any client may. */
function served(options: ServeStoreOptions = {}, store: Store = memoryStore()) {
  const handler = serveStore(store, options);
  const ask = (path: string, { token, ...init }: Init = {}) => {
    const headers = new Headers(init.headers);
    if (token !== undefined) headers.set("authorization", `Bearer ${token}`);
    return handler(new Request(`${ORIGIN}${path}`, { ...init, headers }));
  };
  return { store, handler, ask };
}

/** A request that sets `key`. */
function putting(init: Init = {}): Init {
  return { method: "PUT", body: frame(BYTES), ...init };
}

/** Status of the answer, and the code in its body where there is one. */
async function outcome(answer: Promise<Response>): Promise<string> {
  const response = await answer;
  const text = await response.text();
  const { error } = text.startsWith("{") ? JSON.parse(text) : {};
  return error === undefined ? `${response.status}` : `${response.status} ${error}`;
}

/** A memory store with one lease for each key, which the test may take away. */
function leasing(): Store & { readonly held: Map<string, number> } {
  const held = new Map<string, number>();
  let token = 0;
  const store = memoryStore();
  return {
    held,
    name: store.name,
    supports: { persistent: false, lease: true },
    get: (key) => store.get(key),
    set: async (key, bytes, options) => {
      if (options?.lease !== undefined && held.get(key) !== options.lease.token) {
        throw new StoreError("The lease was lost", { store: "fake", operation: "lease" });
      }
      await store.set(key, bytes);
    },
    delete: (key) => store.delete(key),
    list: (prefix) => store.list(prefix),
    lease: (key): Promise<StoreLease | undefined> => {
      if (held.has(key)) return Promise.resolve(undefined);
      const mine = ++token;
      held.set(key, mine);
      return Promise.resolve({
        key,
        token: mine,
        renew: () => Promise.resolve(held.get(key) === mine),
        [Symbol.asyncDispose]: () => {
          if (held.get(key) === mine) held.delete(key);
          return Promise.resolve();
        },
      });
    },
    [Symbol.asyncDispose]: () => store[Symbol.asyncDispose](),
  };
}

const RIGHTS: readonly (readonly [
  who: string,
  options: ServeStoreOptions,
  token: string | undefined,
  read: string,
  write: string,
])[] = [
  ["nobody in particular, on an open server", {}, undefined, "404 no-entry", "403 forbidden"],
  ["someone with a token, on an open server", {}, "any", "404 no-entry", "403 forbidden"],
  ["nobody in particular", TOKENS, undefined, "401 unauthorized", "401 unauthorized"],
  ["someone with a wrong token", TOKENS, "may-rea", "401 unauthorized", "401 unauthorized"],
  ["a reader", TOKENS, "may-read", "404 no-entry", "403 forbidden"],
  ["a writer", TOKENS, "may-write", "404 no-entry", "204"],
  [
    "nobody in particular, where all may read",
    { writeToken: "w" },
    undefined,
    "404 no-entry",
    "401 unauthorized",
  ],
  [
    "someone with a wrong token, where all may read",
    { writeToken: "w" },
    "x",
    "401 unauthorized",
    "401 unauthorized",
  ],
  ["a reader where nobody may write", { readToken: "r" }, "r", "404 no-entry", "403 forbidden"],
];

for (const [who, options, token, read, write] of RIGHTS) {
  test(`serveStore() answers ${who}: ${read} to read, ${write} to write`, async () => {
    const { ask } = served(options);
    const as: Init = token === undefined ? {} : { token };
    assert.equal(await outcome(ask("/entry?key=a", as)), read);
    assert.equal(await outcome(ask("/entry?key=a", putting(as))), write);
    assert.equal(
      await outcome(ask("/entry?key=b", { method: "DELETE", ...as })),
      write === "204" ? "200" : write,
    );
  });
}

const OPEN: Init = { token: "may-write" };

const REFUSED: readonly (readonly [what: string, path: string, init: Init, status: string])[] = [
  ["another path", "/other", OPEN, "404 not-found"],
  ["the root", "/", OPEN, "404 not-found"],
  ["the name of a property as path", "/constructor", OPEN, "404 not-found"],
  ["another method", "/entry?key=a", { ...OPEN, method: "PATCH" }, "405 method-not-allowed"],
  ["a list that is written", "/entries", putting(OPEN), "405 method-not-allowed"],
  ["no key", "/entry", OPEN, "400 bad-request"],
  ["an empty key", "/entry?key=", OPEN, "400 bad-request"],
  ["a key that is too long", `/entry?key=${"x".repeat(1025)}`, OPEN, "400 bad-request"],
  ["an expiry that is no number", "/entry?key=a&expires=soon", putting(OPEN), "400 bad-request"],
  ["an expiry that is empty", "/entry?key=a&expires=", putting(OPEN), "400 bad-request"],
  [
    "a body that is cut",
    "/entry?key=a",
    putting({ ...OPEN, body: frame(BYTES).subarray(0, 6) }),
    "400 bad-request",
  ],
  [
    "a body that goes on",
    "/entry?key=a",
    putting({ ...OPEN, body: new Uint8Array(12) }),
    "400 bad-request",
  ],
  ["no body", "/entry?key=a", { ...OPEN, method: "PUT" }, "400 bad-request"],
  [
    "a write with a condition",
    "/entry?key=a",
    putting({ ...OPEN, headers: { "if-none-match": "*" } }),
    "501 unsupported",
  ],
  [
    "a value over maxBytes",
    "/entry?key=a",
    putting({ ...OPEN, body: frame(new Uint8Array(101)) }),
    "413 too-large",
  ],
  ["a lease that it never gave", "/entry?key=a&lease=x", putting(OPEN), "412 lease-lost"],
  [
    "a lease that the store cannot give",
    "/lease?key=a&duration=1000",
    { ...OPEN, method: "POST" },
    "501 unsupported",
  ],
  [
    "a lease for no time",
    "/lease?key=a&duration=0",
    { ...OPEN, method: "POST" },
    "400 bad-request",
  ],
];

for (const [what, path, init, status] of REFUSED) {
  test(`serveStore() answers ${what} with ${status}, and stores nothing`, async () => {
    const store: Store = { ...leasing() };
    if (status.startsWith("501")) delete store.lease;
    const { ask } = served({ ...TOKENS, maxBytes: 100 }, store);
    assert.equal(await outcome(ask(path, init)), status);
    assert.isUndefined(await store.get("a"));
  });
}

test("serveStore() names the methods that a path has", async () => {
  const { ask } = served(TOKENS);
  const response = await ask("/entries", { method: "DELETE", token: "may-write" });
  assert.equal(response.headers.get("allow"), "GET");
  assert.equal((await ask("/entries")).headers.get("www-authenticate"), 'Bearer realm="cache"');
});

test("serveStore() tells the client nothing of what the store failed with", async () => {
  const failure = new Error("password=hunter2 at /home/me");
  const heard: unknown[] = [];
  const fail = () => Promise.reject(failure);
  const store: Store = { ...leasing(), get: fail, set: fail, delete: fail, lease: fail };
  // deno-lint-ignore require-yield -- it fails before.
  store.list = async function* () {
    throw failure;
  };
  const { ask } = served({ ...TOKENS, onError: (error) => heard.push(error) }, store);
  const asked: [string, Init][] = [
    ["/entry?key=a", OPEN],
    ["/entry?key=a", putting(OPEN)],
    ["/entry?key=a", { ...OPEN, method: "DELETE" }],
    ["/entries", OPEN],
    ["/lease?key=a&duration=1000", { ...OPEN, method: "POST" }],
  ];
  for (const [path, init] of asked) {
    const response = await ask(path, init);
    assert.equal(response.status, 500);
    assert.notMatch(await response.text(), /hunter2|home/);
  }
  assert.deepEqual(heard, asked.map(() => failure));
});

test("serveStore() breaks a listing off where the store fails midway, and the client says so", async () => {
  const store: Store = { ...leasing() };
  store.list = async function* () {
    for (let i = 0; i < 5000; i++) yield { key: `key ${i}`, size: i };
    throw new Error("The disk is gone");
  };
  const heard: unknown[] = [];
  const { handler } = served({ onError: (error) => heard.push(error) }, store);
  await using client = httpStore(ORIGIN, { fetch: handler });
  const listed: string[] = [];
  const listing = (async () => {
    for await (const { key } of client.list()) listed.push(key);
  })();
  await rejects(listing, StoreError);
  assert.isAbove(listed.length, 100);
  assert.match(String(heard), /The disk is gone/);
});

test("serveStore() lets go of a silent store's stream when the client goes, which is no error", async () => {
  const cancelled = Promise.withResolvers<void>();
  const silence = Promise.withResolvers<void>();
  let pieces = 0;
  const inner = memoryStore();
  const silent: Store = {
    ...inner,
    name: "silent",
    supports: inner.supports,
    getStream: () =>
      Promise.resolve(
        new ReadableStream({
          pull: (controller) => {
            if (pieces++ === 0) controller.enqueue(BYTES.slice());
            else silence.resolve();
          },
          cancel: () => cancelled.resolve(),
        }),
      ),
  };
  const errors: unknown[] = [];
  const handler = serveStore(silent, { onError: (error) => void errors.push(error) });
  const response = await handler(new Request(`${ORIGIN}/entry?key=a&stream=1`));
  const reader = response.body!.getReader();
  for (let i = 0; i < 2; i++) await reader.read(); // The length of the piece, and the piece.
  const waiting = reader.read();
  await silence.promise;
  await reader.cancel();
  await cancelled.promise;
  assert.isTrue((await waiting).done);
  assert.deepEqual(errors, []);
});

test("serveStore() answers a condition on what is there already without the bytes", async () => {
  const { store, ask } = served();
  await store.set("a", BYTES);
  const first = await ask("/entry?key=a");
  const etag = first.headers.get("etag")!;
  assert.match(etag, /^"[0-9a-f]{32}"$/);
  assert.deepEqual(new Uint8Array(await first.arrayBuffer()), frame(BYTES));
  for (const condition of [etag, `W/${etag}`, `"x", ${etag}`, "*"]) {
    const again = await ask("/entry?key=a", { headers: { "if-none-match": condition } });
    assert.equal(again.status, 304);
    assert.equal((await again.arrayBuffer()).byteLength, 0);
  }
  await store.set("a", Uint8Array.of(4));
  const changed = await ask("/entry?key=a", { headers: { "if-none-match": etag } });
  assert.equal(changed.status, 200);
});

test("serveStore() answers HEAD without the bytes", async () => {
  const { store, ask } = served();
  await store.set("a", BYTES);
  const head = await ask("/entry?key=a", { method: "HEAD" });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-type"), FRAMES_TYPE);
  assert.equal((await head.arrayBuffer()).byteLength, 0);
  assert.equal((await ask("/entry?key=b", { method: "HEAD" })).status, 404);
});

test("serveStore() lets pages of another origin ask where origin says so", async () => {
  const { ask } = served({ ...TOKENS, origin: "https://page.example" });
  const preflight = await ask("/entry?key=a", { method: "OPTIONS" });
  assert.equal(preflight.status, 204);
  assert.equal(preflight.headers.get("access-control-allow-methods"), "GET, HEAD, PUT, DELETE");
  for (const response of [preflight, await ask("/entry?key=a"), await ask("/other")]) {
    assert.equal(response.headers.get("access-control-allow-origin"), "https://page.example");
  }
  const closed = await served(TOKENS).ask("/entry?key=a", { method: "OPTIONS" });
  assert.equal(closed.status, 405);
  assert.isFalse(closed.headers.has("access-control-allow-origin"));
});

test("serveStore() answers only below its prefix", async () => {
  for (const prefix of ["/cache", "cache/", "/cache/"]) {
    const { ask } = served({ prefix });
    assert.equal(await outcome(ask("/cache/entry?key=a")), "404 no-entry");
    assert.equal(await outcome(ask("/entry?key=a")), "404 not-found");
    assert.equal(await outcome(ask("/cacheentry?key=a")), "404 not-found");
  }
});

test("serveStore() refuses options that are none", () => {
  const store = memoryStore();
  assert.throws(() => serveStore(store, { writeToken: "" }), TypeError, /writeToken/);
  assert.throws(() => serveStore(store, { readToken: "two words" }), TypeError, /readToken/);
  assert.throws(() => serveStore(store, { maxBytes: NaN }), RangeError, /maxBytes/);
});

test("httpStore() leases through its server, and writes with the lease it holds", async () => {
  const store = leasing();
  const { handler } = served({ writeToken: "w" }, store);
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  await using other = httpStore(ORIGIN, { token: "w", fetch: handler });
  assert.isTrue(client.supports.lease);
  const lease = await client.lease!("a", 1000);
  assert.equal(lease?.token, 1);
  assert.isUndefined(await other.lease!("a", 1000));
  assert.isTrue(await lease!.renew());
  await client.set("a", BYTES, { lease });
  store.held.set("a", 99); // Somebody else took it over.
  assert.isFalse(await lease!.renew());
  await rejects(client.set("a", Uint8Array.of(9), { lease }), StoreError, /no longer held/);
  assert.deepEqual(await client.get("a"), BYTES);
  await lease![Symbol.asyncDispose]();
  store.held.delete("a");
  await using second = await other.lease!("a", 1000);
  assert.equal(second?.token, 2);
  await rejects(client.set("a", BYTES, { lease: second }), StoreError, /no longer held/);
});

test("httpStore() tells of a write that lost its lease midway as such", async () => {
  const store = leasing();
  const { handler } = served({ writeToken: "w", onError: () => {} }, store);
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  const lease = await client.lease!("a", 1000);
  store.held.set("a", 99);
  await rejects(client.set("a", BYTES, { lease }), StoreError, /no longer held/);
});

test("serveStore() that starts again heeds the leases its store has, and knows no holder of before", async () => {
  const store = memoryStore();
  let { handler } = served({ writeToken: "w" }, store);
  const fetch = (request: Request) => handler(request);
  await using client = httpStore(ORIGIN, { token: "w", fetch });
  await using other = httpStore(ORIGIN, { token: "w", fetch });
  const lease = await client.lease!("a", 3_600_000);
  await client.set("a", BYTES, { lease });
  ({ handler } = served({ writeToken: "w" }, store));
  assert.isUndefined(await other.lease!("a", 1000), "The store still has it");
  assert.isFalse(await lease!.renew());
  const late = client.set("a", Uint8Array.of(9), { lease });
  await rejects(late, StoreError, /no longer held/);
  await client.setStream!("b", new Blob([BYTES]).stream());
  await lease![Symbol.asyncDispose](); // Harmless: it runs out by itself.
  assert.deepEqual(await other.get("a"), BYTES);
  assert.isUndefined(await other.lease!("a", 1000));
});

test("httpStore() says when the store behind the server has no leases", async () => {
  const store: Store = { ...leasing() };
  delete store.lease;
  const { handler } = served({ writeToken: "w" }, store);
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  await rejects(client.lease!("a", 1000), StoreError, /set lease: false/);
  await using without = httpStore(ORIGIN, { token: "w", fetch: handler, lease: false });
  assert.isFalse(without.supports.lease);
  assert.isUndefined(without.lease);
});

test("httpStore() learns from a miss that the store behind its server has no leases", async () => {
  const without: Store[] = [{ ...leasing() }, {
    ...leasing(),
    supports: { persistent: false, lease: false },
  }];
  delete without[0].lease;
  for (const store of without) {
    const { handler } = served({ writeToken: "w", origin: "*" }, store);
    await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
    const part = namespacedStore(client, "part");
    assert.isTrue(client.supports.lease);
    assert.isUndefined(await client.get("a"));
    assert.isFalse(client.supports.lease);
    assert.isFalse(part.supports.lease);
  }
  const { handler } = served({ writeToken: "w" }, leasing());
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  assert.isUndefined(await client.get("a"));
  assert.isTrue(client.supports.lease);
});

test("a cached function over a server without leases has no event for that", async () => {
  const store: Store = { ...leasing() };
  delete store.lease;
  const { handler } = served({ writeToken: "w" }, store);
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  const types: string[] = [];
  const deja = createCache({ store: client, onEvent: ({ type }) => types.push(type) });
  const double = deja.persistent("double", (x: number) => x * 2);
  assert.deepEqual([await double(1), await double(2), await double(1)], [2, 4, 2]);
  assert.deepEqual(types, ["miss", "store", "miss", "store", "hit"]);
});

test("httpStore() says when the store behind the server does not tell what expires", async () => {
  const store: Store = { ...leasing() };
  const { handler } = served({}, store);
  await store.set("a", BYTES);
  const onEntry = () => {};
  await using client = httpStore(ORIGIN, { fetch: handler });
  await rejects(client.get("a", { onEntry }), StoreError, /set expiry: false/);
  assert.deepEqual(await client.get("a"), BYTES);
  await using without = httpStore(ORIGIN, { fetch: handler, expiry: false });
  assert.isFalse(without.supports.expiry);
  assert.deepEqual(await without.get("a", { onEntry }), BYTES);
});

test("httpStore() streams values both ways", async () => {
  const { handler, store } = served({ writeToken: "w" });
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  const size = 3_000_000;
  const value = Uint8Array.from({ length: size }, (_, i) => i * 7 >> 3);
  let at = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (at >= size) return controller.close();
      controller.enqueue(value.slice(at, at += 100_001));
    },
  });
  await client.setStream!("a", source);
  assert.deepEqual(await store.get("a"), value);
  const stream = await client.getStream!("a");
  assert.deepEqual(new Uint8Array(await new Response(stream).arrayBuffer()), value);
  assert.isUndefined(await client.getStream!("b"));
});

test("httpStore() passes on what a stream failed with, and keeps the old entry", async () => {
  const { handler } = served({ writeToken: "w" });
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler });
  await client.set("a", BYTES);
  let pulls = 0;
  const source = new ReadableStream<Uint8Array>({
    pull(controller) {
      if (pulls++ < 3) controller.enqueue(new Uint8Array(1000));
      else controller.error(new RangeError("The source dried up"));
    },
  });
  await rejects(client.setStream!("a", source), RangeError, /dried up/);
  assert.deepEqual(await client.get("a"), BYTES);
});

test("httpStore() asks for the token anew for each request", async () => {
  const { handler } = served(TOKENS);
  const tokens = ["may-read", "may-write"];
  await using client = httpStore(ORIGIN, {
    token: () => Promise.resolve(tokens.shift()!),
    fetch: handler,
  });
  await rejects(client.set("a", BYTES), StoreError, /may only read/);
  await client.set("a", BYTES);
});

test("httpStore() with readOnly writes nothing and leases nothing", async () => {
  const { handler, store } = served({ writeToken: "w" });
  await store.set("a", BYTES);
  await using client = httpStore(ORIGIN, { token: "w", fetch: handler, readOnly: true });
  assert.deepInclude(client.supports, { readOnly: true, lease: false });
  assert.deepEqual(await client.get("a"), BYTES);
  await rejects(client.set("a", BYTES), StoreError, /readOnly/);
  await rejects(client.delete("a"), StoreError, /readOnly/);
});

test("httpStore() refuses what is no URL of a server", () => {
  for (const url of ["", "ftp://example.org", "https://me:secret@example.org", "file:///tmp"]) {
    if (url === "" && "location" in globalThis && location?.href) continue; // Relative to the page.
    assert.throws(() => httpStore(url), TypeError, /httpStore\(\)/);
  }
  assert.throws(() => httpStore(ORIGIN, { timeout: 0 }), RangeError, /timeout/);
});
