import { assert, test, withFakeTime } from "../../harness.ts";
import { settled, Site, START } from "./_site.ts";

/** A handler of one resource that answers conditions with 304s that have no headers. */
function versions(headers: Record<string, string> = {}) {
  let version = 1;
  const site = new Site(({ headers: asked }) => {
    const etag = `"v${version}"`;
    if (asked.get("if-none-match")?.includes(etag)) return new Response(null, { status: 304 });
    return new Response(`body ${version}`, {
      headers: { "cache-control": "no-cache", "content-type": "text/html", ...headers, etag },
    });
  });
  return { site, change: () => void version++ };
}

test("a 304 without headers keeps all headers of the stored response", async () => {
  const { site } = versions({ "content-security-policy": "default-src 'self'" });
  await site.text();
  for (let turn = 0; turn < 2; turn++) {
    const again = await site.get();
    assert.equal(again.status, 200);
    assert.equal(again.headers.get("content-security-policy"), "default-src 'self'");
    assert.equal(again.headers.get("content-type"), "text/html");
    assert.equal(again.headers.get("etag"), '"v1"');
    assert.equal(await again.text(), "body 1");
    assert.equal(site.types.at(-1), "revalidated");
  }
});

test("a client that has a newer version than the cache never gets the older one", async () => {
  const { site, change } = versions();
  await site.text();
  change();
  const answer = await site.get({ "if-none-match": '"v2"' });
  assert.deepEqual([answer.status, await answer.text()], [200, "body 2"]);
  await settled();
  assert.equal((await site.get({ "if-none-match": '"v2"' })).status, 304);
});

test("a 304 to the condition of a client is the client's where nothing is stored", async () => {
  const { site } = versions();
  const answer = await site.get({ "if-none-match": '"v1"' });
  assert.deepEqual([answer.status, await answer.text()], [304, ""]);
  assert.deepEqual(await site.keys(), []);
  assert.equal(await site.text(), "body 1");
});

test("a 304 that the cache did not ask for is the client's, and changes nothing", () =>
  withFakeTime(START, async (clock) => {
    let isUnchanged = false;
    const site = new Site((_, run) =>
      isUnchanged ? new Response(null, { status: 304 }) : new Response(`run ${run}`, {
        headers: { "cache-control": "max-age=60, stale-if-error=9" },
      })
    );
    assert.equal(await site.text(), "run 1");
    clock.advance(61_000);
    isUnchanged = true;
    assert.equal((await site.get()).status, 304);
    isUnchanged = false;
    assert.equal(await site.text(), "run 3");
    assert.equal(await site.text(), "run 3");
  }));

test("a 304 about another version is the client's who has it, and else is asked again", async () => {
  let version = 1;
  const site = new Site(({ headers: asked }) => {
    const headers = { "cache-control": "no-cache", etag: `"v${version}"` };
    return asked.has("if-none-match")
      ? new Response(null, { status: 304, headers })
      : new Response(`body ${version}`, { headers });
  });
  assert.equal(await site.text(), "body 1");
  version = 2;
  assert.equal((await site.get({ "if-none-match": '"v2"' })).status, 304);
  const answer = await site.get();
  assert.equal(answer.status, 200);
  assert.equal(answer.headers.get("etag"), '"v2"');
  assert.equal(await answer.text(), "body 2");
});

test("a 304 replaces and adds headers, but none that say what the body is", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(({ headers }) =>
      headers.has("if-none-match")
        ? new Response(null, {
          status: 304,
          headers: {
            "cache-control": "max-age=600",
            "content-type": "text/wrong",
            etag: '"v1"',
            "x-added": "1",
          },
        })
        : new Response("body", {
          headers: {
            age: "50",
            "cache-control": "max-age=60",
            "content-type": "text/right",
            etag: '"v1"',
            "x-kept": "1",
          },
        })
    );
    await site.text();
    clock.advance(11_000);
    await site.text();
    clock.advance(599_000);
    const { headers } = await site.get();
    assert.equal(site.runs, 2);
    const names = ["age", "cache-control", "content-type", "x-added", "x-kept"];
    assert.deepEqual(names.map((name) => headers.get(name)), [
      "599",
      "max-age=600",
      "text/right",
      "1",
      "1",
    ]);
  }));

test("a 304 that forbids to store removes what is stored, and still confirms it", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(({ headers }) =>
      headers.has("if-none-match")
        ? new Response(null, { status: 304, headers: { "cache-control": "no-store" } })
        : new Response("body", { headers: { "cache-control": "max-age=60", etag: '"v1"' } })
    );
    await site.text();
    clock.advance(61_000);
    assert.equal(await site.text(), "body");
    assert.equal(site.runs, 2);
    assert.deepEqual(await site.keys(), []);
  }));
