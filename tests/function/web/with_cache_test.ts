import { withCache } from "../../../lib/function/web/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import type { Store } from "../../../lib/store/store.ts";
import { assert, rejects, test, withFakeTime } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { ADDRESS, counting, settled, Site, START } from "./_site.ts";

test("a fresh response answers without the handler, until its time is over", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(counting({ "cache-control": "max-age=60", "content-type": "text/x-a" }));
    assert.equal(await site.text(), "run 1");
    clock.advance(59_000);
    const again = await site.get();
    assert.equal(again.headers.get("age"), "59");
    assert.equal(again.headers.get("content-type"), "text/x-a");
    assert.equal(again.headers.get("cache-status"), "deja; hit");
    assert.equal(await again.text(), "run 1");
    clock.advance(1000);
    assert.equal(await site.text(), "run 2");
    assert.deepEqual(site.types, ["miss", "store", "hit", "miss", "store"]);
  }));

for (
  const [name, reason, headers, request, status = 200] of [
    ["no-store", "no-store", { "cache-control": "no-store, max-age=60" }],
    ["private", "private", { "cache-control": "private, max-age=60" }],
    ["nothing about its age", "no lifetime", {}],
    ["a cookie", "set-cookie", { "cache-control": "max-age=60", "set-cookie": "a=1" }],
    ["what varies by everything", "vary", { "cache-control": "max-age=60", vary: "*" }],
    ["what somebody asked for by name", "authorization", { "cache-control": "max-age=60" }, {
      authorization: "b",
    }],
    ["part of a whole", "range", { "cache-control": "max-age=60" }, { range: "bytes=0-1" }],
    ["a status of unknown meaning", "status", { "cache-control": "max-age=60" }, undefined, 599],
  ] as const
) {
  test(`a shared cache does not answer with ${name}, and says why`, async () => {
    // A browser takes no cookie off a response that a script makes, so this one is told of it.
    const site = new Site((_, run) => {
      const response = new Response(`run ${run}`, { headers, status });
      if (!("set-cookie" in headers) || response.headers.has("set-cookie")) return response;
      const has = (each: string) => each === "set-cookie" || Headers.prototype.has.call(own, each);
      const own = response.headers;
      Object.defineProperty(own, "has", { value: has });
      return response;
    });
    const asked = new Request(ADDRESS);
    for (const [each, value] of Object.entries(request ?? {})) asked.headers.set(each, value);
    const ask = async () => await (await site.handler(asked)).text();
    // A page may not ask for a range by itself, and then this says nothing of it.
    await ask();
    await settled();
    await ask();
    const isAsked = asked.headers.has("range") || name !== "part of a whole";
    assert.equal(site.runs, isAsked ? 2 : 1);
    if (!isAsked) return;
    assert.deepEqual(site.types, ["bypass", "bypass"]);
    assert.deepEqual(site.events.map((event) => event.reason), [reason, reason]);
  });
}

test("a cache of one user keeps what is private", async () => {
  const site = new Site(counting({ "cache-control": "private, max-age=60" }), { shared: false });
  assert.equal(await site.text(), "run 1");
  assert.equal(await site.text(), "run 1");
});

test("each address is another, but for its fragment", async () => {
  const site = new Site(counting({ "cache-control": "max-age=60" }));
  assert.equal(await site.text({}, "https://example.org/a"), "run 1");
  assert.equal(await site.text({}, "https://example.org/a?"), "run 2");
  assert.equal(await site.text({}, "https://example.org/b"), "run 3");
  assert.equal(await site.text({}, "https://example.org/a#x"), "run 1");
});

test("a response varies by the headers that it names, and by no others", async () => {
  const site = new Site((request, run) =>
    new Response(`${request.headers.get("accept-language")} ${run}`, {
      headers: { "cache-control": "max-age=60", vary: "Accept-Language" },
    })
  );
  const ask = (language: string, other: string) =>
    site.text({ "accept-language": language, "x-other": other });
  assert.equal(await ask("de", "1"), "de 1");
  assert.equal(await ask("fr", "1"), "fr 2");
  assert.equal(await ask("de", "2"), "de 1");
  assert.equal(await ask("fr", "3"), "fr 2");
});

