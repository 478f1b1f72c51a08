import { Changes } from "../../../lib/function/web/changes.ts";
import { memoryStore } from "../../../lib/store/memory.ts";
import { assert, test, withFakeTime } from "../../harness.ts";
import { until } from "../_kinds.ts";
import { counting, settled, Site, START } from "./_site.ts";

const FRESH = { "cache-control": "max-age=60" };

/** A site whose pages show a state that a change replaces, and whose `held`-th answer waits. */
function siteWithState(held: number, headers: Record<string, string>) {
  let state = "old";
  let gets = 0;
  const gate = Promise.withResolvers<void>();
  const site = new Site(async (request) => {
    if (request.method === "POST") {
      state = "new";
      return new Response("done");
    }
    const seen = state;
    if (++gets === held) await gate.promise;
    return new Response(seen, { headers });
  });
  return { site, open: () => gate.resolve() };
}

test("what a request under way has read before a change is not stored after it", async () => {
  const { site, open } = siteWithState(1, FRESH);
  const before = site.text();
  await until(() => site.runs === 1);
  await site.post();
  open();
  assert.equal(await before, "old");
  assert.deepInclude(site.events.at(-1), { type: "not-stored", reason: "removed" });
  assert.deepEqual(await site.keys(), []);
  assert.equal(await site.text(), "new");
});

test("a request after a change does not join one from before it", async () => {
  const { site, open } = siteWithState(1, FRESH);
  const before = site.text();
  await until(() => site.runs === 1);
  await site.post();
  assert.equal(await site.text(), "new");
  open();
  assert.equal(await before, "old");
  assert.equal(await site.text(), "new");
  assert.equal(site.types.at(-1), "hit");
});

test("what was fetched behind a stale response before a change is not stored after it", () =>
  withFakeTime(START, async (clock) => {
    const { site, open } = siteWithState(2, {
      "cache-control": "max-age=1, stale-while-revalidate=60",
    });
    assert.equal(await site.text(), "old");
    clock.advance(1100);
    assert.equal(await site.text(), "old");
    await until(() => site.runs === 2);
    await site.post();
    open();
    await settled();
    assert.equal(await site.text(), "new");
  }));

test("a 304 from before a change does not bring back what the change removed", () =>
  withFakeTime(START, async (clock) => {
    const gate = Promise.withResolvers<void>();
    const headers = { ...FRESH, etag: '"v1"' };
    const site = new Site(async ({ method, headers: asked }, run) => {
      if (method === "POST" || !asked.has("if-none-match")) {
        return new Response(`run ${run}`, { headers });
      }
      await gate.promise;
      return new Response(null, { status: 304, headers });
    });
    assert.equal(await site.text(), "run 1");
    clock.advance(61_000);
    const before = site.text();
    await until(() => site.runs === 2);
    await site.post();
    gate.resolve();
    await before;
    assert.equal(await site.text(), "run 4");
  }));

test("a change that failed leaves what is stored", async () => {
  const site = new Site(({ method }, run) =>
    method === "POST"
      ? new Response("no", { status: 403 })
      : new Response(`run ${run}`, { headers: FRESH })
  );
  assert.equal(await site.text(), "run 1");
  await site.post();
  assert.equal(await site.text(), "run 1");
});

test("a change removes the bodies with the list", async () => {
  const site = new Site(counting(FRESH));
  for (let turn = 0; turn < 3; turn++) {
    await site.text();
    await site.post();
  }
  await settled();
  assert.deepEqual(await site.keys(), []);
});

test("a removal that is forgotten counts as later than all from before it", () => {
  const changes = new Changes();
  const before = changes.moment;
  assert.isFalse(changes.isOutdated("a", before));
  changes.outdate("a");
  const after = changes.moment;
  assert.deepEqual([before, after].map((moment) => changes.isOutdated("a", moment)), [true, false]);
  assert.isFalse(changes.isOutdated("b", before));
  for (let index = 0; index < 1000; index++) changes.outdate(`other ${index}`);
  assert.deepEqual([before, after].map((moment) => changes.isOutdated("a", moment)), [true, false]);
});

test("changes under a key take turns, also after one that failed, and other keys do not wait", async () => {
  const store = memoryStore();
  const changes = Changes.of(store);
  assert.equal(Changes.of(store), changes);
  const gate = Promise.withResolvers<void>();
  const seen: string[] = [];
  const first = changes.inTurn("a", async () => {
    await gate.promise;
    throw new RangeError("first");
  });
  const second = changes.inTurn("a", () => Promise.resolve(seen.push("second")));
  await changes.inTurn("b", () => Promise.resolve(seen.push("other")));
  assert.deepEqual(seen, ["other"]);
  gate.resolve();
  assert.deepEqual((await Promise.allSettled([first, second])).map(({ status }) => status), [
    "rejected",
    "fulfilled",
  ]);
  assert.deepEqual(seen, ["other", "second"]);
});
