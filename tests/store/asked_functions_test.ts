import { StoreError } from "../../lib/errors.ts";
import { httpStore } from "../../lib/store/http/mod.ts";
import { s3Store } from "../../lib/store/s3/mod.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test } from "../harness.ts";
import { checkFunctionOver } from "./_function.ts";

const URL = "https://cache.example/";
const fetch = () => Promise.reject(new Error("Nobody is to be asked"));

/** Stores that ask a function of the user's for each request, and the option that it is. */
const STORES: readonly (readonly [
  name: string,
  option: string,
  open: (ask: () => never, timeout?: number) => Store,
])[] = [
  ["httpStore()", "token", (token, timeout = 10_000) => httpStore(URL, { token, timeout, fetch })],
  [
    "httpStore() of files",
    "token",
    (token, timeout = 10_000) => httpStore(URL, { files: true, token, timeout, fetch }),
  ],
  [
    "s3Store()",
    "credentials",
    (credentials, timeout = 10_000) =>
      s3Store({ endpoint: URL, bucket: "bucket", credentials, timeout, fetch }),
  ],
];

const hang = () => new Promise(() => {}) as never;

for (const [name, option, open] of STORES) {
  test(`${name} says that it is the function ${option} which fails`, async () => {
    const cause = new Error("The vault is sealed");
    const failing = [
      () => {
        throw cause;
      },
      () => Promise.reject(cause) as never,
    ];
    for (const ask of failing) {
      await using store = open(ask);
      const message = new RegExp(`the function ${option} failed with "The vault is sealed"; see`);
      const error = await rejects(store.get("key"), StoreError, message);
      assert.strictEqual(error.cause, cause);
      await checkFunctionOver(store);
    }
  });

  test(`${name} waits for the function ${option} no longer than for a server`, async () => {
    await using store = open(hang, 5);
    const message = new RegExp(`the function ${option} was silent for 5 ms; see what it does`);
    await rejects(store.get("key"), StoreError, message);
  });

  test(`${name} gives up waiting for the function ${option} when the caller does`, async () => {
    await using store = open(hang);
    const controller = new AbortController();
    const getting = store.get("key", { signal: controller.signal });
    controller.abort(new SyntaxError("No longer wanted"));
    await rejects(getting, SyntaxError, /No longer wanted/);
  });
}

test("httpStore() says so where a token is none that can be sent", async () => {
  await using store = httpStore(URL, { token: "\u20ac", fetch });
  await rejects(store.get("key"), StoreError, /the request cannot be made: .+; check the options/);
});

test("s3Store() leaves nothing on a signal that many calls share, also after it has tried again", async () => {
  let refusals = 2;
  const busy = () => {
    if (refusals-- > 0) return Promise.resolve(new Response(null, { status: 503 }));
    return Promise.resolve(new Response(null, { status: 200 }));
  };
  const credentials = { accessKeyId: "id", secretAccessKey: "secret" };
  await using store = s3Store({ endpoint: URL, bucket: "bucket", credentials, fetch: busy });
  const { signal } = new AbortController();
  const listeners: unknown[] = [];
  signal.addEventListener = (_: string, listener: unknown) => void listeners.push(listener);
  signal.removeEventListener = (_: string, listener: unknown) =>
    void listeners.splice(listeners.indexOf(listener), 1);
  await store.set("key", Uint8Array.of(1), { signal });
  assert.isEmpty(listeners);
  assert.equal(refusals, -1);
});
