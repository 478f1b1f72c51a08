import { StoreError } from "../../lib/errors.ts";
import { writeEntry } from "../../lib/store/_entry_file.ts";
import { fsStore } from "../../lib/store/fs/mod.ts";
import { type Fetch, s3Store, type S3StoreOptions } from "../../lib/store/s3/mod.ts";
import type { Store } from "../../lib/store/store.ts";
import { assert, rejects, test, testOn, withFakeTime, withTempFolder } from "../harness.ts";
import { failure, fakeS3, xml } from "../servers/fake_s3.ts";
import { absentServer, NEEDS_SERVER, type RawConnection, startRawServer } from "../servers/http.ts";
import { BUCKET, CREDENTIALS, startS3, whyNoS3 } from "../servers/s3.ts";
import { builtin } from "./_files.ts";
import { checkFunctionOver } from "./_function.ts";

const ENDPOINT = "https://s3.example";
const BYTES = Uint8Array.of(1, 2, 3);

function make(fetch: Fetch, more: Partial<S3StoreOptions> = {}): Store {
  return s3Store({ endpoint: ENDPOINT, bucket: BUCKET, credentials: CREDENTIALS, fetch, ...more });
}

/** Every call of a store. */
const CALLS: Readonly<Record<string, (store: Store) => Promise<unknown>>> = {
  get: (store) => store.get("a"),
  set: (store) => store.set("a", BYTES),
  delete: (store) => store.delete("a"),
  list: async (store) => {
    for await (const _ of store.list());
  },
  lease: (store) => store.lease!("a", 1000),
};

const page = () =>
  new Response("<!doctype html><title>Hello", { headers: { "content-type": "text/html" } });

/** What a server may refuse with, and what the error says. */
const REFUSALS: Readonly<Record<string, readonly [() => Response, RegExp]>> = {
  "an expired session": [() => failure(400, "ExpiredToken"), /ExpiredToken.*session has expired/],
  "a wrong key": [() => failure(403, "InvalidAccessKeyId"), /does not know the access key/],
  "a wrong secret": [() => failure(403, "SignatureDoesNotMatch"), /secret key or the region/],
  "a key without rights": [() => failure(403, "AccessDenied"), /give it the right to/],
  "a refusal without words": [() => new Response(null, { status: 403 }), /status 403: /],
  "a clock that is wrong": [() => failure(403, "RequestTimeTooSkewed"), /clock of this machine/],
  "a bucket that is not there": [() => failure(404, "NoSuchBucket"), /make it, or correct/],
  "a bucket elsewhere": [() => failure(301, "PermanentRedirect"), /correct endpoint and region/],
  "a page that says 404": [
    () => new Response("<!doctype html>", { status: 404 }),
    /status 404: there is no bucket at this address/,
  ],
  "an overload": [
    () => failure(503, "SlowDown", { "retry-after": "7" }),
    /SlowDown.*ask less often, not before 7 s/,
  ],
  "too many requests": [() => new Response(null, { status: 429 }), /status 429: .*less often/],
  "a server error": [() => failure(500, "InternalError"), /status 500 .*see the log/],
};

for (const [what, [answer, message]] of Object.entries(REFUSALS)) {
  test(`s3Store() makes a StoreError of ${what}`, async () => {
    await using store = make(() => Promise.resolve(answer()), { retries: 0 });
    for (const [operation, call] of Object.entries(CALLS)) {
      const error = await rejects(call(store), StoreError, message);
      assert.equal(error.operation, operation);
      assert.include(error.message, "https://s3.example/bucket/");
      assert.notInclude(error.message, CREDENTIALS.secretAccessKey);
    }
  });
}

const LISTINGS: Readonly<Record<string, () => Response>> = {
  "a page": page,
  "XML that is cut": () => xml("<ListBucketResult><Contents><Key>a</Key>"),
  "XML of another kind": () => xml("<ListAllMyBucketsResult></ListAllMyBucketsResult>"),
  "an object without a size": () =>
    xml("<ListBucketResult><Contents><Key>a</Key></Contents></ListBucketResult>"),
  "a size that is none": () =>
    xml(
      "<ListBucketResult><Contents><Key>a</Key><Size>-1</Size></Contents></ListBucketResult>",
    ),
  "more pages without a way to them": () =>
    xml("<ListBucketResult><IsTruncated>true</IsTruncated></ListBucketResult>"),
};

for (const [what, answer] of Object.entries(LISTINGS)) {
  test(`s3Store() makes a StoreError of a listing that is ${what}`, async () => {
    await using store = make(() => Promise.resolve(answer()));
    await rejects(CALLS.list(store), StoreError, /none of an S3 server/);
  });
}

