import { StoreError } from "../../lib/errors.ts";
import { httpStore, type HttpStoreOptions } from "../../lib/store/http/mod.ts";
import { frame, FRAMES_TYPE } from "../../lib/store/http/frames.ts";
import type { Store } from "../../lib/store/store.ts";
import {
  absentServer,
  type LoopbackServer,
  NEEDS_SERVER,
  type RawConnection,
  startRawServer,
} from "../servers/http.ts";
import { assert, rejects, test, testOn } from "../harness.ts";
import { checkFunctionOver } from "./_function.ts";

const ADDRESS = "https://example.org/cache";
const BYTES = Uint8Array.of(1, 2, 3);

/** Every call of a store. */
const CALLS: Readonly<Record<string, (store: Store, signal?: AbortSignal) => Promise<unknown>>> = {
  get: (store, signal) => store.get("a", { signal }),
  set: (store, signal) => store.set("a", BYTES, { signal }),
  delete: (store, signal) => store.delete("a", { signal }),
  list: async (store, signal) => {
    for await (const _ of store.list("", { signal }));
  },
  lease: (store, signal) => store.lease!("a", 1000, { signal }),
};

function page(status: number, headers: Record<string, string> = {}): Response {
  return new Response("<!doctype html><title>Hello</title>", {
    status,
    headers: { "content-type": "text/html", ...headers },
  });
}

/** Answers that no `serveStore` gives, and what the error says. */
const ANSWERS: Readonly<Record<string, readonly [() => Response, RegExp]>> = {
  "a page": [() => page(200), /text\/html came instead|status 200/],
  "nothing": [() => new Response(null, { status: 200 }), /without a media type came|status 200/],
  "a page that says 404": [() => page(404), /status 404: there is no cache at this address/],
  "an expired token": [() => page(401), /status 401: the server wants a valid token/],
  "a forbidden token": [() => page(403), /status 403: the server does not let this token/],
  "a server error": [() => page(500), /status 500: see the log of the server/],
  "a gateway's error": [() => page(502), /status 502/],
  "an overload": [
    () => page(503, { "retry-after": "120" }),
    /status 503: .*overloaded.*, not before 120 s have passed/,
  ],
  "too many requests": [
    () => page(429, { "retry-after": "Wed, 21 Oct 2026 07:28:00 GMT" }),
    /status 429: .*less often, not before Wed, 21 Oct 2026/,
  ],
};

for (const [what, [answer, message]] of Object.entries(ANSWERS)) {
  test(`httpStore() makes a StoreError of ${what}`, async () => {
    await using store = httpStore(ADDRESS, { fetch: () => Promise.resolve(answer()) });
    for (const [operation, call] of Object.entries(CALLS)) {
      const error = await rejects(call(store), StoreError, message);
      assert.equal(error.operation, operation);
      assert.include(error.message, "https://example.org/cache/");
    }
  });
}

const DAMAGED: Readonly<Record<string, readonly [type: string, body: BodyInit]>> = {
  "frames that are cut": [FRAMES_TYPE, frame(BYTES).subarray(0, 5)],
  "frames without an end": [FRAMES_TYPE, frame(BYTES).subarray(0, 7)],
  "frames with more behind": [FRAMES_TYPE, new Uint8Array(5)],
  "a listing that is cut": ["application/x-ndjson", '["a",1]\n["b"'],
  "a listing without an end": ["application/x-ndjson", '["a",1]\n'],
  "a listing with more behind": ["application/x-ndjson", '{"end":true}\n["a",1]\n'],
  "a listing of something else": ["application/x-ndjson", '["a"]\n{"end":true}\n'],
  "a listing with a negative size": ["application/x-ndjson", '["a",-1]\n{"end":true}\n'],
  "a listing that is no JSON": ["application/x-ndjson", "<html>\n"],
  "a listing that is one endless line": ["application/x-ndjson", "[".repeat(100_000)],
  "JSON that is none": ["application/json", "{"],
  "JSON of another shape": ["application/json", "[]"],
};

for (const [what, [type, body]] of Object.entries(DAMAGED)) {
  test(`httpStore() makes a StoreError of ${what}`, async () => {
    await using store = httpStore(ADDRESS, {
      fetch: ({ method }) =>
        Promise.resolve(
          new Response(body, {
            status: method === "POST" ? 201 : 200,
            headers: { "content-type": type },
          }),
        ),
    });
    for (const call of Object.values(CALLS)) await rejects(call(store), StoreError);
  });
}

test("httpStore() makes a StoreError of a body that breaks off", async () => {
  let sent = 0;
  await using store = httpStore(ADDRESS, {
    fetch: () => {
      const body = new ReadableStream({
        pull(controller) {
          if (sent++ === 0) controller.enqueue(frame(new Uint8Array(1000)).subarray(0, 500));
          else controller.error(new TypeError("The line is dead"));
        },
      });
      return Promise.resolve(new Response(body, { headers: { "content-type": FRAMES_TYPE } }));
    },
  });
  await rejects(store.get("a"), StoreError, /The line is dead/);
});

