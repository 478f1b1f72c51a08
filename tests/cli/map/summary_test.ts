import { originOf, progressWords, summaryOf, timeText } from "../../../lib/cli/map/summary.ts";
import { assert, test } from "../../harness.ts";

const tally = { done: 1000, failed: 10, calls: 1020, underWay: 0 };
const counts = { hits: 390, misses: 620, joins: 10, staleHits: 0, errors: 30 };

test("summaryOf() says what came from the cache, what was computed and what failed", () => {
  assert.equal(
    summaryOf(tally, counts, 12_345),
    "1,000 done: 400 from the cache, 590 computed, 10 failed, 12.3 s",
  );
  assert.equal(summaryOf(tally, undefined, 1), "1,000 done: 990 well, 10 failed, 0.0 s");
});

const ORIGINS: Readonly<Record<string, readonly [counted: Partial<typeof counts>, unknown]>> = {
  "a failure that is kept is not from the cache": [
    { hits: 400, misses: 590, joins: 0, errors: 0 },
    { cached: 400, computed: 590 },
  ],
  "a stale result is from the cache, also where it is computed again": [
    { hits: 0, misses: 600, joins: 0, staleHits: 400, errors: 10 },
    { cached: 400, computed: 590 },
  ],
  "calls that the function makes of itself cannot be told apart": [{ misses: 5000 }, undefined],
  "nothing is known where nothing is counted": [{ hits: 0, misses: 0, joins: 0 }, undefined],
};

for (const [what, [counted, origin]] of Object.entries(ORIGINS)) {
  test(`originOf(): ${what}`, () => {
    const calls = what.startsWith("a failure") ? 990 : 1000;
    assert.deepEqual(originOf({ ...tally, calls }, { ...counts, ...counted }), origin as never);
  });
}

test("originOf() counts no call that is under way", () => {
  const underWay = { done: 100, failed: 0, calls: 108, underWay: 8 };
  const none = { hits: 0, misses: 0, joins: 0, staleHits: 0, errors: 0 };
  const computing = { ...none, hits: 40, misses: 68 };
  assert.deepEqual(originOf(underWay, computing), { cached: 40, computed: 60 });
  assert.deepEqual(originOf(underWay, { ...none, hits: 100 }), { cached: 100, computed: 0 });
});

test("progressWords() leaves out what there is none of", () => {
  const none = { hits: 0, misses: 5, joins: 0, staleHits: 0, errors: 0 };
  assert.equal(progressWords({ done: 5, failed: 0, calls: 5, underWay: 0 }, none), "done");
  assert.equal(progressWords(tally, counts), "done, 400 from the cache, 10 failed");
});

test("timeText() takes the unit that fits", () => {
  const times = [0, 59_900, 59_990, 61_000, 3_599_900, 7_500_000].map(timeText);
  assert.deepEqual(times, ["0.0 s", "59.9 s", "1 min 0 s", "1 min 1 s", "1 h 0 min", "2 h 5 min"]);
});