test("s3Store() makes a StoreError of an object that is damaged, and can replace it", async () => {
  const fetch = fakeS3();
  await using store = make(fetch);
  await store.set("a", BYTES);
  let name = "";
  await using spy = make((request) => (name = request.url, fetch(request)));
  await spy.get("a");
  for (const body of [new Uint8Array(0), BYTES, new Uint8Array(100)]) {
    await fetch(new Request(name, { method: "PUT", body }));
    await rejects(store.get("a"), StoreError, /cannot be read .*set or delete the entry/);
    await rejects(store.getStream!("a"), StoreError, /cannot be read/);
    await CALLS.list(store); // No entry, and no failure.
    assert.isTrue(await store.delete("a"));
    assert.isUndefined(await store.get("a"));
  }
});

test("s3Store() asks again where the server was not up to it, and not for ever", async () => {
  const fetch = fakeS3();
  let left = 2;
  let asked = 0;
  await using store = make((request) => {
    asked++;
    return left-- > 0 ? Promise.resolve(failure(500, "InternalError")) : fetch(request);
  }, { retries: 2 });
  await store.set("a", BYTES);
  assert.equal(asked, 3);
  left = 3;
  await rejects(store.get("a"), StoreError, /InternalError/);
  assert.equal(asked, 6);
});

test("s3Store() asks again where a write met another one", async () => {
  const fetch = fakeS3();
  const methods: string[] = [];
  await using store = make((request) => {
    methods.push(request.method);
    return methods.length % 2 === 1
      ? Promise.resolve(failure(409, "OperationAborted"))
      : fetch(request);
  });
  await store.set("a", BYTES);
  assert.deepEqual(methods, ["PUT", "PUT"]);
});

test("s3Store() asks for the keys anew for each request", async () => {
  const fetch = fakeS3();
  const ids: string[] = [];
  let made = 0;
  await using store = make((request) => {
    ids.push(request.headers.get("authorization")!.match(/Credential=(\w+)/)![1]);
    assert.equal(request.headers.get("x-amz-security-token"), "token");
    return fetch(request);
  }, {
    credentials: () =>
      Promise.resolve({ accessKeyId: `id${++made}`, secretAccessKey: "x", sessionToken: "token" }),
  });
  await store.set("a", BYTES);
  await store.get("a");
  assert.deepEqual(ids, ["id1", "id2"]);
});

test("s3Store() puts prefix and bucket where they belong", async () => {
  const fetch = fakeS3();
  const urls: string[] = [];
  const spy: Fetch = (request) => (urls.push(request.url), fetch(request));
  await make(spy).set("name/ab", BYTES);
  await make(spy, { prefix: "" }).set("name/ab", BYTES);
  await make(spy, { prefix: "my caches" }).set("name/ab", BYTES);
  await make(spy, { virtualHost: true }).set("name/ab", BYTES);
  assert.deepEqual(urls, [
    "https://s3.example/bucket/deja/v1/name/ab/%2561b",
    "https://s3.example/bucket/v1/name/ab/%2561b",
    "https://s3.example/bucket/my%20caches/v1/name/ab/%2561b",
    "https://bucket.s3.example/deja/v1/name/ab/%2561b",
  ]);
});

test("s3Store() leaves objects alone that are none of its entries", async () => {
  const fetch = fakeS3();
  await using store = make(fetch);
  await store.set("a", BYTES);
  for (const name of ["deja/v1/", "deja/v1/readme.txt", "deja/v2/a", "other"]) {
    const body = name.endsWith("/") ? new Uint8Array(0) : new Uint8Array(10);
    await fetch(new Request(`${ENDPOINT}/${BUCKET}/${name}`, { method: "PUT", body }));
  }
  const keys: string[] = [];
  for await (const { key } of store.list()) keys.push(key);
  assert.deepEqual(keys, ["a"]);
  const left = await fetch(new Request(`${ENDPOINT}/${BUCKET}/deja/v1/readme.txt`));
  assert.equal(left.status, 200);
});

test("s3Store() removes what a listing finds expired, unless it is readOnly", () =>
  withFakeTime(1_000_000, async (clock) => {
    const fetch = fakeS3();
    let deleted = 0;
    const spy: Fetch = (request) => {
      if (request.method === "DELETE") deleted++;
      return fetch(request);
    };
    await using store = make(spy);
    await using reader = make(spy, { readOnly: true });
    await store.set("a", BYTES, { expires: 1_000_100 });
    clock.advance(100);
    await CALLS.list(reader);
    assert.equal(deleted, 0);
    await CALLS.list(store);
    assert.equal(deleted, 1);
    await CALLS.list(store);
    assert.equal(deleted, 1);
    await rejects(reader.set("a", BYTES), StoreError, /readOnly/);
    await rejects(reader.delete("a"), StoreError, /readOnly/);
    assert.isUndefined(reader.lease);
  }));