test("headers that nothing varies by are not stored", async () => {
  const store = memoryStore();
  const headers = { "cache-control": "public, max-age=60", vary: "accept" };
  const site = new Site(counting(headers), { store });
  await site.text({ "x-secret": "hidden in plain sight", accept: "text/shown" });
  let all = "";
  for await (const { key } of store.list()) all += new TextDecoder().decode(await store.get(key));
  assert.include(all, "text/shown");
  assert.notInclude(all, "hidden in plain sight");
});

test("a response past its time is validated, and answers again if it still holds", () =>
  withFakeTime(START, async (clock) => {
    const headers = { "cache-control": "max-age=60", etag: '"v1"' };
    const site = new Site((request, run) =>
      request.headers.get("if-none-match") === '"v1"'
        ? new Response(null, { status: 304, headers })
        : new Response(`run ${run}`, { headers })
    );
    assert.equal(await site.text(), "run 1");
    clock.advance(61_000);
    assert.equal(await site.text(), "run 1");
    assert.equal(site.runs, 2);
    clock.advance(59_000);
    assert.equal(await site.text(), "run 1");
    assert.equal(site.runs, 2);
    assert.deepEqual(site.types, ["miss", "store", "revalidated", "hit"]);
  }));

test("a response that no longer holds is replaced, and its body removed", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site((_, run) =>
      new Response(`run ${run}`, { headers: { "cache-control": "max-age=60", etag: `"${run}"` } })
    );
    assert.equal(await site.text(), "run 1");
    clock.advance(61_000);
    assert.equal(await site.text(), "run 2");
    assert.equal(await site.text(), "run 2");
    assert.equal((await Array.fromAsync(site.store.list())).length, 2);
  }));

test("a client that has the response is told so", async () => {
  const modified = "Tue, 01 Jan 2030 00:00:00 GMT";
  const headers = { "cache-control": "max-age=60", etag: 'W/"v1"', "last-modified": modified };
  const site = new Site(counting(headers));
  await site.text();
  for (const condition of ['"v1"', 'W/"v1"', '"v0", "v1"', "*"]) {
    const answer = await site.get({ "if-none-match": condition });
    assert.equal(answer.status, 304, condition);
    assert.equal(answer.headers.get("etag"), 'W/"v1"');
    assert.equal(await answer.text(), "");
  }
  assert.equal((await site.get({ "if-modified-since": modified })).status, 304);
  assert.equal((await site.get({ "if-none-match": '"v2"' })).status, 200);
  assert.equal(site.runs, 1);
});

test("a stale response answers while a new one is fetched behind it", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(counting({ "cache-control": "max-age=60, stale-while-revalidate=60" }));
    assert.equal(await site.text(), "run 1");
    clock.advance(90_000);
    assert.equal(await site.text(), "run 1");
    assert.equal(site.runs, 2);
  }));

test("a stale response answers where the handler fails, as long as it may", () =>
  withFakeTime(START, async (clock) => {
    let fails: "throws" | "500" | "no" = "no";
    const site = new Site((_, run) => {
      if (fails === "throws") throw new RangeError("down");
      if (fails === "500") return new Response("down", { status: 500 });
      return new Response(`run ${run}`, {
        headers: { "cache-control": "max-age=60, stale-if-error=600" },
      });
    });
    assert.equal(await site.text(), "run 1");
    clock.advance(90_000);
    fails = "throws";
    assert.equal(await site.text(), "run 1");
    fails = "500";
    assert.equal(await site.text(), "run 1");
    clock.advance(900_000);
    assert.equal((await site.get()).status, 500);
    fails = "throws";
    await rejects(site.get(), RangeError, /down/);
  }));

for (const directive of ["must-revalidate", "proxy-revalidate", "no-cache"]) {
  test(`a stale response answers nobody where ${directive} forbids it`, () =>
    withFakeTime(START, async (clock) => {
      let fails = false;
      const site = new Site((_, run) =>
        fails ? new Response("down", { status: 503 }) : new Response(`run ${run}`, {
          headers: { "cache-control": `max-age=60, stale-if-error=600, ${directive}` },
        })
      );
      assert.equal(await site.text(), "run 1");
      clock.advance(90_000);
      fails = true;
      assert.equal((await site.get()).status, 503);
    }));
}