test("httpStore() gives up a server that is silent, and waits no longer than timeout", async () => {
  const signals: AbortSignal[] = [];
  await using store = httpStore(ADDRESS, {
    timeout: 5,
    fetch: ({ signal }) => {
      signals.push(signal);
      return new Promise(() => {});
    },
  });
  for (const call of Object.values(CALLS)) {
    await rejects(call(store), StoreError, /silent for 5 ms/);
  }
  assert.isTrue(signals.every(({ aborted }) => aborted));
});

test("httpStore() gives up a server that falls silent midway", async () => {
  await using store = httpStore(ADDRESS, {
    timeout: 5,
    fetch: () => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(frame(BYTES).subarray(0, 5)),
      });
      return Promise.resolve(new Response(body, { headers: { "content-type": FRAMES_TYPE } }));
    },
  });
  await rejects(store.get("a"), StoreError, /silent for 5 ms/);
});

test("httpStore() lets go of a stream at once, though the server is silent", async () => {
  const cancelled = Promise.withResolvers<void>();
  await using store = httpStore(ADDRESS, {
    timeout: 600_000,
    fetch: () => {
      const body = new ReadableStream({
        start: (controller) => controller.enqueue(frame(BYTES).subarray(0, 5)),
        cancel: () => cancelled.resolve(),
      });
      return Promise.resolve(new Response(body, { headers: { "content-type": FRAMES_TYPE } }));
    },
  });
  const reader = (await store.getStream!("a"))!.getReader();
  assert.deepEqual((await reader.read()).value, BYTES.subarray(0, 1));
  await reader.cancel();
  await cancelled.promise;
});

test("httpStore() rejects with the signal's reason, before and meanwhile, and works after", async () => {
  let answers = false;
  const fetch = () =>
    answers
      ? Promise.resolve(
        new Response(frame(BYTES), { headers: { "content-type": FRAMES_TYPE } }),
      )
      : new Promise<Response>(() => {});
  await using store = httpStore(ADDRESS, { fetch });
  class Enough extends Error {}
  for (const call of Object.values(CALLS)) {
    await rejects(call(store, AbortSignal.abort(new Enough())), Enough);
    const controller = new AbortController();
    const pending = call(store, controller.signal);
    controller.abort(new Enough());
    await rejects(pending, Enough);
  }
  answers = true;
  assert.deepEqual(await store.get("a"), BYTES);
});

/** Servers on a real line that do not speak as they should. */
const LINES: Readonly<Record<string, readonly [(line: RawConnection) => void, RegExp]>> = {
  "hangs": [() => {}, /silent for 50 ms/],
  "hangs up": [(line) => line.end(), /the connection failed/],
  "resets the connection": [(line) => line.destroy(), /the connection failed/],
  "speaks no HTTP": [(line) => (line.write("SSH-2.0-OpenSSH\r\n"), line.end()), /failed/],
  "dies within the bytes": [
    (line) => {
      line.write(`HTTP/1.1 200 OK\r\ncontent-type: ${FRAMES_TYPE}\r\ncontent-length: 1000\r\n\r\n`);
      line.write("\x64\0\0\0 and then");
      line.end();
    },
    /the connection failed|ends after/,
  ],
  "dies within a chunk": [
    (line) => {
      line.write(
        `HTTP/1.1 200 OK\r\ncontent-type: ${FRAMES_TYPE}\r\ntransfer-encoding: chunked\r\n\r\n`,
      );
      line.write("8\r\n\x04\0\0\0abcd\r\n8\r\n\x04\0");
      line.destroy();
    },
    /the connection failed|ends after/,
  ],
};

for (const [what, [speak, message]] of Object.entries(LINES)) {
  testOn(
    ["deno", "bun"],
    NEEDS_SERVER,
    `httpStore() makes a StoreError of a server that ${what}`,
    async () => {
      await using server: LoopbackServer = await startRawServer(speak);
      // The others answer at once, if the machine is not busy.
      await using store = httpStore(server.url, { timeout: what === "hangs" ? 50 : 30_000 });
      await rejects(store.get("a"), StoreError, message);
    },
  );
}

/** An address at which nothing answers, and what stands in for it in a page. */
async function absent(): Promise<[url: string, options: HttpStoreOptions]> {
  if ("Deno" in globalThis || "Bun" in globalThis) return [await absentServer(), {}];
  const refuse = () => Promise.reject(new TypeError("Failed to fetch"));
  return [ADDRESS, { fetch: refuse }];
}

test("httpStore() makes a StoreError of a server that is absent", async () => {
  const [url, options] = await absent();
  await using store = httpStore(url, options);
  for (const call of Object.values(CALLS)) {
    await rejects(call(store), StoreError, /check the address, the network/);
  }
});

test("a function cached behind an absent server works, and each failure is an event", async () => {
  const [url, options] = await absent();
  for (const files of [false, true]) {
    await checkFunctionOver(httpStore(url, { ...options, files }));
  }
});