test("s3Store() gives no leases where the server does not heed conditions", async () => {
  const fetch = fakeS3();
  const deaf: Fetch = async (request) => {
    const headers = new Headers(request.headers);
    for (const name of ["if-match", "if-none-match"]) headers.delete(name);
    const body = request.method === "PUT" ? new Uint8Array(await request.arrayBuffer()) : null;
    return await fetch(new Request(request.url, { method: request.method, headers, body }));
  };
  await using store = make(deaf);
  assert.isTrue(store.supports.lease);
  for (let i = 0; i < 2; i++) {
    await rejects(store.lease!("a", 1000), StoreError, /does not heed conditions.*lease: false/);
    assert.isFalse(store.supports.lease);
  }
  await using without = make(deaf, { lease: false });
  assert.isFalse(without.supports.lease);
  assert.isUndefined(without.lease);
});

test("s3Store() lets no lease of a clock that was wrong hold others off for long", async () => {
  const fetch = fakeS3();
  await using store = make(fetch);
  await using other = make(fetch);
  const start = Date.now();
  const lost = (await withFakeTime(start + 86_400_000, () => store.lease!("a", 1000)))!;
  await withFakeTime(start, async (clock) => {
    const taken = (await other.lease!("a", 1000))!;
    assert.isAbove(taken.token, lost.token);
    await rejects(store.set("a", BYTES, { lease: lost }), StoreError, /no longer held/);
    assert.isFalse(await lost.renew());
    await other.set("a", BYTES, { lease: taken });
    clock.advance(-10_000);
    assert.isUndefined(await store.lease!("a", 1000), "A clock may be off by some seconds");
    clock.advance(-86_400_000);
    assert.isTrue(await taken.renew(), "Its holder has it until another takes it");
    clock.advance(999);
    assert.isUndefined(await store.lease!("a", 1000));
    await taken[Symbol.asyncDispose]();
  });
});

test("s3Store() puts a large stream in parts, and none of it where a part fails", async () => {
  const fetch = fakeS3();
  let failing = false;
  const methods: string[] = [];
  const spy: Fetch = (request) => {
    const { searchParams: query } = new URL(request.url);
    if (query.size > 0) methods.push(`${request.method} ${query.get("partNumber") ?? ""}`.trim());
    if (failing && query.get("partNumber") === "3") {
      return Promise.resolve(failure(400, "InvalidPart"));
    }
    return fetch(request);
  };
  await using store = make(spy);
  const size = 20 * 1024 * 1024;
  const value = Uint8Array.from({ length: size }, (_, i) => i >> 3 ^ i);
  const stream = () => new Blob([value]).stream();
  await store.setStream!("a", stream());
  assert.deepEqual(methods, ["POST", "PUT 2", "PUT 3", "PUT 1", "POST"]);
  const bytes = await store.get("a");
  assert.isTrue(bytes!.length === size && bytes!.every((byte, i) => byte === value[i]));
  failing = true;
  methods.length = 0;
  await store.set("a", BYTES);
  await rejects(store.setStream!("a", stream()), StoreError, /InvalidPart/);
  assert.deepEqual(methods, ["POST", "PUT 2", "PUT 3", "DELETE"]);
  assert.deepEqual(await store.get("a"), BYTES);
});

test("s3Store() lets go of a stream at once, though the server is silent", async () => {
  const cancelled = Promise.withResolvers<void>();
  const whole = writeEntry("a", new Uint8Array(100_000), Infinity);
  await using store = make(() => {
    const body = new ReadableStream({
      start: (controller) => controller.enqueue(whole.subarray(0, 50_000)),
      cancel: () => cancelled.resolve(),
    });
    const headers = { "content-length": String(whole.length) };
    return Promise.resolve(new Response(body, { headers }));
  }, { timeout: 600_000 });
  const reader = (await store.getStream!("a"))!.getReader();
  assert.isFalse((await reader.read()).done);
  await reader.cancel();
  await cancelled.promise;
});

test("s3Store() believes no success that holds a failure", async () => {
  const fetch = fakeS3();
  await using store = make((request) =>
    request.method === "POST" && new URL(request.url).searchParams.has("uploadId")
      ? Promise.resolve(failure(200, "InternalError"))
      : fetch(request)
  );
  const stream = new Blob([new Uint8Array(9 * 1024 * 1024)]).stream();
  await rejects(store.setStream!("a", stream), StoreError, /InternalError/);
});

