import { CacheTimeoutError } from "../../lib/errors.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";
import { KINDS, reasonOf, until } from "./_kinds.ts";

/** A run of the function that ends when the test says so, and hears of aborts. */
interface HeldRun extends PromiseWithResolvers<string> {
  readonly signal: AbortSignal | undefined;
}

function held(obeys = true) {
  const runs: HeldRun[] = [];
  const fn = (_id: string, options: { signal?: AbortSignal; size?: number } = {}) => {
    const { signal } = options;
    const run = { ...Promise.withResolvers<string>(), signal };
    if (obeys) signal?.addEventListener("abort", () => run.reject(signal.reason));
    runs.push(run);
    return run.promise;
  };
  return { fn, runs };
}

for (const [kind, make] of Object.entries(KINDS)) {
  test(`${kind}: a signal is no part of the key`, async () => {
    const { fn, runs } = held();
    const f = make(fn);
    const { signal } = new AbortController();
    const first = f.call("a", { signal, size: 1 });
    await until(() => runs.length === 1);
    runs[0].resolve("done");
    await first;
    assert.equal(await f.call("a", { size: 1 }), "done");
    assert.equal(await f.call("a", { signal: new AbortController().signal, size: 1 }), "done");
    assert.lengthOf(runs, 1);
    const bare = make((_id: string, _signal?: AbortSignal) => 1);
    assert.equal(await bare.key("a"), await bare.key("a", signal));
  });

  test(`${kind}: one caller's abort rejects it alone; the others get the result`, async () => {
    const { fn, runs } = held();
    const f = make(fn);
    const [one, two] = [new AbortController(), new AbortController()];
    const calls = [f.call("a", { signal: one.signal }), f.call("a", { signal: two.signal })];
    await until(() => runs.length === 1 && f.recorder.events.some(({ type }) => type === "join"));
    const reason = new Error("first gave up");
    one.abort(reason);
    assert.strictEqual(await reasonOf(calls[0]), reason);
    assert.isFalse(runs[0].signal!.aborted, "another still waits");
    runs[0].resolve("done");
    assert.equal(await calls[1], "done");
    assert.equal(await f.call("a"), "done");
  });

  test(`${kind}: a caller without a signal keeps the work going`, async () => {
    const { fn, runs } = held();
    const f = make(fn);
    const one = new AbortController();
    const calls = [f.call("a", { signal: one.signal }), f.call("a")];
    await until(() => runs.length === 1 && f.recorder.events.some(({ type }) => type === "join"));
    one.abort(new Error("gave up"));
    await reasonOf(calls[0]);
    assert.isFalse(runs[0].signal!.aborted);
    runs[0].resolve("done");
    assert.equal(await calls[1], "done");
  });

  for (const obeys of [true, false]) {
    const how = obeys ? "obeys" : "ignores its signal";
    test(`${kind}: the last caller's abort aborts a run that ${how}, and nothing is kept`, async () => {
      const { fn, runs } = held(obeys);
      const f = make(fn, { errors: true });
      const [one, two] = [new AbortController(), new AbortController()];
      const calls = [f.call("a", { signal: one.signal }), f.call("a", { signal: two.signal })];
      await until(() => runs.length === 1 && f.recorder.events.some(({ type }) => type === "join"));
      one.abort(new DOMException("one", "AbortError"));
      two.abort(new DOMException("two", "AbortError"));
      assert.equal((await reasonOf(calls[0]) as Error).message, "one");
      assert.equal((await reasonOf(calls[1]) as Error).message, "two");
      assert.isTrue(runs[0].signal!.aborted);
      const again = f.call("a");
      await until(() => runs.length === 2);
      runs[1].resolve("new");
      runs[0].resolve("late");
      assert.equal(await again, "new", "a later call does not join what was given up");
    });
  }

  test(`${kind}: a call with an aborted signal rejects and runs nothing`, async () => {
    const { fn, runs } = held();
    const f = make(fn);
    const reason = new Error("before");
    assert.strictEqual(await reasonOf(f.call("a", { signal: AbortSignal.abort(reason) })), reason);
    assert.isEmpty(runs);
  });

  test(`${kind}: a hard timeout rejects, aborts the run, and keeps nothing`, async () => {
    const { fn, runs } = held(false);
    const f = make(fn, { timeout: 5, errors: true });
    const { signal } = new AbortController();
    const error = await rejects(f.call("a", { signal }), CacheTimeoutError, /f.+within 5 ms/);
    assert.deepInclude(error, { code: "TIMEOUT", limit: 5 });
    assert.isTrue(runs[0].signal!.aborted);
    runs[0].resolve("late");
    await until(() => true);
    assert.isFalse(await f.has("a"));
  });

  test(`${kind}: a hard timeout falls back on a stale result, as long as that may be`, async () => {
    await withFakeTime(1_000_000, async (clock) => {
      const { fn, runs } = held();
      const f = make(fn, { ttl: "1s", staleIfError: "1m", timeout: 5 });
      const first = f.call("a");
      await until(() => runs.length === 1);
      runs[0].resolve("old");
      await first;
      clock.advance(2000);
      assert.equal(await f.call("a"), "old");
      assert.deepInclude(f.recorder.takeEvents().at(-1), { type: "stale", because: "timeout" });
      clock.advance(60_000);
      await rejects(f.call("a"), CacheTimeoutError);
    });
  });

  test(`${kind}: a soft timeout hands out the stale result, and the new one is kept when it comes`, async () => {
    await withFakeTime(1_000_000, async (clock) => {
      const { fn, runs } = held();
      const f = make(fn, { ttl: "1s", staleIfError: "1m", timeout: { soft: 5 } });
      const first = f.call("a");
      await until(() => runs.length === 1);
      runs[0].resolve("old");
      await first;
      clock.advance(2000);
      assert.equal(await f.call("a"), "old");
      assert.lengthOf(runs, 2);
      runs[1].resolve("new");
      await until(() => f.recorder.events.filter(({ type }) => type === "store").length === 2);
      assert.equal(await f.call("a"), "new");
      assert.lengthOf(runs, 2);
    });
  });

  test(`${kind}: a result in time leaves no timer behind`, async () => {
    const f = make((x: number) => Promise.resolve(x), { timeout: "1h" });
    assert.equal(await f.call(1), 1);
  });
}
