import { Index } from "../../lib/store/opfs/index.ts";
import { Listing, type ListingSource } from "../../lib/store/opfs/listing.ts";
import { Kind } from "../../lib/store/opfs/record.ts";
import { assert, rejects, test, withFakeTime } from "../harness.ts";

const START = 1000;

/** A listing of some keys, of which those with an `x` expire a moment after the start. */
function listing(keys: readonly string[], source: Partial<ListingSource> = {}) {
  const index = new Index();
  for (const [i, key] of keys.entries()) {
    const expires = key.includes("x") ? START + 1 : Infinity;
    const record = { kind: Kind.packed, key, expires, number: 0, payload: new Uint8Array(i) };
    index.apply(record, 1, 100 * i, 100);
  }
  const ended: string[] = [];
  const list = new Listing({
    prefix: "",
    signal: undefined,
    look: () => Promise.resolve(index),
    end: (expired) => Promise.resolve(void ended.push(...expired)),
    ...source,
  });
  return { list, ended, index };
}

test("a listing gives key, size and expiry by prefix", async () => {
  await withFakeTime(START, async () => {
    const { list } = listing(["a/1", "b/x", "b/2"], { prefix: "b" });
    assert.deepEqual(await Array.fromAsync(list), [
      { key: "b/x", size: 1, expires: START + 1 },
      { key: "b/2", size: 2, expires: Infinity },
    ]);
  });
});

test("a listing hands what has expired to its end, once", async () => {
  await withFakeTime(START + 1, async () => {
    const { list, ended } = listing(["a", "x", "b"]);
    assert.deepEqual((await Array.fromAsync(list)).map(({ key }) => key), ["a", "b"]);
    assert.isTrue((await list.next()).done);
    assert.deepEqual(ended, ["x"]);
  });
});

test("a listing that is asked for several entries at once gives them in order", async () => {
  const { list } = listing(["a", "b"]);
  const results = await Promise.all([list.next(), list.next(), list.next()]);
  assert.deepEqual(results.map(({ value }) => value?.key), ["a", "b", undefined]);
});

test("a listing that is left early ends, and leaves what has expired", async () => {
  await withFakeTime(START + 1, async () => {
    for (const started of [true, false]) {
      const { list, ended } = listing(["x", "a", "b"]);
      if (started) assert.equal((await list.next()).value?.key, "a");
      await list.return();
      assert.isTrue((await list.next()).done);
      assert.deepEqual(ended, []);
    }
  });
});

test("a listing shows no entry that was deleted meanwhile", async () => {
  const { list, index } = listing(["a", "b", "c"]);
  await list.next();
  index.entries.delete("b");
  assert.deepEqual((await Array.fromAsync(list)).map(({ key }) => key), ["c"]);
});

test("a listing rejects where its signal is aborted or its index fails, and has ended", async () => {
  const controller = new AbortController();
  const { list } = listing(["a", "b"], { signal: controller.signal });
  await list.next();
  controller.abort(new RangeError("Enough"));
  await rejects(list.next(), RangeError, /Enough/);
  assert.isTrue((await list.next()).done);
  const failing = listing([], { look: () => Promise.reject(new RangeError("Closed")) });
  await rejects(failing.list.next(), RangeError, /Closed/);
});
