import { withCache } from "../../../lib/function/web/mod.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { ADDRESS, settled, Site, START } from "./_site.ts";

/** A body of ten pieces, which breaks off when the request it answers is given up. */
function patientBody({ signal }: Request): ReadableStream<Uint8Array> {
  let left = 10;
  return new ReadableStream({
    async pull(controller) {
      await settled();
      if (signal.aborted) controller.error(signal.reason);
      else if (left-- > 0) controller.enqueue(new Uint8Array(10));
      else controller.close();
    },
  }, { highWaterMark: 0 });
}

test("a client that goes does not take the response from those who share it", async () => {
  const site = new Site((request) =>
    new Response(patientBody(request), { headers: { "cache-control": "max-age=60" } })
  );
  const client = new AbortController();
  const first = await site.handler(new Request(ADDRESS, { signal: client.signal }));
  const second = await site.get();
  const reader = first.body!.getReader();
  await reader.read();
  client.abort();
  await reader.cancel();
  assert.equal((await second.arrayBuffer()).byteLength, 100);
  assert.isFalse(site.asked[0].signal.aborted);
  await settled();
  assert.equal((await (await site.get()).arrayBuffer()).byteLength, 100);
  assert.equal(site.runs, 1);
});

for (const control of ["max-age=60", "no-store"]) {
  test(`a handler is told when all have gone whom it answers with ${control}`, async () => {
    const site = new Site((request) =>
      new Response(patientBody(request), { headers: { "cache-control": control } })
    );
    const clients = [new AbortController(), new AbortController()];
    const answers = await Promise.all(
      clients.map(({ signal }) => site.handler(new Request(ADDRESS, { signal }))),
    );
    clients[0].abort();
    await settled();
    assert.equal(site.asked[0].signal.aborted, control === "no-store");
    clients[1].abort();
    await until(() => site.asked.every(({ signal }) => signal.aborted));
    for (const { body } of answers) await body!.cancel();
    await settled();
    assert.deepEqual(await site.keys(), []);
  });
}

test("equal requests for a response past its time share one run of the handler", () =>
  withFakeTime(START, async (clock) => {
    for (const isUnchanged of [true, false]) {
      const headers = { "cache-control": "max-age=60", etag: '"v1"' };
      const site = new Site(async ({ headers: asked }, run) => {
        await settled();
        return asked.has("if-none-match") && isUnchanged
          ? new Response(null, { status: 304, headers })
          : new Response(`run ${run}`, { headers });
      });
      await site.text();
      clock.advance(61_000);
      const texts = await Promise.all(Array.from({ length: 10 }, () => site.text()));
      assert.deepEqual(new Set(texts), new Set([isUnchanged ? "run 1" : "run 2"]));
      assert.equal(site.runs, 2);
    }
  }));

test("a handler that fails is asked once for all whom a stale response answers", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(async (_, run) => {
      await settled();
      if (run > 1) throw new RangeError("down");
      const headers = { "cache-control": "max-age=60, stale-if-error=600" };
      return new Response("run 1", { headers });
    });
    await site.text();
    clock.advance(61_000);
    const texts = await Promise.all(Array.from({ length: 5 }, () => site.text()));
    assert.deepEqual(new Set(texts), new Set(["run 1"]));
    assert.equal(site.runs, 2);
  }));

for (
  const [name, headers, request] of [
    ["the address gave an answer that nobody shares", { "cache-control": "no-store" }, {}],
    ["the address wants to be asked each time", { "cache-control": "no-cache", etag: '"1"' }, {}],
    ["they ask for their own", { "cache-control": "max-age=60" }, { "cache-control": "no-cache" }],
    ["they are made by name", { "cache-control": "max-age=60" }, { authorization: "x" }],
  ] as const
) {
  test(`requests do not wait for each other where ${name}`, async () => {
    const gate = Promise.withResolvers<void>();
    let holds = false;
    const site = new Site(async (_, run) => {
      if (holds) {
        holds = false;
        await gate.promise;
      }
      return new Response(`run ${run}`, { headers });
    });
    if (Object.keys(request).length === 0) await site.text();
    holds = true;
    const before = site.runs;
    const held = site.text(request);
    await until(() => site.runs === before + 1);
    assert.equal(await site.text(request), `run ${before + 2}`);
    gate.resolve();
    assert.equal(await held, `run ${before + 1}`);
  });
}

test("a handler that hangs on the first request of an address does not hold up the next", async () => {
  const gate = Promise.withResolvers<void>();
  const site = new Site(async (request, run) => {
    if (run === 1) await gate.promise;
    return new Response(request.headers.get("x-user"), {
      headers: { "cache-control": "no-store" },
    });
  });
  const held = site.text({ "x-user": "a" });
  await until(() => site.runs === 1);
  assert.equal(await site.text({ "x-user": "b" }), "b");
  gate.resolve();
  assert.equal(await held, "a");
});

test("requests that differ in what an address varies by do not wait for each other", async () => {
  const gate = Promise.withResolvers<void>();
  const site = new Site(async ({ headers }, run) => {
    if (run === 2) await gate.promise;
    return new Response(`${headers.get("accept-language")} ${run}`, {
      headers: { "cache-control": "max-age=60", vary: "accept-language" },
    });
  });
  const ask = (language: string) => site.text({ "accept-language": language });
  assert.equal(await ask("en"), "en 1");
  const german = [ask("de"), ask("de")];
  await until(() => site.runs === 2);
  assert.equal(await ask("fr"), "fr 3");
  gate.resolve();
  assert.deepEqual(await Promise.all(german), ["de 2", "de 2"]);
});

test("a handler sees what a host has added to the request", async () => {
  class HostRequest extends Request {
    get params(): { id: string } {
      return { id: "7" };
    }
  }
  const handler = withCache((request: Request) => {
    const { params, extra } = request as HostRequest & { extra: string };
    return new Response(`${params.id} ${extra}`, { headers: { "cache-control": "max-age=60" } });
  }, { store: memoryStore() });
  const request = Object.assign(new HostRequest(ADDRESS), { extra: "more" });
  assert.equal(await (await handler(request)).text(), "7 more");
});