test("s3Store() refuses options that are none", () => {
  const fetch = fakeS3();
  assert.throws(() => make(fetch, { endpoint: "s3.example" }), TypeError, /s3Store\(\) needs/);
  assert.throws(() => make(fetch, { bucket: "a/b" }), TypeError, /bucket must be the name/);
  assert.throws(() => make(fetch, { timeout: NaN }), RangeError, /timeout/);
});

/** Servers that do not speak as they should. */
const LINES: Readonly<Record<string, readonly [(line: RawConnection) => void, RegExp]>> = {
  "hangs": [() => {}, /silent for 50 ms/],
  "hangs up": [(line) => line.end(), /the connection failed/],
  "answers rubbish": [(line) => (line.write("\0\0\0\0\r\n\r\n"), line.end()), /failed/],
  "answers with a page": [
    (line) => line.write("HTTP/1.1 200 OK\r\ncontent-length: 6\r\n\r\n<html>"),
    /cannot be read .*inside its header/,
  ],
  "dies midway": [
    (line) => {
      line.write("HTTP/1.1 200 OK\r\ncontent-length: 1000\r\n\r\n\x89DJE");
      line.end();
    },
    /the connection failed|cannot be read/,
  ],
};

for (const [what, [speak, message]] of Object.entries(LINES)) {
  testOn(
    ["deno", "bun"],
    NEEDS_SERVER,
    `s3Store() makes a StoreError of a server that ${what}`,
    async () => {
      await using server = await startRawServer(speak);
      await using store = s3Store({
        endpoint: server.url,
        bucket: BUCKET,
        credentials: CREDENTIALS,
        // The others answer at once, if the machine is not busy.
        timeout: what === "hangs" ? 50 : 30_000,
      });
      await rejects(store.get("a"), StoreError, message);
    },
  );
}

test("a function cached behind an absent S3 server works, and each failure is an event", async () => {
  const real = "Deno" in globalThis || "Bun" in globalThis;
  const refuse: Fetch = () => Promise.reject(new TypeError("Failed to fetch"));
  const store = real
    ? s3Store({ endpoint: await absentServer(), bucket: BUCKET, credentials: CREDENTIALS })
    : make(refuse);
  await checkFunctionOver(store, /check the address, the network/);
});

testOn(
  ["deno", "bun"],
  "needs a file system",
  "s3Store() reads a folder that fsStore() filled, copied into the bucket as it is",
  () =>
    withTempFolder(async (folder) => {
      const { readdir, readFile } = builtin<typeof import("node:fs/promises")>("node:fs/promises");
      const fetch = fakeS3();
      await using source = await fsStore(folder);
      await source.set("name/0123abcd", BYTES);
      for (const path of await readdir(`${folder}/v1`, { recursive: true })) {
        const body = await readFile(`${folder}/v1/${path}`).catch(() => undefined);
        if (body === undefined) continue; // A folder.
        const name = path.split(/[\\/]/).map(encodeURIComponent).join("/");
        const url = `${ENDPOINT}/${BUCKET}/deja/v1/${name}`;
        await fetch(new Request(url, { method: "PUT", body: new Uint8Array(body) }));
      }
      await using store = make(fetch);
      assert.deepEqual(await store.get("name/0123abcd"), BYTES);
    }),
);

const because = await whyNoS3();

testOn(
  because === undefined ? ["deno", "bun"] : [],
  because ?? NEEDS_SERVER,
  "s3Store() is told by a real server what is wrong with its keys or its bucket",
  async () => {
    const server = await startS3();
    try {
      const { endpoint } = server;
      const options = { endpoint, bucket: BUCKET, credentials: CREDENTIALS };
      const wrong = { ...CREDENTIALS, secretAccessKey: "another" };
      const unknown = { ...CREDENTIALS, accessKeyId: "another" };
      for (
        const [more, message] of [
          [{ credentials: wrong }, /secret key or the region is wrong/],
          [{ credentials: unknown }, /access key/i],
          [{ bucket: "another" }, /there is no such bucket/],
          [{ region: "mars-1" }, /region/],
        ] as const
      ) {
        await using store = s3Store({ ...options, ...more });
        for (const call of [CALLS.get, CALLS.set, CALLS.delete, CALLS.list]) {
          await rejects(call(store), StoreError, message);
        }
      }
    } finally {
      await server.stop();
    }
  },
);
