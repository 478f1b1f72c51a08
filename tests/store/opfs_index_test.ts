import { Index } from "../../lib/store/opfs/index.ts";
import { Kind } from "../../lib/store/opfs/record.ts";
import { assert, test, withFakeTime } from "../harness.ts";

function packed(key: string, size: number, expires = Infinity) {
  return { kind: Kind.packed, key, expires, number: 0, payload: new Uint8Array(size) };
}

function filed(key: string, name: string) {
  const payload = new TextEncoder().encode(name);
  return { kind: Kind.filed, key, expires: Infinity, number: 1e9, payload };
}

test("the index says which file a record makes useless", () => {
  const index = new Index();
  assert.isUndefined(index.apply(filed("key", "one"), 1, 0, 10));
  assert.equal(index.apply(filed("key", "two"), 1, 10, 10), "one");
  // As when cleaning writes a record again.
  assert.isUndefined(index.apply(filed("key", "two"), 2, 0, 10));
  assert.isTrue(index.names("two"));
  assert.equal(index.apply(packed("key", 5), 2, 10, 10), "two");
  assert.isFalse(index.names("two"));
});

test("the index keeps the bytes that were used last, and all entries", () => {
  const index = new Index();
  const size = 60_000;
  index.apply(packed("used", size), 1, 0, size);
  for (let i = 0; i < 400; i++) {
    index.apply(packed(`key ${i}`, size), 1, i, size);
    assert.equal(index.resident("used")?.length, size);
  }
  assert.isUndefined(index.resident("key 0"));
  assert.equal(index.resident("key 399")?.length, size);
  assert.equal(index.entries.size, 401);
});

test("an expired entry is none, and counts as garbage", async () => {
  await withFakeTime(1000, (clock) => {
    const index = new Index();
    index.apply(packed("key", 5, 1001), 1, 0, 37);
    assert.equal(index.live("key")?.size, 5);
    assert.equal(index.liveBytes(), 37);
    clock.advance(1);
    assert.isUndefined(index.live("key"));
    assert.equal(index.liveBytes(), 0);
  });
});

test("a lease holds for its token and until it expires", async () => {
  await withFakeTime(1000, (clock) => {
    const index = new Index();
    const payload = new TextEncoder().encode("tab");
    index.apply({ kind: Kind.lease, key: "key", expires: 1001, number: 7, payload }, 1, 0, 40);
    assert.equal(index.token, 7);
    assert.isTrue(index.holds("key", 7));
    assert.isFalse(index.holds("key", 6));
    clock.advance(1);
    assert.isFalse(index.holds("key", 7));
    index.apply({ kind: Kind.token, key: "", expires: 0, number: 9, payload }, 1, 40, 40);
    assert.equal(index.token, 9);
  });
});