test("equal requests at the same time share one run of the handler, as it streams", async () => {
  const gate = Promise.withResolvers<void>();
  const site = new Site(() => {
    const encoder = new TextEncoder();
    const body = new ReadableStream({
      async start(controller) {
        controller.enqueue(encoder.encode("one "));
        await gate.promise;
        controller.enqueue(encoder.encode("two"));
        controller.close();
      },
    });
    return new Response(body, { headers: { "cache-control": "max-age=60" } });
  });
  const answers = await Promise.all([site.get(), site.get(), site.get()]);
  const reader = answers[0].body!.getReader();
  assert.equal(new TextDecoder().decode((await reader.read()).value), "one ");
  gate.resolve();
  assert.deepEqual(await Promise.all(answers.slice(1).map((answer) => answer.text())), [
    "one two",
    "one two",
  ]);
  assert.equal(site.runs, 1);
  await reader.cancel();
  await settled();
  assert.equal(await site.text(), "one two");
  assert.equal(site.runs, 1);
});

test("half a response is never an answer", async () => {
  const site = new Site((_, run) => {
    const body = new ReadableStream({
      pull(controller) {
        if (run === 1) controller.error(new RangeError("broke off"));
        else {
          controller.enqueue(new TextEncoder().encode("whole"));
          controller.close();
        }
      },
    });
    return new Response(body, { headers: { "cache-control": "max-age=60" } });
  });
  await (await site.get()).text().then(() => assert.fail("read half a response"), () => {});
  await settled();
  assert.deepInclude(site.events.at(-1), { type: "not-stored", reason: "incomplete" });
  assert.equal(await site.text(), "whole");
  const entries = await Array.fromAsync(site.store.list());
  assert.sameMembers(entries.map(({ key }) => key.includes(".")), [false, true]);
});

test("a change makes what is stored of the address worthless", async () => {
  const site = new Site(counting({ "cache-control": "max-age=60" }));
  await site.text();
  await site.handler(new Request(ADDRESS, { method: "POST", body: "x" }));
  assert.equal(await site.text(), "run 3");
});

test("a store that fails costs an event, not the answer", async () => {
  const broken: Store = {
    name: "broken",
    supports: { persistent: false },
    get: () => Promise.reject(new Error("get")),
    set: () => Promise.reject(new Error("set")),
    delete: () => Promise.reject(new Error("delete")),
    list: () => {
      throw new Error("list");
    },
    [Symbol.asyncDispose]: () => Promise.resolve(),
  };
  const site = new Site(counting({ "cache-control": "max-age=60" }), { store: broken });
  assert.equal(await site.text(), "run 1");
  assert.equal(await site.text(), "run 2");
  assert.deepEqual(new Set(site.types), new Set(["store-error", "miss", "not-stored"]));
  const reasons = site.events.flatMap(({ reason }) => reason === undefined ? [] : [reason]);
  assert.deepEqual(reasons, ["store failed", "store failed"]);
});

test("a damaged body or list is asked for again", async () => {
  for (const isBody of [true, false]) {
    const site = new Site(counting({ "cache-control": "max-age=60" }));
    await site.text();
    for await (const { key } of site.store.list()) {
      if (key.includes(".") === isBody) await site.store.set(key, new Uint8Array([1, 2, 3]));
    }
    assert.equal(await site.text(), "run 2");
    assert.include(site.types, "corrupt");
    assert.equal(await site.text(), "run 2");
  }
});

test("withCache() needs a handler and a store", () => {
  const wrong = (value: unknown) => value as never;
  assert.throws(() => withCache(wrong(1), { store: memoryStore() }), TypeError, /received number/);
  assert.throws(() => withCache(() => new Response(), wrong({})), TypeError, /needs a store/);
});

test("what is fetched behind a stale response is stored, and answers the next request", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(counting({ "cache-control": "max-age=1, stale-while-revalidate=100" }));
    assert.equal(await site.text(), "run 1");
    clock.advance(1100);
    assert.equal(await site.text(), "run 1");
    await until(() => site.types.filter((type) => type === "store").length === 2);
    assert.equal(await site.text(), "run 2");
    assert.equal(site.runs, 2);
    assert.deepEqual(site.types.toSorted(), ["hit", "miss", "miss", "stale", "store", "store"]);
  }));

