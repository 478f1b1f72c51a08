import { Invalidations } from "../../lib/function/invalidations.ts";
import { assert, test } from "../harness.ts";

test("a tag is invalid for the runs that began before it was invalidated", () => {
  const invalidations = new Invalidations();
  const before = invalidations.begin();
  assert.isFalse(invalidations.isInvalid("t", before));
  invalidations.add("t");
  const after = invalidations.begin();
  invalidations.add("other");
  assert.isTrue(invalidations.isInvalid("t", before));
  assert.isFalse(invalidations.isInvalid("t", after));
  assert.isTrue(invalidations.isInvalid("other", after));
  invalidations.end(before);
  assert.isFalse(invalidations.isInvalid("t", after));
  assert.isTrue(invalidations.isInvalid("other", after));
});

test("invalidations are remembered for runs under way alone", () => {
  const invalidations = new Invalidations();
  for (let i = 0; i < 100; i++) invalidations.add(`idle ${i}`);
  assert.equal(invalidations.size, 0);
  const [first, second] = [invalidations.begin(), invalidations.begin()];
  for (let i = 0; i < 100; i++) invalidations.add(`busy ${i % 10}`);
  assert.equal(invalidations.size, 10);
  const third = invalidations.begin();
  invalidations.end(second);
  assert.equal(invalidations.size, 10, "the first run may have them");
  invalidations.end(first);
  assert.equal(invalidations.size, 0);
  invalidations.end(third);
});
