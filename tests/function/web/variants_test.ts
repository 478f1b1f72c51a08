import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { ADDRESS, counting, settled, Site, START } from "./_site.ts";

const LANGUAGES = ["en", "de", "fr"];

test("responses that come at the same time and vary are all stored", async () => {
  const site = new Site(({ headers }) =>
    new Response(headers.get("accept-language"), {
      headers: { "cache-control": "max-age=60", vary: "accept-language" },
    })
  );
  const all = () => Promise.all(LANGUAGES.map((each) => site.text({ "accept-language": each })));
  assert.deepEqual(await all(), LANGUAGES);
  await until(() => site.types.filter((type) => type === "store").length === 3);
  assert.deepEqual(await all(), LANGUAGES);
  assert.equal(site.runs, 3);
  assert.equal((await site.keys()).length, 4); // a list, and three bodies
});

test("bodies of responses that had to make room are removed", async () => {
  const site = new Site(({ headers }) =>
    new Response(headers.get("accept-language"), {
      headers: { "cache-control": "max-age=60", vary: "accept-language" },
    })
  );
  for (let index = 0; index < 20; index++) await site.text({ "accept-language": `x-${index}` });
  await settled();
  assert.equal((await site.keys()).length, 17);
});

test("what is of no use any more leaves the store, with its body soon after", () =>
  withFakeTime(START, async (clock) => {
    const site = new Site(counting({ "cache-control": "max-age=60, stale-if-error=60" }));
    for (let index = 0; index < 10; index++) await site.text({}, `${ADDRESS}&c=${index}`);
    clock.advance(119_000);
    assert.equal((await site.keys()).length, 20);
    clock.advance(1000);
    assert.isTrue((await site.keys()).every((key) => key.includes(".")));
    clock.advance(3_600_000);
    assert.deepEqual(await site.keys(), []);
  }));

test("what may still hold after its time is kept for a month", () =>
  withFakeTime(START, async (clock) => {
    const headers = { "cache-control": "max-age=60", etag: '"v1"' };
    const site = new Site((request, run) =>
      request.headers.has("if-none-match")
        ? new Response(null, { status: 304, headers })
        : new Response(`run ${run}`, { headers })
    );
    await site.text();
    clock.advance(29 * 86_400_000);
    assert.equal(await site.text(), "run 1");
    clock.advance(2 * 86_400_000);
    assert.equal(await site.text(), "run 3");
    assert.notInclude(site.types, "corrupt");
  }));

test("a lifetime longer than any store can tell is cut", async () => {
  const store = memoryStore();
  const site = new Site(counting({ "cache-control": `max-age=${"9".repeat(300)}` }), { store });
  assert.equal(await site.text(), "run 1");
  for await (const { expires } of store.list()) assert.isTrue(Number.isFinite(expires));
  assert.deepEqual(site.types, ["miss", "store"]);
});