test("a stale response is renewed once at a time, whoever gives up, as long as the host lives", () =>
  withFakeTime(START, async (clock) => {
    let runs = 0;
    const gate = Promise.withResolvers<void>();
    const signals: AbortSignal[] = [];
    const work: Promise<unknown>[] = [];
    const host = { waitUntil: (each: Promise<unknown>) => work.push(each) };
    const handler = withCache(async (request: Request, _host: typeof host) => {
      signals.push(request.signal);
      if (++runs === 2) await gate.promise;
      return new Response(`run ${runs}`, {
        headers: { "cache-control": "max-age=1, stale-while-revalidate=100" },
      });
    }, { store: memoryStore() });
    const client = new AbortController();
    const get = async () => {
      const request = new Request(ADDRESS, { signal: client.signal });
      return await (await handler(request, host)).text();
    };
    assert.equal(await get(), "run 1");
    await settled();
    clock.advance(1100);
    assert.deepEqual([await get(), await get()], ["run 1", "run 1"]);
    client.abort();
    gate.resolve();
    await Promise.all(work);
    await settled();
    assert.equal(runs, 2);
    assert.isFalse(signals[1].aborted);
    assert.equal(await (await handler(new Request(ADDRESS), host)).text(), "run 2");
  }));

test("a response that came behind a stale one and may not be stored is let go", () =>
  withFakeTime(START, async (clock) => {
    let left = false;
    const site = new Site((_, run) => {
      if (run === 1) {
        const headers = { "cache-control": "max-age=1, stale-while-revalidate=100" };
        return new Response("run 1", { headers });
      }
      const endless = new ReadableStream({ cancel: () => void (left = true) });
      return new Response(endless, { headers: { "cache-control": "no-store" } });
    });
    assert.equal(await site.text(), "run 1");
    clock.advance(1100);
    assert.equal(await site.text(), "run 1");
    await until(() => left);
  }));

test("a request for what is stored alone never reaches the handler", () =>
  withFakeTime(START, async (clock) => {
    const headers = { "cache-control": "max-age=1, stale-while-revalidate=100" };
    const site = new Site(counting(headers));
    const only = { "cache-control": "max-stale=1000, Only-If-Cached" };
    assert.equal((await site.get(only)).status, 504);
    assert.equal(site.runs, 0);
    assert.equal(await site.text(), "run 1");
    assert.equal(await site.text(only), "run 1");
    clock.advance(1100);
    assert.equal(await site.text(only), "run 1");
    clock.advance(10_000_000);
    assert.equal((await site.get({ "cache-control": "only-if-cached" })).status, 504);
    await settled();
    assert.equal(site.runs, 1);
  }));

test("a handler that returns no response is told so", async () => {
  for (const given of [undefined, null, "text"]) {
    const site = new Site(() => given as never);
    await rejects(site.get(), TypeError, /handler of withCache must return a Response, received/);
    await rejects(
      site.handler(new Request(ADDRESS, { method: "POST" })),
      TypeError,
      /must return a Response/,
    );
  }
});

test("a body that is being read stays whole while a new one takes its place", () =>
  withFakeTime(START, async (clock) => {
    const size = 3_000_000;
    const site = new Site((_, run) =>
      new Response(new Uint8Array(size).fill(run), {
        headers: { "cache-control": "max-age=1, stale-while-revalidate=100" },
      })
    );
    await site.text();
    const keys = async () => (await Array.fromAsync(site.store.list())).length;
    const before = await keys();
    assert.isAbove(before, 2); // of several parts
    clock.advance(1100);
    const stale = await site.get();
    await until(() => site.types.filter((type) => type === "store").length === 2);
    await settled();
    const bytes = new Uint8Array(await stale.arrayBuffer());
    assert.deepEqual([bytes.length, bytes[0], bytes[size - 1]], [size, 1, 1]);
    for (let turn = 0; turn < 2000 && await keys() > before; turn++) await settled();
    assert.equal(await keys(), before);
  }));
